import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import type { ModelManifest, ReferenceRows } from '#shared/models/manifest.ts';
import { raiseAlarms, readExpected } from './alarm-store.ts';
import { binningOf, countsToBytes, jobCountsFromBytes } from './binning.ts';
import { DistinctSketch } from './distinct-sketch.ts';
import { addCounted, type Counted, countedFromBytes, NO_FACILITY_NAME } from './facility-counts.ts';
import type { DriftThresholds, Judgement } from './judge-counts.ts';
import { JobJudge, type RaisedAlarm } from './judge-job.ts';
import { DriftReference } from './like-patients.ts';

export type MeasuredJob = Judgement & { jobId: string; finishedAt: Date; alarms: RaisedAlarm[] };

/** A job's drift is measured for as long after its end, should no worker have been there. */
const MEASURED_FOR_DAYS = 7;
const JOBS_A_ROUND = 20;
/** Facilities whose earlier jobs are read at once. */
const FACILITIES_A_READ = 200;

type JobRow = {
  id: string;
  tenant_id: number;
  model_id: number;
  finished_at: Date;
  as_of: string;
  absent_features: string[];
  manifest: ModelManifest;
  drift_reference: ReferenceRows | null;
};

/**
 * Measures jobs that have ended and were not measured, or ended anew after a retry: each as a whole, and each of its
 * facilities, over the window where the job alone has too few of the facility's patients. Safe to run by several processes
 * at once. Returns what was measured.
 */
export async function measureFinishedJobs(
  db: Db,
  thresholds: DriftThresholds,
  windowDays: number,
): Promise<MeasuredJob[]> {
  const { rows: jobs } = await sql<JobRow>`
    SELECT j.id, j.tenant_id, j.model_id, j.finished_at, j.absent_features, m.manifest, m.drift_reference,
      coalesce(j.input ->> 'as_of', to_char(j.created_at, 'YYYY-MM-DD')) AS as_of
    FROM jobs j JOIN models m ON m.id = j.model_id LEFT JOIN job_drift d ON d.job_id = j.id
    WHERE j.status IN ('completed', 'partial') AND j.finished_at > now() - make_interval(days => ${MEASURED_FOR_DAYS})
      AND d.finished_at IS DISTINCT FROM j.finished_at
    ORDER BY j.finished_at LIMIT ${JOBS_A_ROUND}`.execute(db);
  const measured: MeasuredJob[] = [];
  for (const job of jobs) measured.push(await measureJob(db, job, thresholds, windowDays));
  return measured;
}

async function measureJob(
  db: Db,
  job: JobRow,
  thresholds: DriftThresholds,
  windowDays: number,
): Promise<MeasuredJob> {
  const { manifest } = job;
  const binning = binningOf(manifest);
  const reference = new DriftReference(binning, manifest.drift, job.drift_reference ?? undefined);
  const judge = new JobJudge({
    manifest,
    reference,
    thresholds,
    facilities: await readFacilities(db, job.id, binning.size),
    absent: job.absent_features,
    asOf: job.as_of,
    expected: await readExpected(db, job.tenant_id, job.model_id, binning.size),
  });
  const earlier = await readEarlier(db, { job, judge, windowDays, size: binning.size });
  const { judgement, alarms } = judge.judge(earlier);
  await db.transaction().execute(async (trx) => {
    await keep(trx, job, judgement, judge);
    await raiseAlarms(trx, job, alarms);
  });
  return { jobId: job.id, finishedAt: job.finished_at, ...judgement, alarms };
}

async function readFacilities(db: Db, jobId: string, size: number): Promise<Map<string, Counted>> {
  const facilities = new Map<string, Counted>();
  const chunks = await db
    .selectFrom('chunk_histograms')
    .select('facilities')
    .where('job_id', '=', jobId)
    .execute();
  for (const { facilities: bytes } of chunks)
    if (bytes !== null) addCounted(facilities, countedFromBytes(bytes, size));
  return facilities;
}

/**
 * What earlier jobs of the window counted of facilities, in lists chosen as this job's is. What was acknowledged is over, and a
 * job that has drifted as a whole says nothing of the next one.
 */
