import { sql } from 'kysely';
import type { Principal } from '#api/auth/principal.ts';
import type { Db } from '#shared/db/database.ts';

/** A figure that counts fewer patients than this is not shown: it could be known whom it means. */
export const SMALL_CELL = 5;

export type OverviewRow = {
  /** A state, an LGA, or a facility's id. */
  key: string;
  name: string;
  facilities: number;
  stale: number;
  missing: number;
  patients: number;
  low: number;
  medium: number;
  high: number;
  /** Mean predicted risk; null without patients. */
  meanRisk: number | null;
  /** Patients called in the last 30 days, reached, and seen to have picked up since. */
  contacted: number;
  reached: number;
  returned: number;
  /** Of the newest list. */
  finishedAt: Date | null;
};

export type OverviewLevel = 'state' | 'lga' | 'facility';

const NEWS_DAYS = 30;

/**
 * The area of a principal by state, by LGA of a state, or by facility of an LGA: from the counts that were made when each
 * facility's current list was published.
 */
export async function readOverview(
  db: Db,
  principal: Pick<Principal, 'tenantId' | 'facilities'>,
  area: { level: OverviewLevel; state?: string | undefined; lga?: string | undefined },
  staleDays: number,
): Promise<OverviewRow[]> {
  const { tenantId, facilities } = principal;
  const allowed = facilities === undefined ? null : [...facilities];
  const key = { state: sql.ref('state'), lga: sql.ref('lga'), facility: sql.ref('id') }[area.level];
  const name = area.level === 'facility' ? sql.ref('name') : key;
  const { rows } = await sql<OverviewRow>`
    WITH area AS (
      SELECT coalesce(f.id, c.facility_id) AS id, coalesce(f.name, c.facility_id) AS name,
        coalesce(f.lga, '') AS lga, coalesce(f.state, '') AS state, c.job_id, c.finished_at
      FROM (SELECT * FROM facilities WHERE tenant_id = ${tenantId}) f
      FULL JOIN (SELECT * FROM current_lists WHERE tenant_id = ${tenantId}) c ON c.facility_id = f.id
      WHERE (${allowed}::text[] IS NULL OR coalesce(f.id, c.facility_id) = ANY(${allowed}::text[]))
        AND (${area.state ?? null}::text IS NULL OR coalesce(f.state, '') = ${area.state ?? null})
        AND (${area.lga ?? null}::text IS NULL OR coalesce(f.lga, '') = ${area.lga ?? null})
    ), called AS (
      SELECT facility_id, count(DISTINCT patient_id) AS contacted,
        count(DISTINCT patient_id) FILTER (WHERE result IN ('will_come','has_medicine','transferred','died')) AS reached,
        count(DISTINCT patient_id) FILTER (WHERE returned_on IS NOT NULL) AS returned
      FROM contacts WHERE tenant_id = ${tenantId} AND contacted_on > current_date - ${NEWS_DAYS}::int GROUP BY 1
    )
    SELECT ${key} AS key, ${name} AS name, count(*) AS facilities,
      count(*) FILTER (WHERE finished_at < now() - make_interval(days => ${staleDays})) AS stale,
      count(*) FILTER (WHERE finished_at IS NULL) AS missing,
      coalesce(sum(j.row_count), 0)::int8 AS patients, coalesce(sum(j.tier_low), 0)::int8 AS low,
      coalesce(sum(j.tier_medium), 0)::int8 AS medium, coalesce(sum(j.tier_high), 0)::int8 AS high,
      sum(j.risk_sum) / nullif(sum(j.row_count), 0) AS "meanRisk",
      coalesce(sum(contacted), 0)::int8 AS contacted, coalesce(sum(reached), 0)::int8 AS reached,
      coalesce(sum(returned), 0)::int8 AS returned, max(area.finished_at) AS "finishedAt"
    FROM area LEFT JOIN job_facilities j ON j.job_id = area.job_id AND j.facility_id = area.id
    LEFT JOIN called ON called.facility_id = area.id
    GROUP BY 1, 2 ORDER BY 2 LIMIT 5000`.execute(db);
  return rows;
}

export type OverviewMonth = {
  /** YYYY-MM */
  month: string;
  contacted: number;
  reached: number;
  returned: number;
};

const MONTHS = 12;

/** Patients called, reached and returned in each of the last twelve months. */
export async function readContactMonths(
  db: Db,
  principal: Pick<Principal, 'tenantId' | 'facilities'>,
): Promise<OverviewMonth[]> {
  const { tenantId, facilities } = principal;
  const allowed = facilities === undefined ? null : [...facilities];
  const { rows } = await sql<OverviewMonth>`
    SELECT to_char(m, 'YYYY-MM') AS month, count(DISTINCT patient_id) AS contacted,
      count(DISTINCT patient_id) FILTER (WHERE result IN ('will_come','has_medicine','transferred','died')) AS reached,
      count(DISTINCT patient_id) FILTER (WHERE returned_on IS NOT NULL) AS returned
    FROM generate_series(date_trunc('month', now()) - make_interval(months => ${MONTHS - 1}),
      date_trunc('month', now()), interval '1 month') m
    LEFT JOIN contacts c ON c.tenant_id = ${tenantId} AND c.contacted_on >= m AND c.contacted_on < m + interval '1 month'
      AND (${allowed}::text[] IS NULL OR c.facility_id = ANY(${allowed}::text[]))
    GROUP BY 1 ORDER BY 1`.execute(db);
  return rows;
}

/** A count as it may be shown: undefined where it is small but not zero. */
export function shownCount(count: number): number | undefined {
  return count > 0 && count < SMALL_CELL ? undefined : count;
}
