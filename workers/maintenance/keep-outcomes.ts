import type { Pool } from 'pg';
import type { Db } from '#shared/db/database.ts';
import { deriveOutcomes } from '#shared/drift/derive-outcomes.ts';
import { describeOutcomes } from '#shared/drift/describe-outcomes.ts';
import { makeEquityReports } from '#shared/governance/equity-report.ts';
import type { Logger } from '#shared/log/logger.ts';

export type KeepOutcomesDeps = { db: Db; pool: Pool; log: Logger; fromJobs: boolean };

/**
 * One round: what later jobs tell of patients, where that is switched on, whom the outcomes so far were about, and the equity
 * reports of quarters that are over.
 */
export async function keepOutcomesOnce(
  { db, pool, log, fromJobs }: KeepOutcomesDeps,
  signal: AbortSignal,
): Promise<void> {
  if (fromJobs)
    for (const job of await deriveOutcomes(db)) log.info(job, 'a job told what became of patients');
  while (!signal.aborted && (await describeOutcomes(db, pool)) > 0);
  for (const report of await makeEquityReports(db)) log.info(report, 'made the equity report of a quarter');
}
