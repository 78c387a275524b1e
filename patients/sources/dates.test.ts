import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { civilDate, isoDate } from '#patients/record/epoch-day.ts';
import { readDate } from './dates.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

describe('dates of a line list', () => {
  it('are the same day in every usual spelling', () => {
    fc.assert(
      fc.property(fc.integer({ min: -3600, max: 27_000 }), (day) => {
        const { year, month, day: date } = civilDate(day);
        const [y, m, d] = [String(year), String(month).padStart(2, '0'), String(date).padStart(2, '0')];
        const name = MONTHS[month - 1]!;
        for (const text of [
          `${y}-${m}-${d}`,
          `${y}-${m}-${d} 00:00:00`,
          `${y}/${m}/${d}`,
          `${d}/${m}/${y}`,
          `${date}/${month}/${y}`,
          `${d}-${m}-${y}`,
          `${d}.${m}.${y}`,
          `${d}-${name}-${y}`,
          `${d} ${name.toUpperCase()} ${y}`,
          ` ${d}-${name}-${y} `,
          String(day + 25_569),
          `${day + 25_569}.0`,
        ])
          expect([text, readDate(text)]).toEqual([text, day]);
      }),
    );
  });

  it('take two-digit years for this century up to 39', () => {
    expect(isoDate(readDate('05-Mar-26')!)).toBe('2026-03-05');
    expect(isoDate(readDate('05/03/85')!)).toBe('1985-03-05');
  });

  it.each(['', 'n/a', '31/02/2025', '12/25/2025', '2025-13-01', '99999', '12', '5-Foo-2025', '1/2/3'])(
    'refuse “%s”',
    (text) => {
      expect(readDate(text)).toBeUndefined();
    },
  );
});
