import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { civilDate, completedYears, epochDay, isoDate, parseIsoDay } from './epoch-day.ts';

const MS_A_DAY = 86_400_000;

describe('epoch days', () => {
  it('agree with the calendar of Date from 1800 to 2200', () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_000, max: 84_000 }), (day) => {
        const iso = new Date(day * MS_A_DAY).toISOString().slice(0, 10);
        expect(isoDate(day)).toBe(iso);
        expect(parseIsoDay(iso)).toBe(day);
        const { year, month, day: date } = civilDate(day);
        expect(epochDay(year, month, date)).toBe(day);
      }),
    );
  });

  it('refuse dates that no calendar has', () => {
    for (const text of [
      '2025-02-29',
      '2025-04-31',
      '2025-13-01',
      '2025-00-10',
      '2025-1-1',
      '01/02/2025',
      '',
      'x',
    ])
      expect(parseIsoDay(text)).toBeNaN();
    expect(parseIsoDay('2024-02-29')).toBe(19_782);
  });

  it('take the date of a timestamp and nothing that only begins like one', () => {
    expect(isoDate(parseIsoDay('2025-03-04 23:59:59'))).toBe('2025-03-04');
    expect(isoDate(parseIsoDay('2025-03-04T00:00:00Z'))).toBe('2025-03-04');
    expect(parseIsoDay('2025-03-045')).toBeNaN();
  });

  it('count completed years as birthdays do', () => {
    const birth = epochDay(1990, 6, 15);
    expect(completedYears(birth, epochDay(2025, 6, 14))).toBe(34);
    expect(completedYears(birth, epochDay(2025, 6, 15))).toBe(35);
    expect(completedYears(birth, epochDay(1989, 1, 1))).toBeNaN();
    expect(completedYears(Number.NaN, epochDay(2025, 1, 1))).toBeNaN();
  });
});
