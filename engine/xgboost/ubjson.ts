import { EngineError } from '../errors.ts';
import { decodeText } from '../model/lines.ts';

/** What a document holds: objects, arrays, text, numbers (64-bit integers as doubles), booleans and null. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | NumberList
  | { readonly [key: string]: Json };
/** An array of numbers of one type. */
export type NumberList = Float32Array | Float64Array | Int8Array | Uint8Array | Int16Array | Int32Array;

/** Objects and arrays within one another, at most. */
const MOST_LEVELS = 64;

/**
 * Reads a Universal Binary JSON document (draft 12), with typed arrays as XGBoost writes them.
 * @throws EngineError malformed_line, naming the byte, for anything else
 */
export function parseUbjson(bytes: Uint8Array): Json {
  return new Reader(bytes).value(0);
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  value(level: number, marker: string = this.#marker()): Json {
    if (level > MOST_LEVELS) throw this.#refused('nests too deeply');
    switch (marker) {
      case 'Z':
        return null;
      case 'T':
        return true;
      case 'F':
        return false;
      case '{':
        return this.#object(level);
      case '[':
        return this.#array(level);
      case 'S':
        return this.#text(this.#count());
      case 'C':
        return this.#text(1);
      default:
        return this.#number(marker);
    }
  }

  #object(level: number): Json {
    const entries: [string, Json][] = [];
    const [type, count] = this.#header();
    for (let read = 0; count < 0 ? this.#bytes[this.#at] !== 125 : read < count; read++) {
      const key = this.#text(this.#count());
      entries.push([key, this.value(level + 1, type)]);
    }
    if (count < 0) this.#at += 1;
    return Object.fromEntries(entries);
  }

  #array(level: number): Json {
    const [type, count] = this.#header();
    if (type !== undefined && count >= 0) {
      const list = this.#list(type, count);
      if (list !== undefined) return list;
    }
    const values: Json[] = [];
    for (let read = 0; count < 0 ? this.#bytes[this.#at] !== 93 : read < count; read++) {
      values.push(this.value(level + 1, type));
    }
    if (count < 0) this.#at += 1;
    return values;
  }

  /** A container's type and length: −1 where its end is marked. */
  #header(): [type: string | undefined, count: number] {
    let type: string | undefined;
    if (this.#bytes[this.#at] === 36) {
      this.#at += 1;
      type = this.#marker();
    }
    if (this.#bytes[this.#at] !== 35) {
      if (type !== undefined) throw this.#refused('gives a type without a length');
      return [undefined, -1];
    }
    this.#at += 1;
    const count = this.#count();
    // No value is shorter than a byte but those of a type that takes none, which nobody writes.
    if (count > this.#bytes.length - this.#at) throw this.#refused('promises more than it holds');
    return [type, count];
  }

  #list(type: string, count: number): NumberList | undefined {
    const sizes: Readonly<Record<string, number>> = { d: 4, D: 8, i: 1, U: 1, I: 2, l: 4, L: 8 };
    const size = sizes[type];
    if (size === undefined) return undefined;
    const start = this.#take(count * size);
    const view = this.#view;
    switch (type) {
      case 'd':
        return Float32Array.from({ length: count }, (_, at) => view.getFloat32(start + at * 4));
      case 'D':
        return Float64Array.from({ length: count }, (_, at) => view.getFloat64(start + at * 8));
      case 'i':
        return Int8Array.from({ length: count }, (_, at) => view.getInt8(start + at));
      case 'U':
        return this.#bytes.slice(start, start + count);
      case 'I':
        return Int16Array.from({ length: count }, (_, at) => view.getInt16(start + at * 2));
      case 'l':
        return Int32Array.from({ length: count }, (_, at) => view.getInt32(start + at * 4));
      default:
        return Float64Array.from({ length: count }, (_, at) => Number(view.getBigInt64(start + at * 8)));
    }
  }

  #number(marker: string): number {
    switch (marker) {
      case 'i':
        return this.#view.getInt8(this.#take(1));
      case 'U':
        return this.#view.getUint8(this.#take(1));
      case 'I':
        return this.#view.getInt16(this.#take(2));
      case 'l':
        return this.#view.getInt32(this.#take(4));
      case 'L':
        return Number(this.#view.getBigInt64(this.#take(8)));
      case 'd':
        return this.#view.getFloat32(this.#take(4));
      case 'D':
        return this.#view.getFloat64(this.#take(8));
      default:
        throw this.#refused('holds a value of an unknown type');
    }
  }

  #count(): number {
    const count = this.#number(this.#marker());
    if (!Number.isInteger(count) || count < 0) throw this.#refused('gives no whole length');
    return count;
  }

  #text(length: number): string {
    const start = this.#take(length);
    return decodeText(this.#bytes.subarray(start, start + length));
  }

  #marker(): string {
    // N is no operation.
    let byte = this.#bytes[this.#take(1)]!;
    while (byte === 78) byte = this.#bytes[this.#take(1)]!;
    return String.fromCharCode(byte);
  }

  /** Moves over bytes. @returns where they start */
  #take(count: number): number {
    const start = this.#at;
    if (count > this.#bytes.length - start) throw this.#refused('ends before its value does');
    this.#at = start + count;
    return start;
  }

  #refused(what: string): EngineError {
    return new EngineError('malformed_line', `the binary JSON ${what}, at byte ${this.#at}`);
  }
}