async function readEarlier(
  db: Db,
  given: { job: JobRow; judge: JobJudge; windowDays: number; size: number },
): Promise<Map<string, Counted>> {
  const { job, judge, windowDays, size } = given;
  const { gathered: facilities, population } = judge;
  const earlier = new Map<string, Counted>();
  for (let from = 0; from < facilities.length; from += FACILITIES_A_READ) {
    const { rows } = await sql<{ facility_id: string; row_count: number; counts: Buffer; sketch: number[] }>`
      SELECT f.facility_id, f.row_count, f.counts, f.sketch
      FROM facility_drift f JOIN job_drift d ON d.job_id = f.job_id
      WHERE f.tenant_id = ${job.tenant_id} AND f.model_id = ${job.model_id} AND f.job_id <> ${job.id}
        AND (f.facility_id <> ${NO_FACILITY_NAME} OR d.drifted = '{}')
        AND f.finished_at > coalesce((SELECT max(acknowledged_at) FROM drift_alarms a
          WHERE a.tenant_id = f.tenant_id AND a.model_id = f.model_id), '-infinity')
        AND f.facility_id = ANY(${facilities.slice(from, from + FACILITIES_A_READ)}::text[])
        AND f.population = ${JSON.stringify(population)}::jsonb
        AND f.finished_at > ${job.finished_at}::timestamptz - make_interval(days => ${windowDays})
        AND f.finished_at <= ${job.finished_at}::timestamptz`.execute(db);
    for (const row of rows) {
      const counts = jobCountsFromBytes(row.counts, size);
      if (counts === undefined) continue;
      const sketch = new DistinctSketch();
      sketch.join(row.sketch);
      addCounted(earlier, new Map([[row.facility_id, { rows: row.row_count, sketch, counts }]]));
    }
  }
  return earlier;
}

async function keep(trx: Db, job: JobRow, judgement: Judgement, judge: JobJudge): Promise<void> {
  const { whole, concentration, subjects } = judge;
  const { score, ...features } = Object.fromEntries(
    Object.entries(judgement.findings).map(([name, { index }]) => [name, index]),
  );
  const population = JSON.stringify(judgement.population);
  await sql`
    INSERT INTO job_drift (job_id, tenant_id, model_id, row_count, counts, score_psi, feature_psi, drifted, population,
      findings, estimated, sketch, concentration, finished_at)
    VALUES (${job.id}, ${job.tenant_id}, ${job.model_id}, ${whole.rows}, ${countsToBytes(whole.counts)}, ${score ?? 0},
      ${JSON.stringify(features)}, ${judgement.drifted}::text[], ${population}, ${JSON.stringify(judgement.findings)},
      ${judgement.estimated === null ? null : JSON.stringify(judgement.estimated)}::jsonb, ${whole.sketch.signed()}::int[],
      ${concentration}, (SELECT finished_at FROM jobs WHERE id = ${job.id}))
    ON CONFLICT (job_id) DO UPDATE SET row_count = excluded.row_count, counts = excluded.counts,
      score_psi = excluded.score_psi, feature_psi = excluded.feature_psi, drifted = excluded.drifted,
      population = excluded.population, findings = excluded.findings, estimated = excluded.estimated,
      sketch = excluded.sketch, concentration = excluded.concentration, finished_at = excluded.finished_at,
      measured_at = now()`.execute(trx);
  const rows = [...subjects].map(([facility, { rows: count, sketch, counts }]) => ({
    job_id: job.id,
    facility_id: facility,
    tenant_id: job.tenant_id,
    model_id: job.model_id,
    population,
    row_count: count,
    counts: countsToBytes(counts),
    sketch: sketch.signed(),
    finished_at: job.finished_at,
  }));
  for (let from = 0; from < rows.length; from += FACILITIES_A_READ) {
    await trx
      .insertInto('facility_drift')
      .values(rows.slice(from, from + FACILITIES_A_READ))
      .onConflict((conflict) =>
        conflict.columns(['job_id', 'facility_id']).doUpdateSet((eb) => ({
          row_count: eb.ref('excluded.row_count'),
          counts: eb.ref('excluded.counts'),
          sketch: eb.ref('excluded.sketch'),
          population: eb.ref('excluded.population'),
          finished_at: eb.ref('excluded.finished_at'),
        })),
      )
      .execute();
  }
}

/** Drops counts that no window reaches any more; a job's own stay. */
export async function dropOldCounts(db: Db, windowDays: number): Promise<void> {
  await sql`
    DELETE FROM chunk_histograms h USING job_drift d
    WHERE h.job_id = d.job_id AND d.measured_at < now() - make_interval(days => ${MEASURED_FOR_DAYS * 2})`.execute(
    db,
  );
  await sql`
    DELETE FROM facility_drift WHERE finished_at < now() - make_interval(days => ${windowDays + MEASURED_FOR_DAYS})`.execute(
    db,
  );
}
