import type { Pool } from 'pg';
import { TIERS } from '#shared/models/manifest.ts';
import { NO_FACILITY_LIST, WHOLE_JOB } from '#shared/scores/index-job.ts';
import { type ListBlock, readFacilityLists, readListBlocks } from '#shared/scores/read-list.ts';
import { readRows } from '#shared/scores/read-rows.ts';
import type { ScoredRow } from '#shared/scores/scored-row.ts';
import type { Capacity } from './capacity.ts';
import type { ResultFilter, ResultPosition } from './read-prediction-rows.ts';

const FACILITY_BLOCKS_A_READ = 500;

type Filter = Pick<ResultFilter, 'jobId' | 'period' | 'tier' | 'minRisk'>;

/** A row as its list has it. */
type Entry = { row: number; tier: number };

/** The next rows of the whole job by risk. */
export async function pageOfList(
  pool: Pool,
  filter: Filter,
  after: ResultPosition | undefined,
  limit: number,
): Promise<ScoredRow[]> {
  return await pageWhere(pool, filter, WHOLE_JOB, after, limit, () => true);
}

/** The next rows of those that can be called. */
export async function pageOfSelection(
  pool: Pool,
  filter: ResultFilter,
  capacity: Capacity,
  after: ResultPosition | undefined,
  limit: number,
): Promise<ScoredRow[]> {
  const selected =
    capacity.per === 'job'
      ? new Set(await firstOfList(pool, filter, WHOLE_JOB, capacity.rows))
      : await firstOfFacilities(pool, filter, capacity.rows);
  if (filter.order === 'risk') {
    return await pageWhere(pool, filter, WHOLE_JOB, after, limit, ({ row }) => selected.has(row));
  }
  const rest = [...selected].filter((row) => row > (after?.row ?? 0)).toSorted((a, b) => a - b);
  const page: ScoredRow[] = [];
  for (let start = 0; start < rest.length && page.length < limit;) {
    const end = start + limit - page.length;
    const rows = await readRows(pool, filter, rest.slice(start, end));
    page.push(...rows.filter(({ risk }) => risk >= (filter.minRisk ?? -Infinity)));
    start = end;
  }
  return page;
}

/** Rows of a list after a position that pass the filter and `wanted`, until there are enough or risks fall below the least. */
export async function pageWhere(
  pool: Pool,
  filter: Filter,
  list: string,
  after: ResultPosition | undefined,
  limit: number,
  wanted: (entry: Entry) => boolean,
): Promise<ScoredRow[]> {
  const rows: ScoredRow[] = [];
  for await (const entries of entriesOf(pool, filter, list, after)) {
    const next = entries.filter(wanted).map(({ row }) => row);
    for (let start = 0; start < next.length && rows.length < limit;) {
      const end = start + limit - rows.length;
      for (const row of await readRows(pool, filter, next.slice(start, end))) {
        if (row.risk < (filter.minRisk ?? -Infinity)) return rows;
        rows.push(row);
      }
      start = end;
    }
    if (rows.length >= limit) break;
  }
  return rows;
}

/** Entries of a list after a position, of the tier that is asked for, a block at a time. */
async function* entriesOf(
  pool: Pool,
  filter: Filter,
  list: string,
  after: ResultPosition | undefined,
): AsyncGenerator<Entry[]> {
  let from = after;
  let blockCount = 1;
  let places = -1;
  for (;;) {
    const blocks = await readListBlocks(pool, filter, list, from, blockCount);
    for (const block of blocks) {
      if (block.firstPlace <= places) continue;
      if (block.risk < (filter.minRisk ?? -Infinity)) return;
      places = block.firstPlace;
      // The row at which the page before ended lies in its block; beyond it everything is new.
      const begun = after === undefined ? -1 : block.rows.indexOf(after.row);
      yield entriesWithin(block, filter, begun + 1);
    }
    const last = blocks.at(-1);
    if (last === undefined || blocks.length < blockCount) return;
    from = { row: last.rows[0]!, risk: last.risk };
    blockCount = 8;
  }
}

function entriesWithin(block: ListBlock, filter: Filter, start: number): Entry[] {
  const tier = filter.tier === undefined ? -1 : TIERS.indexOf(filter.tier);
  const entries: Entry[] = [];
  for (let at = start; at < block.rows.length; at++) {
    if (tier < 0 || block.tiers[at] === tier) entries.push({ row: block.rows[at]!, tier: block.tiers[at]! });
  }
  return entries;
}

/** Of each facility's list those that come first; by tier, where one is asked for, the first of that tier. */
async function firstOfFacilities(pool: Pool, filter: Filter, count: number): Promise<Set<number>> {
  const selected = new Set<number>();
  for await (const { rows } of facilityEntries(pool, filter, count))
    for (const row of rows) selected.add(row);
  return selected;
}

/**
 * Row numbers of each facility's first `count` rows that pass the filter's tier, list after list by facility, those without one
 * last.
 */
export async function* facilityEntries(
  pool: Pool,
  filter: Filter,
  count: number,
): AsyncGenerator<{ list: string; rows: number[] }> {
  // A tier may begin anywhere in its list.
  const depth = filter.tier === undefined ? count : ROWS_OF_ANY_LIST;
  let after: string | undefined;
  let open: { list: string; rows: number[] } | undefined;
  for (;;) {
    const blocks = await readFacilityLists(pool, filter, depth, after, FACILITY_BLOCKS_A_READ);
    // A list that the end of a read cuts off is read again from its beginning; one that fills the read, on its own.
    const whole = blocks.length < FACILITY_BLOCKS_A_READ ? blocks : withoutLastList(blocks);
    if (whole.length === 0) {
      after = blocks[0]!.list;
      yield { list: after, rows: await firstOfList(pool, filter, after, count) };
      continue;
    }
    for (const block of whole) {
      if (open?.list !== block.list) {
        if (open !== undefined) yield open;
        open = { list: block.list, rows: [] };
      }
      for (const { row } of entriesWithin(block, filter, 0))
        if (open.rows.length < count) open.rows.push(row);
    }
    if (blocks.length < FACILITY_BLOCKS_A_READ) break;
    after = whole.at(-1)?.list;
    if (open !== undefined) yield open;
    open = undefined;
  }
  if (open !== undefined) yield open;
  const rows = await firstOfList(pool, filter, NO_FACILITY_LIST, count);
  if (rows.length > 0) yield { list: NO_FACILITY_LIST, rows };
}

/** The first row numbers of a list that pass the filter's tier. */
export async function firstOfList(
  pool: Pool,
  filter: Filter,
  list: string,
  count: number,
): Promise<number[]> {
  const rows: number[] = [];
  for await (const entries of entriesOf(pool, filter, list, undefined)) {
    for (const { row } of entries) if (rows.length < count) rows.push(row);
    if (rows.length === count) break;
  }
  return rows;
}

const ROWS_OF_ANY_LIST = 0x7fffffff;

function withoutLastList(blocks: ListBlock[]): ListBlock[] {
  const last = blocks.at(-1)?.list;
  return blocks.filter(({ list }) => list !== last);
}
