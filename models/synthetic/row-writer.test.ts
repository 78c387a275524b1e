import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RowWriter } from './row-writer.ts';

function printed(value: number): string {
  const writer = new RowWriter();
  writer.number(value);
  return writer.take().toString();
}

describe('numbers in a row', () => {
  it('are the shortest decimals that read back the same, as String gives them', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.integer({ min: -1e9, max: 1e9 }),
          fc.integer({ min: -1e8, max: 1e8 }).map((n) => n / 100),
          fc.double({ noNaN: true, noDefaultInfinity: true }),
        ),
        (value) => {
          expect(Number(printed(value))).toBe(value === 0 ? 0 : value);
          expect(printed(value)).toBe(Object.is(value, -0) ? '0' : String(value));
        },
      ),
      { examples: [[0.1], [0.05], [-0.5], [3.33], [9_999_999.99], [1e9], [1e300]] },
    );
  });

  it('and text grow the buffer as far as they need', () => {
    const writer = new RowWriter();
    const long = 'é'.repeat(200_000);
    writer.text(long);
    writer.ascii('x');
    expect(writer.take().toString()).toBe(`${long}x`);
    expect(writer.length).toBe(0);
  });
});
