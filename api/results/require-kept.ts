import { sql } from 'kysely';
import type { JobRow } from '#api/jobs/job-row.ts';
import type { Db } from '#shared/db/database.ts';
import { ServiceError } from '#shared/errors/errors.ts';

/** Throws `results_expired` where retention has dropped the day of the job: an empty list would be a lie. */
export async function requireKept(db: Db, job: Pick<JobRow, 'period'>): Promise<void> {
  const { rows } = await sql<{ kept: boolean }>`
    SELECT to_regclass('score_blocks_' || to_char(${job.period}::date, 'YYYY_MM_DD')) IS NOT NULL AS kept`.execute(
    db,
  );
  if (rows[0]?.kept === true) return;
  throw new ServiceError('results_expired', `Results of ${job.period} are no longer kept.`);
}

const WORDS = { rejections: 'Rejections', inputs: 'Inputs' };

/** The same where retention has cleared what a job left beside its scores. */
export async function requireUncleared(
  db: Db,
  job: Pick<JobRow, 'period'>,
  kind: keyof typeof WORDS,
): Promise<void> {
  const mark = await db
    .selectFrom('retention_marks')
    .select('before')
    .where('kind', '=', kind)
    .executeTakeFirst();
  if (mark === undefined || job.period >= mark.before) return;
  throw new ServiceError('results_expired', `${WORDS[kind]} of ${job.period} are no longer kept.`);
}
