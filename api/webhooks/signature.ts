import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;

/** A new secret, as bytes. */
export function newSecret(): Buffer {
  return randomBytes(SECRET_BYTES);
}

/** As receivers configure it. */
export function shownSecret(secret: Uint8Array): string {
  return PREFIX + Buffer.from(secret).toString('base64');
}

/**
 * The headers of Standard Webhooks (standardwebhooks.com): a signature for each secret, so that a receiver may know either
 * while one replaces the other. `seconds`: of the attempt, since 1970.
 */
export function signedHeaders(
  secrets: readonly Uint8Array[],
  message: { id: string; seconds: number; body: string },
): Record<string, string> {
  const { id, seconds, body } = message;
  const signatures = secrets.map((secret) => {
    const hmac = createHmac('sha256', secret).update(`${id}.${seconds}.${body}`);
    return `v1,${hmac.digest('base64')}`;
  });
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': signatures.join(' '),
  };
}
