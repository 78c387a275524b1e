import type { Pool } from 'pg';
import { TIERS, type Tier } from '#shared/models/manifest.ts';
import { readBlocks } from '#shared/scores/read-blocks.ts';
import { isIndexed } from '#shared/scores/read-list.ts';
import { readRows } from '#shared/scores/read-rows.ts';
import { rowOfBlock } from '#shared/scores/scored-row.ts';
import type { Capacity } from './capacity.ts';
import { pageOfList, pageOfSelection } from './list-pages.ts';
import { rowNumbersQuery } from './page-query.ts';
import { type ResultRow, resultRowOf } from './result-row.ts';

export type { ResultReason, ResultRow } from './result-row.ts';

export type ResultFilter = {
  jobId: string;
  /** YYYY-MM-DD: the job's partition. */
  period: string;
  order: 'input' | 'risk';
  tier: Tier | undefined;
  minRisk: number | undefined;
  /** Only as many as can be called; counted among the rows that pass the filters above. */
  capacity?: Capacity | undefined;
};

/** Where a page ended: the last row's own keys. */
export type ResultPosition = { row: number; risk: number };

/** Blocks of some hundred rows each: what a page of 4,000 needs, and no more at once. */
const BLOCKS_A_READ = 32;
const USUAL_BLOCK_ROWS = 120;

/**
 * The next rows of a job after `after`, in the order of the input or by falling risk, ties by row. In the order of the input blocks
 * are read one after the other; else the job's lists say which rows come next, and each is read from its page. While a job has
 * no lists yet, PostgreSQL sorts.
 */
export async function readResultRows(
  pool: Pool,
  filter: ResultFilter,
  after: ResultPosition | undefined,
  limit: number,
): Promise<ResultRow[]> {
  if (filter.order === 'input' && filter.capacity === undefined) {
    return await inOrderOfInput(pool, filter, after?.row ?? 0, limit);
  }
  if (!(await isIndexed(pool, filter.jobId))) {
    const { rows } = await pool.query<{ row_no: number }>(rowNumbersQuery(filter, after, limit));
    const found = await readRows(
      pool,
      filter,
      rows.map((row) => row.row_no),
    );
    return found.map(resultRowOf);
  }
  const page =
    filter.capacity === undefined
      ? await pageOfList(pool, filter, after, limit)
      : await pageOfSelection(pool, filter, filter.capacity, after, limit);
  return page.map(resultRowOf);
}

async function inOrderOfInput(
  pool: Pool,
  filter: ResultFilter,
  afterRow: number,
  limit: number,
): Promise<ResultRow[]> {
  const tier = filter.tier === undefined ? undefined : TIERS.indexOf(filter.tier);
  const minRisk = filter.minRisk ?? -Infinity;
  const found: ResultRow[] = [];
  let from = afterRow + 1;
  for (;;) {
    const wanted = Math.ceil((limit - found.length) / USUAL_BLOCK_ROWS) + 1;
    const blockCount = tier === undefined && filter.minRisk === undefined ? wanted : BLOCKS_A_READ;
    const limited = Math.min(BLOCKS_A_READ, blockCount);
    const blocks = await readBlocks(pool, filter, from, limited);
    for (const block of blocks) {
      for (let at = 0; at < block.rowCount; at++) {
        if (block.rowNos[at]! < from) continue;
        if (tier !== undefined && block.tiers[at] !== tier) continue;
        if (block.risks[at]! < minRisk) continue;
        found.push(resultRowOf(rowOfBlock(block, at)));
        if (found.length === limit) return found;
      }
    }
    const last = blocks.at(-1)?.rowNos.at(-1);
    if (blocks.length < limited || last === undefined) return found;
    from = last + 1;
  }
}
