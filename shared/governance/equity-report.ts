import { sql } from 'kysely';
import { recordEvent } from '#shared/audit/record-event.ts';
import type { Db } from '#shared/db/database.ts';
import { WINDOW_DAYS, wilson } from '#shared/drift/outcome-figures.ts';

/** What a model did for one group in a quarter. Figures are null where the group is too small to tell of. */
export type EquityGroup = {
  dimension: 'all' | 'sex' | 'age' | 'time_on_art' | 'facility_size';
  group: string;
  patients: number | null;
  interrupted: number | null;
  /** Share of the predictions in the high tier. */
  highShare: number | null;
  /** Of the interrupted, how many were in the high tier; with its 95 % interval. */
  sensitivity: number | null;
  sensitivityInterval: [number, number] | null;
  /** Of the high tier, how many were interrupted. */
  positivePredictiveValue: number | null;
  observedExpected: number | null;
  /** Sensitivity lies below everybody's by more than chance: its interval does not reach it. */
  isUnderserved: boolean;
};

export type EquityReport = {
  quarter: string;
  /** YYYY-MM-DD, both included: the days that the predictions describe. */
  from: string;
  to: string;
  predictions: number;
  groups: EquityGroup[];
};

const HIGH = 2;
const LEAST_PATIENTS = 30;
const LEAST_INTERRUPTED = 5;
const QUARTERS_BACK = 4;

type Row = {
  dimension: EquityGroup['dimension'];
  group: string;
  n: number;
  patients: number;
  interrupted: number;
  interrupted_patients: number;
  expected: number;
  high: number;
  caught: number;
};

/** `2026-Q3` → its first and last day. */
export function daysOfQuarter(quarter: string): { from: string; to: string } {
  const [year, number] = [Number(quarter.slice(0, 4)), Number(quarter.slice(6))];
  const day = (month: number, date: number) =>
    new Date(Date.UTC(year, month, date)).toISOString().slice(0, 10);
  return { from: day(3 * (number - 1), 1), to: day(3 * number, 0) };
}

/** What outcomes of a quarter's predictions say by group; undefined where there are none. */
export async function readEquity(
  db: Db,
  tenantId: number,
  modelId: number,
  quarter: string,
): Promise<EquityReport | undefined> {
  const { from, to } = daysOfQuarter(quarter);
  const { rows } = await sql<Row>`
    WITH seen AS (
      SELECT o.* FROM outcomes o WHERE o.tenant_id = ${tenantId} AND o.model_id = ${modelId}
        AND o.scored_on BETWEEN ${from}::date AND ${to}::date AND o.tier IS NOT NULL
    ), sizes AS (
      SELECT facility_id, count(DISTINCT patient_id) AS size FROM seen WHERE facility_id IS NOT NULL GROUP BY 1
    ), grouped AS (
      SELECT 'all' AS dimension, 'all' AS grp, seen.* FROM seen
      UNION ALL SELECT 'sex', sex, seen.* FROM seen
      UNION ALL SELECT 'age', age_group, seen.* FROM seen
      UNION ALL SELECT 'time_on_art', art_group, seen.* FROM seen
      UNION ALL SELECT 'facility_size', CASE WHEN size < 250 THEN 'under 250 patients' WHEN size < 1000 THEN '250–999 patients'
        ELSE '1,000 patients and over' END, seen.* FROM seen JOIN sizes ON sizes.facility_id = seen.facility_id
    )
    SELECT dimension, grp AS "group", count(*)::int AS n, count(DISTINCT patient_id)::int AS patients,
      count(*) FILTER (WHERE interrupted)::int AS interrupted,
      count(DISTINCT patient_id) FILTER (WHERE interrupted)::int AS interrupted_patients,
      sum(risk) AS expected, count(*) FILTER (WHERE tier = ${HIGH})::int AS high,
      count(*) FILTER (WHERE tier = ${HIGH} AND interrupted)::int AS caught
    FROM grouped WHERE grp IS NOT NULL GROUP BY 1, 2
    ORDER BY array_position(ARRAY['all','sex','age','time_on_art','facility_size'], dimension), 2`.execute(
    db,
  );
  const all = rows.find(({ dimension }) => dimension === 'all');
  if (all === undefined) return undefined;
  const whole = all.interrupted === 0 ? null : all.caught / all.interrupted;
  return { quarter, from, to, predictions: all.n, groups: rows.map((row) => groupOf(row, whole)) };
}

