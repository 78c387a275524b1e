import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import type { JobInput } from './job-input.ts';
import { HERE_AND_NOW, type Settled, settleJob } from './settle-job.ts';

/**
 * The upload has ended well: receiving → running, or queued where no chunk was taken yet, or the job's end
 * where the workers were faster (or there was nothing to score). Throws `job_finished` when the job no longer
 * receives.
 */
export async function finishReceiving(
  trx: Db,
  jobId: string,
  about: { input?: JobInput; bodySha256?: Buffer | undefined } = {},
): Promise<Settled | undefined> {
  const updated = await trx
    .updateTable('jobs')
    .set({
      status: sql`CASE WHEN started_at IS NULL THEN 'queued' ELSE 'running' END`,
      received_at: HERE_AND_NOW,
      ...(about.input === undefined ? {} : { input: JSON.stringify(about.input) }),
      ...(about.bodySha256 === undefined ? {} : { body_sha256: about.bodySha256 }),
      revision: sql`revision + 1`,
    })
    .where('id', '=', jobId)
    .where('status', '=', 'receiving')
    .executeTakeFirst();
  if (updated.numUpdatedRows === 0n) {
    throw new ServiceError('job_finished', 'The job takes no more rows.');
  }
  return await settleJob(trx, jobId);
}
