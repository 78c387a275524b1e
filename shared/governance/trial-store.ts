import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import { aucInterval, aucOf, TWO_SIDED_95 } from '#shared/drift/outcome-figures.ts';
import type { TrialFigures, TrialRule } from './trial-rule.ts';

export type Trial = {
  id: number;
  rule: TrialRule;
  reason: string;
  startedAt: Date;
  startedBy: string;
  endsOn: string;
  decision: 'go' | 'no_go' | null;
  decidedAt: Date | null;
  decidedBy: string | null;
  approver: string | null;
  decisionReason: string | null;
};

/** The latest trial of a model; undefined where it never had one. */
export async function readTrial(db: Db, tenantId: number, modelId: number): Promise<Trial | undefined> {
  const row = await db
    .selectFrom('model_trials')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('model_id', '=', modelId)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    id: row.id,
    // Parsed when the trial began.
    rule: row.rule as TrialRule,
    reason: row.reason,
    startedAt: row.started_at,
    startedBy: row.started_by,
    endsOn: row.ends_on,
    decision: row.decision,
    decidedAt: row.decided_at,
    decidedBy: row.decided_by,
    approver: row.approver,
    decisionReason: row.decision_reason,
  };
}

/** Fewer interruptions in a group say nothing of it. */
const LEAST_IN_GROUP = 20;
const HIGH = 2;

type Row = {
  dimension: string | null;
  group: string | null;
  n: number;
  patients: number;
  interrupted_patients: number;
  interrupted: number;
  expected: number;
  squares: number;
  high: number;
  caught: number;
  rank_sum: number | null;
};

/**
 * What became of patients against what a model said since a trial began: of its own predictions where it was active, and of
 * those that it made as a shadow beside the active one's.
 */
export async function readTrialFigures(
  db: Db,
  tenantId: number,
  modelId: number,
  since: Date,
): Promise<TrialFigures> {
  const { rows } = await sql<Row>`
    WITH said AS (
      SELECT o.patient_id, o.risk, o.tier, o.interrupted, o.sex, o.age_group FROM outcomes o
      WHERE o.tenant_id = ${tenantId} AND o.model_id = ${modelId} AND o.scored_on >= ${since}::date
      UNION ALL
      SELECT o.patient_id, s.risk, s.tier, o.interrupted, o.sex, o.age_group
      FROM model_shadows m JOIN shadow_predictions s ON s.shadow_id = m.id
      JOIN outcomes o ON o.job_id = s.job_id AND o.row_no = s.row_no
      WHERE m.tenant_id = ${tenantId} AND m.model_id = ${modelId} AND o.tenant_id = ${tenantId}
        AND o.model_id <> ${modelId} AND o.scored_on >= ${since}::date
    ), grouped AS (
      SELECT NULL AS dimension, NULL AS grp, * FROM said
      UNION ALL SELECT 'sex', sex, * FROM said WHERE sex IS NOT NULL
      UNION ALL SELECT 'age', age_group, * FROM said WHERE age_group IS NOT NULL
    ), ranked AS (
      SELECT *, rank() OVER (PARTITION BY dimension, grp ORDER BY risk)
        + (count(*) OVER (PARTITION BY dimension, grp, risk) - 1) / 2.0::float8 AS place FROM grouped
    ), by_patient AS (
      SELECT dimension, grp, patient_id, sum(interrupted::int - risk) AS excess, bool_or(interrupted) AS interrupted
      FROM grouped GROUP BY 1, 2, 3
    ), patients AS (
      SELECT dimension, grp, count(*)::int AS patients, count(*) FILTER (WHERE interrupted)::int AS interrupted_patients,
        sum(excess ^ 2)::float8 AS squares FROM by_patient GROUP BY 1, 2
    )
    SELECT r.dimension, r.grp AS "group", count(*)::int AS n, min(p.patients) AS patients,
      min(p.interrupted_patients) AS interrupted_patients, min(p.squares) AS squares,
      count(*) FILTER (WHERE r.interrupted)::int AS interrupted, sum(r.risk) AS expected,
      count(*) FILTER (WHERE r.tier = ${HIGH})::int AS high,
      count(*) FILTER (WHERE r.tier = ${HIGH} AND r.interrupted)::int AS caught,
      sum(r.place) FILTER (WHERE r.interrupted) AS rank_sum
    FROM ranked r JOIN patients p ON p.dimension IS NOT DISTINCT FROM r.dimension AND p.grp IS NOT DISTINCT FROM r.grp
    GROUP BY 1, 2`.execute(db);
  const all = rows.find(({ dimension }) => dimension === null);
  if (all === undefined) return NOTHING;
  const auc = aucOf(all);
  const ratio = all.expected > 0 ? all.interrupted / all.expected : null;
  const margin = ratio === null ? 0 : (TWO_SIDED_95 * Math.sqrt(all.squares)) / all.expected;
  const widest = widestGap(all, rows);
  return {
    patients: all.patients,
    interruptions: all.interrupted_patients,
    auc,
    aucInterval:
      auc === null
        ? null
        : aucInterval(auc, all.interrupted_patients, all.patients - all.interrupted_patients),
    observedExpected: ratio,
    observedExpectedInterval: ratio === null ? null : [Math.max(0, ratio - margin), ratio + margin],
    highShare: all.high / all.n,
    sensitivityGap: widest?.gap ?? null,
    sensitivityGapOf: widest?.name ?? null,
  };
}

const NOTHING: TrialFigures = {
  patients: 0,
  interruptions: 0,
  auc: null,
  aucInterval: null,
  observedExpected: null,
  observedExpectedInterval: null,
  highShare: null,
  sensitivityGap: null,
  sensitivityGapOf: null,
};

/** By how much less of its interrupted the worst served group's high tier holds than everybody's. */
function widestGap(all: Row, rows: readonly Row[]): { gap: number; name: string } | undefined {
  if (all.interrupted < LEAST_IN_GROUP) return undefined;
  const whole = all.caught / all.interrupted;
  return rows
    .filter(({ dimension, interrupted }) => dimension !== null && interrupted >= LEAST_IN_GROUP)
    .map((row) => ({
      gap: Math.max(0, whole - row.caught / row.interrupted),
      name: `${row.dimension}: ${row.group}`,
    }))
    .toSorted((a, b) => b.gap - a.gap)[0];
}
