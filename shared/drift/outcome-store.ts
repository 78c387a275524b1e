import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import { aucOf, lastClosedDay, MOST_OUTCOMES, WINDOW_DAYS } from './outcome-figures.ts';
import { readRollingBy, type RollingPerformance } from './rolling-performance.ts';

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
  /** null while no window is over. */
  rolling: RollingPerformance | null;
  n: number;
  interrupted: number;
  auc: number | null;
  brier: number | null;
  calibration: CalibrationBin[];
  /** Latest first. */
  months: ObservedMonth[];
};

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
  const [rolling = null] = await readRollingBy(db, tenantId, modelId, 'all');
  // Interruptions are known before their window is over, and that nothing happened only after it: open windows would
  // show interruptions alone.
  const seen = sql`SELECT to_char(scored_on, 'YYYY-MM') AS month, risk, interrupted FROM outcomes
    WHERE model_id = ${modelId} AND tenant_id = ${tenantId} AND scored_on <= ${lastClosedDay(tenantId, modelId)}
    ORDER BY scored_on DESC LIMIT ${MOST_OUTCOMES}`;
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
  if (all === undefined)
    return { rolling, n: 0, interrupted: 0, auc: null, brier: null, calibration: [], months: [] };
  const { rows: calibration } = await sql<CalibrationBin>`
    WITH seen AS (${seen}), placed AS (
      SELECT risk, interrupted,
        ceil(${CALIBRATION_BINS}::int * row_number() OVER (ORDER BY risk)::float8 / count(*) OVER ()) AS bin FROM seen
    )
    SELECT count(*) AS n, avg(risk) AS mean_predicted, avg(interrupted::int)::float8 AS observed
    FROM placed GROUP BY bin ORDER BY bin`.execute(db);
  return {
    rolling,
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

const LOOK_BACK_DAYS = 365;
/** Of one patient, closed by one outcome: one a day for a year. */
const MOST_PREDICTIONS = 400;

/**
 * Files each outcome with every prediction of the patient whose window it closes, one a day, by the day that the
 * prediction's features describe: so what is observed does not hang on how often people report.
 *
 * An interruption is positive for the predictions of the 90 days up to its date and negative for those before. A patient
 * known to be in care on a date is negative for the predictions of 90 days or more before. An interruption that is filed
 * stays, whatever later news says of the patient; only an outcome that names the row of a job takes it back. Care for
 * less than 90 days is `window_open`. Statement-wise atomic; call it in a transaction.
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
      SELECT given.index, given.interrupted, given.known_on, given.job_id IS NOT NULL AS named, scored.*
      FROM given CROSS JOIN LATERAL (
        SELECT p.job_id, p.row_no, p.patient_id, coalesce((j.input ->> 'as_of')::date, c.recorded_at::date) AS scored_on,
          p.risk, c.model_version
        FROM prediction(given.job_id, given.row_no) p
        JOIN score_chunks c ON c.period = p.period AND c.job_id = p.job_id AND c.chunk_no = p.chunk_no
        JOIN jobs j ON j.id = p.job_id AND j.period = p.period
        WHERE given.job_id IS NOT NULL AND p.tenant_id = ${tenantId}
          AND (given.patient_id IS NULL OR p.patient_id = given.patient_id)
        UNION ALL
        (SELECT DISTINCT ON (as_of) job_id, row_no, patient_id, as_of, risk, model_version FROM (
          SELECT a.job_id, a.row_no, a.patient_id, a.risk, a.model_version, a.recorded_at,
            coalesce((j.input ->> 'as_of')::date, a.recorded_at::date) AS as_of
          FROM audit_of_patient(given.patient_id, given.known_on - ${LOOK_BACK_DAYS}::int, NULL, ${tenantId}::int2) a
          LEFT JOIN jobs j ON j.id = a.job_id AND j.period = a.period
          WHERE given.job_id IS NULL
        ) of_patient
        WHERE as_of BETWEEN given.known_on - ${LOOK_BACK_DAYS}::int AND given.known_on
        ORDER BY as_of DESC, recorded_at DESC LIMIT ${MOST_PREDICTIONS})
      ) scored
    ), judged AS (
      SELECT answered.*, m.id AS model_id,
        answered.interrupted AND known_on - scored_on <= ${WINDOW_DAYS} AS positive,
        (answered.interrupted OR known_on - scored_on >= ${WINDOW_DAYS}) AND known_on >= scored_on AS closed
      FROM answered JOIN models m ON m.version = answered.model_version
    ), filed AS (
      INSERT INTO outcomes (tenant_id, job_id, row_no, model_id, patient_id, scored_on, risk, interrupted, known_on, recorded_by)
      SELECT DISTINCT ON (job_id, row_no) ${tenantId}::int2, job_id, row_no, model_id, patient_id, scored_on, risk, positive,
        known_on, ${actor} FROM judged
      WHERE closed AND (named OR positive OR NOT EXISTS (
        SELECT FROM outcomes o WHERE o.job_id = judged.job_id AND o.row_no = judged.row_no AND o.interrupted))
      ORDER BY job_id, row_no, named DESC, positive DESC, index DESC
      ON CONFLICT (job_id, row_no) DO UPDATE SET interrupted = excluded.interrupted, known_on = excluded.known_on,
        recorded_at = now(), recorded_by = excluded.recorded_by
        WHERE outcomes.interrupted <> excluded.interrupted
      RETURNING job_id
    )
    SELECT given.index, coalesce(bool_or(judged.closed), false) AS filed, bool_or(judged.index IS NOT NULL) AS found
    FROM given LEFT JOIN judged ON judged.index = given.index GROUP BY given.index ORDER BY given.index`.execute(
    trx,
  );
  return {
    matched: rows.filter((row) => row.filed).length,
    unmatched: rows
      .filter((row) => !row.filed)
      .map(({ index, found }) => ({ index, code: found ? 'window_open' : 'no_prediction' })),
  };
}
