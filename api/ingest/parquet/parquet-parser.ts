import { lineListNames } from '#patients/sources/line-list/columns.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { tableNames } from '../cell-table.ts';
import { type CohortLayout, IGNORED } from '../cohort-layout.ts';
import type { CohortParser, FormatContext, Source } from '../input-format.ts';
import { judgeColumns } from '../judge-columns.ts';
import { type LineListIntake, openLineList } from '../patients/line-list.ts';
import { unreadable } from './faults.ts';
import type { ParquetBatch, ParquetColumn, TextColumn, WantedColumn } from './parquet-messages.ts';
import { ParquetUpload } from './read-parquet.ts';
import { startOf } from './text-column.ts';

/** Where the header would stand if the file were a CSV: rows are counted from there, so that both say the same line. */
const HEADER_LINE = 1;

/** What the rows of a file become. */
type ParquetRows = {
  wanted: WantedColumn[];
  rows: (batch: ParquetBatch) => Promise<void>;
  end: () => Promise<void>;
  close: () => Promise<void>;
};

/** A Parquet file, as table of features or line list: its columns' names tell which. */
export function parquetParser(context: FormatContext, source: Source | undefined): CohortParser {
  if (source === 'nmrs' || source === 'fhir') {
    throw new ServiceError('invalid_query', 'A Parquet file holds a table or a line list.', {
      field: 'source',
    });
  }
  let consumer: ParquetRows | undefined;
  const upload = new ParquetUpload({
    onColumns: (columns) => {
      const names = columns.map(({ name }) => name);
      const kind = source ?? (lineListNames(names) > tableNames(context, names) ? 'line_list' : 'table');
      context.input.format = `${kind}/parquet`;
      context.input.line_ends = null;
      consumer = kind === 'table' ? openTable(context, columns) : openList(context, columns);
      return consumer.wanted;
    },
    onRows: async (batch) => await consumer!.rows(batch),
    signal: context.signal,
  });
  return {
    write: async (bytes) => await upload.write(bytes),
    end: async () => {
      await upload.end();
      await consumer!.end();
    },
    close: async () => {
      await upload.close();
      await consumer?.close();
    },
  };
}

/** A table of features: numbers go to the builder as they are stored, texts as a CSV's would. */
function openTable(context: FormatContext, columns: readonly ParquetColumn[]): ParquetRows {
  const { rows } = context;
  const layout = context.layOut(columns.map(({ name }) => name));
  const wanted = wantedOf(layout, columns);
  const roleOf = ({ index }: WantedColumn) => layout.roles[index]!;
  const asNumbers = wanted.filter(({ as }) => as === 'number').map(roleOf);
  const asTexts = wanted.filter(({ as }) => as === 'text');
  let isJudged = false;
  return {
    wanted,
    rows: async (batch) => {
      if (!isJudged) judgeColumns(context, layout, sampleOf(batch, asTexts, columns.length), undefined);
      isJudged = true;
      const { rowCount, numbers } = batch;
      const texts = batch.texts.map(bytesOf);
      for (let row = 0; row < rowCount; row++) {
        rows.begin(batch.firstRow + row + 1 + HEADER_LINE);
        for (let column = 0; column < asNumbers.length; column++)
          rows.values[asNumbers[column]!] = numbers[column * rowCount + row]!;
        for (const [column, wantedText] of asTexts.entries()) {
          const { bytes, ends } = texts[column]!;
          rows.cell(roleOf(wantedText), bytes, startOf(ends, row), ends[row]!);
        }
        rows.end();
      }
      await context.ready();
    },
    end: async () => await context.ready(),
    close: async () => {
      // Nothing is held but memory.
    },
  };
}

function wantedOf({ roles }: CohortLayout, columns: readonly ParquetColumn[]): WantedColumn[] {
  return columns.flatMap((column, index) => {
    const role = roles[index]!;
    if (role === IGNORED) return [];
    if (column.holds === 'unreadable') throw unreadable(column.name, column.why);
    if (role >= 0 && column.holds === 'days')
      throw unreadable(column.name, 'holds dates where a number belongs');
    return [{ index, as: role >= 0 && column.holds === 'numbers' ? 'number' : 'text' } as const];
  });
}

/** The first rows' texts in the places of their columns, for whoever judges how they are written. */
function sampleOf(
  { rowCount, texts }: ParquetBatch,
  asTexts: readonly WantedColumn[],
  columnCount: number,
): string[][] {
  const columns = texts.map(bytesOf);
  return Array.from({ length: Math.min(rowCount, SAMPLE_ROWS) }, (_, row) => {
    const cells = Array.from({ length: columnCount }, () => '');
    for (const [column, { index }] of asTexts.entries()) cells[index] = textAt(columns[column]!, row);
    return cells;
  });
}

const SAMPLE_ROWS = 500;

/** A line list: every column that can be read, as texts. */
function openList(context: FormatContext, columns: readonly ParquetColumn[]): ParquetRows {
  for (const column of columns) {
    if (column.holds === 'unreadable' && lineListNames([column.name]) > 0)
      throw unreadable(column.name, column.why);
  }
  const list: LineListIntake = openLineList(context);
  const wanted = columns.flatMap(({ holds }, index) =>
    holds === 'unreadable' ? [] : [{ index, as: 'text' as const }],
  );
  list.row(
    wanted.map(({ index }) => columns[index]!.name),
    HEADER_LINE,
  );
  return {
    wanted,
    rows: async ({ firstRow, rowCount, texts }) => {
      const read = texts.map(bytesOf);
      for (let row = 0; row < rowCount; row++) {
        list.row(
          read.map((column) => textAt(column, row)),
          firstRow + row + 1 + HEADER_LINE,
        );
      }
      await list.drain();
      await context.ready();
    },
    end: list.end,
    close: list.close,
  };
}

type ReadTexts = { bytes: Buffer; ends: Uint32Array };

function bytesOf({ bytes, ends }: TextColumn): ReadTexts {
  return { bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), ends };
}

function textAt({ bytes, ends }: ReadTexts, row: number): string {
  return bytes.toString('utf8', startOf(ends, row), ends[row]);
}
