import { escapeLiteral, type Pool } from 'pg';
import { copyRows } from '#shared/db/copy/copy-rows.ts';
import { ROW_MASK, TIER_SHIFT } from './index-job.ts';
import { type BlockScope, ofJob } from './read-blocks.ts';

/** Part of a list by risk. */
export type ListBlock = {
  list: string;
  /** Of its first entry. */
  risk: number;
  /** How many entries of its list come before it. */
  firstPlace: number;
  /** Row number and tier of each. */
  rows: Int32Array;
  tiers: Uint8Array;
};

/** Whether the job's lists are those of its rows; while it runs, and for a moment after its end, they are not. */
export async function isIndexed(pool: Pool, jobId: string): Promise<boolean> {
  const { rows } = await pool.query<{ indexed: boolean }>(
    'SELECT indexed_rows = rows_scored AS indexed FROM jobs WHERE id = $1',
    [jobId],
  );
  return rows[0]?.indexed === true;
}

/** Blocks of a list in its order: from the one that holds `from`, a row of the list by its keys, else from the first. */
export async function readListBlocks(
  pool: Pool,
  scope: BlockScope,
  list: string,
  from: { row: number; risk: number } | undefined,
  limit: number,
): Promise<ListBlock[]> {
  const where = `${ofJob(scope)} AND list = ${escapeLiteral(list)}`;
  const beginning =
    from === undefined
      ? ''
      : `AND (neg_risk, first_row) >= (SELECT neg_risk, first_row FROM order_blocks
          WHERE ${where} AND (neg_risk, first_row) <= (${float8(-from.risk)}, ${Math.trunc(from.row)})
          ORDER BY neg_risk DESC, first_row DESC LIMIT 1)`;
  return await read(pool, `${where} ${beginning} ORDER BY neg_risk, first_row LIMIT ${Math.trunc(limit)}`);
}

/** The first `rows` entries of every facility's list, list after list; those without a facility last. */
export async function readFacilityLists(
  pool: Pool,
  scope: BlockScope,
  rows: number,
  after: string | undefined,
  limit: number,
): Promise<ListBlock[]> {
  // '=' sorts behind '-' and '*'.
  const rest = after === undefined ? '' : `AND list > ${escapeLiteral(after)}`;
  return await read(
    pool,
    `${ofJob(scope)} AND list >= '=' ${rest} AND first_place < ${Math.trunc(rows)}
     ORDER BY list, neg_risk, first_row LIMIT ${Math.trunc(limit)}`,
  );
}

async function read(pool: Pool, rest: string): Promise<ListBlock[]> {
  const reader = await copyRows(
    pool,
    `SELECT list, neg_risk, first_place, entries FROM order_blocks WHERE ${rest}`,
  );
  const blocks: ListBlock[] = [];
  while (reader.nextRow()) {
    const list = reader.text() ?? '';
    const risk = -(reader.float8() ?? NaN);
    const firstPlace = reader.int4() ?? 0;
    const entries = reader.int4s() ?? new Int32Array();
    blocks.push({
      list,
      risk,
      firstPlace,
      rows: entries.map((entry) => entry & ROW_MASK),
      tiers: Uint8Array.from(entries, (entry) => entry >>> TIER_SHIFT),
    });
  }
  return blocks;
}

function float8(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError('not a finite number');
  return `'${value}'::float8`;
}
