import { DUE_DATE, FACILITY_ID, IGNORED, PATIENT_ID } from './cohort-layout.ts';
import { plainDecimal, readPlainDecimal } from './decimal.ts';
import type { RowBuilder } from './row-builder.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const SPACE = 0x20;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const LETTER_N = 0x4e;
const LETTER_I = 0x49;

export type FlatObjectOptions = {
  rows: RowBuilder;
  /** Role of a key; undefined refuses the row, naming the key. */
  roleOf: (key: string) => number | undefined;
};

/**
 * Reads one JSON object of numbers, strings, booleans and nulls straight from bytes into the row that the builder has
 * begun; anything else rejects the row with its field. Keys mostly come in the order of the row before: each place
 * remembers its last key's bytes, so that a key is compared and not decoded.
 */
export class FlatObjectReader {
  readonly #options: FlatObjectOptions;
  #places: { key: Buffer; role: number }[] = [];
  /** The keys of the last object that `read` took, for `readPlain`. */
  #plain: PlainKeys = plainKeys([]);
  #placesChanged = false;
  /** Row in which a feature was last set, to notice a key that occurs twice. */
  readonly #setIn = new Map<number, number>();
  #scratch = Buffer.alloc(256);

  constructor(options: FlatObjectOptions) {
    this.#options = options;
  }

  /** The object must fill `bytes[start, end)` but for white space. */
  read(bytes: Buffer, start: number, end: number): void {
    const fault = this.#fields(bytes, start, end);
    if (fault !== undefined) this.#options.rows.reject(null, 'malformed_json', `The row ${fault}.`);
  }

