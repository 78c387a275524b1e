import { createHmac, timingSafeEqual } from 'node:crypto';

const STEP_SECONDS = 30;
const DIGITS = 6;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export const TOTP_SECRET_BYTES = 20;

/** RFC 6238 over HMAC-SHA-1, six digits: what authenticator apps take. `step` counts half minutes since 1970. */
export function totpCode(secret: Uint8Array, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const at = mac[mac.length - 1]! & 15;
  const number = mac.readUInt32BE(at) & 0x7fff_ffff;
  return String(number % 10 ** DIGITS).padStart(DIGITS, '0');
}

/**
 * The step that `code` belongs to, one step of clock skew allowed either way; undefined where it is wrong, or not later than
 * `lastStep`: a code opens one door once.
 */
export function totpStep(
  secret: Uint8Array,
  code: string,
  nowMs: number,
  lastStep: number,
): number | undefined {
  const given = Buffer.from(code.replaceAll(' ', '').slice(0, 20));
  const now = Math.floor(nowMs / 1_000 / STEP_SECONDS);
  let found: number | undefined;
  for (const step of [now - 1, now, now + 1]) {
    const wanted = Buffer.from(totpCode(secret, step));
    if (given.length === wanted.length && timingSafeEqual(given, wanted) && step > lastStep) found = step;
  }
  return found;
}

/** RFC 4648, without padding. */
export function base32(bytes: Uint8Array): string {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  return (bits.match(/.{1,5}/gu) ?? []).map((five) => ALPHABET[parseInt(five.padEnd(5, '0'), 2)]).join('');
}

/** What the square holds that an authenticator app reads. */
export function totpUri(secret: Uint8Array, account: string): string {
  return `otpauth://totp/${encodeURIComponent(`IIT:${account}`)}?secret=${base32(secret)}&issuer=IIT&digits=${DIGITS}&period=${STEP_SECONDS}`;
}
