import { lineListNames } from '#patients/sources/line-list/columns.ts';
import type { CellFlag } from '#patients/sources/line-list/table-row.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import type { CohortParser, FormatContext, Source } from '../input-format.ts';
import { openLineList } from '../patients/line-list.ts';
import { CellTable, tableNames } from '../cell-table.ts';
import type { SheetRow, SheetRows } from './sheet-rows.ts';
import { type FlaggedCell, WorkbookUpload } from './read-workbook.ts';

/** Rows without a header among them that are held until it is told what they are. */
const MAX_HELD_ROWS = 2_000;
const LEAST_NAMES = 2;
const NO_FLAGS: ReadonlyMap<number, CellFlag> = new Map();

/**
 * A workbook, as line list or table of features: the first row that names columns of either tells which. Visible sheets
 * are read, the one that `sheet=` names, or the hidden ones where no other has a cell; all are told of.
 */
export function workbookParser(context: FormatContext, source: Source | undefined): CohortParser {
  const { input, options } = context;
  let consumer: SheetRows | undefined =
    source === undefined ? undefined : open(context, source === 'table' ? 'table' : 'line_list');
  let held: SheetRow[] = [];
  let unread: { name: string; read: boolean; reason: string | null }[] = [];
  const decide = (kind: 'table' | 'line_list') => {
    consumer = open(context, kind);
    for (const row of held) consumer.row(row);
    held = [];
  };
  const take = (row: SheetRow) => {
    if (consumer !== undefined) {
      consumer.row(row);
      return;
    }
    held.push(row);
    const [features, titles] = [tableNames(context, row.cells), lineListNames(row.cells)];
    if (Math.max(features, titles) >= LEAST_NAMES) decide(titles >= features ? 'line_list' : 'table');
    else if (held.length >= MAX_HELD_ROWS) decide('line_list');
  };
  const workbook = new WorkbookUpload({
    onSheets: (sheets) => {
      const visible = sheets.filter(({ visibility, hasCells }) => visibility === 'visible' && hasCells);
      // As in Excel itself, no two sheets differ by case alone.
      const asked = options.sheet?.trim().toLowerCase();
      const named = sheets.filter(({ name }) => name.trim().toLowerCase() === asked);
      if (options.sheet !== undefined && named.length === 0) {
        throw new ServiceError(
          'invalid_query',
          `The workbook has no sheet of that name; it has ${sheets
            .slice(0, 20)
            .map(({ name }) => name.slice(0, 31))
            .join(', ')}.`,
          { field: 'sheet' },
        );
      }
      const read = named.length > 0 ? named : visible.length > 0 ? visible : sheets;
      unread = sheets
        .filter((sheet) => !read.includes(sheet))
        .map(({ name, visibility, hasCells }) => ({
          name,
          read: false,
          reason: !hasCells
            ? 'is empty'
            : visibility === 'visible'
              ? 'is not the one asked for'
              : 'is hidden',
        }));
      input.sheets = [...read.map(({ name }) => ({ name, read: true, reason: null })), ...unread];
      return read.map(({ name }) => name);
    },
    onRow: (cells, line, sheet, flags) => take({ cells, line, sheet, flags: flagsOf(flags) }),
    ready: async () => {
      await consumer?.ready();
      await context.ready();
    },
    ...(context.signal === undefined ? {} : { signal: context.signal }),
  });
  return {
    write: async (bytes) => await workbook.write(bytes),
    end: async () => {
      await workbook.end();
      if (consumer === undefined) decide('line_list');
      await consumer!.end();
      // A line list tells of the sheets that it was given.
      const told = new Set(input.sheets.map(({ name }) => name));
      input.sheets.push(...unread.filter(({ name }) => !told.has(name)));
    },
    close: async () => {
      await workbook.close();
      await consumer?.close();
    },
  };
}

function open(context: FormatContext, kind: 'table' | 'line_list'): SheetRows {
  context.input.format = `${kind}/workbook`;
  if (kind === 'table') return new CellTable(context);
  const list = openLineList(context);
  return {
    row: ({ cells, line, sheet, flags }) => list.row(cells, line, sheet, flags),
    ready: list.drain,
    end: list.end,
    close: list.close,
  };
}

/** Errors such as #N/A are missing values: the cell is empty already. */
function flagsOf(flags: readonly FlaggedCell[]): ReadonlyMap<number, CellFlag> {
  if (flags.length === 0) return NO_FLAGS;
  return new Map(
    flags.flatMap(({ column, flag }) => (flag === 'error_value' ? [] : [[column, flag] as const])),
  );
}
