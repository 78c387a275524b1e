import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import type { ModelManifest } from '#shared/models/manifest.ts';
import { addCounts, binningOf, jobCountsFromBytes } from './binning.ts';

export type DriftHistogram = {
  /** A feature, or `score`. */
  name: string;
  /** One less than counts; the first bin is open below, the last above. */
  edges: number[];
  /** What the model was trained on, in the same bins; missing values apart. */
  expected: number[];
  observed: number[];
  expectedMissing: number;
  observedMissing: number;
};

/** Both histograms of every feature over the jobs of the window whose source knew all features. */
export async function readDriftHistograms(
  db: Db,
  tenantId: number,
  model: { id: number; manifest: ModelManifest },
  windowDays: number,
): Promise<DriftHistogram[]> {
  const { rows } = await sql<{ counts: Buffer }>`
    SELECT d.counts FROM job_drift d JOIN jobs j ON j.id = d.job_id
    WHERE d.model_id = ${model.id} AND d.tenant_id = ${tenantId} AND j.absent_features = '{}'
      AND d.finished_at > now() - make_interval(days => ${windowDays})`.execute(db);
  const binning = binningOf(model.manifest);
  const total = new Float64Array(binning.size);
  for (const { counts } of rows) {
    const read = jobCountsFromBytes(counts, binning.size);
    if (read !== undefined) addCounts(total, read);
  }
  return [binning.score, ...binning.features].map(({ name, edges, offset }) => {
    const bins = edges.length + 1;
    return {
      name,
      edges: [...edges],
      expected: [...binning.expected.subarray(offset, offset + bins)],
      observed: [...total.subarray(offset, offset + bins)],
      expectedMissing: binning.expected[offset + bins] ?? 0,
      observedMissing: total[offset + bins] ?? 0,
    };
  });
}
