import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import type { ChunkState, Priority } from '#shared/db/schema.ts';
import type { ModelManifest } from '#shared/models/manifest.ts';
import type { Bell } from '#shared/queue/bell.ts';
import { HERE_AND_NOW, type Settled, settleJob } from './settle-job.ts';

/** A chunk in a worker's hands, with everything of its job that scoring writes down. */
export type Claim = {
  jobId: string;
  chunkNo: number;
  /** The fence: whoever finds another epoch in the table has lost the chunk. */
  epoch: number;
  attempts: number;
  rowCount: number;
  priority: Priority;
  tenantId: number;
  /** YYYY-MM-DD, the first of the job's month. */
  period: string;
  explain: number;
  apiKeyId: string;
  actor: string;
  model: { id: number; version: string; sha256: Buffer };
  /** Cut-offs that the job was accepted under, where they are not the manifest's. */
  tiers: ModelManifest['tiers'] | null;
  /** Microseconds since 1970 on PostgreSQL's clock: the time that the audit states. */
  claimedAtMicros: number;
};

/**
 * pending → leased, if the bell is of the chunk's present epoch; undefined when it is void (the chunk is
 * taken, done, cancelled, or was rung anew). Counts an attempt and starts the job's clock.
 */
export async function claimChunk(
  db: Db,
  bell: Pick<Bell, 'jobId' | 'chunkNo' | 'epoch'>,
  lease: { owner: string; seconds: number },
): Promise<Claim | undefined> {
  const { rows } = await sql<
    Omit<Claim, 'model'> & { modelId: number; modelVersion: string; modelSha256: Buffer }
  >`
    WITH claimed AS (
      UPDATE chunks SET state = 'leased', attempts = attempts + 1, lease_owner = ${lease.owner},
        lease_until = now() + make_interval(secs => ${lease.seconds}),
        started_at = coalesce(started_at, now())
      WHERE job_id = ${bell.jobId} AND chunk_no = ${bell.chunkNo} AND epoch = ${bell.epoch}
        AND state = 'pending'
      RETURNING job_id, chunk_no, epoch, attempts, row_count
    ), started AS (
      UPDATE jobs SET started_at = coalesce(started_at, now()), revision = revision + 1,
        status = CASE WHEN status = 'queued' THEN 'running' ELSE status END
      WHERE id = (SELECT job_id FROM claimed) AND (started_at IS NULL OR status = 'queued')
    )
    SELECT claimed.job_id AS "jobId", chunk_no AS "chunkNo", epoch, attempts, row_count AS "rowCount",
      priority, tenant_id AS "tenantId", period, explain,
      api_key_id AS "apiKeyId", actor, models.id AS "modelId", models.version AS "modelVersion",
      models.sha256 AS "modelSha256",
      (SELECT t.tiers FROM job_thresholds j JOIN threshold_sets t ON t.id = j.threshold_set_id
        WHERE j.job_id = claimed.job_id) AS tiers,
      (EXTRACT(epoch FROM clock_timestamp()) * 1000000)::int8 AS "claimedAtMicros"
    FROM claimed JOIN jobs ON jobs.id = claimed.job_id JOIN models ON models.id = jobs.model_id`.execute(db);
  const row = rows[0];
  if (row === undefined) return undefined;
  const { modelId, modelVersion, modelSha256, ...claim } = row;
  return { ...claim, model: { id: modelId, version: modelVersion, sha256: modelSha256 } };
}

export type Fence = Pick<Claim, 'jobId' | 'chunkNo' | 'epoch'>;

/**
 * Locks a leased chunk until the transaction ends; false when it is no longer the caller's. From here until
 * the commit nobody can take the chunk away, however long that lasts.
 */
export async function holdChunk(trx: Db, fence: Fence): Promise<boolean> {
  const { rows } = await sql`
    SELECT 1 FROM chunks
    WHERE job_id = ${fence.jobId} AND chunk_no = ${fence.chunkNo} AND epoch = ${fence.epoch}
      AND state = 'leased'
    FOR UPDATE`.execute(trx);
  return rows.length === 1;
}

export type Outcome = {
  rowCount: number;
  /** Rows by tier: low, medium, high. */
  tiers: readonly [number, number, number];
};

/** leased → done for a chunk that `holdChunk` holds: the last statements of the transaction that wrote its rows. */
export async function finishChunk(trx: Db, fence: Fence, outcome: Outcome): Promise<Settled | undefined> {
  await sql`
    UPDATE chunks SET state = 'done', lease_owner = NULL, lease_until = NULL, error_code = NULL,
      error_message = NULL, finished_at = ${HERE_AND_NOW}
    WHERE job_id = ${fence.jobId} AND chunk_no = ${fence.chunkNo}`.execute(trx);
  const [low, medium, high] = outcome.tiers;
  await sql`
    UPDATE jobs SET chunks_done = chunks_done + 1, rows_scored = rows_scored + ${outcome.rowCount},
      tier_low = tier_low + ${low}, tier_medium = tier_medium + ${medium}, tier_high = tier_high + ${high},
      revision = revision + 1
    WHERE id = ${fence.jobId}`.execute(trx);
  return await settleJob(trx, fence.jobId);
}

