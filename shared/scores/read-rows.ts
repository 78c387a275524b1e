import type { Pool } from 'pg';
import { POSTGRES_EPOCH_DAYS } from '#shared/db/copy/binary-copy.ts';
import { copyRows } from '#shared/db/copy/copy-rows.ts';
import type { ScoredRow } from './scored-row.ts';
import { type BlockScope, ofJob } from './read-blocks.ts';

/** Rows a statement: more would only make its text longer. */
const ROWS_A_READ = 2_000;

/**
 * Rows of a job by their numbers, in the order that is asked for: each from the one page that holds it. Numbers without a row are
 * passed over.
 */
export async function readRows(
  pool: Pool,
  scope: BlockScope,
  rowNos: readonly number[],
): Promise<ScoredRow[]> {
  const rows: ScoredRow[] = [];
  for (let start = 0; start < rowNos.length; start += ROWS_A_READ) {
    rows.push(...(await readSome(pool, scope, rowNos.slice(start, start + ROWS_A_READ))));
  }
  return rows;
}

async function readSome(pool: Pool, scope: BlockScope, rowNos: readonly number[]): Promise<ScoredRow[]> {
  const numbers = rowNos.map(Math.trunc).join(',');
  const reasons = '(place.i - 1) * b.reason_count + 1';
  const reader = await copyRows(
    pool,
    `SELECT asked.no, b.chunk_no, b.patient_ids[place.i], b.facilities[get_byte(b.facility_nos, place.i - 1) + 1],
       b.due_base, b.due_days[place.i], b.raw_scores[place.i], b.risks[place.i], get_byte(b.tiers, place.i - 1),
       substring(b.reason_features FROM ${reasons} FOR b.reason_count),
       substring(b.reason_features_high FROM ${reasons} FOR b.reason_count),
       b.reason_contributions[${reasons} : place.i * b.reason_count],
       substring(b.reason_value_nos FROM ${reasons} FOR b.reason_count), b.reason_values,
       CASE WHEN b.identifier_names IS NOT NULL THEN
         block_identifiers(b.identifier_names, b.identifier_texts, b.identifier_nos, b.row_count, place.i)::text END
     FROM unnest('{${numbers}}'::integer[]) WITH ORDINALITY asked (no, at)
     CROSS JOIN LATERAL (SELECT * FROM score_blocks WHERE ${ofJob(scope)} AND first_row <= asked.no
       ORDER BY first_row DESC LIMIT 1) b
     CROSS JOIN LATERAL (SELECT CASE WHEN b.row_nos IS NOT NULL THEN array_position(b.row_nos, asked.no)
       WHEN asked.no - b.first_row < b.row_count THEN asked.no - b.first_row + 1 END AS i) place
     WHERE place.i IS NOT NULL ORDER BY asked.at`,
  );
  const rows: ScoredRow[] = [];
  while (reader.nextRow()) {
    const row = reader.int4() ?? 0;
    const chunk = reader.int4() ?? 0;
    const patientId = reader.text();
    const facilityId = reader.text();
    const dueBase = reader.int4();
    const dueDay = reader.int2() ?? NO_DUE_DAY;
    const rawScore = reader.float8() ?? NaN;
    const risk = reader.float8() ?? 1 / (1 + Math.exp(-rawScore));
    const tier = reader.int4() ?? 0;
    const low = reader.bytes();
    const high = reader.bytes();
    const contributions = reader.float4s();
    const valueNos = reader.bytes();
    const values = reader.float8s();
    const identifiers = reader.text();
    const reasons: ScoredRow['reasons'] = [];
    for (let at = 0; at < (low?.length ?? 0); at++) {
      const contribution = contributions![at]!;
      if (Number.isNaN(contribution)) break;
      reasons.push({
        feature: low![at]! + 256 * (high?.[at] ?? 0),
        value: values![valueNos![at]!]!,
        contribution,
      });
    }
    rows.push({
      row,
      chunk,
      patientId,
      facilityId,
      dueDay:
        dueBase === undefined || dueDay === NO_DUE_DAY ? undefined : dueBase + POSTGRES_EPOCH_DAYS + dueDay,
      rawScore,
      risk,
      tier,
      reasons,
      identifiers:
        identifiers === undefined ? {} : ((JSON.parse(identifiers) as ScoredRow['identifiers'] | null) ?? {}),
    });
  }
  return rows;
}

const NO_DUE_DAY = -0x8000;
