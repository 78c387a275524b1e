import { createHash, randomBytes, randomInt } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const LOOKUP_LENGTH = 12;
const SECRET_BYTES = 32;
const KEY = /^iit_([0-9A-Za-z]{12})_([0-9A-Za-z_-]{43})$/u;

export type KeyParts = {
  /** Finds the row; no secret. */
  lookup: string;
  /** 256 random bits, base64url. */
  secret: string;
};

/** A new key, `iit_<lookup>_<secret>`. */
export function makeKey(): KeyParts & { key: string } {
  const lookup = Array.from({ length: LOOKUP_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  return { lookup, secret, key: `iit_${lookup}_${secret}` };
}

/** The parts of a presented key; undefined where it cannot be one. */
export function parseKey(presented: string): KeyParts | undefined {
  const [, lookup, secret] = KEY.exec(presented) ?? [];
  return lookup === undefined || secret === undefined ? undefined : { lookup, secret };
}

/**
 * What is stored of a secret. One SHA-256 is enough: slow hashes make guessing a human's password dear, while 256
 * random bits cannot be guessed at any speed; and each request would pay for a slow one.
 */
export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
