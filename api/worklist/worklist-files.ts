import { writeXlsxStream } from 'hucre/xlsx';
import { csvCell, formulaFree } from '#api/results/csv-cell.ts';
import { NOT_A_DIAGNOSIS } from '#shared/models/manifest.ts';
import { type Cell, WORKLIST_HEADS, WORKLIST_WIDTHS } from './worklist-table.ts';

const LINES_A_BLOCK = 500;

/** RFC 4180, the notice in a column of its own: it stays with every row that is cut out. */
export function* worklistCsv(table: Iterable<Cell[]>): Generator<Uint8Array> {
  let block = `${WORKLIST_HEADS.join(',')}\r\n`;
  let lines = 0;
  for (const cells of table) {
    block += `${cells.map((cell) => (typeof cell === 'string' ? csvCell(cell) : (cell ?? ''))).join(',')}\r\n`;
    if (++lines % LINES_A_BLOCK === 0) {
      yield Buffer.from(block);
      block = '';
    }
  }
  yield Buffer.from(block);
}

/** A workbook of one sheet: the notice on top, heads below it and held in view; streamed in flat memory. */
export function worklistXlsx(table: Iterable<Cell[]>): ReadableStream<Uint8Array> {
  function* sheet(): Generator<Cell[]> {
    yield [NOT_A_DIAGNOSIS];
    yield [...WORKLIST_HEADS];
    for (const cells of table)
      yield cells.map((cell) => (typeof cell === 'string' ? formulaFree(cell) : cell));
  }
  return writeXlsxStream(sheet(), {
    name: 'Worklist',
    columns: WORKLIST_WIDTHS.map((width) => ({ width })),
    freezePane: { rows: 2 },
  });
}
