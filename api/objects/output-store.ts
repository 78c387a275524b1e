import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import type { StreamFormat } from '#api/results/result-streams.ts';
import { LostLeaseError } from './source-store.ts';

/** An output that this process writes, for as long as its lease is kept. */
export type TakenOutput = {
  jobId: string;
  tenantId: number;
  epoch: number;
  attempts: number;
  uri: string;
  format: StreamFormat;
};

export type Part = {
  partNo: number;
  key: string;
  rowCount: number;
  byteCount: number;
  sha256: Buffer;
  lastRow: number;
};

const LEASE_SECONDS = 120;

export async function insertOutput(
  trx: Db,
  output: { jobId: string; tenantId: number; uri: string; format: StreamFormat },
): Promise<void> {
  const { jobId, tenantId, uri, format } = output;
  await trx.insertInto('job_outputs').values({ job_id: jobId, tenant_id: tenantId, uri, format }).execute();
}

/** An output whose job is over with results. Those of jobs that ended without any fail. */
export async function takeOutput(db: Db): Promise<TakenOutput | undefined> {
  await sql`UPDATE job_outputs o SET state = 'failed', error = 'The job has no results: ' || j.status
    FROM jobs j WHERE j.id = o.job_id AND o.state = 'waiting' AND j.status IN ('failed','cancelled','aborted')`.execute(
    db,
  );
  const { rows } = await sql<TakenOutput>`
    WITH due AS (
      SELECT o.job_id FROM job_outputs o JOIN jobs j ON j.id = o.job_id
      WHERE o.state = 'waiting' AND o.next_at <= clock_timestamp() AND j.status IN ('completed','partial')
      ORDER BY o.next_at LIMIT 1 FOR UPDATE OF o SKIP LOCKED
    )
    UPDATE job_outputs o SET epoch = o.epoch + 1, attempts = o.attempts + 1,
      next_at = clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})
    FROM due WHERE o.job_id = due.job_id
    RETURNING o.job_id AS "jobId", o.tenant_id AS "tenantId", o.epoch, o.attempts, o.uri, o.format`.execute(
    db,
  );
  return rows[0];
}

export async function partsOf(db: Db, jobId: string): Promise<Part[]> {
  return await db
    .selectFrom('job_parts')
    .select(['part_no as partNo', 'key', 'row_count as rowCount', 'byte_count as byteCount', 'sha256'])
    .select('last_row as lastRow')
    .where('job_id', '=', jobId)
    .orderBy('part_no')
    .execute();
}

/** The part is where it belongs. Throws `LostLeaseError`; keeps the lease. */
export async function notePart(db: Db, output: TakenOutput, part: Part): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const { rows } = await sql`
      UPDATE job_outputs SET attempts = 1, next_at = clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})
      WHERE job_id = ${output.jobId} AND epoch = ${output.epoch} AND state = 'waiting' RETURNING 1`.execute(
      trx,
    );
    if (rows.length === 0) throw new LostLeaseError();
    await trx
      .insertInto('job_parts')
      .values({
        job_id: output.jobId,
        part_no: part.partNo,
        key: part.key,
        row_count: part.rowCount,
        byte_count: part.byteCount,
        sha256: part.sha256,
        last_row: part.lastRow,
      })
      .execute();
  });
}

export async function endOutput(
  db: Db,
  { jobId, epoch }: TakenOutput,
  state: 'written' | 'failed',
  error?: string,
): Promise<void> {
  await db
    .updateTable('job_outputs')
    .set({ state, error: error ?? null })
    .where('job_id', '=', jobId)
    .where('epoch', '=', epoch)
    .where('state', '=', 'waiting')
    .execute();
}

export async function giveOutputBack(
  db: Db,
  { jobId, epoch }: TakenOutput,
  afterSeconds: number,
): Promise<void> {
  await sql`UPDATE job_outputs SET next_at = clock_timestamp() + make_interval(secs => ${afterSeconds})
    WHERE job_id = ${jobId} AND epoch = ${epoch} AND state = 'waiting'`.execute(db);
}
