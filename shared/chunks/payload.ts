import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress, zstdDecompressSync } from 'node:zlib';
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
  /** A column a model feature, in the model's order; NaN where missing. */
  features: Float64Array[];
};

export const NO_FACILITY = -1;
export const NO_DATE = -0x80000000;

export type EncodedChunk = { payload: Buffer; sha256: Buffer };

const MAGIC = 0x43544949;
const VERSION = 1;
const COLUMN_U8 = 1;
const COLUMN_I16 = 2;
const COLUMN_I32 = 3;
const COLUMN_F64 = 4;
const MISSING_U8 = 0xff;
const MISSING_I16 = -0x8000;
const MISSING_I32 = -0x80000000;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Packs and compresses (zstd level 1, off the main thread). */
export async function encodeChunk(rows: ChunkRows): Promise<EncodedChunk> {
  const payload = await compress(pack(rows), { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
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

/** Writes little-endian sections, each aligned to 8 bytes, so that unpacking makes views and copies nothing. */
function pack(rows: ChunkRows): Buffer {
  const facilityNames = Buffer.from(JSON.stringify(rows.facilities.names));
  const columns = rows.features.map((column) => narrow(column, rows.rowCount));
  const sections: Uint8Array[] = [
    bytesOf(rows.rowNumbers),
    bytesOf(rows.patientIds.offsets),
    rows.patientIds.bytes,
    facilityNames,
    bytesOf(rows.facilities.indices),
    bytesOf(rows.dueDates),
    Uint8Array.from(columns, (column) => column.type),
    ...columns.map((column) => bytesOf(column.values)),
  ];
  const headerLength = align(16 + 4 * sections.length);
  const total = sections.reduce((length, section) => length + align(section.byteLength), headerLength);
  const out = Buffer.alloc(total);
  out.writeUInt32LE(MAGIC, 0);
  out.writeUInt32LE(VERSION, 4);
  out.writeUInt32LE(rows.rowCount, 8);
  out.writeUInt32LE(sections.length, 12);
  let offset = headerLength;
  for (const [index, section] of sections.entries()) {
    out.writeUInt32LE(section.byteLength, 16 + 4 * index);
    out.set(section, offset);
    offset += align(section.byteLength);
  }
  return out;
}

function unpack(packed: Buffer): ChunkRows {
  const data = packed.byteOffset % 8 === 0 ? packed : Buffer.from(Uint8Array.from(packed).buffer);
  if (data.length < 16 || data.readUInt32LE(0) !== MAGIC || data.readUInt32LE(4) !== VERSION) {
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
  const [rowNumbers, idOffsets, idBytes, names, facilityIndices, dueDates, types, ...columns] = sections;
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
    features: columns.map((column, index) => widen(types[index] ?? 0, column, rowCount)),
  };
}

type NarrowColumn = { type: number; values: Uint8Array | Int16Array | Int32Array | Float64Array };

/** The smallest integer type that holds a column exactly; whatever has fractions, −0 or an infinity stays f64. */
function narrow(column: Float64Array, rowCount: number): NarrowColumn {
  let min = Infinity;
  let max = -Infinity;
  for (let row = 0; row < rowCount; row++) {
    const value = column[row] as number;
    if (value !== value) continue;
    if (value !== (value | 0) || (value === 0 && 1 / value < 0)) {
      return { type: COLUMN_F64, values: column.subarray(0, rowCount) };
    }
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const [type, values, missing] =
    min >= 0 && max < MISSING_U8
      ? ([COLUMN_U8, new Uint8Array(rowCount), MISSING_U8] as const)
      : min > MISSING_I16 && max <= 0x7fff
        ? ([COLUMN_I16, new Int16Array(rowCount), MISSING_I16] as const)
        : ([COLUMN_I32, new Int32Array(rowCount), MISSING_I32] as const);
  if (type === COLUMN_I32 && min === MISSING_I32) {
    return { type: COLUMN_F64, values: column.subarray(0, rowCount) };
  }
  for (let row = 0; row < rowCount; row++) {
    const value = column[row] as number;
    values[row] = value === value ? value : missing;
  }
  return { type, values };
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
