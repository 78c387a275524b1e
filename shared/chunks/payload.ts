import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress, zstdDecompressSync } from 'node:zlib';
import { IDENTIFIER_NAMES, type IdentifierName } from '#patients/record/identifiers.ts';
import { ServiceError } from '#shared/errors/errors.ts';

/**
 * A chunk's rows by column, as they cross from the api to the workers.
 * Every array has `rowCount` entries (or `rowCount + 1` offsets).
 */
export type ChunkRows = {
  rowCount: number;
  /** 1-based record number in the upload, rejected records counted. */
  rowNumbers: Int32Array;
  /** UTF-8 ids back to back; id i is bytes[offsets[i], offsets[i + 1]). */
  patientIds: { offsets: Uint32Array; bytes: Uint8Array };
  /** Distinct facility ids and, a row, an index into them; NO_FACILITY where the row has none. */
  facilities: { names: string[]; indices: Int32Array };
  /** Days since 1970-01-01; NO_DATE where the row has none. */
  dueDates: Int32Array;
  /** What people work with beside the id: only the columns that some row has. */
  identifiers: IdentifierColumn[];
  /** A column a model feature, in the model's order; NaN where missing. */
  features: Float64Array[];
};

/** Distinct texts and, a row, an index into them; NO_TEXT where the row has none. */
export type IdentifierColumn = { name: IdentifierName; texts: string[]; indices: Int32Array };

export const NO_TEXT = -1;
export const NO_FACILITY = -1;
export const NO_DATE = -0x80000000;

export type EncodedChunk = { payload: Buffer; sha256: Buffer };

const MAGIC = 0x43544949;
/** Version 1 has no identifiers; chunks of both are read. */
const VERSION = 2;
const COLUMN_U8 = 1;
const COLUMN_I16 = 2;
const COLUMN_I32 = 3;
const COLUMN_F64 = 4;
/** By column type. */
const BYTES_A_VALUE = [0, 1, 2, 4, 8];
const MISSING_U8 = 0xff;
const MISSING_I16 = -0x8000;
const MISSING_I32 = -0x80000000;

/** Holds most chunks' payloads whole, where the default would gather them from pieces of 16 KB. */
const OUTPUT_BYTES = 512 * 1024;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Packs and compresses (zstd level 1, off the main thread). */
export async function encodeChunk(rows: ChunkRows): Promise<EncodedChunk> {
  const payload = await compress(pack(rows), {
    params: { [constants.ZSTD_c_compressionLevel]: 1 },
    chunkSize: OUTPUT_BYTES,
  });
  return { payload, sha256: createHash('sha256').update(payload).digest() };
}

/** Checks the hash, decompresses and unpacks. Throws `payload_corrupt`. */
export async function decodeChunk(payload: Buffer, sha256: Buffer): Promise<ChunkRows> {
  checkHash(payload, sha256);
  return unpack(await decompress(payload));
}

/** decodeChunk for a scoring thread, where blocking is the point. */
export function decodeChunkSync(payload: Uint8Array, sha256: Uint8Array): ChunkRows {
  checkHash(payload, sha256);
  return unpack(zstdDecompressSync(payload));
}

function checkHash(payload: Uint8Array, sha256: Uint8Array): void {
  if (!createHash('sha256').update(payload).digest().equals(sha256)) {
    throw new ServiceError('payload_corrupt', 'The stored chunk does not match its hash.');
  }
}

/**
 * Writes little-endian sections, each aligned to 8 bytes, so that unpacking makes views and copies nothing. Columns are
 * narrowed straight into their place.
 */
function pack(rows: ChunkRows): Buffer {
  const { rowCount, features } = rows;
  const types = Uint8Array.from(features, (column) => narrowestType(column, rowCount));
  const sections: Uint8Array[] = [
    bytesOf(rows.rowNumbers),
    bytesOf(rows.patientIds.offsets),
    rows.patientIds.bytes,
    Buffer.from(JSON.stringify(rows.facilities.names)),
    bytesOf(rows.facilities.indices),
    bytesOf(rows.dueDates),
    types,
    Buffer.from(JSON.stringify(rows.identifiers.map(({ name, texts }) => ({ name, texts })))),
    Buffer.concat(rows.identifiers.map(({ indices }) => bytesOf(indices))),
  ];
  const lengths = [
    ...sections.map((section) => section.byteLength),
    ...Array.from(types, (type) => rowCount * (BYTES_A_VALUE[type] as number)),
  ];
  const headerLength = align(16 + 4 * lengths.length);
  const out = Buffer.alloc(lengths.reduce((total, length) => total + align(length), headerLength));
  out.writeUInt32LE(MAGIC, 0);
  out.writeUInt32LE(VERSION, 4);
  out.writeUInt32LE(rowCount, 8);
  out.writeUInt32LE(lengths.length, 12);
  let offset = headerLength;
  for (const [index, length] of lengths.entries()) {
    out.writeUInt32LE(length, 16 + 4 * index);
    const section = sections[index];
    const column = index - sections.length;
    if (section !== undefined) out.set(section, offset);
    else writeColumn(out, offset, features[column] as Float64Array, types[column] as number, rowCount);
    offset += align(length);
  }
  return out;
}

