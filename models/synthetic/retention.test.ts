import { expect, it } from 'vitest';
import { parseIsoDay } from '#patients/record/epoch-day.ts';
import { GRACE_DAYS, History, interruptedFrom, summarise } from '#patients/features/history.ts';
import { standing } from '#patients/features/outcome.ts';
import { Cohort, NO_SHIFT } from './cohort.ts';
import { RETENTION } from './effects.ts';

const END = parseIsoDay('2026-06-30');
const MONTH_DAYS = 30.4375;
/** Starters are followed to the end, the sites' own late end and late entry included. */
const FOLLOWED_DAYS = 365 + GRACE_DAYS + 1 + 170;
/** Records of starters before this are not made. */
const FIRST_START = END - 2000;

/** Percent of the starters in care when so many months and the grace are over; those who moved away are not counted. */
function retention(rows: number, seed: number): number[] {
  const cohort = new Cohort({
    rows,
    seed,
    asOf: END,
    population: 'ever',
    extraHistoryDays: 780,
    shift: NO_SHIFT,
  });
  const history = new History();
  const inCare = RETENTION.map(() => 0);
  const counted = RETENTION.map(() => 0);
  for (let i = 0; i < rows; i++) {
    cohort.make(i);
    const { artStartDay, transferInDay } = cohort.person;
    if (artStartDay < FIRST_START || artStartDay > END - FOLLOWED_DAYS || !Number.isNaN(transferInDay))
      continue;
    for (const [at, { months }] of RETENTION.entries()) {
      const month = artStartDay + Math.round(months * MONTH_DAYS);
      summarise(cohort.record, interruptedFrom(month), history, true);
      const stands = standing(history);
      if (stands === 'transferred_out') continue;
      counted[at]!++;
      if (stands === 'in_care' || stands === 'no_due_date') inCare[at]!++;
    }
  }
  expect(Math.min(...counted)).toBeGreaterThan(rows / 5);
  return inCare.map((n, at) => (100 * n) / counted[at]!);
}

it.each([
  [1, 20_000],
  [2, 20_000],
  [3, 8000],
])(
  'starters stay in care as planted, within 2 points at each of five months: seed %i, %i patients',
  (seed, rows) => {
    const found = retention(rows, seed);
    const off = RETENTION.map(({ months, share }, at) => ({ months, points: found[at]! - 100 * share }));
    expect(off.filter(({ points }) => Math.abs(points) > 2)).toEqual([]);
  },
  60_000,
);
