import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import type { ModelManifest } from '#shared/models/manifest.ts';
import {
  addCounts,
  type Binning,
  binningOf,
  chunkCountsFromBytes,
  countsToBytes,
  jobCountsFromBytes,
} from './binning.ts';
import { type Drift, type DriftThresholds, measureDrift } from './stability-index.ts';

export type JobDrift = {
  jobId: string;
  finishedAt: Date;
  rowCount: number;
  score: number;
  features: Record<string, number>;
  drifted: string[];
};

export type ModelDrift = {
  /** All jobs of the window together; undefined without any. */
  window: Drift | undefined;
  /** Latest first. */
  jobs: JobDrift[];
  /** Whether the latest job or the window has drifted. */
  detected: boolean;
};

/** A job's drift is measured for as long after its end, should no worker have been there. */
const MEASURED_FOR_DAYS = 7;
const JOBS_A_ROUND = 20;
const JOBS_SHOWN = 50;

/**
 * Measures jobs that have ended and were not measured, or ended anew after a retry. Safe to run by several processes
 * at once. Returns what was measured.
 */
export async function measureFinishedJobs(db: Db, thresholds: DriftThresholds): Promise<JobDrift[]> {
  const { rows: jobs } = await sql<{
    id: string;
    tenant_id: number;
    model_id: number;
    finished_at: Date;
    absent_features: string[];
    manifest: ModelManifest;
  }>`
    SELECT j.id, j.tenant_id, j.model_id, j.finished_at, j.absent_features, m.manifest
    FROM jobs j JOIN models m ON m.id = j.model_id LEFT JOIN job_drift d ON d.job_id = j.id
    WHERE j.status IN ('completed', 'partial') AND j.finished_at > now() - make_interval(days => ${MEASURED_FOR_DAYS})
      AND d.finished_at IS DISTINCT FROM j.finished_at
    ORDER BY j.finished_at LIMIT ${JOBS_A_ROUND}`.execute(db);
  const measured: JobDrift[] = [];
  for (const job of jobs) {
    const binning = binningOf(job.manifest);
    const counts = await sumChunks(db, job.id, binning);
    const drift = measureDrift(binning, counts, thresholds, job.absent_features);
    await sql`
      INSERT INTO job_drift (job_id, tenant_id, model_id, row_count, counts, score_psi, feature_psi, drifted, finished_at)
      VALUES (${job.id}, ${job.tenant_id}, ${job.model_id}, ${drift.rowCount}, ${countsToBytes(counts)}, ${drift.score},
        ${JSON.stringify(drift.features)}, ${drift.drifted}::text[],
        (SELECT finished_at FROM jobs WHERE id = ${job.id}))
      ON CONFLICT (job_id) DO UPDATE SET row_count = excluded.row_count, counts = excluded.counts,
        score_psi = excluded.score_psi, feature_psi = excluded.feature_psi, drifted = excluded.drifted,
        finished_at = excluded.finished_at, measured_at = now()`.execute(db);
    measured.push({ jobId: job.id, finishedAt: job.finished_at, ...drift });
  }
  return measured;
}

/** Drops the histograms of chunks whose jobs were measured long ago; the jobs' own stay. */
export async function dropOldHistograms(db: Db): Promise<void> {
  await sql`
    DELETE FROM chunk_histograms h USING job_drift d
    WHERE h.job_id = d.job_id AND d.measured_at < now() - make_interval(days => ${MEASURED_FOR_DAYS * 2})`.execute(
    db,
  );
}

/** What a model's jobs of the last `windowDays` days show, one tenant's. */
export async function readModelDrift(
  db: Db,
  tenantId: number,
  model: { id: number; manifest: ModelManifest },
  thresholds: DriftThresholds,
  windowDays: number,
): Promise<ModelDrift> {
  const { rows } = await sql<{
    job_id: string;
    finished_at: Date;
    row_count: number;
    counts: Buffer;
    score_psi: number;
    feature_psi: Record<string, number>;
    drifted: string[];
    whole: boolean;
  }>`
    SELECT d.job_id, d.finished_at, d.row_count, d.counts, d.score_psi, d.feature_psi, d.drifted,
      j.absent_features = '{}' AS whole
    FROM job_drift d JOIN jobs j ON j.id = d.job_id
    WHERE d.model_id = ${model.id} AND d.tenant_id = ${tenantId}
      AND d.finished_at > now() - make_interval(days => ${windowDays})
    ORDER BY d.finished_at DESC`.execute(db);
  const binning = binningOf(model.manifest);
  const total = new Float64Array(binning.size);
  let whole = 0;
  // What a source could not know would count as missing: such jobs stand for themselves only.
  for (const row of rows) {
    const counts = row.whole ? jobCountsFromBytes(row.counts, binning.size) : undefined;
    if (counts === undefined) continue;
    addCounts(total, counts);
    whole++;
  }
  const window = whole === 0 ? undefined : measureDrift(binning, total, thresholds);
  return {
    window,
    jobs: rows.slice(0, JOBS_SHOWN).map((row) => ({
      jobId: row.job_id,
      finishedAt: row.finished_at,
      rowCount: row.row_count,
      score: row.score_psi,
      features: row.feature_psi,
      drifted: row.drifted,
    })),
    detected: (rows[0]?.drifted.length ?? 0) > 0 || (window?.drifted.length ?? 0) > 0,
  };
}

async function sumChunks(db: Db, jobId: string, binning: Binning): Promise<Float64Array> {
  const total = new Float64Array(binning.size);
  const chunks = await db
    .selectFrom('chunk_histograms')
    .select('counts')
    .where('job_id', '=', jobId)
    .execute();
  for (const chunk of chunks) {
    const counts = chunkCountsFromBytes(chunk.counts, binning.size);
    if (counts !== undefined) addCounts(total, counts);
  }
  return total;
}
