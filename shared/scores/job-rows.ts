import type { Pool } from 'pg';
import { copyRows } from '#shared/db/copy/copy-rows.ts';
import { patientHash } from './patient-hash.ts';
import { type BlockScope, ofJob } from './read-blocks.ts';
import { NONE } from './score-block.ts';

/** What a job's lists and hashes are made of, a row after the other. */
export type IndexedRow = {
  rowNo: number;
  risk: number;
  tier: number;
  /** Index into `facilities`; −1 for none. */
  facility: number;
  /** Of the patient's id. */
  hash: number;
};

const BLOCKS_A_READ = 256;

/**
 * Walks through all rows of a job in order and calls `visit` for each with one object that is filled again. Facilities are numbered
 * as they are met, in `facilities`, which may have been filled before.
 */
export async function walkJobRows(
  pool: Pool,
  scope: BlockScope,
  facilities: Map<string, number>,
  visit: (row: Readonly<IndexedRow>) => void,
): Promise<void> {
  const row: IndexedRow = { rowNo: 0, risk: 0, tier: 0, facility: -1, hash: 0 };
  let after = 0;
  for (;;) {
    const reader = await copyRows(
      pool,
      `SELECT first_row, row_nos, raw_scores, risks, tiers, facilities, facility_nos, patient_ids FROM score_blocks
       WHERE ${ofJob(scope)} AND first_row > ${after} ORDER BY first_row LIMIT ${BLOCKS_A_READ}`,
    );
    let blocks = 0;
    while (reader.nextRow()) {
      blocks++;
      const firstRow = reader.int4() ?? 0;
      const rowNos = reader.int4s();
      const rawScores = reader.float8s() ?? new Float64Array();
      const risks = reader.float8s();
      const tiers = reader.bytes();
      const numbers = (reader.texts() ?? []).map((name) => numberOf(facilities, name ?? ''));
      const facilityNos = reader.bytes();
      let at = 0;
      reader.eachText((bytes, start, end) => {
        const raw = rawScores[at]!;
        row.rowNo = rowNos?.[at] ?? firstRow + at;
        row.risk = risks?.[at] ?? 1 / (1 + Math.exp(-raw));
        row.tier = tiers?.[at] ?? 0;
        const no = facilityNos?.[at] ?? NONE;
        row.facility = no === NONE ? -1 : numbers[no]!;
        row.hash = patientHash(bytes, start, end);
        visit(row);
        at++;
      });
      after = firstRow;
    }
    if (blocks < BLOCKS_A_READ) return;
  }
}

function numberOf(numbers: Map<string, number>, name: string): number {
  let number = numbers.get(name);
  if (number === undefined) numbers.set(name, (number = numbers.size));
  return number;
}
