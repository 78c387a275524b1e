import type { ChunkRows } from '#shared/chunks/payload.ts';
import type { Reasons } from './reasons.ts';

/**
 * One layout of scores, known to this folder and to migration 0008 alone.
 *
 * A scored chunk is a row of `score_chunks` and some tens of rows of `score_blocks`. A block holds neighbouring rows by column, as
 * many as fill a page of PostgreSQL, so that any row is one index read and one page away, nothing is compressed or kept out of
 * line, and SQL reads it through arrays. Columns of a block of n rows with k reasons each, and what NULL means:
 *
 * | column | holds | NULL |
 * |---|---|---|
 * | row_nos | a number a row | they follow first_row without a gap |
 * | patient_ids | an id a row; a NULL element was erased | |
 * | facilities, facility_nos | distinct ids; a byte a row, 255 for none | no row has one |
 * | due_base, due_days | a date; days after it, −32768 for none | no row has one |
 * | raw_scores | a double a row | |
 * | risks | a double a row | each is 1 ÷ (1 + e^−raw) |
 * | tiers | a byte a row: 0 low, 1 medium, 2 high | |
 * | reason_features, …_high | a byte for each of n × k: the feature's index; the upper byte beside | no reasons; no index above 255 |
 * | reason_contributions | n × k; NaN where a row has fewer than k | no reasons |
 * | reason_values, reason_value_nos | distinct values; a byte for each of n × k | no reasons |
 * | identifier_names, _texts, _nos | columns; distinct texts; a byte for each of column × row, 255 for none | none |
 * | input_hashes | 32 bytes a row, of rows converted from before | form 2 |
 * | erased_leaves | the hashes of the two leaves of each erased row, in order | nobody was erased |
 *
 * Readers ask for rows by these functions and see no block:
 * - `readResultRows` (shared/predictions/read-prediction-rows.ts): a page of a job, by row or by risk, filtered;
 * - `readWorklistRows` (api/worklist/worklist-rows.ts): the lists of all facilities or of one, by risk;
 * - `audit_of_patient`, `prediction` (SQL): one patient's history, one row.
 */
export const BLOCK_COLUMNS = [
  'period',
  'job_id',
  'first_row',
  'chunk_no',
  'tenant_id',
  'row_count',
  'reason_count',
  'due_base',
  'row_nos',
  'patient_ids',
  'facilities',
  'facility_nos',
  'due_days',
  'raw_scores',
  'risks',
  'tiers',
  'reason_features',
  'reason_features_high',
  'reason_contributions',
  'reason_values',
  'reason_value_nos',
  'identifier_names',
  'identifier_texts',
  'identifier_nos',
] as const;

export const BLOCK_COPY_SQL = `COPY score_blocks (${BLOCK_COLUMNS.join(', ')}) FROM STDIN (FORMAT binary)`;

export type BlockContext = { period: string; jobId: string; tenantId: number; chunkNo: number };

/** A chunk's rows and what the engine said of them; arrays by row. */
export type ScoredRows = {
  rows: ChunkRows;
  rawScores: Float64Array;
  risks: Float64Array;
  /** 0 low, 1 medium, 2 high */
  tiers: Uint8Array;
  reasons: Reasons | undefined;
};

/** Of a table of at most 255 entries: none of them. */
export const NONE = 255;
/** Beyond, `exp` of PostgreSQL fails where that of JavaScript gives 0 or ∞. */
const LARGEST_LOGIT = 700;

/** Whether SQL may compute the risk from the raw score. */
export function isLogistic(rawScore: number, risk: number): boolean {
  return Math.abs(rawScore) <= LARGEST_LOGIT && risk === 1 / (1 + Math.exp(-rawScore));
}
