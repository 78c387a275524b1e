import { hash, randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { AUDIT_COPY_SQL, type AuditContext, encodeAuditRows } from '#shared/audit/audit-rows.ts';
import { HASH_BYTES } from '#shared/audit/merkle-tree.ts';
import { COPY_HEADER, COPY_TRAILER } from '#shared/db/copy/binary-copy.ts';
import { copyOnce } from '#shared/db/copy/copy-once.ts';
import { CLOCK_MICROS_SQL, type DatabaseClock } from './database-clock.ts';

/** What one key asked of one model in one group: a run. Its rows are numbered from 1. */
export type Run = {
  runId: string;
  tenantId: number;
  apiKeyId: string;
  actor: string;
  modelVersion: string;
  modelSha256: Buffer;
  patientIds: string[];
  /** `rows × features`, row-major. */
  values: Float64Array;
  featureCount: number;
  rawScores: Float64Array;
  risks: Float64Array;
  tiers: Uint8Array;
};

export function newRunId(): string {
  return randomUUID();
}

/**
 * Writes the audit of several runs in one transaction and one round trip: their rows by one COPY, a batch with its digest
 * for each run. Resolves once it is committed.
 */
export async function commitRuns(pool: Pool, clock: DatabaseClock, runs: readonly Run[]): Promise<void> {
  const micros = await clock.nowMicros();
  const recorded = { micros, period: new Date(micros / 1_000).toISOString().slice(0, 10) };
  const encoded = runs.map((run) => encodeRun(run, recorded));
  const parts = encoded.map(({ copy }) =>
    copy.subarray(COPY_HEADER.length, copy.length - COPY_TRAILER.length),
  );
  const batches = runs.map((run, i) => batchLiteral(run, encoded[i]!.digest, recorded));
  const text = `${AUDIT_COPY_SQL};
    INSERT INTO audit_batches (job_id, chunk_no, tenant_id, period, row_count, digest, recorded_at)
    VALUES ${batches.join(', ')};
    SELECT ${CLOCK_MICROS_SQL}`;
  const client = await pool.connect();
  let broken = true;
  try {
    const [told] = await copyOnce(client, text, Buffer.concat([COPY_HEADER, ...parts, COPY_TRAILER]));
    clock.read(Number(told?.[0]));
    broken = false;
  } finally {
    // After an error the transaction's state is not known: PostgreSQL ends it with the connection.
    client.release(broken);
  }
}

type Recorded = { micros: number; period: string };

/** Literals, because a query of several statements takes no parameters; none of them is the caller's text. */
function batchLiteral(run: Run, digest: Buffer, { micros, period }: Recorded): string {
  if (!/^[0-9a-f-]{36}$/u.test(run.runId) || !Number.isSafeInteger(micros))
    throw new TypeError('not safe literals');
  return `('${run.runId}', 0, ${run.tenantId}, '${period}', ${run.patientIds.length}, '\\x${digest.toString('hex')}',
    to_timestamp(0) + ${micros}::int8 * interval '1 microsecond')`;
}

function encodeRun(run: Run, recorded: Recorded) {
  const rowCount = run.patientIds.length;
  const ids = run.patientIds.map((id) => Buffer.from(id, 'utf8'));
  const offsets = new Uint32Array(rowCount + 1);
  for (const [row, id] of ids.entries()) offsets[row + 1] = offsets[row]! + id.length;
  const rowBytes = run.featureCount * 8;
  const values = Buffer.from(run.values.buffer, run.values.byteOffset, rowCount * rowBytes);
  const hashes = Buffer.allocUnsafe(rowCount * HASH_BYTES);
  const inputs = ids.map((id, row) => {
    const input = values.subarray(row * rowBytes, (row + 1) * rowBytes);
    hashes.write(hash('sha256', Buffer.concat([id, ZERO, input]), 'binary'), row * HASH_BYTES, 'latin1');
    return input;
  });
  const context: AuditContext = {
    period: recorded.period,
    jobId: run.runId,
    tenantId: run.tenantId,
    chunkNo: 0,
    recordedAtMicros: BigInt(recorded.micros),
    source: 'online',
    apiKeyId: run.apiKeyId,
    actor: run.actor,
    modelVersion: run.modelVersion,
    modelSha256: run.modelSha256,
  };
  return encodeAuditRows(context, {
    rowCount,
    rowNumbers: Int32Array.from({ length: rowCount }, (_, row) => row + 1),
    patientIds: { offsets, bytes: Buffer.concat(ids) },
    rawScores: run.rawScores,
    risks: run.risks,
    tiers: run.tiers,
    inputHashes: hashes,
    inputs,
  });
}

const ZERO = Buffer.alloc(1);
