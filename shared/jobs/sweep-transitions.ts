import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import type { ChunkState, Priority } from '#shared/db/schema.ts';
import type { Bell } from '#shared/queue/bell.ts';
import { countQuarantined } from './chunk-transitions.ts';
import { HERE_AND_NOW, type Settled } from './settle-job.ts';

/** What the sweeper does in one transaction at most: short enough to hold no lock for long. */
const BATCH = 500;

export type SweepLimits = {
  maxAttempts: number;
  /** A bell that was rung is given this long before its chunk may be rung for again. */
  ringSeconds: number;
};

export type Expired = { bells: Bell[]; quarantined: number; settled: Settled[] };

/**
 * leased → pending where the lease ran out, or quarantined where the attempts did (a chunk that takes its
 * worker down with it ends here). Rows that another sweeper or a committing worker holds are passed over.
 */
export async function expireLeases(db: Db, { maxAttempts, ringSeconds }: SweepLimits): Promise<Expired> {
  return await db.transaction().execute(async (trx) => {
    const { rows } = await sql<{
      jobId: string;
      chunkNo: number;
      epoch: number;
      state: ChunkState;
      rowCount: number;
      priority: Priority;
    }>`
      WITH expired AS (
        SELECT job_id, chunk_no FROM chunks WHERE state = 'leased' AND lease_until < now()
        ORDER BY job_id, chunk_no LIMIT ${BATCH} FOR UPDATE SKIP LOCKED
      )
      UPDATE chunks SET
        state = CASE WHEN attempts >= ${maxAttempts} THEN 'quarantined' ELSE 'pending' END,
        finished_at = CASE WHEN attempts >= ${maxAttempts} THEN ${HERE_AND_NOW} END,
        error_code = 'lease_lost', error_message = 'The worker did not finish within its lease.',
        epoch = epoch + 1, lease_owner = NULL, lease_until = NULL,
        ring_after = now() + make_interval(secs => ${ringSeconds})
      FROM expired, jobs
      WHERE chunks.job_id = expired.job_id AND chunks.chunk_no = expired.chunk_no AND jobs.id = chunks.job_id
      RETURNING chunks.job_id AS "jobId", chunks.chunk_no AS "chunkNo", chunks.epoch, state,
        row_count AS "rowCount", jobs.priority`.execute(trx);
    const dead = rows.filter((row) => row.state === 'quarantined');
    const settled: Settled[] = [];
    for (const jobId of [...new Set(dead.map((row) => row.jobId))].toSorted()) {
      const ofJob = dead.filter((row) => row.jobId === jobId);
      const rowCount = ofJob.reduce((sum, row) => sum + row.rowCount, 0);
      const end = await countQuarantined(trx, jobId, ofJob.length, rowCount);
      if (end !== undefined) settled.push(end);
    }
    const bells = rows
      .filter((row) => row.state === 'pending')
      .map(({ jobId, chunkNo, epoch, priority }) => ({ jobId, chunkNo, epoch, priority }));
    return { bells, quarantined: dead.length, settled };
  });
}

/** Chunks that wait for a worker, and how many of them were rung for long enough ago to be rung for again. */
export async function countPending(
  db: Db,
  { ringSeconds }: Pick<SweepLimits, 'ringSeconds'>,
): Promise<{ pending: number; overdue: number; forgotten: number }> {
  const { rows } = await sql<{ pending: number; overdue: number; forgotten: number }>`
    SELECT count(*)::int AS pending,
      count(*) FILTER (WHERE ring_after <= now())::int AS overdue,
      count(*) FILTER (WHERE ring_after <= now() - make_interval(secs => ${20 * ringSeconds}))::int
        AS forgotten
    FROM chunks WHERE state = 'pending'`.execute(db);
  return rows[0] ?? { pending: 0, overdue: 0, forgotten: 0 };
}

/** pending → pending with epoch + 1, oldest first: bells for chunks whose own was lost. Ring after the commit. */
export async function reringOverdue(
  db: Db,
  { ringSeconds }: Pick<SweepLimits, 'ringSeconds'>,
): Promise<Bell[]> {
  const { rows } = await sql<Bell>`
    WITH overdue AS (
      SELECT job_id, chunk_no FROM chunks WHERE state = 'pending' AND ring_after <= now()
      ORDER BY ring_after LIMIT ${BATCH} FOR UPDATE SKIP LOCKED
    )
    UPDATE chunks SET epoch = epoch + 1, ring_after = now() + make_interval(secs => ${ringSeconds})
    FROM overdue, jobs
    WHERE chunks.job_id = overdue.job_id AND chunks.chunk_no = overdue.chunk_no AND jobs.id = chunks.job_id
    RETURNING chunks.job_id AS "jobId", chunks.chunk_no AS "chunkNo", chunks.epoch, jobs.priority`.execute(
    db,
  );
  return rows;
}

/**
 * Jobs whose upload has shown no sign of life for so long that its api process must be gone. What is read from object storage is
 * nobody's upload: another process goes on with it.
 */
export async function orphanedJobs(db: Db, silentSeconds: number): Promise<string[]> {
  const rows = await db
    .selectFrom('jobs')
    .select('id')
    .where('status', '=', 'receiving')
    .where('heartbeat_at', '<', sql<Date>`now() - make_interval(secs => ${silentSeconds})`)
    .where(
      sql<boolean>`NOT EXISTS (SELECT FROM job_sources s WHERE s.job_id = jobs.id AND s.state = 'reading')`,
    )
    .limit(BATCH)
    .execute();
  return rows.map((row) => row.id);
}