export type Failure = { code: string; message: string };

export type FailedChunk =
  | { state: 'pending'; bell: Bell; settled: undefined }
  | { state: 'quarantined'; bell: undefined; settled: Settled | undefined };

/**
 * leased → pending after `retrySeconds`, or quarantined when `maxAttempts` are used up (or `hopeless`).
 * Undefined when the chunk is no longer the caller's.
 */
export async function failChunk(
  trx: Db,
  claim: Fence & Pick<Claim, 'priority'>,
  failure: Failure,
  limits: { maxAttempts: number; retrySeconds: number; hopeless?: boolean },
): Promise<FailedChunk | undefined> {
  const { rows } = await sql<{ state: ChunkState; epoch: number; row_count: number }>`
    UPDATE chunks SET
      state = CASE WHEN attempts >= ${limits.hopeless === true ? 0 : limits.maxAttempts}
        THEN 'quarantined' ELSE 'pending' END,
      finished_at = CASE WHEN attempts >= ${limits.hopeless === true ? 0 : limits.maxAttempts}
        THEN ${HERE_AND_NOW} END,
      epoch = epoch + 1, lease_owner = NULL, lease_until = NULL,
      ring_after = now() + make_interval(secs => ${limits.retrySeconds}),
      error_code = ${failure.code}, error_message = ${failure.message}
    WHERE job_id = ${claim.jobId} AND chunk_no = ${claim.chunkNo} AND epoch = ${claim.epoch}
      AND state = 'leased'
    RETURNING state, epoch, row_count`.execute(trx);
  const row = rows[0];
  if (row === undefined) return undefined;
  if (row.state === 'pending') {
    const { jobId, chunkNo, priority } = claim;
    return { state: 'pending', bell: { jobId, chunkNo, epoch: row.epoch, priority }, settled: undefined };
  }
  const settled = await countQuarantined(trx, claim.jobId, 1, row.row_count);
  return { state: 'quarantined', bell: undefined, settled };
}

/** Counts chunks that were just quarantined up to their job, and ends it where they were the last. */
export async function countQuarantined(
  trx: Db,
  jobId: string,
  chunkCount: number,
  rowCount: number,
): Promise<Settled | undefined> {
  await sql`
    UPDATE jobs SET chunks_quarantined = chunks_quarantined + ${chunkCount},
      rows_quarantined = rows_quarantined + ${rowCount}, revision = revision + 1
    WHERE id = ${jobId}`.execute(trx);
  return await settleJob(trx, jobId);
}

/**
 * leased → pending because this worker cannot or may not go on (it stops, it lacks the model); the attempt
 * does not count. `afterSeconds` keeps the sweeper from ringing earlier. Undefined when the chunk is lost.
 */
export async function handBackChunk(
  db: Db,
  claim: Fence & Pick<Claim, 'priority'>,
  afterSeconds: number,
): Promise<Bell | undefined> {
  const { rows } = await sql<{ epoch: number }>`
    UPDATE chunks SET state = 'pending', epoch = epoch + 1, attempts = greatest(attempts - 1, 0),
      lease_owner = NULL, lease_until = NULL, ring_after = now() + make_interval(secs => ${afterSeconds})
    WHERE job_id = ${claim.jobId} AND chunk_no = ${claim.chunkNo} AND epoch = ${claim.epoch}
      AND state = 'leased'
    RETURNING epoch`.execute(db);
  const row = rows[0];
  const { jobId, chunkNo, priority } = claim;
  return row === undefined ? undefined : { jobId, chunkNo, epoch: row.epoch, priority };
}

/** Prolongs leases that are still the caller's; a chunk whose rows are being committed is passed over. */
export async function renewLeases(db: Db, fences: readonly Fence[], seconds: number): Promise<number> {
  if (fences.length === 0) return 0;
  const { numAffectedRows } = await sql`
    UPDATE chunks SET lease_until = now() + make_interval(secs => ${seconds})
    FROM (
      SELECT c.job_id, c.chunk_no FROM chunks c
      JOIN unnest(${fences.map((f) => f.jobId)}::uuid[], ${fences.map((f) => f.chunkNo)}::int[],
        ${fences.map((f) => f.epoch)}::int[]) AS mine (job_id, chunk_no, epoch)
        USING (job_id, chunk_no, epoch)
      WHERE c.state = 'leased' FOR UPDATE OF c SKIP LOCKED
    ) AS held
    WHERE chunks.job_id = held.job_id AND chunks.chunk_no = held.chunk_no`.execute(db);
  return Number(numAffectedRows ?? 0n);
}
