import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseDecimal } from './decimal.ts';

const parse = (text: string) => parseDecimal(Buffer.from(`,${text},`), 1, 1 + Buffer.byteLength(text));

test('every decimal is read as the platform reads it, to the last bit', () => {
  const decimal = fc.tuple(
    fc.boolean(),
    fc.stringMatching(/^\d{1,20}$/u),
    fc.stringMatching(/^(?:\.\d{0,20})?$/u),
  );
  fc.assert(
    fc.property(decimal, ([negative, whole, fraction]) => {
      const text = `${negative ? '-' : ''}${whole}${fraction}`;
      expect(Object.is(parse(text), Number(text))).toBe(true);
    }),
    { numRuns: 3_000 },
  );
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(parse(String(value))).toBe(Object.is(value, -0) ? 0 : value);
    }),
    { numRuns: 3_000 },
  );
});

test('spaces around a number, a plus sign and exponents are taken; text, infinities and 1e400 are not', () => {
  expect(parse(' 12 ')).toBe(12);
  expect(parse('+1.5e3')).toBe(1_500);
  expect(parse('.5')).toBe(0.5);
  expect(
    [
      '',
      '-',
      '.',
      'x',
      '1x',
      '1 2',
      '0x10',
      '1e400',
      '-1e400',
      'inf',
      'Infinity',
      'NaN',
      '1_0',
      '１',
      '1e',
      '--1',
    ].filter((text) => !Number.isNaN(parse(text))),
  ).toEqual([]);
});
