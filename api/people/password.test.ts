import { expect, test } from 'vitest';
import { hashPassword, verifyPassword } from './password.ts';
import { createSecretBox } from './sealed-secret.ts';

test('a password opens its own hash, and no other password does', async () => {
  const hash = await hashPassword('a sentence that is long enough');
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/u);
  expect(await verifyPassword('a sentence that is long enough', hash)).toBe(true);
  expect(await verifyPassword('a sentence that is long enougH', hash)).toBe(false);
  expect(await verifyPassword('', hash)).toBe(false);
});

test('nobody’s account has no password that opens it', async () => {
  expect(await verifyPassword('anything at all', null)).toBe(false);
  expect(await verifyPassword('anything at all', 'not a hash')).toBe(false);
});

test('accents typed as one character or as two are the same password', async () => {
  const hash = await hashPassword('caf\u00e9 caf\u00e9 caf\u00e9');
  expect(await verifyPassword('cafe\u0301 cafe\u0301 cafe\u0301', hash)).toBe(true);
});

test('a second factor’s secret comes back under the WEB_SECRET that closed it, and under no other', () => {
  const secret = Buffer.from('12345678901234567890');
  const [own, other] = ['a'.repeat(32), 'b'.repeat(32)].map((text) => createSecretBox(text));
  const closed = own!.close(secret);
  expect(closed.includes(secret)).toBe(false);
  expect(own!.open(closed)).toEqual(secret);
  expect(other!.open(closed)).toBeUndefined();
  expect(createSecretBox(undefined).open(closed)).toBeUndefined();
  expect(createSecretBox(undefined).open(createSecretBox(undefined).close(secret))).toEqual(secret);
});
