import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteNames } from './byte-names.ts';

test.each([128, 1])(
  'a name keeps the number of its first appearance, however many names there are, at %i probes',
  (mostProbes) => {
    const name = fc.oneof(fc.string({ maxLength: 8 }), fc.integer({ min: 0, max: 2_000 }).map(String));
    fc.assert(
      fc.property(fc.array(name, { maxLength: 3_000, size: 'max' }), (found) => {
        const known = new ByteNames({ mostProbes });
        const expected = [...new Set(found)];
        const numbers = new Map(expected.map((text, number) => [text, number]));
        for (const text of found) {
          const bytes = Buffer.from(`<${text}>`);
          expect(known.numberOf(bytes, 1, bytes.length - 1)).toBe(numbers.get(text));
        }
        expect(known.names).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  },
);
