import type { Db } from '#shared/db/database.ts';
import { dropOldHistograms, type JobDrift, measureFinishedJobs } from '#shared/drift/drift-store.ts';
import type { DriftThresholds } from '#shared/drift/stability-index.ts';
import type { Logger } from '#shared/log/logger.ts';

export type MeasureDriftDeps = { db: Db; log: Logger; thresholds: DriftThresholds };

/** One round: measures the jobs that have ended since the last, and warns of those that drifted. */
export async function measureDriftOnce({ db, log, thresholds }: MeasureDriftDeps): Promise<JobDrift[]> {
  const measured = await measureFinishedJobs(db, thresholds);
  for (const { jobId, rowCount, score, drifted } of measured) {
    const about = { jobId, rowCount, score, drifted };
    if (drifted.length > 0)
      log.warn(about, "a job's patients differ from those that its model was trained on");
    else log.debug(about, 'measured the drift of a job');
  }
  await dropOldHistograms(db);
  return measured;
}
