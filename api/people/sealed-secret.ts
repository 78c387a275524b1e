import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const CLEAR = 0;
const SEALED = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Keeps a second factor's secret in the database: AES-256-GCM under WEB_SECRET where there is one, else as it is. */
export type SecretBox = {
  close: (secret: Buffer) => Buffer;
  /** Undefined where it was closed with another WEB_SECRET. */
  open: (stored: Buffer) => Buffer | undefined;
};

export function createSecretBox(webSecret: string | undefined): SecretBox {
  const key =
    webSecret === undefined
      ? undefined
      : Buffer.from(hkdfSync('sha256', webSecret, '', 'iit-ml-service totp', 32));
  return {
    close: (secret) => {
      if (key === undefined) return Buffer.concat([Buffer.of(CLEAR), secret]);
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, iv);
      const body = Buffer.concat([cipher.update(secret), cipher.final()]);
      return Buffer.concat([Buffer.of(SEALED), iv, cipher.getAuthTag(), body]);
    },
    open: (stored) => {
      if (stored[0] === CLEAR) return stored.subarray(1);
      if (stored[0] !== SEALED || key === undefined) return undefined;
      const iv = stored.subarray(1, 1 + IV_BYTES);
      const tag = stored.subarray(1 + IV_BYTES, 1 + IV_BYTES + TAG_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', key, iv).setAuthTag(tag);
      try {
        return Buffer.concat([decipher.update(stored.subarray(1 + IV_BYTES + TAG_BYTES)), decipher.final()]);
      } catch {
        return undefined;
      }
    },
  };
}
