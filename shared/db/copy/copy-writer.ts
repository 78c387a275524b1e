import type { Allocate } from './binary-copy.ts';

const OID_TEXT = 25;
/** Of an array without its length prefix: dimensions, null flag, element type; then length and lower bound a dimension. */
const ARRAY_HEADER_BYTES = 12;
const DIMENSION_BYTES = 8;
/** More than any number takes with its length prefix. */
const LARGEST_NUMBER = 16;

/** Appends fields of PostgreSQL's binary COPY format (its manual, "COPY", File Formats) to a buffer that grows. */
export class CopyWriter {
  readonly #allocate: Allocate;
  #out: Buffer;
  #view: DataView;
  #at = 0;
  /** Where the length of the array that is being written has its place. */
  #arrayAt = 0;

  constructor(bytes: number, allocate: Allocate) {
    this.#allocate = allocate;
    this.#out = allocate(bytes);
    this.#view = viewOf(this.#out);
  }

  /** What was written so far; a view, good until more is written. */
  written(): Buffer {
    return this.#out.subarray(0, this.#at);
  }

  /** Forgets what was written. */
  clear(): void {
    this.#at = 0;
  }

  bytes(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#out.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  /** A number without a length prefix: that of a tuple's fields. */
  int2Bare(value: number): this {
    this.#reserve(2);
    this.#view.setInt16(this.#at, value);
    this.#at += 2;
    return this;
  }

  null(): this {
    this.#reserve(4);
    this.#view.setInt32(this.#at, -1);
    this.#at += 4;
    return this;
  }

  field(bytes: Uint8Array): this {
    this.#reserve(4 + bytes.length);
    this.#view.setInt32(this.#at, bytes.length);
    this.#out.set(bytes, this.#at + 4);
    this.#at += 4 + bytes.length;
    return this;
  }

  /** A field of bytes[start, end), which are few: a loop beats a view. */
  slice(bytes: Uint8Array, start: number, end: number): this {
    this.#reserve(4 + end - start);
    this.#view.setInt32(this.#at, end - start);
    let at = this.#at + 4;
    for (let from = start; from < end; from++) this.#out[at++] = bytes[from] as number;
    this.#at = at;
    return this;
  }

  int2(value: number): this {
    this.#reserve(LARGEST_NUMBER);
    this.#view.setInt32(this.#at, 2);
    this.#view.setInt16(this.#at + 4, value);
    this.#at += 6;
    return this;
  }

  int4(value: number): this {
    this.#reserve(LARGEST_NUMBER);
    this.#view.setInt32(this.#at, 4);
    this.#view.setInt32(this.#at + 4, value);
    this.#at += 8;
    return this;
  }

  float4(value: number): this {
    this.#reserve(LARGEST_NUMBER);
    this.#view.setInt32(this.#at, 4);
    this.#view.setFloat32(this.#at + 4, value);
    this.#at += 8;
    return this;
  }

  float8(value: number): this {
    this.#reserve(LARGEST_NUMBER);
    this.#view.setInt32(this.#at, 8);
    this.#view.setFloat64(this.#at + 4, value);
    this.#at += 12;
    return this;
  }

  /** A one-dimensional array's length prefix and header; then `count` elements, then `endArray`. An empty one has no dimension. */
  beginArray(elementOid: number, count: number): this {
    this.#reserve(4 + ARRAY_HEADER_BYTES + DIMENSION_BYTES);
    this.#arrayAt = this.#at;
    this.#view.setInt32(this.#at + 4, count === 0 ? 0 : 1);
    this.#view.setInt32(this.#at + 8, 0);
    this.#view.setInt32(this.#at + 12, elementOid);
    this.#at += 4 + ARRAY_HEADER_BYTES;
    if (count > 0) {
      this.#view.setInt32(this.#at, count);
      this.#view.setInt32(this.#at + 4, 1);
      this.#at += DIMENSION_BYTES;
    }
    return this;
  }

  endArray(): this {
    this.#view.setInt32(this.#arrayAt, this.#at - this.#arrayAt - 4);
    return this;
  }

  textArray(elements: Iterable<Uint8Array>, count: number): this {
    this.beginArray(OID_TEXT, count);
    for (const element of elements) this.field(element);
    return this.endArray();
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#out.length) return;
    const larger = this.#allocate(2 * this.#out.length + bytes);
    this.#out.copy(larger, 0, 0, this.#at);
    this.#out = larger;
    this.#view = viewOf(larger);
  }
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
}
