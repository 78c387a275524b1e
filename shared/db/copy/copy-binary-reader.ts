import { ServiceError } from '#shared/errors/errors.ts';

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const END = -1;
const ARRAY_HEADER_BYTES = 20;

/**
 * Walks through PostgreSQL's binary COPY format (its manual, "COPY", File Formats): each field is asked for in the
 * order of the query's columns, by the type that it has there. A NULL gives undefined.
 */
export class CopyBinaryReader {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  #at: number;

  constructor(bytes: Buffer) {
    if (!bytes.subarray(0, SIGNATURE.length).equals(SIGNATURE)) {
      throw new ServiceError('internal', 'PostgreSQL sent no binary copy.');
    }
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#at = SIGNATURE.length + 8 + bytes.readInt32BE(SIGNATURE.length + 4);
  }

  /** Steps to the next row; false after the last. */
  nextRow(): boolean {
    const fields = this.#bytes.readInt16BE(this.#at);
    this.#at += 2;
    return fields !== END;
  }

  int2(): number | undefined {
    return this.#next() < 0 ? undefined : this.#bytes.readInt16BE(this.#at - 2);
  }

  int4(): number | undefined {
    return this.#next() < 0 ? undefined : this.#bytes.readInt32BE(this.#at - 4);
  }

  float8(): number | undefined {
    return this.#next() < 0 ? undefined : this.#bytes.readDoubleBE(this.#at - 8);
  }

  text(): string | undefined {
    const length = this.#next();
    return length < 0 ? undefined : this.#bytes.toString('utf8', this.#at - length, this.#at);
  }

  int2Array(): number[] {
    return this.#array((at) => this.#bytes.readInt16BE(at));
  }

  float4Array(): number[] {
    return this.#array((at) => this.#bytes.readFloatBE(at));
  }

  float8Array(): number[] {
    return this.#array((at) => this.#bytes.readDoubleBE(at));
  }

  /** A view. */
  bytes(): Buffer | undefined {
    const length = this.#next();
    return length < 0 ? undefined : this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** Undefined for NULL; a NULL within is undefined. */
  texts(): (string | undefined)[] | undefined {
    const length = this.#next();
    if (length < 0) return undefined;
    const start = this.#at - length;
    const count = length < ARRAY_HEADER_BYTES ? 0 : this.#bytes.readInt32BE(start + 12);
    const texts: (string | undefined)[] = [];
    for (let at = start + ARRAY_HEADER_BYTES; texts.length < count;) {
      const size = this.#bytes.readInt32BE(at);
      at += 4;
      texts.push(size < 0 ? undefined : this.#bytes.toString('utf8', at, at + size));
      at += Math.max(0, size);
    }
    return texts;
  }

  /** Calls `visit` with the bytes of each element of a text[], an empty range for a NULL; none are copied. */
  eachText(visit: (bytes: Buffer, start: number, end: number) => void): void {
    const length = this.#next();
    if (length < ARRAY_HEADER_BYTES) return;
    const start = this.#at - length;
    const count = this.#bytes.readInt32BE(start + 12);
    for (let at = start + ARRAY_HEADER_BYTES, index = 0; index < count; index++) {
      const size = Math.max(0, this.#view.getInt32(at));
      at += 4;
      visit(this.#bytes, at, at + size);
      at += size;
    }
  }

  int2s(): Int16Array | undefined {
    return this.#numbers(
      2,
      (count) => new Int16Array(count),
      (view, at) => view.getInt16(at),
    );
  }

  int4s(): Int32Array | undefined {
    return this.#numbers(
      4,
      (count) => new Int32Array(count),
      (view, at) => view.getInt32(at),
    );
  }

  float4s(): Float32Array | undefined {
    return this.#numbers(
      4,
      (count) => new Float32Array(count),
      (view, at) => view.getFloat32(at),
    );
  }

  float8s(): Float64Array | undefined {
    return this.#numbers(
      8,
      (count) => new Float64Array(count),
      (view, at) => view.getFloat64(at),
    );
  }

  /** An array without a NULL within; undefined for NULL. */
  #numbers<T extends Int16Array | Int32Array | Float32Array | Float64Array>(
    width: number,
    make: (count: number) => T,
    read: (view: DataView, at: number) => number,
  ): T | undefined {
    const length = this.#next();
    if (length < 0) return undefined;
    const start = this.#at - length;
    const count = length < ARRAY_HEADER_BYTES ? 0 : this.#bytes.readInt32BE(start + 12);
    const values = make(count);
    let at = start + ARRAY_HEADER_BYTES + 4;
    for (let index = 0; index < count; index++) {
      values[index] = read(this.#view, at);
      at += width + 4;
    }
    return values;
  }

  /** Steps over a field and gives its length, −1 for NULL. */
  #next(): number {
    const length = this.#bytes.readInt32BE(this.#at);
    this.#at += 4 + Math.max(0, length);
    return length;
  }

  /** One-dimensional; [] for NULL and for the empty array, NaN for a NULL within. */
  #array(read: (at: number) => number): number[] {
    const length = this.#next();
    if (length < ARRAY_HEADER_BYTES) return [];
    const start = this.#at - length;
    const count = this.#bytes.readInt32BE(start + 12);
    const values: number[] = [];
    for (let at = start + ARRAY_HEADER_BYTES, index = 0; index < count; index++) {
      const size = this.#bytes.readInt32BE(at);
      at += 4;
      values.push(size < 0 ? NaN : read(at));
      at += Math.max(0, size);
    }
    return values;
  }
}
