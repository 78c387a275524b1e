import { hash, randomUUID } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import type { Pool, PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { AUDIT_COPY_SQL, type AuditContext, encodeAuditRows, HASH_BYTES } from '#shared/audit/audit-rows.ts';
import { COPY_HEADER, COPY_TRAILER } from '#shared/db/binary-copy.ts';

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
 * Writes the audit of several runs in one transaction: their rows by one COPY, a batch with its digest for each.
 * Resolves once it is committed.
 */
export async function commitRuns(pool: Pool, runs: readonly Run[]): Promise<void> {
  const client = await pool.connect();
  let broken = true;
  try {
    const clock = await beginWithClock(client);
    const encoded = runs.map((run) => encodeRun(run, clock));
    const parts = encoded.map(({ copy }) =>
      copy.subarray(COPY_HEADER.length, copy.length - COPY_TRAILER.length),
    );
    await pipeline(
      Readable.from([Buffer.concat([COPY_HEADER, ...parts, COPY_TRAILER])]),
      client.query(copyFrom(AUDIT_COPY_SQL)),
    );
    await client.query({
      name: 'online_audit_batches',
      text: `INSERT INTO audit_batches (job_id, chunk_no, tenant_id, period, row_count, digest, recorded_at)
        SELECT job_id, 0, tenant_id, $5::date, row_count, digest, now()
        FROM unnest($1::uuid[], $2::int[], $3::int[], $4::bytea[]) AS run (job_id, tenant_id, row_count, digest)`,
      values: [
        runs.map((run) => run.runId),
        runs.map((run) => run.tenantId),
        runs.map((run) => run.patientIds.length),
        encoded.map(({ digest }) => digest),
        clock.period,
      ],
    });
    await client.query('COMMIT');
    broken = false;
  } finally {
    // After an error the transaction's state is not known: PostgreSQL rolls it back with the connection.
    client.release(broken);
  }
}

type DatabaseClock = { period: string; micros: bigint };

async function beginWithClock(client: PoolClient): Promise<DatabaseClock> {
  const results = (await client.query(
    `BEGIN; SELECT to_char(date_trunc('month', now()), 'YYYY-MM-DD') AS period,
      (extract(epoch FROM now()) * 1000000)::bigint::text AS micros`,
  )) as unknown as { rows: { period: string; micros: string }[] }[];
  const row = results[1]?.rows[0];
  if (row === undefined) throw new Error('PostgreSQL did not tell its time');
  return { period: row.period, micros: BigInt(row.micros) };
}

function encodeRun(run: Run, clock: DatabaseClock) {
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
    period: clock.period,
    jobId: run.runId,
    tenantId: run.tenantId,
    chunkNo: 0,
    recordedAtMicros: clock.micros,
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
