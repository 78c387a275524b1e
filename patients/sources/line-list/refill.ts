import { readNumber, type NumberStyle } from '#patients/values/numbers.ts';

/** What a number without a unit counts. */
export type RefillUnit = 'months' | 'days';

/** Months of a refill are of 30 days, as the RADET defines the due date. */
export const DAYS_A_MONTH = 30;
/** Nobody is given medicine for more than two years, nor for less than a day. */
export const MOST_REFILL_DAYS = 730;
const DAYS_A_WEEK = 7;
const LONGEST_REFILL = 40;

const WITH_UNIT =
  /^(?:(?:mmd|mms|md)[ :=_-]{0,3})?(\d{1,4}(?:[.,]\d{1,4})?) {0,2}[+-]?(?: ?(mmd|mms|months?|month\(s\)|mths?|mos?|mois|meses|mes|m|weeks?|week\(s\)|wks?|w|semaines?|days?|day\(s\)|d|jours?|j|dias?))?[+.]?$/u;
/** Thirty times three: packs and the days of each. */
const PACKS = /^(\d{1,2}) ?[x×*] ?(\d{1,2})$/u;
/** The same said twice: "three (3) months", "3 (three)", "3 months (90 days)". */
const SAID_TWICE = /^(\d[^()]{0,20}?) ?\([^()]{1,20}\)$/u;
const NUMBER_WORDS: readonly string[] = [
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
];
const HALVES = /^(?:1\/2|½|half)(?: of)?(?: an?)? month$/u;
/** As prescribers write it: 3/12 three months, 2/52 two weeks, 10/7 ten days. */
const PRESCRIBED = /^(\d{1,2})\/(12|52|7)$/u;

/** `days` of a refill, and the `unit` that its text names; undefined for what is no refill. */
export type Refill = { readonly days: number; readonly unit: RefillUnit | undefined };

/**
 * Reads "3", "3.0", "2,8", "3 months", "90 days", "MMD 3", "3MMD", "3+", "12 weeks", "3/12", "three", "30 x 3". A number alone is in `unit`, the
 * column's. Days are rounded; the bounds are the caller's.
 */
export function readRefill(
  text: string,
  unit: RefillUnit,
  style: NumberStyle = 'unknown',
): Refill | undefined {
  if (text.length > LONGEST_REFILL) return undefined;
  const plain = text.trim().toLowerCase();
  const prescribed = PRESCRIBED.exec(plain);
  if (prescribed) {
    const count = Number(prescribed[1]);
    if (prescribed[2] === '12') return { days: count * DAYS_A_MONTH, unit: 'months' };
    return { days: count * (prescribed[2] === '52' ? DAYS_A_WEEK : 1), unit: 'days' };
  }
  const packs = PACKS.exec(plain);
  if (packs) return { days: Number(packs[1]) * Number(packs[2]), unit: 'days' };
  if (HALVES.test(plain)) return { days: DAYS_A_MONTH / 2, unit: 'months' };
  const figures = inFigures(plain);
  const parts = WITH_UNIT.exec(figures);
  if (!parts) {
    const number = readNumber(plain, style);
    return typeof number === 'number' ? inUnit(number, unit, undefined) : undefined;
  }
  const number = Number(parts[1]!.replace(',', '.'));
  const letter = parts[2]?.[0] ?? (figures.startsWith('m') ? 'm' : undefined);
  if (letter === undefined) return inUnit(number, unit, undefined);
  if (letter === 'm') return inUnit(number, 'months', 'months');
  const isWeeks = letter === 'w' || letter === 's';
  return { days: Math.round(number * (isWeeks ? DAYS_A_WEEK : 1)), unit: 'days' };
}

/** "three (3) months", "three months" and "3 months (90 days)" as "3 months". */
function inFigures(plain: string): string {
  const word = /^[a-z]{3,6}/u.exec(plain)?.[0] ?? '';
  const number = NUMBER_WORDS.indexOf(word) + 1;
  if (number > 0) {
    const rest = plain.slice(word.length).trim();
    return `${number} ${rest.startsWith(`(${number})`) ? rest.slice(`(${number})`.length).trim() : rest}`.trim();
  }
  return SAID_TWICE.exec(plain)?.[1] ?? plain;
}

function inUnit(number: number, unit: RefillUnit, named: RefillUnit | undefined): Refill {
  return { days: Math.round(unit === 'months' ? number * DAYS_A_MONTH : number), unit: named };
}

/** Fewest days that a whole column of refills can be of: a week's bridge supply is rarer than that in any list. */
const FEWEST_DAYS_OF_A_COLUMN = 14;

/**
 * The unit of a column from a sample of its texts: units that texts name outweigh the `headed` one where all agree;
 * under "Months", numbers of which none is below 14 are days (nobody is given 14 months). `headed` undefined: the title
 * names none; then numbers up to 12 are months, numbers of 14 and more days, and a mixture is `unknown`.
 */
export function judgeRefillUnit(
  texts: Iterable<string>,
  headed: RefillUnit | undefined,
): RefillUnit | 'unknown' {
  let [low, high] = [0, 0];
  for (const text of texts) {
    const refill = readRefill(text, 'days');
    if (refill === undefined || refill.unit !== undefined || !(refill.days > 0)) continue;
    if (refill.days < FEWEST_DAYS_OF_A_COLUMN) low++;
    else high++;
  }
  if (headed === 'days') return 'days';
  if (low === 0 && high > 0) return 'days';
  if (headed === 'months') return 'months';
  return high === 0 ? 'months' : 'unknown';
}
