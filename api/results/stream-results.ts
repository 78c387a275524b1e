import type { Pool } from 'pg';
import type { ResultWriter } from './result-formats.ts';
import { readResultRows, type ResultFilter, type ResultPosition } from './result-rows.ts';

/** Rows a read: about a megabyte of text, so a download holds two of them at the most. */
const PAGE_ROWS = 4_000;

/**
 * All rows of a job as text, page after page by keyset. A page is read in one short statement, the next one only
 * when the reader has taken the last: slow readers hold neither connection nor snapshot. Rows of a job that is over
 * never change, so the pages agree with each other.
 */
export async function* streamResults(
  pool: Pool,
  filter: ResultFilter,
  writer: ResultWriter,
  limit: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (writer.head !== '') yield Buffer.from(writer.head);
  let after: ResultPosition | undefined;
  let left = limit;
  while (left > 0 && !signal.aborted) {
    const asked = Math.min(PAGE_ROWS, left);
    const rows = await readResultRows(pool, filter, after, asked);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield Buffer.from(writer.block(rows));
    if (rows.length < asked) return;
    after = { row: last.row, risk: last.risk };
    left -= rows.length;
  }
}
