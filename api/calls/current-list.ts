import { sql } from 'kysely';
import { FORMAT_WARNING } from '#api/ingest/judge-format.ts';
import type { Db } from '#shared/db/database.ts';

/** A facility's current list: the last nightly job that had it. */
export type CurrentList = {
  facilityId: string;
  jobId: string;
  /** YYYY-MM-DD: the job's partition. */
  period: string;
  modelVersion: string;
  finishedAt: Date;
  /** Whether the model was not tried on such an input as the run's. */
  isFormatUnvalidated: boolean;
};

/** Undefined where no nightly job had this facility yet. */
export async function findCurrentList(
  db: Db,
  tenantId: number,
  facilityId: string,
): Promise<CurrentList | undefined> {
  return await db
    .selectFrom('current_lists as c')
    .innerJoin('jobs as j', 'j.id', 'c.job_id')
    .innerJoin('models as m', 'm.id', 'j.model_id')
    .select(['c.facility_id as facilityId', 'c.job_id as jobId', 'j.period', 'm.version as modelVersion'])
    .select('c.finished_at as finishedAt')
    .select(
      sql<boolean>`coalesce(j.input -> 'warnings' ? ${sql.lit(FORMAT_WARNING)}, false)`.as(
        'isFormatUnvalidated',
      ),
    )
    .$narrowType<{ finishedAt: Date }>()
    .where('c.tenant_id', '=', tenantId)
    .where('c.facility_id', '=', facilityId)
    .executeTakeFirst();
}