function groupOf(row: Row, whole: number | null): EquityGroup {
  const { dimension, group } = row;
  if (row.patients < LEAST_PATIENTS || row.interrupted_patients < LEAST_INTERRUPTED) {
    return {
      dimension,
      group,
      patients: null,
      interrupted: null,
      highShare: null,
      sensitivity: null,
      sensitivityInterval: null,
      positivePredictiveValue: null,
      observedExpected: null,
      isUnderserved: false,
    };
  }
  const sensitivity = row.caught / row.interrupted;
  const interval = wilson(sensitivity, row.interrupted_patients);
  return {
    dimension,
    group,
    patients: row.patients,
    interrupted: row.interrupted_patients,
    highShare: row.high / row.n,
    sensitivity,
    sensitivityInterval: interval,
    positivePredictiveValue: row.high === 0 ? null : row.caught / row.high,
    observedExpected: row.expected === 0 ? null : row.interrupted / row.expected,
    isUnderserved: whole !== null && dimension !== 'all' && interval[1] < whole,
  };
}

/**
 * Makes the reports of quarters whose windows are over, once each, and logs that it did. A quarter without outcomes has none.
 * Returns what was made.
 */
export async function makeEquityReports(
  db: Db,
): Promise<{ tenantId: number; version: string; quarter: string }[]> {
  const { rows } = await sql<{ tenant_id: number; model_id: number; version: string; quarter: string }>`
    SELECT DISTINCT o.tenant_id, o.model_id, m.version, to_char(q.first_day, 'YYYY-"Q"Q') AS quarter
    FROM generate_series(date_trunc('quarter', now()) - make_interval(months => ${3 * QUARTERS_BACK}),
      date_trunc('quarter', now()) - interval '3 months', '3 months') AS q (first_day)
    JOIN LATERAL (SELECT DISTINCT tenant_id, model_id FROM outcomes
      WHERE scored_on >= q.first_day::date AND scored_on < (q.first_day + interval '3 months')::date) o ON true
    JOIN models m ON m.id = o.model_id
    WHERE (q.first_day + interval '3 months')::date + ${WINDOW_DAYS}::int <= now()::date
      AND NOT EXISTS (SELECT FROM outcomes o2 WHERE o2.model_id = o.model_id AND o2.tenant_id = o.tenant_id
        AND o2.described_at IS NULL AND o2.scored_on >= q.first_day::date
        AND o2.scored_on < (q.first_day + interval '3 months')::date)
      AND NOT EXISTS (SELECT FROM equity_reports e WHERE e.tenant_id = o.tenant_id AND e.model_id = o.model_id
        AND e.quarter = to_char(q.first_day, 'YYYY-"Q"Q'))
    ORDER BY quarter LIMIT 20`.execute(db);
  const made: { tenantId: number; version: string; quarter: string }[] = [];
  for (const { tenant_id: tenantId, model_id: modelId, version, quarter } of rows) {
    const report = await readEquity(db, tenantId, modelId, quarter);
    if (report === undefined) continue;
    const isNew = await db.transaction().execute(async (trx) => {
      const inserted = await trx
        .insertInto('equity_reports')
        .values({ tenant_id: tenantId, model_id: modelId, quarter, report: JSON.stringify(report) })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow();
      if (inserted.numInsertedOrUpdatedRows !== 1n) return false;
      const underserved = report.groups
        .filter(({ isUnderserved }) => isUnderserved)
        .map(({ group }) => group);
      await recordEvent(trx, {
        tenantId,
        actor: 'worker',
        action: 'equity.report',
        outcome: 'success',
        entity: `model/${version}`,
        details: { quarter, predictions: report.predictions, underserved },
      });
      return true;
    });
    if (isNew) made.push({ tenantId, version, quarter });
  }
  return made;
}
