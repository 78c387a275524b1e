import { sql } from 'kysely';
import { HASH_BYTES } from '#shared/audit/merkle-tree.ts';
import type { Db } from '#shared/db/database.ts';
import type { BlockScope } from '#shared/scores/read-blocks.ts';
import { NONE } from '#shared/scores/score-block.ts';

/** Row by its number, and the hashes of its two leaves, which are left of it. */
export type ErasedRow = { row: number; leaves: Buffer };

type Stored = {
  rowCount: number;
  k: number;
  rowNos: number[] | null;
  patientIds: (string | null)[];
  dueDays: number[] | null;
  features: Buffer | null;
  featuresHigh: Buffer | null;
  contributions: number[] | null;
  values: number[] | null;
  valueNos: Buffer | null;
  texts: string[] | null;
  textNos: Buffer | null;
  inputHashes: Buffer | null;
  erasedLeaves: Buffer | null;
};

const NO_DUE_DAY = -0x8000;

/** Takes what is known of patients out of one block; scores, tiers and facilities stay. Their leaves are kept beside. */
export async function eraseInBlock(
  trx: Db,
  { period, jobId }: BlockScope,
  firstRow: number,
  rows: readonly ErasedRow[],
): Promise<void> {
  const { rows: found } = await sql<Stored>`
    SELECT row_count AS "rowCount", reason_count AS k, row_nos AS "rowNos", patient_ids AS "patientIds", due_days AS "dueDays",
      reason_features AS features, reason_features_high AS "featuresHigh", reason_contributions AS contributions,
      reason_values AS values, reason_value_nos AS "valueNos", identifier_texts AS texts, identifier_nos AS "textNos",
      input_hashes AS "inputHashes", erased_leaves AS "erasedLeaves"
    FROM score_blocks WHERE period = ${period}::date AND job_id = ${jobId} AND first_row = ${firstRow}`.execute(
    trx,
  );
  const block = found[0];
  if (block === undefined) throw new Error('a block went away during an erasure');
  for (const { row, leaves } of rows) {
    eraseRow(block, block.rowNos === null ? row - firstRow : block.rowNos.indexOf(row), leaves);
  }
  await sql`
    UPDATE score_blocks SET patient_ids = ${block.patientIds}::text[], due_days = ${block.dueDays}::smallint[],
      reason_features = ${block.features}, reason_features_high = ${block.featuresHigh},
      reason_contributions = ${block.contributions}::real[], reason_values = ${block.values}::float8[],
      reason_value_nos = ${block.valueNos}, identifier_texts = ${block.texts}::text[], identifier_nos = ${block.textNos},
      input_hashes = ${block.inputHashes}, erased_leaves = ${block.erasedLeaves}
    WHERE period = ${period}::date AND job_id = ${jobId} AND first_row = ${firstRow}`.execute(trx);
}

function eraseRow(block: Stored, at: number, leaves: Buffer): void {
  if (at < 0 || at >= block.rowCount || block.patientIds[at] === null) return;
  const before = block.patientIds.slice(0, at).filter((id) => id === null).length * leaves.length;
  const erased = block.erasedLeaves ?? Buffer.alloc(0);
  block.erasedLeaves = Buffer.concat([erased.subarray(0, before), leaves, erased.subarray(before)]);
  block.patientIds[at] = null;
  if (block.dueDays !== null) block.dueDays[at] = NO_DUE_DAY;
  eraseReasons(block, at * block.k, (at + 1) * block.k);
  eraseIdentifiers(block, at);
  block.inputHashes?.fill(0, at * HASH_BYTES, (at + 1) * HASH_BYTES);
}

/** A row whose contributions are missing has no reasons; a value that no other row has goes too. */
function eraseReasons(
  { features, featuresHigh, contributions, values, valueNos }: Stored,
  from: number,
  to: number,
) {
  if (contributions === null || values === null || valueNos === null) return;
  contributions.fill(NaN, from, to);
  features?.fill(0, from, to);
  featuresHigh?.fill(0, from, to);
  valueNos.fill(0, from, to);
  const used = new Set<number>();
  for (const [at, no] of valueNos.entries()) if (!Number.isNaN(contributions[at])) used.add(no);
  for (const no of values.keys()) if (!used.has(no)) values[no] = NaN;
}

function eraseIdentifiers({ rowCount, texts, textNos }: Stored, at: number): void {
  if (texts === null || textNos === null) return;
  for (let place = at; place < textNos.length; place += rowCount) textNos[place] = NONE;
  const used = new Set(textNos);
  for (const no of texts.keys()) if (!used.has(no)) texts[no] = '';
}
