import { leafHash } from '#shared/audit/merkle-tree.ts';

/** What all rows of a scored chunk have in common, and the roots over them: a row of `score_chunks` (form 2). */
export type ChunkHeader = {
  /** YYYY-MM-DD: the partition. */
  period: string;
  jobId: string;
  chunkNo: number;
  tenantId: number;
  firstRow: number;
  lastRow: number;
  rowCount: number;
  /** Microseconds since 1970, on PostgreSQL's clock. */
  recordedAtMicros: bigint;
  apiKeyId: string;
  actor: string;
  modelVersion: string;
  modelSha256: Uint8Array;
  rowRoot: Uint8Array;
  inputRoot: Uint8Array;
};

/**
 * The chunk's entry in the log: SHA-256 of a zero byte and, big-endian and a text with its length (u32) before it: text
 * "iit-chunk/2", job id (16 bytes), u32 chunk, u16 tenant, text period, u32 first row, u32 last row, u32 rows, i64 microseconds since
 * 1970, key id (16 bytes), text actor, text model version, model's SHA-256, root over rows, root over inputs.
 */
export function chunkDigest(header: ChunkHeader): Buffer {
  return leafHash(chunkBytes(header));
}

export function chunkBytes(header: ChunkHeader): Buffer {
  const numbers = Buffer.alloc(12 + 8);
  numbers.writeUInt32BE(header.firstRow, 0);
  numbers.writeUInt32BE(header.lastRow, 4);
  numbers.writeUInt32BE(header.rowCount, 8);
  numbers.writeBigInt64BE(header.recordedAtMicros, 12);
  const place = Buffer.alloc(6);
  place.writeUInt32BE(header.chunkNo, 0);
  place.writeUInt16BE(header.tenantId, 4);
  return Buffer.concat([
    text('iit-chunk/2'),
    uuid(header.jobId),
    place,
    text(header.period),
    numbers,
    uuid(header.apiKeyId),
    text(header.actor),
    text(header.modelVersion),
    header.modelSha256,
    header.rowRoot,
    header.inputRoot,
  ]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function uuid(value: string): Buffer {
  return Buffer.from(value.replaceAll('-', ''), 'hex');
}
