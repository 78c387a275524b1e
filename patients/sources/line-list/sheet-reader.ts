import type { DateOrder } from '#patients/values/dates.ts';
import type { TimeZone } from '#patients/values/time-zone.ts';
import { FieldFault } from '../patient-input.ts';
import { looksLikeLineList, readHeader, titleCount, type Header, type Layout } from './columns.ts';
import { judgeColumns } from './judge-columns.ts';
import { LineListFault } from './line-list-fault.ts';
import { sheetReport, type SheetReport } from './report.ts';
import type { LineListRow, RowFault } from './row.ts';
import { RowReader } from './row-reader.ts';
import type { CellFlag } from './table-row.ts';
import { titleKey } from './title.ts';

const SAMPLE_ROWS = 5_000;
const SAMPLE_CHARACTERS = 4 * 1024 ** 2;
/** A title, a logo's row, a few notes: a header stands among the first rows or nowhere. */
const ROWS_BEFORE_A_HEADER = 50;
/** A row that names so many columns was meant to be the header. */
const LEAST_TITLES = 2;

/** `fault`: the source found the row unfit; what can be read of it is read all the same. */
export type TakenRow = {
  readonly cells: readonly string[];
  readonly line: number;
  readonly flags?: ReadonlyMap<number, CellFlag> | undefined;
  readonly fault?: RowFault | undefined;
};

export type SheetReaderOptions = {
  readonly name: string | undefined;
  readonly isWanted: boolean;
  readonly dateOrder: DateOrder | undefined;
  /** Of the programme; Africa/Lagos by default. */
  readonly zone?: TimeZone | undefined;
  readonly warn: (code: string, title?: string) => void;
  /** Called once the columns are judged; returns whether the list's rows are of dated snapshots. */
  readonly onSample: (hasSnapshots: boolean) => boolean;
};

type OnRow = (row: LineListRow) => void;

/**
 * Rows of one sheet: finds the header below titles, holds up to 5,000 rows (4 MB of text) until the columns are judged,
 * and hands the rows on, read. Blank rows and repeated headers are passed over.
 */
export class SheetReader {
  readonly name: string | undefined;
  readonly #options: SheetReaderOptions;
  #titles: readonly string[] = [];
  #header: Header | undefined;
  #headerLine: number | undefined;
  #key = '';
  #rowsBefore = 0;
  #closest: { cells: readonly string[]; line: number; names: number } | undefined;
  #sample: TakenRow[] = [];
  #sampleCharacters = 0;
  #reader: RowReader | undefined;
  #report: SheetReport | undefined;
  firstLine: number | undefined;

  constructor(options: SheetReaderOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** A header was found. */
  get isRead(): boolean {
    return this.#header !== undefined;
  }

  get isEmpty(): boolean {
    return this.firstLine === undefined;
  }

  /** The columns are judged: rows are handed on as they come. */
  get isSampled(): boolean {
    return this.#reader !== undefined;
  }

  /** Only of a sheet that is read. */
  get layout(): Layout {
    return this.#header!.layout;
  }

  take(taken: TakenRow, onRow: OnRow): void {
    const { cells, line, fault } = taken;
    if (!this.#options.isWanted || (fault === undefined && cells.every(isBlank))) return;
    this.firstLine ??= line;
    if (this.#header === undefined) {
      if (this.#rowsBefore < ROWS_BEFORE_A_HEADER && looksLikeLineList(cells)) this.#begin(cells, line);
      else this.#passOver(cells, line);
      return;
    }
    if (this.#isHeaderAgain(cells)) {
      this.#options.warn('repeated_header');
      return;
    }
    if (this.#reader !== undefined) {
      this.#read(this.#reader, taken, onRow);
      return;
    }
    this.#sample.push(taken);
    for (const cell of cells) this.#sampleCharacters += cell.length;
    if (this.#sample.length >= SAMPLE_ROWS || this.#sampleCharacters >= SAMPLE_CHARACTERS) this.#judge(onRow);
  }

  /** The sheet has ended. */
  finish(onRow: OnRow): void {
    if (this.#header !== undefined && this.#reader === undefined) this.#judge(onRow);
  }

  /** Of a sheet that is not read: throws `missing_columns` where a row names some of the columns, but not those needed. */
  tellWhatIsMissing(): void {
    if (this.#closest !== undefined) this.#begin(this.#closest.cells, this.#closest.line);
  }

  report(): SheetReport {
    return (
      this.#report ?? {
        name: this.name,
        headerLine: undefined,
        columns: [],
        ignoredColumns: [],
        dateOrder: 'unknown',
        decimal: 'unknown',
      }
    );
  }

  #passOver(cells: readonly string[], line: number): void {
    if (this.#rowsBefore++ >= ROWS_BEFORE_A_HEADER) return;
    const names = titleCount(cells);
    if (names >= LEAST_TITLES && names > (this.#closest?.names ?? 0)) this.#closest = { cells, line, names };
  }

  #begin(cells: readonly string[], line: number): void {
    try {
      this.#header = readHeader(cells);
    } catch (error) {
      if (!(error instanceof FieldFault)) throw error;
      throw new LineListFault(
        error.code === 'missing_field' ? 'missing_columns' : 'duplicate_columns',
        `${error.field}: ${error.message}.`,
        { line, field: error.field },
      );
    }
    let width = cells.length;
    while (width > 0 && isBlank(cells[width - 1]!)) width--;
    this.#titles = cells.slice(0, width);
    this.#headerLine = line;
    this.#key = titleKey(cells[this.#header.layout.lastPickup]!);
  }

  /** The header stands again where lists were put one behind another. */
  #isHeaderAgain(cells: readonly string[]): boolean {
    const cell = cells[this.#header!.layout.lastPickup];
    return (
      cell !== undefined &&
      cell.length >= this.#key.length &&
      titleKey(cell) === this.#key &&
      looksLikeLineList(cells)
    );
  }

  #judge(onRow: OnRow): void {
    const header = this.#header!;
    const sample = this.#sample;
    this.#sample = [];
    const judged = judgeColumns(
      header.layout,
      sample.flatMap(({ cells, fault }) => (fault === undefined ? [cells] : [])),
      this.#options.dateOrder,
    );
    const judgement = { ...judged, hasSnapshots: this.#options.onSample(judged.hasSnapshots) };
    this.#reader = new RowReader({
      titles: this.#titles,
      header,
      judgement,
      onDoubt: this.#options.warn,
      zone: this.#options.zone,
    });
    this.#report = sheetReport(this.name, this.#headerLine!, this.#titles, header, judgement);
    for (const held of sample) this.#read(this.#reader, held, onRow);
  }

  #read(reader: RowReader, { cells, line, flags, fault }: TakenRow, onRow: OnRow): void {
    const row = reader.read(cells, { line, sheet: this.name, rowNo: 0 }, flags);
    if (fault !== undefined) row.fault = fault;
    onRow(row);
  }
}

function isBlank(cell: string): boolean {
  return cell === '' || cell.trim() === '';
}
