import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits, base64url: for sessions, invitations, log-in links. Only the hash is stored. */
export function makeToken(): string {
  return randomBytes(32).toString('base64url');
}

export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
