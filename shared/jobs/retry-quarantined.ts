import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import type { Bell } from '#shared/queue/bell.ts';

/**
 * Gives a job's quarantined chunks all their attempts anew; what is done stays. The job is `running` again.
 * Returns the bells to ring after the commit. Throws `not_found`; `nothing_to_retry`; `job_finished` when the
 * job was cancelled or aborted.
 */
export async function retryQuarantined(trx: Db, jobId: string): Promise<Bell[]> {
  const { rows: chunks } = await sql<{ chunk_no: number; epoch: number; row_count: number }>`
    UPDATE chunks SET state = 'pending', epoch = epoch + 1, attempts = 0, error_code = NULL,
      error_message = NULL, finished_at = NULL, ring_after = now() + interval '10 seconds'
    WHERE job_id = ${jobId} AND state = 'quarantined'
    RETURNING chunk_no, epoch, row_count`.execute(trx);
  const job = await trx
    .selectFrom('jobs')
    .select(['status', 'priority'])
    .where('id', '=', jobId)
    .forUpdate()
    .executeTakeFirst();
  if (job === undefined) throw new ServiceError('not_found', 'There is no such job.');
  if (job.status === 'cancelled' || job.status === 'aborted') {
    throw new ServiceError('job_finished', `The job is ${job.status}.`);
  }
  if (chunks.length === 0) throw new ServiceError('nothing_to_retry', 'The job has no quarantined chunk.');

  await trx
    .updateTable('jobs')
    .set({
      status: sql`CASE WHEN status = 'receiving' THEN status ELSE 'running' END`,
      chunks_quarantined: sql`chunks_quarantined - ${chunks.length}`,
      rows_quarantined: sql`rows_quarantined - ${chunks.reduce((sum, chunk) => sum + chunk.row_count, 0)}`,
      error_code: null,
      error_message: null,
      finished_at: null,
      revision: sql`revision + 1`,
    })
    .where('id', '=', jobId)
    .execute();
  return chunks.map((chunk) => ({
    jobId,
    chunkNo: chunk.chunk_no,
    epoch: chunk.epoch,
    priority: job.priority,
  }));
}
