import { describe, expect, test } from 'vitest';
import { base32, totpCode, totpStep, totpUri } from './totp.ts';

const SECRET = Buffer.from('12345678901234567890');

describe('the second factor', () => {
  test.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_234_567_890, '005924'],
    [20_000_000_000, '353130'],
  ])('is RFC 6238’s at second %i', (seconds, code) => {
    expect(totpCode(SECRET, Math.floor(seconds / 30))).toBe(code);
  });

  test('takes the code of the step before, of this one and of the next, and no other', () => {
    const step = 1_000;
    const codes = [-2, -1, 0, 1, 2].map((by) =>
      totpStep(SECRET, totpCode(SECRET, step + by), step * 30_000, 0),
    );
    expect(codes).toEqual([undefined, 999, 1_000, 1_001, undefined]);
  });

  test('takes a code once', () => {
    expect(totpStep(SECRET, totpCode(SECRET, 1_000), 30_000_000, 1_000)).toBeUndefined();
  });

  test('is written for authenticator apps as they read it', () => {
    expect(base32(Buffer.from('foobar'))).toBe('MZXW6YTBOI');
    expect(totpUri(SECRET, 'a@b.c')).toBe(
      'otpauth://totp/IIT%3Aa%40b.c?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=IIT&digits=6&period=30',
    );
  });
});
