import type { EpochDay } from '#patients/record/epoch-day.ts';
import { emptyRecord } from '#patients/record/patient-record.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { CsvCells } from '#patients/sources/csv-cells.ts';
import { FieldFault } from '#patients/sources/patient-input.ts';
import { fillFromRadet, RadetReader, type RadetRow } from '#patients/sources/radet.ts';
import { RadetJoin } from '#patients/sources/radet-join.ts';
import type { FormatContext, InputFormat } from '../input-format.ts';
import { PatientEmitter } from './patient-emitter.ts';
import { xlsxRows } from './xlsx-rows.ts';

export const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

export type RadetOptions = {
  /** undefined: the latest snapshot's date, or today where the list has none. */
  asOf: EpochDay | undefined;
  today: EpochDay;
};

/** RADET line lists as CSV and as a workbook's first sheet, one snapshot or several stacked ones. */
export function radetFormats(options: RadetOptions): InputFormat[] {
  return [
    {
      mediaTypes: ['text/csv', 'application/csv'],
      open: (context) => {
        const list = new LineList(context, options);
        const decoder = new TextDecoder('utf-8', { fatal: true });
        const csv = new CsvCells((cells, line) => list.row(cells, line), context.maxRowBytes);
        const decode = (bytes?: Buffer) => {
          try {
            return decoder.decode(bytes, { stream: bytes !== undefined });
          } catch (error) {
            throw new ServiceError('invalid_encoding', 'The body is not UTF-8.', { cause: error });
          }
        };
        return {
          write: (bytes) => whole(() => csv.write(decode(bytes))),
          end: async () => {
            whole(() => {
              csv.write(decode());
              csv.end();
            });
            await list.end();
          },
        };
      },
    },
    {
      mediaTypes: [XLSX],
      open: (context) => {
        const list = new LineList(context, options);
        const sheet = xlsxRows((cells, line) => list.row(cells, line), context.ready, context.signal);
        return {
          write: sheet.write,
          close: sheet.close,
          end: async () => {
            await sheet.end();
            await list.end();
          },
        };
      },
    },
  ];
}

const PATIENTS_BETWEEN_LOOKS = 1_000;

/**
 * Rows of a line list, the header first. Without snapshot dates every row is a patient. With them rows are held until the
 * list has ended, for a patient's may lie anywhere in it (about 300 bytes a row, at most two million).
 */
class LineList {
  readonly #context: FormatContext;
  readonly #options: RadetOptions;
  readonly #join = new RadetJoin();
  readonly #record = emptyRecord();
  readonly #snapshots = new Set<EpochDay>();
  readonly #unread: { line: number; fault: FieldFault }[] = [];
  #reader: RadetReader | undefined;
  #emitter: PatientEmitter | undefined;

  constructor(context: FormatContext, options: RadetOptions) {
    this.#context = context;
    this.#options = options;
  }

  row(cells: readonly string[], line: number): void {
    if (this.#reader === undefined) {
      this.#header(cells);
      return;
    }
    let row: RadetRow;
    try {
      row = this.#reader.read(cells);
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
    const { asOf, today } = this.#options;
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

  #header(cells: readonly string[]): void {
    const reader = headerOf(cells);
    this.#reader = reader;
    if (reader.hasSnapshotDates) return;
    this.#emitter = this.#open(this.#options.asOf ?? this.#options.today, reader.unknownFeatures(false));
  }

  #open(asOf: EpochDay, unknown: readonly string[]): PatientEmitter {
    const emitter = new PatientEmitter(this.#context, asOf);
    emitter.layOut(unknown);
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
function headerOf(cells: readonly string[]): RadetReader {
  try {
    return new RadetReader(cells);
  } catch (error) {
    if (!(error instanceof FieldFault)) throw error;
    const code = error.code === 'missing_field' ? 'missing_columns' : 'duplicate_columns';
    throw new ServiceError(code, `${error.field}: ${error.message}`, {
      line: 1,
      field: error.field,
      details: { columns: [error.field] },
    });
  }
}

/** A fault of the file as a whole, such as a quote that is never closed. */
function whole(read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof FieldFault)) throw error;
    throw new ServiceError('invalid_body', `The line list cannot be read: ${error.message}.`, {
      cause: error,
    });
  }
}
