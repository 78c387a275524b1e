/**
 * Decimal text to the nearest double, as C's strtod rounds.
 *
 * Up to 19 digits are gathered exactly; their product with a power of ten is formed in double-double arithmetic, whose
 * error is below 2⁻¹⁰⁰ of the value. Where that settles the rounding it is the answer; else `Number` decides.
 * Sources: T. J. Dekker, "A floating-point technique for extending the available precision", Numer. Math. 18
 * (1971); W. D. Clinger, "How to read floating point numbers accurately", PLDI 1990.
 */

/** What `decimal` answers for text that is no plain decimal number, such as `inf`. */
export const NOT_PLAIN = Number.NaN;

const MOST_DIGITS = 19;
const FIRST_DIGITS = 10;
/** Powers in which neither products nor their errors overflow or underflow. */
const POWER_LIMIT = 270;
const RELATIVE_ERROR = 2 ** -100;
const SPLITTER = 2 ** 27 + 1;

const EXACT_POWERS = Float64Array.from({ length: 23 }, (_, power) => Number(10n ** BigInt(power)));
const high = new Float64Array(2 * POWER_LIMIT + 1);
const low = new Float64Array(2 * POWER_LIMIT + 1);

/** Where the number that was read last ends: `end`, or the first blank. */
export let stoppedAt = 0;

/**
 * The number that starts at `start` and ends before a blank or `end`; `stoppedAt` says where.
 * @returns NOT_PLAIN where it is not digits with a sign, a point or an exponent; `stoppedAt` then means nothing
 */
export function decimal(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const negative = bytes[at] === 45;
  if (negative || bytes[at] === 43) at += 1;
  let first = 0;
  let rest = 0;
  let digits = 0;
  let places = 0;
  let seen = false;
  let point = false;
  for (; at < end; at++) {
    const digit = bytes[at]! - 48;
    if (digit >= 0 && digit <= 9) {
      seen = true;
      if (point) places += 1;
      if (digits > 0 || digit > 0) {
        digits += 1;
        if (digits <= FIRST_DIGITS) first = first * 10 + digit;
        else if (digits <= MOST_DIGITS) rest = rest * 10 + digit;
      }
    } else if (digit === -2 && !point) {
      point = true;
    } else {
      break;
    }
  }
  if (!seen) return NOT_PLAIN;
  let power = -places;
  if (at < end && bytes[at] !== 32) {
    if (bytes[at] !== 101 && bytes[at] !== 69) return NOT_PLAIN;
    power += exponentAt(bytes, at + 1, end);
    if (power !== power) return NOT_PLAIN;
    at = stoppedAt;
  }
  stoppedAt = at;
  if (digits > MOST_DIGITS) return Number(textOf(bytes, start, at));
  const value = scaled(first, rest, digits > FIRST_DIGITS ? digits - FIRST_DIGITS : 0, power);
  if (value < 0) return Number(textOf(bytes, start, at));
  return negative ? -value : value;
}

function exponentAt(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const negative = bytes[at] === 45;
  if (negative || bytes[at] === 43) at += 1;
  const first = at;
  let value = 0;
  for (; at < end && bytes[at] !== 32; at++) {
    const digit = bytes[at]! - 48;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    if (value < 100_000) value = value * 10 + digit;
  }
  if (at === first) return Number.NaN;
  stoppedAt = at;
  return negative ? -value : value;
}

/** (first · 10^restDigits + rest) · 10^power, rounded once; −1 where double-double arithmetic cannot tell. */
function scaled(first: number, rest: number, restDigits: number, power: number): number {
  if (restDigits <= 5) {
    const whole = first * EXACT_POWERS[restDigits]! + rest;
    if (whole === 0) return 0;
    if (power === 0) return whole;
    if (power < 0 && power >= -22) return whole / EXACT_POWERS[-power]!;
    if (power > 0 && power <= 22) return whole * EXACT_POWERS[power]!;
  }
  if (!(power >= -POWER_LIMIT && power <= POWER_LIMIT)) return -1;
  // The digits as high + low, exactly: first · 10^restDigits by Dekker's product, then the rest.
  const scale = EXACT_POWERS[restDigits]!;
  const product = first * scale;
  const error = productError(first, scale, product);
  const whole = product + rest;
  const part = whole - product;
  const remainder = product - (whole - part) + (rest - part) + error;
  const place = power + POWER_LIMIT;
  if (high[place] === 0) fillPower(power);
  const big = high[place]!;
  const head = whole * big;
  const tail = productError(whole, big, head) + (whole * low[place]! + remainder * big);
  const value = head + tail;
  const left = tail - (value - head);
  const doubt = value * RELATIVE_ERROR;
  return value + (left - doubt) === value && value + (left + doubt) === value ? value : -1;
}

/** What rounding took from a product. */
function productError(a: number, b: number, product: number): number {
  const aSplit = a * SPLITTER;
  const aHigh = aSplit - (aSplit - a);
  const aLow = a - aHigh;
  const bSplit = b * SPLITTER;
  const bHigh = bSplit - (bSplit - b);
  const bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

/** 10^power as the sum of two doubles, to 106 bits. */
function fillPower(power: number): void {
  const place = power + POWER_LIMIT;
  if (power >= 0) {
    const exact = 10n ** BigInt(power);
    high[place] = Number(exact);
    low[place] = Number(exact - BigInt(high[place]));
    return;
  }
  const divisor = 10n ** BigInt(-power);
  const shift = divisor.toString(2).length + 120;
  const quotient = (1n << BigInt(shift)) / divisor;
  const head = Number(quotient);
  high[place] = head * 2 ** -shift;
  low[place] = Number(quotient - BigInt(head)) * 2 ** -shift;
}

/** Bytes as text, a character each: for digits and words, not for names. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]!);
  return text;
}
