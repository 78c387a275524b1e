import { CELL_FLAGS, type FlaggedCell } from './cell-flags.ts';

/**
 * Rows on their way from the reading thread, as bytes rather than strings: their buffers change hands without a copy. `ends`
 * has where each cell's text ends in `bytes`; `rows` is (line, number of cells) for each row, `flags` is (row of the batch,
 * column, index in CELL_FLAGS) for each flagged cell, in order.
 */
export type RowBatch = {
  bytes: Uint8Array<ArrayBuffer>;
  ends: Uint32Array<ArrayBuffer>;
  rows: Uint32Array<ArrayBuffer>;
  flags: Uint32Array<ArrayBuffer>;
  isAscii: boolean;
};

const NO_FLAGS: readonly FlaggedCell[] = [];

/** Calls `onRow` for each row, with strings of its own. */
export function* rowsOf(
  batch: RowBatch,
): Generator<{ cells: string[]; line: number; flags: readonly FlaggedCell[] }> {
  const bytes = Buffer.from(batch.bytes.buffer, batch.bytes.byteOffset, batch.bytes.length);
  const { ends, rows, flags, isAscii } = batch;
  let cell = 0;
  let start = 0;
  let flag = 0;
  for (let row = 0; row * 2 < rows.length; row++) {
    const count = rows[row * 2 + 1] as number;
    const cells: string[] = [];
    for (let column = 0; column < count; column++) {
      const end = ends[cell++] as number;
      cells.push(
        start === end
          ? ''
          : isAscii
            ? bytes.toString('latin1', start, end)
            : bytes.toString('utf8', start, end),
      );
      start = end;
    }
    let flagged = NO_FLAGS;
    while (flag < flags.length && flags[flag] === row) {
      const one = {
        column: flags[flag + 1] as number,
        flag: CELL_FLAGS[flags[flag + 2] as number] as FlaggedCell['flag'],
      };
      flagged = [...flagged, one];
      flag += 3;
    }
    yield { cells, line: rows[row * 2] as number, flags: flagged };
  }
}
