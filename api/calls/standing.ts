import { GRACE_DAYS } from '#patients/features/history.ts';

/** Where somebody stands on a day, by the due date alone. */
export type Standing = 'due' | 'missed' | 'interrupted' | 'unknown' | 'later';

/** Lists of a facility, as tabs; who is due later is on none of them and found by search. */
export const CALL_LISTS = ['due', 'missed', 'interrupted', 'unknown'] as const;
export type CallListName = (typeof CALL_LISTS)[number];

/** "Due soon" looks as far ahead. */
export const DUE_SOON_DAYS = 30;

/** `dueDay` and `today` in days since 1970-01-01. Day 28 after the due date is the last on which nobody is interrupted. */
export function standingOf(dueDay: number | undefined, today: number): Standing {
  if (dueDay === undefined) return 'unknown';
  if (today > dueDay + GRACE_DAYS) return 'interrupted';
  if (today > dueDay) return 'missed';
  return dueDay - today <= DUE_SOON_DAYS ? 'due' : 'later';
}

/** Days until day 28 has passed; undefined without a due date. */
export function daysLeft(dueDay: number | undefined, today: number): number | undefined {
  return dueDay === undefined ? undefined : dueDay + GRACE_DAYS - today;
}

/** The day that it is in a time zone, in days since 1970-01-01. */
export function dayIn(timeZone: string, nowMs: number): number {
  const parts = new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(nowMs);
  return Date.parse(parts) / 86_400_000;
}
