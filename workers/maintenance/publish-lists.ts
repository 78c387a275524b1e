import type { Db } from '#shared/db/database.ts';
import { type Published, publishFinishedJobs } from '#shared/lists/publish-jobs.ts';
import type { Logger } from '#shared/log/logger.ts';

export type PublishListsDeps = { db: Db; log: Logger; currentListName: string };

/** One round: publishes the jobs that have ended since the last. */
export async function publishListsOnce({ db, log, currentListName }: PublishListsDeps): Promise<Published[]> {
  const published = await publishFinishedJobs(db, currentListName);
  for (const job of published) log.info({ event: 'job.published', ...job }, 'published a job by facility');
  return published;
}
