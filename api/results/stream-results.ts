import type { Pool } from 'pg';
import type { PredictionViews } from './prediction-views.ts';
import type { ResultWriter } from './result-formats.ts';
import {
  readResultRows,
  type ResultFilter,
  type ResultPosition,
} from '#shared/predictions/read-prediction-rows.ts';

/** Rows a read: about a megabyte of text, so a download holds one of them while its reader is slow, its rows only while it is made. */
const PAGE_ROWS = 4_000;

/**
 * All rows of a job as a writer makes them, page after page by keyset. A page is read in one short statement, the next one only
 * when the reader has taken the last: slow readers hold neither connection nor snapshot. Rows of a job that is over
 * never change, so the pages agree with each other.
 */
export async function* streamResults(
  pool: Pool,
  filter: ResultFilter,
  writer: ResultWriter,
  limit: number,
  signal: AbortSignal,
  views?: PredictionViews,
): AsyncGenerator<Uint8Array> {
  if (writer.head !== '') yield Buffer.from(writer.head);
  let after: ResultPosition | undefined;
  let left = limit;
  while (left > 0 && !signal.aborted) {
    const asked = Math.min(writer.pageRows ?? PAGE_ROWS, left);
    const page = await nextPage(pool, filter, { writer, views }, after, asked);
    if (page === undefined) break;
    yield page.bytes;
    if (page.rowCount < asked) break;
    ({ after } = page);
    left -= page.rowCount;
  }
  if (writer.end !== undefined && !signal.aborted) yield writer.end();
}

/** A function of its own, so that a generator which waits for a slow reader holds the bytes and no longer their rows. */
async function nextPage(
  pool: Pool,
  filter: ResultFilter,
  { writer, views }: { writer: ResultWriter; views: PredictionViews | undefined },
  after: ResultPosition | undefined,
  limit: number,
): Promise<{ bytes: Uint8Array; rowCount: number; after: ResultPosition } | undefined> {
  const rows = await readResultRows(pool, filter, after, limit);
  const last = rows.at(-1);
  if (last === undefined) return undefined;
  const block = writer.block(rows, await views?.(rows));
  const bytes = typeof block === 'string' ? Buffer.from(block) : block;
  return { bytes, rowCount: rows.length, after: { row: last.row, risk: last.risk } };
}
