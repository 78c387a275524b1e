import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';

/** Tenths of the patients by predicted risk, ascending. */
export type CalibrationBin = { n: number; mean_predicted: number; observed: number };

export type ObservedMonth = {
  /** YYYY-MM, of the scoring */
  month: string;
  n: number;
  interrupted: number;
  meanPredicted: number;
  observedRate: number;
  auc: number | null;
  brier: number | null;
};

export type ObservedPerformance = {
  n: number;
  interrupted: number;
  auc: number | null;
  brier: number | null;
  calibration: CalibrationBin[];
  /** Latest first. */
  months: ObservedMonth[];
};

/** Outcomes read at once; beyond, the latest. */
const MOST_OUTCOMES = 2_000_000;
const CALIBRATION_BINS = 10;

type MonthRow = {
  /** null: all months together. */
  month: string | null;
  n: number;
  interrupted: number;
  sum_risk: number;
  brier: number;
  /** Of the interrupted, by risk ascending, ties at their mean rank. */
  rank_sum: number | null;
};

/**
 * What became of a model's patients against what it said of them, one tenant's, by the month of scoring. PostgreSQL does
 * the counting: a million outcomes are no work for a process that answers requests.
 */
export async function readObservedPerformance(
  db: Db,
  tenantId: number,
  modelId: number,
): Promise<ObservedPerformance> {
  const seen = sql`SELECT to_char(scored_on, 'YYYY-MM') AS month, risk, interrupted FROM outcomes
    WHERE model_id = ${modelId} AND tenant_id = ${tenantId} ORDER BY scored_on DESC LIMIT ${MOST_OUTCOMES}`;
  const { rows } = await sql<MonthRow>`
    WITH seen AS (${seen}), ranked AS (
      SELECT month, risk, interrupted,
        rank() OVER (PARTITION BY month ORDER BY risk) + (count(*) OVER (PARTITION BY month, risk) - 1) / 2.0::float8 AS month_rank,
        rank() OVER (ORDER BY risk) + (count(*) OVER (PARTITION BY risk) - 1) / 2.0::float8 AS whole_rank
      FROM seen
    )
    SELECT month, count(*) AS n, count(*) FILTER (WHERE interrupted) AS interrupted, sum(risk) AS sum_risk,
      avg((risk - interrupted::int) ^ 2) AS brier,
      CASE WHEN grouping(month) = 1 THEN sum(whole_rank) FILTER (WHERE interrupted)
        ELSE sum(month_rank) FILTER (WHERE interrupted) END AS rank_sum
    FROM ranked GROUP BY GROUPING SETS ((month), ()) HAVING count(*) > 0
    ORDER BY month DESC NULLS FIRST`.execute(db);
  const [all, ...months] = rows;
  if (all === undefined) return { n: 0, interrupted: 0, auc: null, brier: null, calibration: [], months: [] };
  const { rows: calibration } = await sql<CalibrationBin>`
    WITH seen AS (${seen}), placed AS (
      SELECT risk, interrupted,
        ceil(${CALIBRATION_BINS}::int * row_number() OVER (ORDER BY risk)::float8 / count(*) OVER ()) AS bin FROM seen
    )
    SELECT count(*) AS n, avg(risk) AS mean_predicted, avg(interrupted::int)::float8 AS observed
    FROM placed GROUP BY bin ORDER BY bin`.execute(db);
  return {
    n: all.n,
    interrupted: all.interrupted,
    auc: aucOf(all),
    brier: all.brier,
    calibration,
    months: months.map((row) => ({
      month: row.month ?? '',
      n: row.n,
      interrupted: row.interrupted,
      meanPredicted: row.sum_risk / row.n,
      observedRate: row.interrupted / row.n,
      auc: aucOf(row),
      brier: row.brier,
    })),
  };
}

/** The Mann–Whitney statistic; null where one class is empty. */
function aucOf({ n, interrupted, rank_sum: rankSum }: MonthRow): number | null {
  const others = n - interrupted;
  if (rankSum === null || others === 0) return null;
  return (rankSum - (interrupted * (interrupted + 1)) / 2) / (interrupted * others);
}

export type Outcome = {
  /** The row of a job that is meant; else the prediction is found by patient and date. */
  jobId: string | undefined;
  row: number | undefined;
  patientId: string | undefined;
  interrupted: boolean;
  /** YYYY-MM-DD: the day of the interruption (due date + 28 days), or until which the patient is known to be in care. */
  date: string;
};

