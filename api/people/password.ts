import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(argon2);

/** OWASP, "Password Storage Cheat Sheet": argon2id with 19 MiB, two passes, one lane. */
const COST = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 };
const FORM = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([\w-]{16,64})\$([\w-]{43})$/u;

export const PASSWORD_MIN = 12;
export const PASSWORD_MAX = 200;

/** In the PHC string form, base64url. */
export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(16);
  const tag = await derive('argon2id', { message: password.normalize('NFC'), nonce, ...COST });
  const { memory, passes, parallelism } = COST;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${nonce.toString('base64url')}$${tag.toString('base64url')}`;
}

/** Compared against where nobody has the address, so that it takes as long. */
const NOBODYS = `$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/** Takes the same time whether or not there is a hash. */
export async function verifyPassword(password: string, hash: string | null): Promise<boolean> {
  const [, memory, passes, parallelism, nonce, tag] = FORM.exec(hash ?? NOBODYS) ?? [];
  if (nonce === undefined || tag === undefined) return false;
  const wanted = Buffer.from(tag, 'base64url');
  const found = await derive('argon2id', {
    message: password.normalize('NFC').slice(0, PASSWORD_MAX),
    nonce: Buffer.from(nonce, 'base64url'),
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    tagLength: wanted.length,
  });
  return timingSafeEqual(found, wanted) && hash !== null;
}
