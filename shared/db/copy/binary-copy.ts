/**
 * The pieces of PostgreSQL's binary COPY format (documentation of COPY, "Binary Format"): a header, tuples of a
 * field count and length-prefixed fields in network byte order, a trailer.
 */
export const COPY_HEADER: Uint8Array = Uint8Array.from([
  ...Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'),
  ...Array.from({ length: 8 }, () => 0),
]);
export const COPY_TRAILER: Uint8Array = Uint8Array.from([0xff, 0xff]);

/** Gives an encoder room for at least `bytes`; what it held before does not matter. */
export type Allocate = (bytes: number) => Buffer;

/** A buffer of its own, so that it can be transferred to another thread. */
export const allocateNew: Allocate = (bytes) => Buffer.allocUnsafeSlow(bytes);

/** Days and microseconds between 1970-01-01 and PostgreSQL's 2000-01-01. */
export const POSTGRES_EPOCH_DAYS = 10_957;
export const POSTGRES_EPOCH_MICROS = 946_684_800_000_000n;

/** The fields that are equal in all tuples of a chunk, encoded once and copied into each. */
export class TupleTemplate {
  readonly #parts: Buffer[] = [];

  /** `fieldCount`: of the whole tuple, those written row by row included. */
  constructor(fieldCount: number) {
    const count = Buffer.alloc(2);
    count.writeInt16BE(fieldCount);
    this.#parts.push(count);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  text(value: string): this {
    return this.raw(Buffer.from(value, 'utf8'));
  }

  int2(value: number): this {
    const field = Buffer.alloc(2);
    field.writeInt16BE(value);
    return this.raw(field);
  }

  int4(value: number): this {
    const field = Buffer.alloc(4);
    field.writeInt32BE(value);
    return this.raw(field);
  }

  uuid(value: string): this {
    return this.raw(Buffer.from(value.replaceAll('-', ''), 'hex'));
  }

  /** `YYYY-MM-DD` */
  date(value: string): this {
    return this.int4(Date.parse(`${value}T00:00:00Z`) / 86_400_000 - POSTGRES_EPOCH_DAYS);
  }

  /** Microseconds since 1970. */
  timestamptz(micros: bigint): this {
    const field = Buffer.alloc(8);
    field.writeBigInt64BE(micros - POSTGRES_EPOCH_MICROS);
    return this.raw(field);
  }

  raw(field: Uint8Array): this {
    const length = Buffer.alloc(4);
    length.writeInt32BE(field.length);
    this.#parts.push(length, Buffer.from(field));
    return this;
  }
}
