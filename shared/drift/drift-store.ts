import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import type { ModelManifest, ReferenceRows } from '#shared/models/manifest.ts';
import { type DriftAlarm, readAlarms } from './alarm-store.ts';
import { addCounts, binningOf, jobCountsFromBytes } from './binning.ts';
import { DistinctSketch } from './distinct-sketch.ts';
import type { Estimated } from './estimated-performance.ts';
import { jobKind } from './job-kind.ts';
import { type DriftThresholds, type Finding, judgeCounts, type Judgement } from './judge-counts.ts';
import { DriftReference, type Population } from './like-patients.ts';

export type JobDrift = {
  jobId: string;
  finishedAt: Date;
  rowCount: number;
  population: Population;
  score: number;
  features: Record<string, number>;
  findings: Record<string, Finding>;
  drifted: string[];
  estimated: Estimated | null;
};

export type ModelDrift = {
  /** Those jobs of the window together that were no chosen lists and whose source knew all features; undefined without any. */
  window: Judgement | undefined;
  /** Latest first. */
  jobs: JobDrift[];
  alarms: DriftAlarm[];
  /** Whether an alarm stands that nobody has acknowledged. */
  detected: boolean;
};

const JOBS_SHOWN = 50;

type Row = {
  job_id: string;
  finished_at: Date;
  row_count: number;
  counts: Buffer;
  score_psi: number;
  feature_psi: Record<string, number>;
  findings: Record<string, Finding>;
  population: Population;
  drifted: string[];
  estimated: Estimated | null;
  sketch: number[];
  concentration: number;
  whole: boolean;
};

/** What a model's jobs of the last `windowDays` days show, one tenant's. */
export async function readModelDrift(
  db: Db,
  tenantId: number,
  model: { id: number; manifest: ModelManifest },
  thresholds: DriftThresholds,
  windowDays: number,
): Promise<ModelDrift> {
  const { rows } = await sql<Row>`
    SELECT d.job_id, d.finished_at, d.row_count, d.counts, d.score_psi, d.feature_psi, d.findings, d.population, d.drifted,
      d.estimated, d.sketch, d.concentration, j.absent_features = '{}' AND d.population = '{}' AS whole
    FROM job_drift d JOIN jobs j ON j.id = d.job_id
    WHERE d.model_id = ${model.id} AND d.tenant_id = ${tenantId}
      AND d.finished_at > now() - make_interval(days => ${windowDays})
    ORDER BY d.finished_at DESC`.execute(db);
  const alarms = await readAlarms(db, tenantId, model.id);
  return {
    window: await judgeWindow(db, model, rows, thresholds),
    jobs: rows.slice(0, JOBS_SHOWN).map((row) => ({
      jobId: row.job_id,
      finishedAt: row.finished_at,
      rowCount: row.row_count,
      population: row.population,
      score: row.score_psi,
      features: row.feature_psi,
      findings: row.findings,
      drifted: row.drifted,
      estimated: row.estimated,
    })),
    alarms,
    detected: alarms.some(({ acknowledgedAt }) => acknowledgedAt === null),
  };
}

async function judgeWindow(
  db: Db,
  { id, manifest }: { id: number; manifest: ModelManifest },
  rows: readonly Row[],
  thresholds: DriftThresholds,
): Promise<Judgement | undefined> {
  const binning = binningOf(manifest);
  const sum = { rows: 0, sketch: new DistinctSketch(), counts: new Float64Array(binning.size) };
  let concentration = 0;
  for (const row of rows.filter(({ whole }) => whole)) {
    const counts = jobCountsFromBytes(row.counts, binning.size);
    if (counts === undefined) continue;
    addCounts(sum.counts, counts);
    sum.rows += row.row_count;
    sum.sketch.join(row.sketch);
    concentration += row.concentration * row.row_count;
  }
  const [latest] = rows;
  if (sum.rows === 0 || latest === undefined) return undefined;
  const found = await db
    .selectFrom('models')
    .select('drift_reference')
    .where('id', '=', id)
    .executeTakeFirst();
  const rowsOfReference = found?.drift_reference as ReferenceRows | null | undefined;
  const reference = new DriftReference(binning, manifest.drift, rowsOfReference ?? undefined);
  const asOf = latest.finished_at.toISOString();
  const kind = jobKind(reference, manifest, { counted: sum, absent: [], asOf });
  const judged = { counted: sum, kind, concentration: concentration / sum.rows, absent: [] };
  return judgeCounts(reference, manifest.drift, judged, thresholds);
}
