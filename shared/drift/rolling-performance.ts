import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import { aucInterval, aucOf, lastClosedDay, MOST_OUTCOMES, TWO_SIDED_95, wilson } from './outcome-figures.ts';
import { calibrationSlope, type Slope } from './calibration-slope.ts';

/** By what predictions are told apart: columns of `outcomes`. */
export const DIMENSIONS = ['all', 'at_risk', 'sex', 'age', 'time_on_art', 'facility'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** Of the latest 90 days whose windows are over, by the day that the predictions describe. */
export type RollingPerformance = {
  /** YYYY-MM-DD, both included */
  from: string;
  to: string;
  n: number;
  patients: number;
  interrupted: number;
  expected: number;
  /** Interruptions over the sum of risks, with its 95 % interval; patients, not predictions, are what varies. */
  observedExpected: number;
  observedExpectedInterval: [number, number];
  auc: number | null;
  aucInterval: [number, number] | null;
};

export type GroupPerformance = RollingPerformance & {
  dimension: Dimension;
  /** `all` where the dimension is that; a facility's id, an age group, … */
  group: string;
  /** Risks of these are further off than chance and a quarter: see CALIBRATION_LIMIT. */
  alarm: boolean;
};

/** Of calling the riskiest `share` of each day's patients. */
export type AtCapacity = {
  share: number;
  n: number;
  /** Of the called, how many were interrupted, with the 95 % interval. */
  positivePredictiveValue: number;
  interval: [number, number];
  /** Of the interrupted, how many were called. */
  caught: number | null;
};

const ROLLING_DAYS = 90;
/** Fewer patients, or fewer expected interruptions, are shown as part of the whole alone. */
const LEAST_PATIENTS = 30;
const LEAST_EXPECTED = 5;
/** Observed over expected outside 1 / limit … limit is no longer the model that was validated. */
const CALIBRATION_LIMIT = 1.25;
/** Of the normal distribution: of hundreds of facilities none should be told of by chance. */
const ALARM_DEVIATIONS = { one: 1.96, many: 3.3 };
const CAPACITIES = [0.05, 0.1, 0.2];
const MOST_GROUPS = 3_000;

const COLUMNS: Record<Dimension, ReturnType<typeof sql>> = {
  all: sql`'all'`,
  at_risk: sql`CASE WHEN is_at_risk THEN 'at risk' END`,
  sex: sql`sex`,
  age: sql`age_group`,
  time_on_art: sql`art_group`,
  facility: sql`facility_id`,
};

type Row = {
  group: string;
  from: string;
  to: string;
  n: number;
  patients: number;
  interrupted: number;
  interrupted_patients: number;
  expected: number;
  squares: number;
  rank_sum: number | null;
};

/** The window's outcomes of one model, at most the latest MOST_OUTCOMES. */
function seenOf(tenantId: number, modelId: number) {
  const last = lastClosedDay(tenantId, modelId);
  return sql`SELECT * FROM outcomes
    WHERE model_id = ${modelId} AND tenant_id = ${tenantId} AND scored_on > ${last} - ${ROLLING_DAYS}::int
      AND scored_on <= ${last}
    ORDER BY scored_on DESC LIMIT ${MOST_OUTCOMES}`;
}

/** Each group of one dimension that is large enough to tell of; groups by name. */
export async function readRollingBy(
  db: Db,
  tenantId: number,
  modelId: number,
  dimension: Dimension,
): Promise<GroupPerformance[]> {
  const { rows } = await sql<Row>`
    WITH seen AS (
      SELECT patient_id, scored_on, risk, interrupted, ${COLUMNS[dimension]} AS grp
      FROM (${seenOf(tenantId, modelId)}) o
    ), ranked AS (
      SELECT seen.*, rank() OVER (PARTITION BY grp ORDER BY risk)
        + (count(*) OVER (PARTITION BY grp, risk) - 1) / 2.0::float8 AS whole_rank
      FROM seen WHERE grp IS NOT NULL
    ), by_patient AS (
      SELECT grp, sum(interrupted::int - risk) AS excess, bool_or(interrupted) AS interrupted
      FROM seen WHERE grp IS NOT NULL GROUP BY grp, patient_id
    ), patients AS (
      SELECT grp, count(*)::int AS patients, count(*) FILTER (WHERE interrupted)::int AS interrupted_patients,
        sum(excess ^ 2)::float8 AS squares FROM by_patient GROUP BY grp
    )
    SELECT ranked.grp AS "group", to_char(min(scored_on), 'YYYY-MM-DD') AS "from",
      to_char(max(scored_on), 'YYYY-MM-DD') AS "to", count(*)::int AS n,
      count(*) FILTER (WHERE interrupted)::int AS interrupted, sum(risk) AS expected,
      sum(whole_rank) FILTER (WHERE interrupted) AS rank_sum,
      min(patients) AS patients, min(interrupted_patients) AS interrupted_patients, min(squares) AS squares
    FROM ranked JOIN patients ON patients.grp = ranked.grp
    GROUP BY ranked.grp ORDER BY ranked.grp LIMIT ${MOST_GROUPS}`.execute(db);
  const isOne = dimension === 'all' || dimension === 'at_risk';
  return rows
    .filter(
      ({ expected, patients }) =>
        expected > 0 && (isOne || (patients >= LEAST_PATIENTS && expected >= LEAST_EXPECTED)),
    )
    .map((row) => figuresOf(row, dimension, isOne ? ALARM_DEVIATIONS.one : ALARM_DEVIATIONS.many));
}

function figuresOf(row: Row, dimension: Dimension, alarmDeviations: number): GroupPerformance {
  const { group, from, to, n, patients, interrupted, expected } = row;
  const ratio = interrupted / expected;
  const deviation = Math.sqrt(row.squares) / expected;
  const margin = TWO_SIDED_95 * deviation;
  const auc = aucOf({ n, interrupted, rank_sum: row.rank_sum });
  const isFar = ratio > CALIBRATION_LIMIT || ratio < 1 / CALIBRATION_LIMIT;
  const isLarge = patients >= LEAST_PATIENTS && expected >= LEAST_EXPECTED;
  return {
    dimension,
    group,
    from,
    to,
    n,
    patients,
    interrupted,
    expected,
    observedExpected: ratio,
    observedExpectedInterval: [Math.max(0, ratio - margin), ratio + margin],
    auc,
    aucInterval:
      auc === null ? null : aucInterval(auc, row.interrupted_patients, patients - row.interrupted_patients),
    alarm: isLarge && isFar && Math.abs(ratio - 1) > alarmDeviations * deviation,
  };
}

/** Every group of every dimension; `facilities` is for one who may see them all. */
export async function readGroups(db: Db, tenantId: number, modelId: number): Promise<GroupPerformance[]> {
  const groups: GroupPerformance[] = [];
  for (const dimension of DIMENSIONS) groups.push(...(await readRollingBy(db, tenantId, modelId, dimension)));
  return groups;
}

/** What calling the riskiest of each day's patients would have found; patients are counted once a day. */
export async function readAtCapacity(db: Db, tenantId: number, modelId: number): Promise<AtCapacity[]> {
  const { rows } = await sql<{ share: number; n: number; hits: number; patients: number; positives: number }>`
    WITH placed AS (
      SELECT patient_id, interrupted,
        row_number() OVER (PARTITION BY scored_on ORDER BY risk DESC, patient_id)::float8
          / count(*) OVER (PARTITION BY scored_on) AS place
      FROM (${seenOf(tenantId, modelId)}) o
    )
    SELECT share, count(*) FILTER (WHERE place <= share)::int AS n,
      count(*) FILTER (WHERE place <= share AND interrupted)::int AS hits,
      count(DISTINCT patient_id) FILTER (WHERE place <= share)::int AS patients,
      count(*) FILTER (WHERE interrupted)::int AS positives
    FROM placed CROSS JOIN unnest(${CAPACITIES}::float8[]) AS share GROUP BY share ORDER BY share`.execute(
    db,
  );
  return rows
    .filter(({ n }) => n > 0)
    .map(({ share, n, hits, patients, positives }) => ({
      share,
      n,
      positivePredictiveValue: hits / n,
      interval: wilson(hits / n, patients),
      caught: positives === 0 ? null : hits / positives,
    }));
}

/** Outcome ~ intercept + slope × logit(risk) over the window; null without both kinds of outcome. */
export async function readSlope(db: Db, tenantId: number, modelId: number): Promise<Slope | null> {
  const { rows } = await sql<{ logit: number; n: number; interrupted: number }>`
    SELECT round(ln(p / (1 - p)) * 20)::float8 / 20 AS logit, count(*)::int AS n,
      count(*) FILTER (WHERE interrupted)::int AS interrupted
    FROM (SELECT least(greatest(risk, 1e-6), 1 - 1e-6) AS p, interrupted FROM (${seenOf(tenantId, modelId)}) o) clamped
    GROUP BY 1 ORDER BY 1`.execute(db);
  const { rows: sizes } = await sql<{ n: number; patients: number }>`
    SELECT count(*)::int AS n, count(DISTINCT patient_id)::int AS patients FROM (${seenOf(tenantId, modelId)}) o`.execute(
    db,
  );
  const [size] = sizes;
  if (size === undefined || size.n === 0) return null;
  return calibrationSlope(rows, size.n / Math.max(1, size.patients));
}
