import { EngineError } from '../errors.ts';

/** Everything that `Number()` reads exactly as C's strtod does. */
const PLAIN = /^[0-9eE+\-. ]*$/;
const WORDS = /^([+-]?)(inf|infinity|nan(?:\([0-9a-z_]*\))?)$/i;

/**
 * Reads `count` doubles separated by blanks. Decimal text is correctly rounded, as LightGBM's own
 * `%.17g` text needs; `inf`, `nan` and their signed forms are taken as C's strtod takes them.
 * @throws EngineError malformed_number, wrong_length
 */
export function readDoubles(text: string, count: number, key: string, line: number): Float64Array {
  const out = new Float64Array(count);
  const plain = PLAIN.test(text);
  let filled = 0;
  forEachToken(text, (token) => {
    if (filled >= count) {
      throw new EngineError('wrong_length', `${key} holds more than ${count} numbers`, line);
    }
    let value = plain ? Number(token) : Number.NaN;
    if (Number.isNaN(value)) {
      value = readWord(token, key, line);
    }
    out[filled] = value;
    filled += 1;
  });
  if (filled !== count) {
    throw new EngineError('wrong_length', `${key} holds ${filled} numbers, ${count} expected`, line);
  }
  return out;
}

function readWord(token: string, key: string, line: number): number {
  const word = WORDS.exec(token);
  if (word !== null) {
    if (word[2]!.toLowerCase().startsWith('nan')) {
      return Number.NaN;
    }
    return word[1] === '-' ? -Infinity : Infinity;
  }
  const value = PLAIN.test(token) ? Number(token) : Number.NaN;
  if (Number.isNaN(value)) {
    throw new EngineError('malformed_number', `${key} holds "${clip(token)}", which is not a number`, line);
  }
  return value;
}

/**
 * Reads `count` integers of `low … high`, both included.
 * @throws EngineError malformed_number, out_of_range, wrong_length
 */
export function readIntegers<T extends Int32Array | Uint32Array | Uint8Array | Float64Array>(
  text: string,
  out: T,
  low: number,
  high: number,
  key: string,
  line: number,
): T {
  let filled = 0;
  forEachToken(text, (token) => {
    if (filled >= out.length) {
      throw new EngineError('wrong_length', `${key} holds more than ${out.length} numbers`, line);
    }
    out[filled] = readInteger(token, low, high, key, line);
    filled += 1;
  });
  if (filled !== out.length) {
    throw new EngineError('wrong_length', `${key} holds ${filled} numbers, ${out.length} expected`, line);
  }
  return out;
}

/** @throws EngineError malformed_number, out_of_range */
export function readInteger(token: string, low: number, high: number, key: string, line: number): number {
  const value = PLAIN.test(token) && token.trim() !== '' ? Number(token) : Number.NaN;
  if (!Number.isInteger(value)) {
    throw new EngineError('malformed_number', `${key} holds "${clip(token)}", which is not an integer`, line);
  }
  if (value < low || value > high) {
    throw new EngineError('out_of_range', `${key} holds ${value}, outside ${low} … ${high}`, line);
  }
  return value;
}

function forEachToken(text: string, take: (token: string) => void): void {
  let start = 0;
  const end = text.length;
  while (start < end) {
    let stop = text.indexOf(' ', start);
    if (stop < 0) {
      stop = end;
    }
    if (stop > start) {
      take(text.slice(start, stop));
    }
    start = stop + 1;
  }
}

/**
 * Reads an objective's parameter the way LightGBM reads it (digits, fraction and exponent gathered apart,
 * not correctly rounded), so that transformed scores start from the same constant.
 */
export function readParameter(token: string, key: string, line: number): number {
  const parts = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(token);
  if (parts === null || (parts[2] === '' && (parts[3] ?? '') === '')) {
    throw new EngineError('malformed_number', `${key} is "${clip(token)}", which is not a number`, line);
  }
  const fraction = parts[3] ?? '';
  let value = digits(parts[2]!) + (fraction === '' ? 0 : digits(fraction) / 10 ** fraction.length);
  const exponent = Number(parts[4] ?? '0');
  const scale = 10 ** Math.min(308, Math.abs(exponent));
  value = exponent < 0 ? value / scale : value * scale;
  return parts[1] === '-' ? -value : value;
}

function digits(text: string): number {
  let value = 0;
  for (const digit of text) {
    value = value * 10 + (digit.charCodeAt(0) - 48);
  }
  return value;
}

export function clip(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
