import { type EpochDay, isoDate, parseIsoDay } from '#patients/record/epoch-day.ts';
import { emptyRecord } from '#patients/record/patient-record.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { FieldFault } from '#patients/sources/patient-input.ts';
import { fillFromRadet, RadetReader, type RadetRow } from '#patients/sources/radet.ts';
import { RadetJoin } from '#patients/sources/radet-join.ts';
import { CsvReader } from '../csv-reader.ts';
import { CsvRows } from '../csv-rows.ts';
import type { CohortParser, FormatContext } from '../input-format.ts';
import type { CsvDialect } from '../sniff/dialect.ts';
import { PatientEmitter } from './patient-emitter.ts';
import { xlsxRows } from './xlsx-rows.ts';

/** A RADET line list as CSV, one snapshot or several stacked ones. */
export function lineListCsv(context: FormatContext, dialect: CsvDialect): CohortParser {
  const list = new LineList(context);
  const csv = new CsvReader(new CsvRows(list, dialect.delimiter), dialect, context.maxRowBytes);
  return {
    write: (bytes) => csv.write(bytes),
    end: async () => {
      csv.end();
      await list.end();
    },
  };
}

/** A RADET line list as a workbook. */
export function lineListWorkbook(context: FormatContext): CohortParser {
  const list = new LineList(context);
  let isHeader = true;
  const sheet = xlsxRows((cells, line) => {
    if (isHeader) list.header(cells, line);
    else list.row(cells, line);
    isHeader = false;
  }, context.ready);
  return {
    write: sheet.write,
    end: async () => {
      await sheet.end();
      await list.end();
    },
  };
}

const PATIENTS_BETWEEN_LOOKS = 1_000;

/**
 * Rows of a line list, the header first. Without snapshot dates every row is a patient. With them rows are held until the
 * list has ended, for a patient's may lie anywhere in it (about 300 bytes a row, at most two million).
 */
class LineList {
  readonly #context: FormatContext;
  readonly #join = new RadetJoin();
  readonly #record = emptyRecord();
  readonly #snapshots = new Set<EpochDay>();
  readonly #unread: { line: number; fault: FieldFault }[] = [];
  #reader: RadetReader | undefined;
  #emitter: PatientEmitter | undefined;

  constructor(context: FormatContext) {
    this.#context = context;
  }

  row(cells: readonly string[], line: number): void {
    let row: RadetRow;
    try {
      row = this.#reader!.read(cells);
    } catch (error) {
      if (!(error instanceof FieldFault)) throw error;
      if (this.#emitter === undefined) this.#unread.push({ line, fault: error });
      else this.#emitter.refuse(line, error);
      return;
    }
    if (this.#emitter === undefined) {
      if (!Number.isNaN(row.snapshotDay)) this.#snapshots.add(row.snapshotDay);
      this.#join.add(row, line);
    } else this.#patient(this.#emitter, [row], line);
  }

  async end(): Promise<void> {
    const reader = this.#reader;
    if (reader === undefined || this.#emitter !== undefined) return;
    const { asOf, today } = this.#days();
    const day = asOf ?? (this.#snapshots.size === 0 ? today : Math.max(...this.#snapshots));
    const used = [...this.#snapshots].filter((snapshot) => snapshot <= day).length;
    this.#emitter = this.#open(day, reader.unknownFeatures(used > 1));
    for (const { line, fault } of this.#unread) this.#emitter.refuse(line, fault);
    let patients = 0;
    for (const { rows, line } of this.#join.patients()) {
      this.#patient(this.#emitter, rows, line);
      if (++patients % PATIENTS_BETWEEN_LOOKS === 0) await this.#context.ready();
    }
  }

  header(cells: readonly string[], line: number): void {
    const reader = headerOf(cells, line);
    this.#reader = reader;
    if (reader.hasSnapshotDates) return;
    const { asOf, today } = this.#days();
    this.#emitter = this.#open(asOf ?? today, reader.unknownFeatures(false));
  }

  refuse(line: number, code: string, message: string): void {
    const fault = new FieldFault('', 'bad_value', message);
    if (this.#emitter === undefined) this.#unread.push({ line, fault });
    else this.#emitter.reject(line, null, code, message);
  }

  #days(): { asOf: EpochDay | undefined; today: EpochDay } {
    const { asOf, nowMs, zone } = this.#context.options;
    return { asOf: asOf === undefined ? undefined : parseIsoDay(asOf), today: zone.dayOf(nowMs) };
  }

  #open(asOf: EpochDay, unknown: readonly string[]): PatientEmitter {
    const emitter = new PatientEmitter(this.#context, asOf);
    emitter.layOut(unknown);
    this.#context.input.as_of = isoDate(asOf);
    this.#asOf = asOf;
    return emitter;
  }

  #asOf: EpochDay = Number.NaN;

  #patient(emitter: PatientEmitter, rows: readonly RadetRow[], line: number): void {
    try {
      fillFromRadet(rows, this.#asOf, this.#record);
      emitter.patient(this.#record, line);
    } catch (error) {
      emitter.refuse(line, error);
    }
  }
}

/** Throws `missing_columns` or `duplicate_columns`, naming the column. */
function headerOf(cells: readonly string[], line: number): RadetReader {
  try {
    return new RadetReader(cells);
  } catch (error) {
    if (!(error instanceof FieldFault)) throw error;
    const code = error.code === 'missing_field' ? 'missing_columns' : 'duplicate_columns';
    throw new ServiceError(code, `${error.field}: ${error.message}`, {
      line,
      field: error.field,
      details: { columns: [error.field] },
    });
  }
}
