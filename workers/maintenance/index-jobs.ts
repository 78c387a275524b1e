import type { Pool } from 'pg';
import type { CrashPoints } from '#shared/lifecycle/crash-points.ts';
import type { Logger } from '#shared/log/logger.ts';
import { indexJob } from '#shared/scores/index-job.ts';

export type IndexJobsDeps = { pool: Pool; log: Logger; crash: CrashPoints };

const JOBS_A_ROUND = 20;

/**
 * One round: makes the lists and hashes of jobs that have ended since the last, the latest first. Until then they are read without,
 * more slowly. A job that fails keeps no other back.
 */
export async function indexJobsOnce(
  { pool, log, crash }: IndexJobsDeps,
  signal: AbortSignal,
): Promise<number> {
  const { rows } = await pool.query<{ id: string }>(
    `SELECT id FROM jobs WHERE finished_at IS NOT NULL AND rows_scored > 0 AND indexed_rows IS DISTINCT FROM rows_scored
     ORDER BY finished_at DESC LIMIT $1`,
    [JOBS_A_ROUND],
  );
  let done = 0;
  for (const { id: jobId } of rows) {
    if (signal.aborted) break;
    try {
      if (await indexJob({ pool, crash }, jobId)) done++;
    } catch (error) {
      log.warn({ jobId, err: error }, 'could not make the lists of a job');
    }
  }
  return done;
}
