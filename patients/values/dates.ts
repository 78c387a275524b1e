import { epochDay, type EpochDay } from '../record/epoch-day.ts';
import { standardSpelling } from './date-spellings.ts';
import { LAGOS, type TimeZone } from './time-zone.ts';

/**
 * How a column writes day and month where the text alone does not tell: `dmy` 31/12/2026, `mdy` 12/31/2026, `ymd` year
 * first only. `unknown`: nothing has shown it, so 01/12/2026 is ambiguous.
 */
export type DateOrder = 'dmy' | 'mdy' | 'ymd' | 'unknown';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
/** Excel's day 0 is 1899-12-30 for all dates after February 1900. */
const EXCEL_TO_EPOCH = 25_569;
/** Serials from 1910 to 2119: other numbers are no dates of people in care. */
const EXCEL_MIN = 3654;
const EXCEL_MAX = 80_000;
/** Two-digit years from this one on lie in the last century. */
const CENTURY_PIVOT = 40;
/** No spelling of a date is longer: texts are cut before any pattern sees them. */
const LONGEST_DATE = 80;

const YEAR_FIRST = /^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[ T](\S.*))?$/u;
const DAY_AND_MONTH = /^(\d{1,2})([-/. ])(\d{1,2})\2(\d{4}|\d{2})(?:[ T](\S.*))?$/u;
const MONTH_NAME = /^(\d{1,2})[-/. ,]{0,2}([a-z]{3,9})[-/. ,]{0,2}(\d{4}|\d{2})(?:[ T](\S.*))?$/iu;
const NAME_FIRST = /^([a-z]{3,9})[-/. ]{1,2}(\d{1,2})(?:,? |[-/.])(\d{4})(?:[ T](\S.*))?$/iu;
const COMPACT = /^(\d{4})(\d{2})(\d{2})(?:\d{4}|\d{6})?$/u;
const SERIAL = /^\d{4,5}(?:\.\d{1,12})?$/u;
/** A time of day, with or without an offset: only with one is the text an instant. */
const TIME =
  /^(\d{1,2})(?::(\d{2}))?(?::(\d{2}))?(?:[.,]\d{1,9})?(?: ?([ap])m)?(?: ?(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?$/iu;

/** `ambiguous`: a date, but day and month may be either way; `undefined`: no date that a calendar has. */
export type ReadDate = EpochDay | 'ambiguous' | undefined;

/**
 * Reads one date of a column that writes day and month in `order`. Takes ISO dates and instants, `2026/12/01`,
 * `20261201`, `1-Dec-2026`, `1 December 2026`, `Dec 1, 2026`, day and month in numbers, two-digit years, Excel's
 * serial numbers, and what `standardSpelling` makes one of them. An instant with an offset falls on the day that it is in `zone`. Missing words are the caller's
 * (`isMissingDate`).
 */
export function readDate(text: string, order: DateOrder = 'unknown', zone: TimeZone = LAGOS): ReadDate {
  if (text.length > LONGEST_DATE) return undefined;
  const plain = text.trim();
  const day = readStandard(plain, order, zone);
  if (day !== undefined) return day;
  const standard = standardSpelling(plain);
  return standard === undefined ? undefined : readStandard(standard, order, zone);
}

function readStandard(plain: string, order: DateOrder, zone: TimeZone): ReadDate {
  let parts = YEAR_FIRST.exec(plain);
  if (parts) return dayOf(Number(parts[1]), Number(parts[3]), Number(parts[4]), parts[5], zone);
  parts = DAY_AND_MONTH.exec(plain);
  if (parts) {
    const year = fullYear(parts[4]!);
    const [first, second] = [Number(parts[1]), Number(parts[3])];
    if (order === 'dmy') return dayOf(year, second, first, parts[5], zone);
    if (order === 'mdy') return dayOf(year, first, second, parts[5], zone);
    const [asDmy, asMdy] = [
      dayOf(year, second, first, parts[5], zone),
      dayOf(year, first, second, parts[5], zone),
    ];
    return asDmy === asMdy || asMdy === undefined ? asDmy : asDmy === undefined ? asMdy : 'ambiguous';
  }
  parts = MONTH_NAME.exec(plain);
  if (parts) return dayOf(fullYear(parts[3]!), monthOf(parts[2]!), Number(parts[1]), parts[4], zone);
  parts = NAME_FIRST.exec(plain);
  if (parts) return dayOf(Number(parts[3]), monthOf(parts[1]!), Number(parts[2]), parts[4], zone);
  parts = COMPACT.exec(plain);
  if (parts) return dayOf(Number(parts[1]), Number(parts[2]), Number(parts[3]), undefined, zone);
  if (!SERIAL.test(plain)) return undefined;
  const serial = Math.floor(Number(plain));
  return serial >= EXCEL_MIN && serial <= EXCEL_MAX ? serial - EXCEL_TO_EPOCH : undefined;
}

/**
 * What a sample of a column shows of its order: a first number above 12 is a day, a second one above 12 makes the first a
 * month. `unknown` where no text shows it, and where texts contradict one another.
 */
export function judgeDateOrder(texts: Iterable<string>): DateOrder {
  let dmy = 0;
  let mdy = 0;
  let ymd = 0;
  for (const text of texts) {
    if (text.length > LONGEST_DATE) continue;
    const parts = DAY_AND_MONTH.exec(text.trim());
    if (!parts) {
      if (YEAR_FIRST.test(text.trim())) ymd++;
      continue;
    }
    const [first, second] = [Number(parts[1]), Number(parts[3])];
    if (first > 12 && first <= 31 && second <= 12) dmy++;
    else if (second > 12 && second <= 31 && first <= 12) mdy++;
  }
  if (dmy > 0 && mdy > 0) return 'unknown';
  if (dmy > 0) return 'dmy';
  if (mdy > 0) return 'mdy';
  return ymd > 0 ? 'ymd' : 'unknown';
}

function dayOf(
  year: number,
  month: number,
  day: number,
  time: string | undefined,
  zone: TimeZone,
): EpochDay | undefined {
  const epoch = epochDay(year, month, day);
  if (Number.isNaN(epoch)) return undefined;
  if (time === undefined) return epoch;
  const parts = TIME.exec(time);
  if (!parts) return undefined;
  const half = parts[4]?.toLowerCase();
  const hour = half === undefined ? Number(parts[1]) : (Number(parts[1]) % 12) + (half === 'p' ? 12 : 0);
  const [minute, second] = [Number(parts[2] ?? 0), Number(parts[3] ?? 0)];
  if (hour > 24 || minute > 59 || second > 60) return undefined;
  const offset = parts[5];
  if (offset === undefined) return epoch;
  return zone.dayOf(
    epoch * 86_400_000 + (hour * 60 + minute - offsetMinutes(offset)) * 60_000 + second * 1_000,
  );
}

function offsetMinutes(text: string): number {
  const parts = /^([+-])(\d{2}):?(\d{2})?$/u.exec(text);
  if (!parts) return 0;
  return (parts[1] === '-' ? -1 : 1) * (Number(parts[2]) * 60 + Number(parts[3] ?? 0));
}

function monthOf(name: string): number {
  const found = MONTHS.indexOf(name.slice(0, 3).toLowerCase()) + 1;
  return found > 0 && (name.length === 3 || LONG_MONTHS[found - 1]!.startsWith(name.toLowerCase()))
    ? found
    : 0;
}

const LONG_MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];

function fullYear(text: string): number {
  const year = Number(text);
  if (text.length === 4) return year;
  return year + (year >= CENTURY_PIVOT ? 1900 : 2000);
}
