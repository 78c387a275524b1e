import { EngineError } from '../errors.ts';
import { decimal, stoppedAt, textOf } from './decimal.ts';
import type { Field } from './lines.ts';

const BLANK = 32;
/** Longest number that is looked at as a word. */
const WORD_LIMIT = 64;
const WORDS = /^([+-]?)(inf|infinity|nan(?:\([0-9a-z_]*\))?)$/i;

/**
 * Reads as many doubles, separated by blanks, as `out` holds. Decimal text is correctly rounded, as LightGBM's
 * own `%.17g` text needs; `inf`, `nan` and their signed forms are taken as C's strtod takes them.
 * @throws EngineError malformed_number, wrong_length
 */
export function readDoubles(bytes: Uint8Array, field: Field, out: Float64Array, key: string): Float64Array {
  const { end } = field;
  let filled = 0;
  for (let at = field.start; at < end;) {
    if (bytes[at] === BLANK) {
      at += 1;
      continue;
    }
    if (filled === out.length) throw tooMany(key, out.length, field.line);
    let value = decimal(bytes, at, end);
    let next = stoppedAt;
    if (value !== value) {
      next = tokenEnd(bytes, at, end);
      value = readWord(bytes, at, next, key, field.line);
    }
    out[filled] = value;
    filled += 1;
    at = next;
  }
  if (filled !== out.length) throw tooFew(key, filled, out.length, field.line);
  return out;
}

function readWord(bytes: Uint8Array, start: number, end: number, key: string, line: number): number {
  const text = textOf(bytes, start, Math.min(end, start + WORD_LIMIT));
  const word = end - start <= WORD_LIMIT ? WORDS.exec(text) : null;
  if (word === null) {
    throw new EngineError('malformed_number', `${key} holds "${clip(text)}", which is not a number`, line);
  }
  if (word[2]!.toLowerCase().startsWith('nan')) return Number.NaN;
  return word[1] === '-' ? -Infinity : Infinity;
}

/**
 * Reads as many integers of `lowest … highest`, both included, as `out` holds.
 * @throws EngineError malformed_number, out_of_range, wrong_length
 */
export function readIntegers<T extends Int32Array | Uint32Array | Uint8Array | Float64Array>(
  bytes: Uint8Array,
  field: Field,
  out: T,
  lowest: number,
  highest: number,
  key: string,
): T {
  const { end } = field;
  let filled = 0;
  for (let at = field.start; at < end;) {
    if (bytes[at] === BLANK) {
      at += 1;
      continue;
    }
    if (filled === out.length) throw tooMany(key, out.length, field.line);
    const negative = bytes[at] === 45;
    let next = negative ? at + 1 : at;
    let value = 0;
    let digit = bytes[next]! - 48;
    const firstDigit = next;
    while (next < end && digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      next += 1;
      digit = bytes[next]! - 48;
    }
    if ((next < end && bytes[next] !== BLANK) || next === firstDigit || next - firstDigit > 15) {
      next = tokenEnd(bytes, at, end);
      value = readInteger(bytes, { start: at, end: next, line: field.line }, lowest, highest, key);
    } else if (negative) {
      value = -value;
    }
    if (!(value >= lowest && value <= highest)) throw outside(value, lowest, highest, key, field.line);
    out[filled] = value;
    filled += 1;
    at = next;
  }
  if (filled !== out.length) throw tooFew(key, filled, out.length, field.line);
  return out;
}

/** @throws EngineError malformed_number, out_of_range */
export function readInteger(
  bytes: Uint8Array,
  field: Field,
  lowest: number,
  highest: number,
  key: string,
): number {
  let { start, end } = field;
  while (start < end && bytes[start] === BLANK) start += 1;
  while (end > start && bytes[end - 1] === BLANK) end -= 1;
  const value = start < end ? decimal(bytes, start, end) : Number.NaN;
  if (!Number.isInteger(value) || stoppedAt !== end) {
    const text = textOf(bytes, start, Math.min(end, start + WORD_LIMIT));
    throw new EngineError(
      'malformed_number',
      `${key} holds "${clip(text)}", which is not an integer`,
      field.line,
    );
  }
  if (value < lowest || value > highest) throw outside(value, lowest, highest, key, field.line);
  return value;
}

/** How many words, separated by blanks, a field holds. */
export function countWords(bytes: Uint8Array, field: Field): number {
  let count = 0;
  let inside = false;
  for (let at = field.start; at < field.end; at++) {
    const blank = bytes[at] === BLANK;
    if (!blank && !inside) count += 1;
    inside = !blank;
  }
  return count;
}

function tokenEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== BLANK) at += 1;
  return at;
}

function tooMany(key: string, count: number, line: number): EngineError {
  return new EngineError('wrong_length', `${key} holds more than ${count} numbers`, line);
}

function tooFew(key: string, found: number, count: number, line: number): EngineError {
  return new EngineError('wrong_length', `${key} holds ${found} numbers, ${count} expected`, line);
}

function outside(value: number, lowest: number, highest: number, key: string, line: number): EngineError {
  return new EngineError('out_of_range', `${key} holds ${value}, outside ${lowest} … ${highest}`, line);
}

/**
 * Reads an objective's parameter the way LightGBM reads it (digits, fraction and exponent gathered apart,
 * not correctly rounded), so that transformed scores start from the same constant.
 */
export function readParameter(token: string, key: string, line: number): number {
  const parts = /^([+-]?)(\d{0,400})(?:\.(\d{0,400}))?(?:[eE]([+-]?\d{1,9}))?$/.exec(token);
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
