import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import type { JobStatus } from '#shared/db/schema.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { HERE_AND_NOW, type Settled, settledOf } from './settle-job.ts';
import { isTerminal } from './states.ts';

export type StopOptions = {
  jobId: string;
  /** Runs in the transaction that stops the job: the audit event belongs there. */
  alongside?: (trx: Db) => Promise<void>;
};

/** A chunk that came in while its job was being stopped may be in a worker's hands: try the whole stop anew. */
const ATTEMPTS = 5;
const DEADLOCK_DETECTED = '40P01';

/**
 * Cancels a job that is not over: open chunks turn `cancelled`, what is done stays. A chunk that a worker is
 * committing at this moment is waited for and counts as done. Throws `not_found`, and `job_finished` when the
 * job was over already, by that very chunk perhaps: a job ends once.
 */
export async function cancelJob(db: Db, options: StopOptions): Promise<Settled> {
  return await stopJob(db, 'cancelled', undefined, options);
}

/** Ends a job whose upload broke off: nothing of it may pass for complete. Throws as `cancelJob`. */
export async function abortJob(
  db: Db,
  options: StopOptions & { code: string; message: string },
): Promise<Settled> {
  return await stopJob(db, 'aborted', { code: options.code, message: options.message }, options);
}

type Reason = { code: string; message: string };

async function stopJob(
  db: Db,
  status: 'cancelled' | 'aborted',
  reason: Reason | undefined,
  { jobId, alongside }: StopOptions,
): Promise<Settled> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.transaction().execute(async (trx) => {
        const settled = await stopOnce(trx, jobId, status, reason);
        await alongside?.(trx);
        return settled;
      });
    } catch (error) {
      const again =
        error instanceof ChunkInOtherHands || (error as { code?: string }).code === DEADLOCK_DETECTED;
      if (!again) throw error;
      if (attempt === ATTEMPTS) {
        throw new ServiceError('overloaded', 'The job is being worked on; try again.', {
          cause: error,
          retryable: true,
          retryAfterSeconds: 1,
        });
      }
    }
  }
}

class ChunkInOtherHands extends Error {}

async function stopOnce(
  trx: Db,
  jobId: string,
  status: 'cancelled' | 'aborted',
  reason: Reason | undefined,
): Promise<Settled> {
  const first = await cancelChunks(trx, jobId, '');
  const job = await trx
    .selectFrom('jobs')
    .select('status')
    .where('id', '=', jobId)
    .forUpdate()
    .executeTakeFirst();
  if (job === undefined) throw new ServiceError('not_found', 'There is no such job.');
  const stoppable = status === 'aborted' ? job.status === 'receiving' : !isTerminal(job.status);
  if (!stoppable) throw new ServiceError('job_finished', `The job is already ${job.status}.`);

  // Chunks that were committed between the two statements above; intake now waits for this transaction.
  const second = await cancelChunks(trx, jobId, 'SKIP LOCKED');
  const open = await trx
    .selectFrom('chunks')
    .select('chunk_no')
    .where('job_id', '=', jobId)
    .where('state', 'in', ['pending', 'leased'])
    .limit(1)
    .executeTakeFirst();
  if (open !== undefined) throw new ChunkInOtherHands();

  const { rows } = await sql<{ status: JobStatus; seconds: number }>`
    UPDATE jobs SET
      status = ${status},
      chunks_cancelled = chunks_cancelled + ${first.chunks + second.chunks},
      rows_cancelled = rows_cancelled + ${first.rows + second.rows},
      error_code = ${reason?.code ?? null},
      error_message = ${reason?.message ?? null},
      finished_at = ${HERE_AND_NOW},
      revision = revision + 1
    WHERE id = ${jobId}
    RETURNING status, EXTRACT(epoch FROM finished_at - created_at)::float8 AS seconds`.execute(trx);
  const settled = settledOf(jobId, rows[0]);
  if (settled === undefined) throw new ServiceError('internal', 'A stopped job is not terminal.');
  return settled;
}

async function cancelChunks(
  trx: Db,
  jobId: string,
  locking: '' | 'SKIP LOCKED',
): Promise<{ chunks: number; rows: number }> {
  const { rows } = await sql<{ chunks: number; rows: number }>`
    WITH open AS (
      SELECT job_id, chunk_no FROM chunks
      WHERE job_id = ${jobId} AND state IN ('pending', 'leased')
      ORDER BY chunk_no FOR UPDATE ${sql.raw(locking)}
    ), cancelled AS (
      UPDATE chunks SET state = 'cancelled', epoch = epoch + 1, lease_owner = NULL, lease_until = NULL,
        finished_at = ${HERE_AND_NOW}
      FROM open WHERE chunks.job_id = open.job_id AND chunks.chunk_no = open.chunk_no
      RETURNING row_count
    )
    SELECT count(*)::int AS chunks, coalesce(sum(row_count), 0)::int8 AS rows FROM cancelled`.execute(trx);
  return rows[0] ?? { chunks: 0, rows: 0 };
}
