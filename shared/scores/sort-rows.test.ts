import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fallingOrderOf, orderOf } from './sort-rows.ts';

const number = fc.oneof(
  fc.double({ noNaN: true }),
  fc.constantFrom(0, -0, 0.5, 0.25, Infinity, -Infinity, Number.MIN_VALUE, -Number.MIN_VALUE),
  fc.double({ min: 0.1, max: 0.1000001, noNaN: true }),
);

test('values fall, and equal ones keep their order', () => {
  fc.assert(
    fc.property(fc.array(number, { maxLength: 200 }), (values) => {
      const expected = values.map((_, at) => at).toSorted((a, b) => compare(values[b]!, values[a]!) || a - b);
      expect([...fallingOrderOf(Float64Array.from(values))]).toEqual(expected);
    }),
  );
});

test('keys rise, and equal ones keep their order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 })), (keys) => {
      const expected = keys.map((_, at) => at).toSorted((a, b) => keys[a]! - keys[b]! || a - b);
      expect([...orderOf(Uint32Array.from(keys))]).toEqual(expected);
    }),
  );
});

function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
