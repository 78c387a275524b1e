import { isoDate, parseIsoDay } from '#patients/record/epoch-day.ts';
import { LineList, type LineListSink } from '#patients/sources/line-list/line-list.ts';
import { LineListFault, type LineListFaultCode } from '#patients/sources/line-list/line-list-fault.ts';
import { dueDayOf, type LineListRow, type RowFault } from '#patients/sources/line-list/row.ts';
import type { LineListReport } from '#patients/sources/line-list/report.ts';
import type { OnTableRow } from '#patients/sources/line-list/table-row.ts';
import { type ErrorCode, ServiceError } from '#shared/errors/errors.ts';
import { CsvReader } from '../csv-reader.ts';
import { type CellRows, CsvRows } from '../csv-rows.ts';
import type { CohortParser, FormatContext } from '../input-format.ts';
import type { CsvDialect } from '../sniff/dialect.ts';
import { PatientEmitter } from './patient-emitter.ts';

/** A line list that takes a table's rows, from whatever source. */
export type LineListIntake = {
  readonly row: OnTableRow;
  /** After each piece of the body: rows that wait go to their file. */
  readonly drain: () => Promise<void>;
  readonly end: () => Promise<void>;
  /** A row that its source could not cut into cells. */
  readonly unfit: (line: number, fault: RowFault, cells?: readonly string[], sheet?: string) => void;
  /** Gives temporary files back; always called, whatever happened. */
  readonly close: () => Promise<void>;
};

const CODES: Readonly<Record<LineListFaultCode, ErrorCode>> = {
  empty_list: 'empty_cohort',
  missing_header: 'missing_header',
  missing_columns: 'missing_columns',
  duplicate_columns: 'duplicate_columns',
  stale_list: 'stale_list',
};

/**
 * Opens a line list on a cohort: its patients become rows, whoever is not predicted a rejection, and the description of
 * the file is filled in. Throws `ServiceError`.
 */
export function openLineList(context: FormatContext): LineListIntake {
  const { asOf, nowMs, zone, dateOrder, sheet, allowStale } = context.options;
  const list: LineList = new LineList(new CohortSink(context, () => tell(context, list.report())), {
    asOf: asOf === undefined ? undefined : parseIsoDay(asOf),
    today: zone.dayOf(nowMs),
    zone,
    dateOrder,
    sheet,
    allowStale,
  });
  return {
    row: (cells, line, sheet, flags) => whole(() => list.row(cells, line, sheet, flags)),
    unfit: (line, fault, cells, sheet) => whole(() => list.unfit(line, fault, cells, sheet)),
    drain: async () => await stored(list.drain()),
    end: async () => {
      await stored(list.end());
      tell(context, list.report());
    },
    close: async () => await list.close(),
  };
}

const MOST_TOLD = 200;

/** Writes what was understood into the description of the file. */
function tell({ input }: FormatContext, report: LineListReport): void {
  const read = report.sheets.filter(({ headerLine }) => headerLine !== undefined);
  const [first] = read;
  if (first === undefined) return;
  input.header_line = first.headerLine!;
  input.sheets = report.sheets.flatMap(({ name, headerLine }) =>
    name === undefined
      ? []
      : [
          {
            name,
            read: headerLine !== undefined,
            reason: headerLine === undefined ? 'no header of a line list' : null,
          },
        ],
  );
  input.columns = first.columns
    .slice(0, MOST_TOLD)
    .map(({ name, readAs, detail }) => ({ name, read_as: readAs, detail }));
  input.ignored_columns = first.ignoredColumns.slice(0, MOST_TOLD);
  input.date_order = first.dateOrder;
  input.decimal = first.decimal === 'unknown' ? null : first.decimal;
  if (!Number.isNaN(report.asOf)) input.as_of = isoDate(report.asOf);
  Object.assign(input.warnings, report.warnings);
  for (const note of report.notes) if (!input.notes.includes(note)) input.notes.push(note);
}

/** Hands what a list brings to the builder of the cohort. */
class CohortSink implements LineListSink {
  readonly #context: FormatContext;
  readonly #tell: () => void;
  #emitter!: PatientEmitter;

  /** `tell` describes the list as it is understood so far. */
  constructor(context: FormatContext, tell: () => void) {
    this.#context = context;
    this.#tell = tell;
  }

  open(asOf: number, unknown: readonly string[], areStacked: boolean): void {
    this.#emitter = new PatientEmitter(this.#context, asOf);
    this.#tell();
    this.#emitter.layOut(unknown, areStacked ? 'stacked' : 'snapshot');
    this.#tell();
  }

  patient(record: Parameters<LineListSink['patient']>[0], row: LineListRow): void {
    this.#context.rows.sheet = row.sheet;
    this.#emitter.patient(record, row.line, row);
  }

  refuse(row: LineListRow, { field, code, message }: RowFault): void {
    this.#context.rows.sheet = row.sheet;
    this.#emitter.reject(row.line, field === '' ? null : field, code, message, {
      rowNo: row.rowNo,
      patientId: row.patientId,
      facilityId: row.facilityId,
      dueDate: isoDate(dueDayOf(row)),
    });
  }

  join(rowCount: number): void {
    this.#context.rows.join(rowCount);
  }

  async ready(): Promise<void> {
    await this.#context.ready();
  }
}

/** A line list as CSV, one snapshot or several stacked ones. */
export function lineListCsv(context: FormatContext, dialect: CsvDialect): CohortParser {
  const list = openLineList(context);
  const rows: CellRows = {
    header: list.row,
    row: list.row,
    // What lists have too many of, or lack at their rows' ends, the list's own reader judges.
    refuse: (line, code, message, cells) =>
      code === 'wrong_column_count' && cells !== undefined
        ? list.row(cells, line)
        : list.unfit(line, { field: '', code: 'bad_value', message }, cells),
  };
  const csv = new CsvReader(new CsvRows(rows, dialect.delimiter), dialect, context.maxRowBytes);
  return {
    write: async (bytes) => {
      csv.write(bytes);
      await list.drain();
    },
    end: async () => {
      csv.end();
      await list.end();
    },
    close: list.close,
  };
}

/** A fault of the list, or of the file that it is in. */
function whole(read: () => void): void {
  try {
    read();
  } catch (error) {
    throw toServiceError(error);
  }
}

async function stored(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    throw toServiceError(error);
  }
}

function toServiceError(error: unknown): unknown {
  if (error instanceof LineListFault) {
    const { code, message, line, field } = error;
    return new ServiceError(CODES[code], message, {
      ...(line === undefined ? {} : { line }),
      ...(field === undefined ? {} : { field, details: { columns: [field] } }),
    });
  }
  if (error instanceof Error && 'syscall' in error)
    return new ServiceError(
      'overloaded',
      'The service has no room to join the snapshots of the list at present.',
      {
        cause: error,
        retryable: true,
      },
    );
  return error;
}
