/** Powers of ten that a double holds exactly. */
export const POWER_OF_TEN = Float64Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);
/** Any integer of this many digits is below 2^53. */
export const EXACT_DIGITS = 15;
const ZERO = 0x30;
const MINUS = 0x2d;
const POINT = 0x2e;
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/u;

/** What `parseDecimal` returns for text that is no finite number. */
export const NOT_A_NUMBER = NaN;

/**
 * The double nearest to the decimal number in `bytes[start, end)`, or NaN where that is not one (so are 1e400 and
 * `inf`: a table has no use for them). Up to 15 digits are one exact division (Clinger's fast path: both sides are
 * exact doubles, so the quotient is correctly rounded); the rest is left to the platform, which rounds correctly.
 */
export function parseDecimal(bytes: Buffer, start: number, end: number): number {
  let at = start;
  let byte = bytes[at] as number;
  const negative = byte === 0x2d;
  if (negative) byte = bytes[++at] as number;
  let mantissa = 0;
  let digits = 0;
  let fraction = 0;
  while (at < end) {
    byte = bytes[at] as number;
    const digit = byte - 0x30;
    if (digit < 0 || digit > 9) break;
    mantissa = mantissa * 10 + digit;
    digits++;
    at++;
  }
  if (at < end && byte === 0x2e) {
    at++;
    const first = at;
    while (at < end) {
      const digit = (bytes[at] as number) - 0x30;
      if (digit < 0 || digit > 9) break;
      mantissa = mantissa * 10 + digit;
      at++;
    }
    fraction = at - first;
    digits += fraction;
  }
  if (at !== end || digits === 0 || digits > EXACT_DIGITS) return parseSlowly(bytes, start, end);
  const value = fraction === 0 ? mantissa : mantissa / (POWER_OF_TEN[fraction] as number);
  return negative ? -value : value;
}

function parseSlowly(bytes: Buffer, start: number, end: number): number {
  const text = bytes.toString('latin1', start, end).trim();
  if (!NUMBER.test(text)) return NOT_A_NUMBER;
  const value = Number(text);
  return Number.isFinite(value) ? value : NOT_A_NUMBER;
}

/** Where the number ends that `readPlainDecimal` read last. */
export const plainDecimal = { end: 0 };

/**
 * The number that begins at `start` and is written with at most 15 digits, perhaps a minus and a point; NaN for anything
 * else. It must be followed by a byte that is no digit; whether that may end a number is the caller's to judge.
 */
export function readPlainDecimal(bytes: Buffer, start: number): number {
  let at = start;
  const negative = bytes[at] === MINUS;
  if (negative) at++;
  let digit = (bytes[at] as number) - ZERO;
  if (!(digit >= 0 && digit <= 9)) return NOT_A_NUMBER;
  const first = at;
  let value = digit;
  digit = (bytes[++at] as number) - ZERO;
  while (digit >= 0 && digit <= 9) {
    value = value * 10 + digit;
    digit = (bytes[++at] as number) - ZERO;
  }
  if (digit + ZERO === POINT) {
    const point = at;
    digit = (bytes[++at] as number) - ZERO;
    while (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      digit = (bytes[++at] as number) - ZERO;
    }
    if (at - first > EXACT_DIGITS) return NOT_A_NUMBER;
    value /= POWER_OF_TEN[at - point - 1] as number;
  } else if (at - first > EXACT_DIGITS) {
    return NOT_A_NUMBER;
  }
  plainDecimal.end = at;
  return negative ? -value : value;
}
