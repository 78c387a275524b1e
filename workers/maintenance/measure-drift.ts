import type { Db } from '#shared/db/database.ts';
import type { DriftThresholds } from '#shared/drift/judge-counts.ts';
import { dropOldCounts, type MeasuredJob, measureFinishedJobs } from '#shared/drift/measure-jobs.ts';
import type { Logger } from '#shared/log/logger.ts';

export type MeasureDriftDeps = { db: Db; log: Logger; thresholds: DriftThresholds; windowDays: number };

/** One round: measures the jobs that have ended since the last, and warns of those that drifted. */
export async function measureDriftOnce(deps: MeasureDriftDeps): Promise<MeasuredJob[]> {
  const { db, log, thresholds, windowDays } = deps;
  const measured = await measureFinishedJobs(db, thresholds, windowDays);
  for (const { jobId, rows, drifted, alarms } of measured) {
    const about = {
      jobId,
      rows,
      drifted,
      facilities: new Set(alarms.map(({ facilityId }) => facilityId)).size,
    };
    if (alarms.length > 0)
      log.warn(about, "a job's patients differ from those like them that its model was made with");
    else log.debug(about, 'measured the drift of a job');
  }
  await dropOldCounts(db, windowDays);
  return measured;
}
