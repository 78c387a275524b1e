import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseCalendarDate } from './calendar-date.ts';

const parse = (text: string) => parseCalendarDate(Buffer.from(text), 0, Buffer.byteLength(text));

test('every date from year 1 to 9999 is its number of days since 1970', () => {
  fc.assert(
    fc.property(fc.integer({ min: -719_162, max: 2_932_896 }), (day) => {
      expect(parse(new Date(day * 86_400_000).toISOString().slice(-24, -14))).toBe(day);
    }),
    { numRuns: 2_000 },
  );
});

test('what the calendar does not have is no date', () => {
  expect(
    [
      '2026-02-29',
      '2026-13-01',
      '2026-00-10',
      '2026-04-31',
      '0000-01-01',
      '2026-1-1',
      '2026/01/01',
      'tomorrow!!',
    ].filter((text) => parse(text) !== undefined),
  ).toEqual([]);
});
