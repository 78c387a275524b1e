import type { Pool } from 'pg';
import { NO_DATE } from '#shared/chunks/payload.ts';
import { POSTGRES_EPOCH_DAYS } from '#shared/db/copy/binary-copy.ts';
import type { CopyBinaryReader } from '#shared/db/copy/copy-binary-reader.ts';
import { copyRows } from '#shared/db/copy/copy-rows.ts';
import { NONE } from './score-block.ts';

/** A block as it was read; arrays by row, or by row × reason. */
export type ScoreBlock = {
  chunkNo: number;
  rowCount: number;
  reasonCount: number;
  rowNos: Int32Array;
  /** Undefined: erased. */
  patientIds: (string | undefined)[];
  facilities: string[];
  /** Index into `facilities`; 255 for none. */
  facilityNos: Uint8Array;
  /** Days since 1970-01-01; NO_DATE for none. */
  dueDays: Int32Array;
  rawScores: Float64Array;
  risks: Float64Array;
  /** 0 low, 1 medium, 2 high */
  tiers: Uint8Array;
  reasonFeatures: Uint16Array;
  /** NaN where a row has fewer reasons. */
  contributions: Float32Array;
  values: Float64Array;
  identifierNames: string[];
  identifierTexts: string[];
  /** By column, then by row; index into the texts, 255 for none. */
  identifierNos: Uint8Array;
  /** Two hashes for each erased row, in order. */
  erasedLeaves: Buffer;
};

const COLUMNS = `first_row, chunk_no, row_count, reason_count, due_base, row_nos, patient_ids, facilities, facility_nos, due_days,
  raw_scores, risks, tiers, reason_features, reason_features_high, reason_contributions, reason_values, reason_value_nos,
  identifier_names, identifier_texts, identifier_nos, erased_leaves`;

const EMPTY = new Uint8Array();
const NO_DUE_DAY = -0x8000;

export type BlockScope = { jobId: string; period: string };

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u;
const DAY = /^\d{4}-\d{2}-\d{2}$/u;

/** SQL of the job's blocks. Throws a TypeError for what is no safe literal. */
export function ofJob({ jobId, period }: BlockScope): string {
  if (!UUID.test(jobId) || !DAY.test(period)) throw new TypeError('not a safe literal');
  return `period = '${period}'::date AND job_id = '${jobId}'::uuid`;
}

/** The block that holds row `from`, where there is one, and those after it, in the order of their rows; `limit` at most. */
export async function readBlocks(
  pool: Pool,
  scope: BlockScope,
  from: number,
  limit: number,
): Promise<ScoreBlock[]> {
  const where = ofJob(scope);
  return await read(
    pool,
    `${where} AND first_row >= coalesce(
       (SELECT max(first_row) FROM score_blocks WHERE ${where} AND first_row <= ${Math.trunc(from)}), 0)
     ORDER BY first_row LIMIT ${Math.trunc(limit)}`,
  );
}

/** All blocks whose first row is within the bounds. */
export async function readBlocksWithin(
  pool: Pool,
  scope: BlockScope & { firstRow: number; lastRow: number },
): Promise<ScoreBlock[]> {
  const bounds = `first_row BETWEEN ${Math.trunc(scope.firstRow)} AND ${Math.trunc(scope.lastRow)}`;
  return await read(pool, `${ofJob(scope)} AND ${bounds} ORDER BY first_row`);
}

async function read(pool: Pool, rest: string): Promise<ScoreBlock[]> {
  const reader = await copyRows(pool, `SELECT ${COLUMNS} FROM score_blocks WHERE ${rest}`);
  const blocks: ScoreBlock[] = [];
  while (reader.nextRow()) blocks.push(readBlock(reader));
  return blocks;
}

function readBlock(reader: CopyBinaryReader): ScoreBlock {
  const firstRow = reader.int4() ?? 0;
  const chunkNo = reader.int4() ?? 0;
  const rowCount = reader.int2() ?? 0;
  const reasonCount = reader.int2() ?? 0;
  const dueBase = reader.int4();
  const rowNos = reader.int4s() ?? Int32Array.from({ length: rowCount }, (_, at) => firstRow + at);
  const patientIds = reader.texts() ?? [];
  const facilities = textsOnly(reader.texts());
  const facilityNos = reader.bytes() ?? new Uint8Array(rowCount).fill(NONE);
  const dueDays = dueDaysOf(rowCount, dueBase, reader.int2s());
  const rawScores = reader.float8s() ?? new Float64Array();
  const risks = reader.float8s() ?? rawScores.map((raw) => 1 / (1 + Math.exp(-raw)));
  const tiers = reader.bytes() ?? EMPTY;
  const low = reader.bytes() ?? EMPTY;
  const high = reader.bytes();
  const reasonFeatures = Uint16Array.from(low);
  if (high !== undefined) for (let at = 0; at < high.length; at++) reasonFeatures[at]! += 256 * high[at]!;
  const contributions = reader.float4s() ?? new Float32Array();
  const dictionary = reader.float8s() ?? new Float64Array();
  const valueNos = reader.bytes() ?? EMPTY;
  const values = new Float64Array(valueNos.length);
  for (let at = 0; at < valueNos.length; at++) values[at] = dictionary[valueNos[at]!]!;
  return {
    chunkNo,
    rowCount,
    reasonCount,
    rowNos,
    patientIds,
    facilities,
    facilityNos,
    dueDays,
    rawScores,
    risks,
    tiers,
    reasonFeatures,
    contributions,
    values,
    identifierNames: textsOnly(reader.texts()),
    identifierTexts: textsOnly(reader.texts()),
    identifierNos: reader.bytes() ?? EMPTY,
    erasedLeaves: reader.bytes() ?? Buffer.alloc(0),
  };
}

function dueDaysOf(rowCount: number, base: number | undefined, days: Int16Array | undefined): Int32Array {
  const due = new Int32Array(rowCount).fill(NO_DATE);
  if (base === undefined || days === undefined) return due;
  for (let row = 0; row < rowCount; row++) {
    if (days[row] !== NO_DUE_DAY) due[row] = base + POSTGRES_EPOCH_DAYS + days[row]!;
  }
  return due;
}

function textsOnly(texts: (string | undefined)[] | undefined): string[] {
  return (texts ?? []).map((text) => text ?? '');
}
