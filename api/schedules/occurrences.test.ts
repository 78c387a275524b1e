import { describe, expect, test } from 'vitest';
import { documentOf, nextOccurrence, occurrencesUntil } from './occurrences.ts';

const days = (cron: string, timeZone: string, from: string, count: number) => {
  const found: string[] = [];
  for (let at = new Date(from); found.length < count;) {
    at = nextOccurrence({ cron, timeZone }, at)!;
    found.push(at.toISOString());
  }
  return found;
};

describe('the times of a schedule', () => {
  test('are those of its zone', () => {
    expect(days('30 2 * * 1-5', 'Africa/Lagos', '2026-11-27T12:00:00Z', 2)).toEqual([
      '2026-11-30T01:30:00.000Z',
      '2026-12-01T01:30:00.000Z',
    ]);
  });

  test('that the clocks jump over are met when they have jumped', () => {
    expect(days('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', 2)).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ]);
  });

  test('that come twice are met once', () => {
    expect(days('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
  });

  test('that never come are none', () => {
    expect(nextOccurrence({ cron: '0 0 31 2 *', timeZone: 'UTC' }, new Date())).toBeUndefined();
  });

  test.each(['* * * * * *', 'soon', '61 * * * *', '* *'])('are not written %s', (cron) => {
    expect(() => nextOccurrence({ cron, timeZone: 'UTC' }, new Date())).toThrow('five fields');
  });

  test('that were missed are counted from the first on, the newest of them alone where they are many', () => {
    const hourly = { cron: '0 * * * *', timeZone: 'UTC' };
    const first = new Date('2026-11-27T00:00:00Z');
    expect(occurrencesUntil(hourly, first, new Date('2026-11-27T02:59:00Z'), 100)).toHaveLength(3);
    const many = occurrencesUntil(hourly, first, new Date('2026-12-27T00:30:00Z'), 10);
    expect(many).toHaveLength(10);
    expect(many.at(-1)).toEqual(new Date('2026-12-27T00:00:00Z'));
  });
});

test('the day in a document is that of the occurrence where the schedule lives', () => {
  const document = {
    input: { uri: 's3://nights/in/{date}/*.csv', options: { as_of: '{date-1}' } },
    output: { uri: 's3://nights/out/{date}-{date-365}/', format: 'csv' as const },
  };
  const rhythm = { cron: '30 0 * * *', timeZone: 'Africa/Lagos' };
  expect(documentOf(document, rhythm, new Date('2026-11-30T23:30:00Z'))).toEqual({
    input: { uri: 's3://nights/in/2026-12-01/*.csv', options: { as_of: '2026-11-30' } },
    output: { uri: 's3://nights/out/2026-12-01-2025-12-01/', format: 'csv' },
  });
});
