import type { Db } from '#shared/db/database.ts';
import type { ModelManifest } from '#shared/models/manifest.ts';

/** The cut-offs that a job was accepted under; undefined where they are those of its model's manifest. */
export async function readJobTiers(db: Db, jobId: string): Promise<ModelManifest['tiers'] | undefined> {
  const row = await db
    .selectFrom('job_thresholds as j')
    .innerJoin('threshold_sets as t', 't.id', 'j.threshold_set_id')
    .select('t.tiers')
    .where('j.job_id', '=', jobId)
    .executeTakeFirst();
  return row?.tiers as ModelManifest['tiers'] | undefined;
}