/** Why an outcome was not taken: no such prediction, or its window has not yet passed. */
export type Unmatched = { index: number; code: 'no_prediction' | 'window_open' };

/** Days that a prediction looks ahead. */
export const WINDOW_DAYS = 90;
const LOOK_BACK_DAYS = 365;

/**
 * Files each outcome with the prediction that it answers.
 *
 * An interruption answers the oldest prediction of the 90 days up to its date: positive. A patient known to be in care on
 * a date answers the latest prediction made 90 days or more before: negative. Where the row of a job is named, an
 * interruption after its 90 days counts as none within them, and care for less than 90 days is `window_open`. A later
 * outcome of the same prediction replaces the earlier one. Statement-wise atomic; call it in a transaction.
 */
export async function fileOutcomes(
  trx: Db,
  tenantId: number,
  actor: string,
  outcomes: readonly Outcome[],
): Promise<{ matched: number; unmatched: Unmatched[] }> {
  const { rows } = await sql<{ index: number; filed: boolean; found: boolean }>`
    WITH given AS (
      SELECT * FROM unnest(
        ${outcomes.map((_, i) => i)}::int[], ${outcomes.map((o) => o.jobId ?? null)}::uuid[],
        ${outcomes.map((o) => o.row ?? null)}::int[], ${outcomes.map((o) => o.patientId ?? null)}::text[],
        ${outcomes.map((o) => o.interrupted)}::boolean[], ${outcomes.map((o) => o.date)}::date[]
      ) AS given (index, job_id, row_no, patient_id, interrupted, known_on)
    ), answered AS (
      SELECT given.index, given.interrupted, given.known_on, scored.*
      FROM given CROSS JOIN LATERAL (
        SELECT a.job_id, a.row_no, a.patient_id, a.recorded_at::date AS scored_on, a.risk, a.model_version
        FROM prediction(given.job_id, given.row_no) p
        JOIN score_chunks c ON c.period = p.period AND c.job_id = p.job_id AND c.chunk_no = p.chunk_no
        CROSS JOIN LATERAL (SELECT p.job_id, p.row_no, p.patient_id, c.recorded_at, p.risk, c.model_version) a
        WHERE given.job_id IS NOT NULL AND p.tenant_id = ${tenantId}
          AND (given.patient_id IS NULL OR p.patient_id = given.patient_id)
        UNION ALL
        (SELECT a.job_id, a.row_no, a.patient_id, a.recorded_at::date, a.risk, a.model_version
        FROM audit_of_patient(given.patient_id,
          given.known_on - CASE WHEN given.interrupted THEN ${WINDOW_DAYS}::int ELSE ${LOOK_BACK_DAYS}::int END,
          given.known_on + 1 - CASE WHEN given.interrupted THEN 0 ELSE ${WINDOW_DAYS}::int END, ${tenantId}::int2) a
        WHERE given.job_id IS NULL
        ORDER BY CASE WHEN given.interrupted THEN a.recorded_at END, a.recorded_at DESC LIMIT 1)
      ) scored
    ), judged AS (
      SELECT answered.*, m.id AS model_id,
        answered.interrupted AND known_on - scored_on <= ${WINDOW_DAYS} AS positive,
        (answered.interrupted OR known_on - scored_on >= ${WINDOW_DAYS}) AND known_on >= scored_on AS closed
      FROM answered JOIN models m ON m.version = answered.model_version
    ), filed AS (
      INSERT INTO outcomes (tenant_id, job_id, row_no, model_id, patient_id, scored_on, risk, interrupted, known_on, recorded_by)
      SELECT DISTINCT ON (job_id, row_no) ${tenantId}::int2, job_id, row_no, model_id, patient_id, scored_on, risk, positive,
        known_on, ${actor} FROM judged WHERE closed ORDER BY job_id, row_no, index DESC
      ON CONFLICT (job_id, row_no) DO UPDATE SET interrupted = excluded.interrupted, known_on = excluded.known_on,
        recorded_at = now(), recorded_by = excluded.recorded_by
      RETURNING job_id
    )
    SELECT given.index, coalesce(judged.closed, false) AS filed, judged.index IS NOT NULL AS found
    FROM given LEFT JOIN judged ON judged.index = given.index ORDER BY given.index`.execute(trx);
  return {
    matched: rows.filter((row) => row.filed).length,
    unmatched: rows
      .filter((row) => !row.filed)
      .map(({ index, found }) => ({ index, code: found ? 'window_open' : 'no_prediction' })),
  };
}
