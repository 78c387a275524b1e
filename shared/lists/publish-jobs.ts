import { sql } from 'kysely';
import type { IdentifierName } from '#patients/record/identifiers.ts';
import { decodeChunk } from '#shared/chunks/payload.ts';
import type { Db } from '#shared/db/database.ts';
import { countByFacility, dueDatesOf } from '#shared/predictions/facility-counts.ts';

export type Published = { jobId: string; facilities: number; isCurrentList: boolean; returned: number };

/** A job is published for as long after its end, should no worker have been there. */
const PUBLISHED_FOR_DAYS = 7;
const JOBS_A_ROUND = 10;
/** Contacts whose patient may still come back by them. */
const RETURN_DAYS = 60;
const MOST_CONTACTS = 50_000;

type Finished = {
  id: string;
  tenant_id: number;
  period: string;
  name: string;
  finished_at: Date;
  /** Its model was active silently when the job came: its list is for nobody to call by. */
  is_silent: boolean;
};

/**
 * Counts jobs that have ended, or ended anew after a retry, by facility. One of the name `currentListName` becomes the
 * current list of each facility that it has, and shows which contacts were followed by a pickup: the patient's due date
 * has moved on. Safe to run by several processes at once.
 */
export async function publishFinishedJobs(db: Db, currentListName: string): Promise<Published[]> {
  const { rows: jobs } = await sql<Finished>`
    SELECT j.id, j.tenant_id, j.period, j.name, j.finished_at,
      coalesce((SELECT a.is_silent FROM model_activations a WHERE a.tenant_id = j.tenant_id AND a.model_id = j.model_id
        AND a.activated_at <= j.created_at ORDER BY a.id DESC LIMIT 1), false) AS is_silent
    FROM jobs j LEFT JOIN job_publications p ON p.job_id = j.id
    WHERE j.status IN ('completed', 'partial') AND j.finished_at > now() - make_interval(days => ${PUBLISHED_FOR_DAYS})
      AND p.finished_at IS DISTINCT FROM j.finished_at
    ORDER BY j.finished_at LIMIT ${JOBS_A_ROUND}`.execute(db);
  const published: Published[] = [];
  for (const job of jobs) {
    const done = await db
      .transaction()
      .execute((trx) => publish(trx, job, job.name === currentListName && !job.is_silent));
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
    SELECT ${job.id}, coalesce(c.facility, r.facility), ${job.tenant_id}, coalesce(c.n, 0), coalesce(c.low, 0),
      coalesce(c.medium, 0), coalesce(c.high, 0), coalesce(c.risk, 0), coalesce(r.n, 0)
    FROM unnest(${counts.map((row) => row.facilityId)}::text[], ${counts.map((row) => row.rowCount)}::bigint[],
      ${counts.map((row) => row.low)}::bigint[], ${counts.map((row) => row.medium)}::bigint[],
      ${counts.map((row) => row.high)}::bigint[], ${counts.map((row) => row.riskSum)}::float8[])
      AS c (facility, n, low, medium, high, risk)
    FULL JOIN (SELECT facility_id AS facility, count(*) AS n FROM rejections
      WHERE job_id = ${job.id} AND facility_id <> '' AND patient_id IS NOT NULL GROUP BY 1) r ON r.facility = c.facility`.execute(
    trx,
  );
  await nameFacilities(trx, job);
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

/**
 * Facilities that are not in the register yet get the names that the job's line list has for them. Reads chunks until every
 * one is named, so a night whose facilities are known reads none.
 */
async function nameFacilities(trx: Db, job: Finished): Promise<void> {
  const unknown = new Set(
    (
      await sql<{ facility_id: string }>`
        SELECT j.facility_id FROM job_facilities j LEFT JOIN facilities f
          ON f.tenant_id = j.tenant_id AND f.id = j.facility_id
        WHERE j.job_id = ${job.id} AND j.facility_id <> '' AND f.id IS NULL`.execute(trx)
    ).rows.map((row) => row.facility_id),
  );
  if (unknown.size === 0) return;
  const chunks = await trx
    .selectFrom('chunks')
    .select('chunk_no')
    .where('job_id', '=', job.id)
    .orderBy('chunk_no')
    .execute();
  for (const { chunk_no: chunkNo } of chunks) {
    if (unknown.size === 0) return;
    const chunk = await trx
      .selectFrom('chunks')
      .select(['payload', 'payload_sha256'])
      .where('job_id', '=', job.id)
      .where('chunk_no', '=', chunkNo)
      .executeTakeFirstOrThrow();
    if (chunk.payload.length === 0) return;
    const rows = await decodeChunk(chunk.payload, chunk.payload_sha256);
    const textOf = (name: IdentifierName) => {
      const column = rows.identifiers.find((one) => one.name === name);
      return (row: number) => column?.texts[column.indices[row] ?? -1] ?? '';
    };
    const [name, lga, state] = [textOf('facility_name'), textOf('lga'), textOf('state')];
    const named = new Map<string, { id: string; name: string; lga: string; state: string }>();
    for (let row = 0; row < rows.rowCount; row++) {
      const id = rows.facilities.names[rows.facilities.indices[row] ?? -1];
      if (id === undefined || !unknown.has(id) || name(row) === '') continue;
      unknown.delete(id);
      named.set(id, { id, name: name(row), lga: lga(row), state: state(row) });
    }
    // A source that names none in its first chunk names none at all.
    if (named.size === 0) return;
    await trx
      .insertInto('facilities')
      .values(
        [...named.values()].map((facility) => ({
          ...facility,
          tenant_id: job.tenant_id,
          source: 'line_list' as const,
          updated_by: `job/${job.id}`,
        })),
      )
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
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
