import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import { GRACE_DAYS } from '#patients/features/history.ts';
import { WINDOW_DAYS } from './outcome-figures.ts';
import { fileOutcomes } from './outcome-store.ts';

/** A job whose patients' later records told what became of them. */
export type DerivedJob = { jobId: string; interrupted: number; inCare: number };

/** Jobs that ended longer ago are passed over. */
const DERIVED_FOR_DAYS = 7;
const JOBS_A_ROUND = 5;
/** Between two jobs of a programme that reports monthly. */
const LONGEST_GAP_DAYS = 45;
const INTERRUPTED_A_BATCH = 500;
const MOST_INTERRUPTED = 100_000;
/** Of a job of which so many predictions have an outcome, the others are hardly ever told of. */
const NEARLY_ALL = 0.9;

type JobRow = { id: string; period: string; tenant_id: number; as_of: string };

/**
 * One round: what jobs that have ended since the last say of patients who were predicted before. Whoever is in care on the
 * job's as-of date was not interrupted in the windows that closed by then, unless an interruption was filed; whom the job
 * refused as interrupted was so on the 28th day past due. The dead and the transferred close no window. Only jobs of records
 * and line lists tell: a table of features says of nobody that they stayed away.
 */
export async function deriveOutcomes(db: Db): Promise<DerivedJob[]> {
  const { rows } = await sql<JobRow>`
    SELECT id, period, tenant_id, input ->> 'as_of' AS as_of FROM jobs
    WHERE status IN ('completed', 'partial') AND NOT EXISTS (SELECT FROM derived_jobs d WHERE d.job_id = jobs.id)
      AND input ->> 'as_of' IS NOT NULL AND input ->> 'format' NOT LIKE 'table%'
      AND finished_at > now() - make_interval(days => ${DERIVED_FOR_DAYS})
    ORDER BY input ->> 'as_of', finished_at LIMIT ${JOBS_A_ROUND}`.execute(db);
  const derived: DerivedJob[] = [];
  for (const job of rows) {
    const done = await db.transaction().execute(async (trx) => {
      // A second worker waits here for the first, and then finds it done.
      const { numInsertedOrUpdatedRows: taken } = await trx
        .insertInto('derived_jobs')
        .values({ job_id: job.id })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow();
      if (taken !== 1n) return undefined;
      const interrupted = await fileInterrupted(trx, job);
      const inCare = await fileInCare(trx, job);
      return { jobId: job.id, interrupted, inCare };
    });
    if (done !== undefined) derived.push(done);
  }
  return derived;
}

/** Interruptions since the job before. Those who have long been away were told of by jobs of that time. */
async function fileInterrupted(trx: Db, job: JobRow): Promise<number> {
  const { rows } = await sql<{ patient_id: string; date: string }>`
    SELECT DISTINCT ON (patient_id) patient_id, to_char(due_date + ${GRACE_DAYS}::int, 'YYYY-MM-DD') AS date FROM rejections
    WHERE job_id = ${job.id} AND code = 'already_interrupted' AND patient_id IS NOT NULL AND due_date IS NOT NULL
      AND due_date + ${GRACE_DAYS}::int > ${job.as_of}::date - ${LONGEST_GAP_DAYS}::int
    ORDER BY patient_id, due_date DESC LIMIT ${MOST_INTERRUPTED}`.execute(trx);
  let filed = 0;
  for (let from = 0; from < rows.length; from += INTERRUPTED_A_BATCH) {
    const batch = rows.slice(from, from + INTERRUPTED_A_BATCH).map(({ patient_id: patientId, date }) => ({
      jobId: undefined,
      row: undefined,
      patientId,
      interrupted: true,
      date,
    }));
    filed += (await fileOutcomes(trx, job.tenant_id, derivedBy(job), batch)).matched;
  }
  return filed;
}

/** Negatives: the predictions of the job's patients, one a day, that are 90 days old or a little more. */
async function fileInCare(trx: Db, job: JobRow): Promise<number> {
  const { rows: days } = await sql<{ as_of: string; jobs: string[]; periods: string[] }>`
    SELECT j.input ->> 'as_of' AS as_of, array_agg(j.id ORDER BY j.finished_at DESC) AS jobs,
      array_agg(DISTINCT j.period::text) AS periods
    FROM jobs j WHERE j.tenant_id = ${job.tenant_id} AND j.rows_scored > 0
      AND j.input ->> 'as_of' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'
      AND (j.input ->> 'as_of')::date <= ${job.as_of}::date - ${WINDOW_DAYS}::int
      AND (j.input ->> 'as_of')::date > ${job.as_of}::date - ${WINDOW_DAYS + LONGEST_GAP_DAYS}::int
      AND (SELECT count(*) FROM outcomes o WHERE o.job_id = j.id) < ${NEARLY_ALL}::float8 * j.rows_scored
    GROUP BY 1 ORDER BY 1`.execute(trx);
  let filed = 0;
  for (const day of days) {
    const { numAffectedRows } = await sql`
      WITH now_in_care AS (
        SELECT DISTINCT patient_id FROM predictions WHERE period = ${job.period}::date AND job_id = ${job.id}
      ), of_that_day AS (
        SELECT DISTINCT ON (p.patient_id) p.job_id, p.row_no, p.patient_id, p.risk, j.model_id
        FROM predictions p JOIN jobs j ON j.id = p.job_id
        WHERE p.period = ANY(${day.periods}::date[]) AND p.job_id = ANY(${day.jobs}::uuid[])
        ORDER BY p.patient_id, j.finished_at DESC, p.row_no DESC
      )
      INSERT INTO outcomes (tenant_id, job_id, row_no, model_id, patient_id, scored_on, risk, interrupted, known_on, recorded_by)
      SELECT ${job.tenant_id}::int2, d.job_id, d.row_no, d.model_id, d.patient_id, ${day.as_of}::date, d.risk, false,
        ${job.as_of}::date, ${derivedBy(job)}
      FROM of_that_day d JOIN now_in_care n ON n.patient_id = d.patient_id
      ON CONFLICT (job_id, row_no) DO NOTHING`.execute(trx);
    filed += Number(numAffectedRows ?? 0);
  }
  return filed;
}

/** Whose word an outcome is. */
function derivedBy(job: JobRow): string {
  return `job/${job.id}`;
}
