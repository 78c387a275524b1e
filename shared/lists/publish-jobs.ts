import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import { countByFacility, dueDatesOf } from '#shared/predictions/facility-counts.ts';

export type Published = { jobId: string; facilities: number; isCurrentList: boolean; returned: number };

/** A job is published for as long after its end, should no worker have been there. */
const PUBLISHED_FOR_DAYS = 7;
const JOBS_A_ROUND = 10;
/** Contacts whose patient may still come back by them. */
const RETURN_DAYS = 60;
const MOST_CONTACTS = 50_000;

type Finished = { id: string; tenant_id: number; period: string; name: string; finished_at: Date };

/**
 * Counts jobs that have ended, or ended anew after a retry, by facility. One of the name `currentListName` becomes the
 * current list of each facility that it has, and shows which contacts were followed by a pickup: the patient's due date
 * has moved on. Safe to run by several processes at once.
 */
export async function publishFinishedJobs(db: Db, currentListName: string): Promise<Published[]> {
  const { rows: jobs } = await sql<Finished>`
    SELECT j.id, j.tenant_id, j.period, j.name, j.finished_at
    FROM jobs j LEFT JOIN job_publications p ON p.job_id = j.id
    WHERE j.status IN ('completed', 'partial') AND j.finished_at > now() - make_interval(days => ${PUBLISHED_FOR_DAYS})
      AND p.finished_at IS DISTINCT FROM j.finished_at
    ORDER BY j.finished_at LIMIT ${JOBS_A_ROUND}`.execute(db);
  const published: Published[] = [];
  for (const job of jobs) {
    const done = await db.transaction().execute((trx) => publish(trx, job, job.name === currentListName));
    if (done !== undefined) published.push(done);
  }
  return published;
}

/** Undefined where another process is at this job. */
async function publish(trx: Db, job: Finished, isCurrentList: boolean): Promise<Published | undefined> {
  const { rows: lock } = await sql<{ mine: boolean }>`
    SELECT pg_try_advisory_xact_lock(hashtext('iit.publish'), hashtext(${job.id})) AS mine`.execute(trx);
  if (lock[0]?.mine !== true) return undefined;
  const counts = await countByFacility(trx, { jobId: job.id, period: job.period });
  await trx.deleteFrom('job_facilities').where('job_id', '=', job.id).execute();
  await sql`INSERT INTO job_facilities
      (job_id, facility_id, tenant_id, row_count, tier_low, tier_medium, tier_high, risk_sum, not_predicted)
    SELECT ${job.id}, c.facility, ${job.tenant_id}, c.n, c.low, c.medium, c.high, c.risk, 0
    FROM unnest(${counts.map((row) => row.facilityId)}::text[], ${counts.map((row) => row.rowCount)}::bigint[],
      ${counts.map((row) => row.low)}::bigint[], ${counts.map((row) => row.medium)}::bigint[],
      ${counts.map((row) => row.high)}::bigint[], ${counts.map((row) => row.riskSum)}::float8[])
      AS c (facility, n, low, medium, high, risk)`.execute(trx);
  let returned = 0;
  if (isCurrentList) {
    await sql`INSERT INTO current_lists (tenant_id, facility_id, job_id, finished_at)
      SELECT tenant_id, facility_id, job_id, (SELECT finished_at FROM jobs WHERE id = ${job.id})
      FROM job_facilities WHERE job_id = ${job.id} AND facility_id <> ''
      ON CONFLICT (tenant_id, facility_id) DO UPDATE SET job_id = excluded.job_id, finished_at = excluded.finished_at
      WHERE current_lists.finished_at <= excluded.finished_at`.execute(trx);
    returned = await markReturned(trx, job);
  }
  await sql`INSERT INTO job_publications (job_id, tenant_id, finished_at, is_current_list)
    VALUES (${job.id}, ${job.tenant_id}, (SELECT finished_at FROM jobs WHERE id = ${job.id}), ${isCurrentList})
    ON CONFLICT (job_id) DO UPDATE SET finished_at = excluded.finished_at, published_at = now(),
      is_current_list = excluded.is_current_list`.execute(trx);
  return { jobId: job.id, facilities: counts.length, isCurrentList, returned };
}

async function markReturned(trx: Db, job: Finished): Promise<number> {
  const open = await trx
    .selectFrom('contacts')
    .select(['id', 'patient_id', 'due_date'])
    .where('tenant_id', '=', job.tenant_id)
    .where('returned_on', 'is', null)
    .where('due_date', 'is not', null)
    .where('contacted_on', '>', sql<string>`current_date - ${RETURN_DAYS}::int`)
    .limit(MOST_CONTACTS)
    .execute();
  const due = await dueDatesOf(trx, { jobId: job.id, period: job.period }, [
    ...new Set(open.map((contact) => contact.patient_id)),
  ]);
  const returned = open.filter(
    (contact) => (due.get(contact.patient_id) ?? '') > (contact.due_date ?? '9999-12-31'),
  );
  if (returned.length > 0) {
    await trx
      .updateTable('contacts')
      .set({ returned_on: sql<string>`current_date` })
      .where(
        'id',
        'in',
        returned.map((contact) => contact.id),
      )
      .execute();
  }
  return returned.length;
}
