import { z } from 'zod';

/**
 * Days and instants as callers give them. The years are those that a programme can mean: PostgreSQL and the arithmetic of
 * days take others in ways of their own (the year 0, -infinity), and a mistyped century shall not pass as a date.
 */
const FIRST_YEAR = '1900';
const LAST_YEAR = '2199';
const RULE = `must lie in the years ${FIRST_YEAR} to ${LAST_YEAR}`;

/** `YYYY-MM-DD` */
export const dayParameter = z.iso.date().refine(isOfTheseYears, RULE);

/** RFC 3339 with its offset */
export const instantParameter = z.iso.datetime({ offset: true }).refine(isOfTheseYears, RULE);

function isOfTheseYears(text: string): boolean {
  const year = text.slice(0, 4);
  return year >= FIRST_YEAR && year <= LAST_YEAR;
}
