import { randomBytes } from 'node:crypto';
import type { ChunkRows } from '#shared/chunks/payload.ts';
import {
  type Allocate,
  allocateNew,
  COPY_HEADER,
  COPY_TRAILER,
  TupleTemplate,
} from '#shared/db/copy/binary-copy.ts';
import { HASH_BYTES, leafHash, merkleRoot } from './merkle-tree.ts';

/**
 * Columns of online_rows in canonical order. The canonical bytes of a row are its tuple in PostgreSQL's binary COPY format over
 * these columns: what is written is what is hashed, and PostgreSQL gives the same bytes back for verification. A row is a leaf of
 * its run's tree (RFC 6962); its salt keeps whoever has the hash from trying out patients.
 */
export const AUDIT_COLUMNS = [
  'period',
  'job_id',
  'tenant_id',
  'chunk_no',
  'recorded_at',
  'source',
  'api_key_id',
  'actor',
  'model_version',
  'model_sha256',
  'row_no',
  'raw_score',
  'risk',
  'tier',
  'patient_id',
  'input_hash',
  'input',
  'salt',
] as const;

const SALT_BYTES = 16;

export const AUDIT_COPY_SQL = `COPY online_rows (${AUDIT_COLUMNS.join(', ')}) FROM STDIN (FORMAT binary)`;

/** What all rows of a batch (a chunk of a job, an online request) have in common. */
export type AuditContext = {
  /** YYYY-MM-DD, the day whose partition takes the rows. */
  period: string;
  jobId: string;
  tenantId: number;
  chunkNo: number;
  /** Microseconds since 1970, on PostgreSQL's clock. */
  recordedAtMicros: bigint;
  source: 'job' | 'online';
  apiKeyId: string;
  actor: string;
  modelVersion: string;
  modelSha256: Uint8Array;
};

/** Rows in order; every array has `rowCount` entries (offsets: one more). */
export type AuditRows = Pick<ChunkRows, 'rowCount' | 'rowNumbers' | 'patientIds'> & {
  rawScores: Float64Array;
  risks: Float64Array;
  /** 0 low, 1 medium, 2 high */
  tiers: Uint8Array;
  /** `rowCount` SHA-256 hashes back to back. */
  inputHashes: Uint8Array;
  /** The input itself where no chunk keeps it (online requests); NULL when left out. */
  inputs?: readonly Uint8Array[];
};

export type EncodedAudit = {
  /** A whole COPY stream for `AUDIT_COPY_SQL`. */
  copy: Buffer;
  /** Root of the tree over the rows, in row order: what audit_batches keeps. */
  digest: Buffer;
};

/** Bytes of a row's varying fields with their length prefixes, without patient id and input. */
const VARYING_BYTES = 4 + 4 + (4 + 8) + (4 + 8) + (4 + 2) + 4 + (4 + HASH_BYTES) + 4 + (4 + SALT_BYTES);

export function encodeAuditRows(
  context: AuditContext,
  rows: AuditRows,
  allocate: Allocate = allocateNew,
): EncodedAudit {
  const template = new TupleTemplate(AUDIT_COLUMNS.length)
    .date(context.period)
    .uuid(context.jobId)
    .int2(context.tenantId)
    .int4(context.chunkNo)
    .timestamptz(context.recordedAtMicros)
    .text(context.source)
    .uuid(context.apiKeyId)
    .text(context.actor)
    .text(context.modelVersion)
    .raw(context.modelSha256).bytes;
  const { offsets, bytes: idBytes } = rows.patientIds;
  const inputBytes = rows.inputs?.reduce((sum, input) => sum + input.length, 0) ?? 0;
  const idLength = (offsets[rows.rowCount] ?? 0) - (offsets[0] ?? 0);
  const size =
    COPY_HEADER.length +
    rows.rowCount * (template.length + VARYING_BYTES) +
    idLength +
    inputBytes +
    COPY_TRAILER.length;
  const out = allocate(size);
  const view = new DataView(out.buffer, out.byteOffset, size);
  out.set(COPY_HEADER, 0);
  let at = COPY_HEADER.length;
  const salts = randomBytes(rows.rowCount * SALT_BYTES);
  const leaves: Buffer[] = [];
  for (let row = 0; row < rows.rowCount; row++) {
    const start = at;
    out.set(template, at);
    at += template.length;
    view.setInt32(at, 4);
    view.setInt32(at + 4, rows.rowNumbers[row] as number);
    view.setInt32(at + 8, 8);
    view.setFloat64(at + 12, rows.rawScores[row] as number);
    view.setInt32(at + 20, 8);
    view.setFloat64(at + 24, rows.risks[row] as number);
    view.setInt32(at + 32, 2);
    view.setInt16(at + 36, rows.tiers[row] as number);
    at += 38;
    const idStart = offsets[row] as number;
    const idEnd = offsets[row + 1] as number;
    view.setInt32(at, idEnd - idStart);
    at += 4;
    for (let byte = idStart; byte < idEnd; byte++) out[at++] = idBytes[byte] as number;
    view.setInt32(at, HASH_BYTES);
    at += 4;
    const hashEnd = (row + 1) * HASH_BYTES;
    for (let byte = row * HASH_BYTES; byte < hashEnd; byte++) out[at++] = rows.inputHashes[byte] as number;
    const input = rows.inputs?.[row];
    view.setInt32(at, input === undefined ? -1 : input.length);
    at += 4;
    if (input !== undefined) {
      out.set(input, at);
      at += input.length;
    }
    view.setInt32(at, SALT_BYTES);
    out.set(salts.subarray(row * SALT_BYTES, (row + 1) * SALT_BYTES), at + 4);
    at += 4 + SALT_BYTES;
    leaves.push(leafHash(out.subarray(start, at)));
  }
  const digest = merkleRoot(Buffer.concat(leaves));
  out.set(COPY_TRAILER, at);
  return { copy: out.subarray(0, at + COPY_TRAILER.length), digest };
}
