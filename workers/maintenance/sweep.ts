import type { Db } from '#shared/db/database.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { abortJob } from '#shared/jobs/stop-job.ts';
import {
  countPending,
  expireLeases,
  orphanedJobs,
  reringOverdue,
  type SweepLimits,
} from '#shared/jobs/sweep-transitions.ts';
import type { CrashPoints } from '#shared/lifecycle/crash-points.ts';
import type { Logger } from '#shared/log/logger.ts';
import type { WorkerMetrics } from '#workers/worker-metrics.ts';
import type { Doorbell } from '#shared/queue/doorbell.ts';

export type SweepDeps = {
  db: Db;
  doorbell: Doorbell;
  metrics: Pick<WorkerMetrics, 'quarantined' | 'jobs' | 'jobDuration'>;
  crash: CrashPoints;
  log: Logger;
  limits: SweepLimits & { orphanSeconds: number };
};

export type Swept = { freed: number; rung: number; quarantined: number; aborted: number };

/**
 * Finds what was lost: leases that ran out, bells that never arrived, uploads whose api process is gone.
 * Any number of sweepers may run at once: rows that one of them holds, the others pass over.
 */
export async function sweep(deps: SweepDeps, signal: AbortSignal): Promise<Swept> {
  const { db, doorbell, metrics, crash, log, limits } = deps;
  crash('before_sweep');
  const expired = await expireLeases(db, limits);
  crash('mid_sweep');
  metrics.quarantined.inc(expired.quarantined);
  for (const settled of expired.settled) {
    metrics.jobs.inc({ status: settled.status });
    metrics.jobDuration.observe(settled.durationSeconds);
    log.info(settled, 'a job ended');
  }
  await doorbell.ring(expired.bells, signal);

  const rung = (await bellsWereLost(deps, signal)) ? await reringOverdue(db, limits) : [];
  await doorbell.ring(rung, signal);

  const orphans = await orphanedJobs(db, limits.orphanSeconds);
  let aborted = 0;
  for (const jobId of orphans) {
    if (await abortOrphan(db, jobId)) aborted++;
  }
  const swept = { freed: expired.bells.length, rung: rung.length, quarantined: expired.quarantined, aborted };
  if (swept.freed + swept.rung + swept.quarantined + swept.aborted > 0) log.info(swept, 'swept');
  return swept;
}

/**
 * A queue that holds at least as many bells as chunks wait has lost none: ringing anew would only make each
 * chunk's present bell void. A chunk that was forgotten for very long is rung for in any case.
 */
async function bellsWereLost(
  { db, doorbell, log, limits }: SweepDeps,
  signal: AbortSignal,
): Promise<boolean> {
  const { pending, overdue, forgotten } = await countPending(db, limits);
  if (overdue === 0) return false;
  if (forgotten > 0) return true;
  try {
    return (await doorbell.counts(signal)).waiting < pending;
  } catch (error) {
    log.debug({ err: error }, 'the queue could not be asked; overdue chunks wait');
    return false;
  }
}

async function abortOrphan(db: Db, jobId: string): Promise<boolean> {
  try {
    await abortJob(db, { jobId, code: 'upload_aborted', message: 'The upload ended without a word.' });
    return true;
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'job_finished') return false;
    throw error;
  }
}
