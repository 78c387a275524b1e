import { epochDay, parseIsoDay, type EpochDay } from '#patients/record/epoch-day.ts';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
/** Excel's day 0 is 1899-12-30 for all dates after February 1900. */
const EXCEL_TO_EPOCH = 25_569;
/** Serials from 1910 to 2119: other numbers are no dates of people in care. */
const EXCEL_MIN = 3654;
const EXCEL_MAX = 80_000;
/** Two-digit years from this one on lie in the last century. */
const CENTURY_PIVOT = 40;

/**
 * Reads a date of a line list: ISO (with or without a time), `31/12/2025`, `31-12-2025`, `31.12.2025`,
 * `31-Dec-2025`, `31 December 2025`, `2025/12/31`, two-digit years, Excel serials. Day comes before month,
 * always: an American spelling with a day above 12 is refused. `undefined` for what is no date.
 */
export function readDate(text: string): EpochDay | undefined {
  const iso = parseIsoDay(text);
  if (!Number.isNaN(iso)) return iso;
  return readOther(text.trim());
}

function readOther(text: string): EpochDay | undefined {
  const iso = parseIsoDay(text);
  if (!Number.isNaN(iso)) return iso;
  if (/^\d{4,5}(\.\d+)?$/.test(text)) {
    const serial = Math.floor(Number(text));
    return serial >= EXCEL_MIN && serial <= EXCEL_MAX ? serial - EXCEL_TO_EPOCH : undefined;
  }
  const parts = /^(\d{1,4})[\s/.,-]+([A-Za-z]{3,9}|\d{1,2})[\s/.,-]+(\d{1,4})(?:[ T]\d{1,2}:.*)?$/.exec(text);
  if (!parts) return undefined;
  const [, first, middle, last] = parts as unknown as [string, string, string, string];
  const month = /\d/.test(middle) ? Number(middle) : MONTHS.indexOf(middle.slice(0, 3).toLowerCase()) + 1;
  const day =
    first.length === 4
      ? epochDay(Number(first), month, Number(last))
      : epochDay(fullYear(last), month, Number(first));
  return Number.isNaN(day) ? undefined : day;
}

function fullYear(text: string): number {
  const year = Number(text);
  if (text.length === 4) return year;
  if (text.length !== 2) return Number.NaN;
  return year + (year >= CENTURY_PIVOT ? 1900 : 2000);
}
