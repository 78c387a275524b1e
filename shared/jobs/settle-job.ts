import { type RawBuilder, sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import type { JobStatus } from '#shared/db/schema.ts';
import { isTerminal, type TerminalStatus } from './states.ts';

/** The end of a job, for whoever counts or announces it. */
export type Settled = { jobId: string; status: TerminalStatus; durationSeconds: number };

/**
 * Ends a job whose upload has ended and whose chunks are all terminal: `completed`, `partial` (some
 * quarantined) or `failed` (all quarantined, or no row accepted). Undefined when it is not over, or was before.
 * Call it after every change to a chunk's terminal state, in the same transaction.
 */
export async function settleJob(trx: Db, jobId: string): Promise<Settled | undefined> {
  const { rows } = await sql<{ status: JobStatus; seconds: number }>`
    UPDATE jobs SET
      status = CASE
        WHEN chunks_quarantined = chunks_total THEN 'failed'
        WHEN chunks_quarantined > 0 THEN 'partial'
        ELSE 'completed' END,
      error_code = CASE
        WHEN chunks_total = 0 THEN 'empty_cohort'
        WHEN chunks_quarantined = chunks_total THEN 'scoring_failed' END,
      error_message = CASE
        WHEN chunks_total = 0 THEN 'No row of the cohort was accepted.'
        WHEN chunks_quarantined = chunks_total THEN 'Every chunk was quarantined.' END,
      finished_at = ${HERE_AND_NOW},
      revision = revision + 1
    WHERE id = ${jobId} AND status IN ('queued', 'running') AND received_at IS NOT NULL
      AND chunks_done + chunks_quarantined + chunks_cancelled = chunks_total
    RETURNING status, EXTRACT(epoch FROM finished_at - created_at)::float8 AS seconds`.execute(trx);
  return settledOf(jobId, rows[0]);
}

/** The wall clock of PostgreSQL: now() is the start of a transaction that may have copied for a while. */
export const HERE_AND_NOW: RawBuilder<Date> = sql`clock_timestamp()`;

/** Reads an UPDATE's answer; undefined unless it ended the job. */
export function settledOf(
  jobId: string,
  row: { status: JobStatus; seconds: number } | undefined,
): Settled | undefined {
  if (row === undefined || !isTerminal(row.status)) return undefined;
  return { jobId, status: row.status, durationSeconds: row.seconds };
}