function unpack(packed: Buffer): ChunkRows {
  const data = packed.byteOffset % 8 === 0 ? packed : Buffer.from(Uint8Array.from(packed).buffer);
  const version = data.length < 16 || data.readUInt32LE(0) !== MAGIC ? 0 : data.readUInt32LE(4);
  if (version !== 1 && version !== VERSION) {
    throw new ServiceError('payload_corrupt', 'The stored chunk has an unknown format.');
  }
  const rowCount = data.readUInt32LE(8);
  const sectionCount = data.readUInt32LE(12);
  let offset = align(16 + 4 * sectionCount);
  const sections: Uint8Array[] = [];
  for (let index = 0; index < sectionCount; index++) {
    const length = data.readUInt32LE(16 + 4 * index);
    sections.push(new Uint8Array(data.buffer, data.byteOffset + offset, length));
    offset += align(length);
  }
  const [rowNumbers, idOffsets, idBytes, names, facilityIndices, dueDates, types, ...rest] = sections;
  const [identifierTexts, identifierIndices] = version === 1 ? [] : rest.splice(0, 2);
  if (!rowNumbers || !idOffsets || !idBytes || !names || !facilityIndices || !dueDates || !types) {
    throw new ServiceError('payload_corrupt', 'The stored chunk lacks a section.');
  }
  return {
    rowCount,
    rowNumbers: int32(rowNumbers),
    patientIds: {
      offsets: new Uint32Array(idOffsets.buffer, idOffsets.byteOffset, idOffsets.byteLength / 4),
      bytes: idBytes,
    },
    facilities: {
      names: JSON.parse(Buffer.from(names).toString()) as string[],
      indices: int32(facilityIndices),
    },
    dueDates: int32(dueDates),
    identifiers:
      identifierTexts === undefined || identifierIndices === undefined
        ? []
        : identifiersOf(identifierTexts, int32(identifierIndices), rowCount),
    features: rest.map((column, index) => widen(types[index] ?? 0, column, rowCount)),
  };
}

function identifiersOf(texts: Uint8Array, indices: Int32Array, rowCount: number): IdentifierColumn[] {
  const columns = JSON.parse(Buffer.from(texts).toString()) as { name: IdentifierName; texts: string[] }[];
  return columns
    .map((column, at) => ({ ...column, indices: indices.subarray(at * rowCount, (at + 1) * rowCount) }))
    .filter(({ name }) => IDENTIFIER_NAMES.includes(name));
}

/** The smallest integer type that holds a column exactly; whatever has fractions, −0 or an infinity stays f64. */
function narrowestType(column: Float64Array, rowCount: number): number {
  let min = 0;
  let max = 0;
  for (let row = 0; row < rowCount; row++) {
    const value = column[row] as number;
    if (value !== value) continue;
    if (value !== (value | 0) || Object.is(value, -0)) return COLUMN_F64;
    if (value < min) min = value;
    else if (value > max) max = value;
  }
  if (min >= 0 && max < MISSING_U8) return COLUMN_U8;
  if (min > MISSING_I16 && max <= 0x7fff) return COLUMN_I16;
  return min > MISSING_I32 ? COLUMN_I32 : COLUMN_F64;
}

function writeColumn(out: Buffer, at: number, column: Float64Array, type: number, rowCount: number): void {
  const start = out.byteOffset + at;
  if (type === COLUMN_F64) new Float64Array(out.buffer, start, rowCount).set(column.subarray(0, rowCount));
  else if (type === COLUMN_U8) narrow(column, new Uint8Array(out.buffer, start, rowCount), MISSING_U8);
  else if (type === COLUMN_I16) narrow(column, new Int16Array(out.buffer, start, rowCount), MISSING_I16);
  else narrow(column, new Int32Array(out.buffer, start, rowCount), MISSING_I32);
}

function narrow(column: Float64Array, out: Uint8Array | Int16Array | Int32Array, missing: number): void {
  for (let row = 0; row < out.length; row++) {
    const value = column[row] as number;
    out[row] = value === value ? value : missing;
  }
}

function widen(type: number, bytes: Uint8Array, rowCount: number): Float64Array {
  if (type === COLUMN_F64) return new Float64Array(bytes.buffer, bytes.byteOffset, rowCount);
  const [values, missing] =
    type === COLUMN_U8
      ? [bytes, MISSING_U8]
      : type === COLUMN_I16
        ? [new Int16Array(bytes.buffer, bytes.byteOffset, rowCount), MISSING_I16]
        : type === COLUMN_I32
          ? [int32(bytes), MISSING_I32]
          : [undefined, 0];
  if (values === undefined)
    throw new ServiceError('payload_corrupt', `The stored chunk has a column of type ${type}.`);
  const column = new Float64Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    const value = values[row] as number;
    column[row] = value === missing ? NaN : value;
  }
  return column;
}

function int32(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function align(length: number): number {
  return (length + 7) & ~7;
}
