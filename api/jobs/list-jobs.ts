import { sql } from 'kysely';
import { z } from 'zod';
import type { Db } from '#shared/db/database.ts';
import type { JobStatus } from '#shared/db/schema.ts';
import { type JobRow, selectJobs } from './job-row.ts';

export type JobFilter = {
  tenantId: number;
  status?: JobStatus | undefined;
  /** Part of the name, or of who submitted it. */
  search?: string | undefined;
  /** YYYY-MM-DD; ended on this day or after. */
  endedFrom?: string | undefined;
};

/** Where a page ended, with PostgreSQL's microseconds: a Date would lose them and skip rows. */
export const jobPosition = z.object({ at: z.string(), id: z.guid() });
export type JobPosition = z.infer<typeof jobPosition>;

/** The newest first; one more than `limit` tells that there is another page. */
export async function listJobs(
  db: Db,
  filter: JobFilter,
  after: JobPosition | undefined,
  limit: number,
): Promise<(JobRow & { created_text: string })[]> {
  let select = selectJobs(db)
    .select(sql<string>`jobs.created_at::text`.as('created_text'))
    .where('jobs.tenant_id', '=', filter.tenantId)
    .orderBy('jobs.created_at', 'desc')
    .orderBy('jobs.id', 'desc')
    .limit(limit);
  if (filter.status !== undefined) select = select.where('jobs.status', '=', filter.status);
  if (filter.search !== undefined) {
    const search = filter.search.toLowerCase();
    select = select.where(
      sql<boolean>`position(${search} in lower(jobs.name || ' ' || jobs.actor || ' ' || jobs.id)) > 0`,
    );
  }
  if (filter.endedFrom !== undefined)
    select = select.where('jobs.finished_at', '>=', sql<Date>`${filter.endedFrom}::timestamptz`);
  if (after !== undefined)
    select = select.where(
      sql<boolean>`(jobs.created_at, jobs.id) < (${after.at}::timestamptz, ${after.id}::uuid)`,
    );
  return await select.execute();
}
