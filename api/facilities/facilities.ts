import { sql } from 'kysely';
import type { Principal } from '#api/auth/principal.ts';
import type { Db } from '#shared/db/database.ts';

export type Facility = { id: string; name: string; lga: string; state: string };

/** A facility with the state of its current list. */
export type FacilityState = Facility & {
  /** Null where no nightly job had it yet. */
  finishedAt: Date | null;
  patients: number;
  low: number;
  medium: number;
  high: number;
};

export type FacilityFilter = {
  state?: string | undefined;
  lga?: string | undefined;
  /** Part of id or name. */
  search?: string | undefined;
};

/**
 * The facilities that a principal may see, those that are on a list but not in the register included, by state, LGA and
 * name.
 */
export async function readFacilities(
  db: Db,
  principal: Pick<Principal, 'tenantId' | 'facilities'>,
  filter: FacilityFilter = {},
  limit = 5_000,
): Promise<FacilityState[]> {
  const { tenantId, facilities } = principal;
  const allowed = facilities === undefined ? null : [...facilities];
  const search = filter.search?.trim() ?? '';
  const { rows } = await sql<FacilityState>`
    SELECT coalesce(f.id, c.facility_id) AS id, coalesce(f.name, c.facility_id) AS name,
      coalesce(f.lga, '') AS lga, coalesce(f.state, '') AS state, c.finished_at AS "finishedAt",
      coalesce(j.row_count, 0) AS patients, coalesce(j.tier_low, 0) AS low,
      coalesce(j.tier_medium, 0) AS medium, coalesce(j.tier_high, 0) AS high
    FROM (SELECT * FROM facilities WHERE tenant_id = ${tenantId}) f
    FULL JOIN (SELECT * FROM current_lists WHERE tenant_id = ${tenantId}) c ON c.facility_id = f.id
    LEFT JOIN job_facilities j ON j.job_id = c.job_id AND j.facility_id = c.facility_id
    WHERE (${allowed}::text[] IS NULL OR coalesce(f.id, c.facility_id) = ANY(${allowed}::text[]))
      AND (${filter.state ?? null}::text IS NULL OR coalesce(f.state, '') = ${filter.state ?? null})
      AND (${filter.lga ?? null}::text IS NULL OR coalesce(f.lga, '') = ${filter.lga ?? null})
      AND (${search} = '' OR position(lower(${search}) in lower(coalesce(f.name, '') || ' ' || coalesce(f.id, c.facility_id))) > 0)
    ORDER BY 4, 3, 2, 1 LIMIT ${limit}`.execute(db);
  return rows;
}

export async function findFacility(db: Db, tenantId: number, id: string): Promise<Facility | undefined> {
  return await db
    .selectFrom('facilities')
    .select(['id', 'name', 'lga', 'state'])
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
}

/** Adds facilities or renames those that are known; the register wins over what line lists say. */
export async function putFacilities(
  trx: Db,
  put: {
    tenantId: number;
    facilities: readonly Facility[];
    source: 'registry' | 'line_list';
    updatedBy: string;
  },
): Promise<void> {
  const { tenantId, facilities, source, updatedBy } = put;
  const column = (name: keyof Facility) => facilities.map((facility) => facility[name]);
  await sql`INSERT INTO facilities (tenant_id, id, name, lga, state, source, updated_by)
    SELECT ${tenantId}, id, name, lga, state, ${source}, ${updatedBy}
    FROM unnest(${column('id')}::text[], ${column('name')}::text[], ${column('lga')}::text[], ${column('state')}::text[])
      AS f (id, name, lga, state)
    ON CONFLICT (tenant_id, id) DO UPDATE SET name = excluded.name, lga = excluded.lga, state = excluded.state,
      source = excluded.source, updated_by = excluded.updated_by, updated_at = now()
    WHERE excluded.source = 'registry' OR facilities.source = 'line_list'`.execute(trx);
}