  /** Reads the fields; returns what is wrong with the object as JSON, if anything is. */
  #fields(bytes: Buffer, start: number, end: number): string | undefined {
    const { rows } = this.#options;
    let at = skipSpace(bytes, start, end);
    if (bytes[at] !== OPEN) return 'is not an object';
    at = skipSpace(bytes, at + 1, end);
    let place = 0;
    for (; at < end && bytes[at] !== CLOSE; place++) {
      if (bytes[at] !== QUOTE) return 'has a key that is not a string';
      const keyEnd = stringEnd(bytes, at + 1, end);
      if (keyEnd < 0) return 'has a string that does not end';
      const role = this.#role(place, bytes, at + 1, keyEnd);
      at = skipSpace(bytes, keyEnd + 1, end);
      if (bytes[at] !== COLON) return 'lacks a colon';
      at = skipSpace(bytes, at + 1, end);
      const valueEnd = this.#value(role, place, bytes, at, end);
      if (typeof valueEnd === 'string') return valueEnd;
      if (rows.isRejected) return undefined;
      at = skipSpace(bytes, valueEnd, end);
      if (bytes[at] === COMMA) {
        at = skipSpace(bytes, at + 1, end);
        if (bytes[at] === CLOSE) return 'ends with a comma';
      } else if (bytes[at] !== CLOSE) {
        return 'lacks a comma or its closing brace';
      }
    }
    if (at >= end) return 'does not end';
    if (skipSpace(bytes, at + 1, end) < end) return 'is followed by something else on its line';
    if (this.#placesChanged && !rows.isRejected) {
      this.#plain = plainKeys(this.#places.slice(0, place));
      this.#placesChanged = false;
    }
    return undefined;
  }

  /**
   * Reads the object that begins at `start` if its keys are those of the object before, in their order, and its values
   * plain: numbers as `readPlainDecimal` takes them, strings without escapes, true, false and null, with no more white
   * space than one space after a colon or comma. Returns the place behind its brace; −1 where it is not plain: then the
   * row is to be undone and read by `read`. `bytes[limit]` must be a line feed or a closing brace.
   */
  readPlain(bytes: Buffer, start: number, limit: number): number {
    const { rows } = this.#options;
    const { values } = rows;
    const { count, keys, ends, roles } = this.#plain;
    let at = start + 1;
    for (let place = 0, keyAt = 0; place < count; place++) {
      const keyEnd = ends[place] as number;
      if (at + keyEnd - keyAt >= limit) return -1;
      for (; keyAt < keyEnd; keyAt++, at++) if (bytes[at] !== keys[keyAt]) return -1;
      let byte = bytes[at] as number;
      if (byte === SPACE) byte = bytes[++at] as number;
      const role = roles[place] as number;
      if (byte <= NINE && byte >= MINUS) {
        if (role >= 0) {
          const value = readPlainDecimal(bytes, at);
          if (value !== value) return -1;
          values[role] = value;
          at = plainDecimal.end;
        } else {
          if (role === DUE_DATE || (byte !== MINUS && byte < ZERO)) return -1;
          // A number where an id belongs is taken as it is written.
          const first = at;
          while (byte > SPACE && byte !== COMMA && byte !== CLOSE) byte = bytes[++at] as number;
          rows.cell(role, bytes, first, at);
        }
      } else if (byte === QUOTE) {
        const first = ++at;
        byte = bytes[at] as number;
        while (byte !== QUOTE) {
          if (byte === BACKSLASH || byte < SPACE || at >= limit) return -1;
          byte = bytes[++at] as number;
        }
        rows.cell(role, bytes, first, at);
        at++;
      } else if (isLiteral(bytes, at, at + 4, 'null')) {
        at += 4;
      } else if (isLiteral(bytes, at, at + 4, 'true') && role >= 0) {
        rows.cell(role, bytes, at, at + 4);
        at += 4;
      } else if (isLiteral(bytes, at, at + 5, 'false') && role >= 0) {
        rows.cell(role, bytes, at, at + 5);
        at += 5;
      } else {
        return -1;
      }
      byte = bytes[at] as number;
      if (byte === CLOSE) return at + 1;
      if (byte !== COMMA) return -1;
      if (bytes[++at] === SPACE) at++;
    }
    return -1;
  }

  #role(place: number, bytes: Buffer, start: number, end: number): number {
    const { rows, roleOf } = this.#options;
    const known = this.#places[place];
    let role = known !== undefined && equals(known.key, bytes, start, end) ? known.role : undefined;
    if (role === undefined) {
      const key = decodeKey(bytes, start, end);
      role = key === undefined ? undefined : roleOf(key);
      if (role === undefined) {
        rows.reject(key?.slice(0, 100) ?? null, 'unknown_field', 'The key is no feature of the model.');
        return IGNORED;
      }
      this.#places[place] = { key: Buffer.from(bytes.subarray(start, end)), role };
      this.#placesChanged = true;
    }
    if (role !== IGNORED) {
      if (this.#setIn.get(role) === rows.rowNo)
        rows.reject(this.#name(place), 'duplicate_field', 'The key occurs twice.');
      this.#setIn.set(role, rows.rowNo);
    }
    return role;
  }

  /** Returns where the value ends, or what is wrong with it as JSON. */
  #value(role: number, place: number, bytes: Buffer, start: number, end: number): number | string {
    const { rows } = this.#options;
    const first = bytes[start];
    if (first === QUOTE) {
      const close = stringEnd(bytes, start + 1, end);
      if (close < 0) return 'has a string that does not end';
      return this.#string(role, place, bytes, start, close);
    }
    let stop = start;
    while (stop < end && !endsScalar(bytes[stop] as number)) stop++;
    if (isLiteral(bytes, start, stop, 'null')) return stop;
    if (isLiteral(bytes, start, stop, 'true') || isLiteral(bytes, start, stop, 'false')) {
      if (role >= 0) rows.cell(role, bytes, start, stop);
      else if (role !== IGNORED)
        rows.reject(this.#name(place), 'not_a_string', `${this.#name(place)} is not a string.`);
      return stop;
    }
    if (first !== 0x2d && !(first !== undefined && first >= 0x30 && first <= 0x39)) {
      if (first === OPEN || first === OPEN_LIST) {
        if (role === IGNORED) return nestedEnd(bytes, start, end);
        rows.reject(this.#name(place), 'not_a_scalar', `${this.#name(place)} is an object or a list.`);
        return stop;
      }
      if (first === LETTER_N || first === LETTER_I) {
        return `has NaN or Infinity at ${this.#name(place)}, which JSON does not know; write null where a value is missing`;
      }
      return 'has a value that is not JSON';
    }
    if (role === IGNORED) return stop;
    if (role < 0 && role !== PATIENT_ID && role !== FACILITY_ID && role !== DUE_DATE) {
      rows.reject(this.#name(place), 'not_a_string', `${this.#name(place)} is not a string.`);
    } else {
      // A number where an id or a day belongs is taken as it is written.
      rows.cell(role, bytes, start, stop);
    }
    return stop;
  }

  #string(role: number, place: number, bytes: Buffer, start: number, close: number): number | string {
    const { rows } = this.#options;
    if (role === IGNORED) return close + 1;
    if (!bytes.subarray(start + 1, close).includes(BACKSLASH)) {
      rows.cell(role, bytes, start + 1, close);
      return close + 1;
    }
    let text: unknown;
    try {
      text = JSON.parse(bytes.toString('utf8', start, close + 1));
    } catch {
      return 'has a string with an invalid escape';
    }
    if (!String(text).isWellFormed())
      rows.reject(this.#name(place), 'invalid_encoding', `${this.#name(place)} holds half a character.`);
    const decoded = Buffer.from(String(text));
    if (decoded.length > this.#scratch.length) this.#scratch = Buffer.alloc(decoded.length * 2);
    decoded.copy(this.#scratch);
    rows.cell(role, this.#scratch, 0, decoded.length);
    return close + 1;
  }

  #name(place: number): string {
    const known = this.#places[place];
    if (known?.role === DUE_DATE) return 'due_date';
    return known?.key.toString() ?? 'value';
  }
}

/** Keys of an object as `"key":`, back to back. */
type PlainKeys = { count: number; keys: Uint8Array; ends: Uint32Array; roles: Int32Array };

function plainKeys(places: readonly { key: Buffer; role: number }[]): PlainKeys {
  const written = places.map(({ key }) => Buffer.from(`"${key.toString('latin1')}":`, 'latin1'));
  let end = 0;
  return {
    count: places.length,
    keys: Uint8Array.from(Buffer.concat(written)),
    ends: Uint32Array.from(written, ({ length }) => (end += length)),
    roles: Int32Array.from(places, ({ role }) => role),
  };
}

/** Keys of one object in their order, without judging its values; undefined where it is no object. */
export function keysOf(bytes: Buffer, start: number, end: number): string[] | undefined {
  const keys = new Set<string>();
  let at = skipSpace(bytes, start, end);
  if (bytes[at] !== OPEN) return undefined;
  at = skipSpace(bytes, at + 1, end);
  while (at < end && bytes[at] === QUOTE) {
    const keyEnd = stringEnd(bytes, at + 1, end);
    const key = keyEnd < 0 ? undefined : decodeKey(bytes, at + 1, keyEnd);
    if (key === undefined) return undefined;
    keys.add(key);
    at = skipSpace(bytes, keyEnd + 1, end);
    if (bytes[at] !== COLON) return undefined;
    at = skipSpace(bytes, at + 1, end);
    if (bytes[at] === QUOTE) at = stringEnd(bytes, at + 1, end) + 1;
    else if (bytes[at] === OPEN || bytes[at] === OPEN_LIST) {
      const close = nestedEnd(bytes, at, end);
      if (typeof close === 'string') return undefined;
      at = close;
    } else while (at < end && !endsScalar(bytes[at] as number)) at++;
    if (at <= 0) return undefined;
    at = skipSpace(bytes, at, end);
    if (bytes[at] !== COMMA) break;
    at = skipSpace(bytes, at + 1, end);
  }
  return bytes[at] === CLOSE ? [...keys] : undefined;
}

export function skipSpace(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && isSpace(bytes[at] as number)) at++;
  return at;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function endsScalar(byte: number): boolean {
  return byte === COMMA || byte === CLOSE || isSpace(byte);
}

/** Position of the quote that ends a string whose first character is at `start`; −1 where none does. */
export function stringEnd(bytes: Buffer, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) at++;
  }
  return -1;
}

function equals(key: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (key.length !== end - start) return false;
  for (let at = 0; at < key.length; at++) if (key[at] !== bytes[start + at]) return false;
  return true;
}

function isLiteral(bytes: Buffer, start: number, end: number, literal: string): boolean {
  if (end - start !== literal.length) return false;
  for (let at = 0; at < literal.length; at++) if (bytes[start + at] !== literal.charCodeAt(at)) return false;
  return true;
}

function decodeKey(bytes: Buffer, start: number, end: number): string | undefined {
  try {
    return JSON.parse(`"${bytes.toString('utf8', start, end)}"`) as string;
  } catch {
    return undefined;
  }
}

/** Behind the bracket that closes the one at `start`, or what is wrong. */
function nestedEnd(bytes: Buffer, start: number, end: number): number | string {
  let depth = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = stringEnd(bytes, at + 1, end);
      if (at < 0) return 'has a string that does not end';
    } else if (byte === OPEN || byte === OPEN_LIST) {
      depth++;
    } else if ((byte === CLOSE || byte === CLOSE_LIST) && --depth === 0) {
      return at + 1;
    }
  }
  return 'does not end';
}
