import { CsvCells } from '#patients/sources/csv-cells.ts';
import { LineList, type LineListOptions, type LineListSink } from '#patients/sources/line-list/line-list.ts';
import { LineListFault, type LineListFaultCode } from '#patients/sources/line-list/line-list-fault.ts';
import { dueDayOf, type LineListRow, type RowFault } from '#patients/sources/line-list/row.ts';
import type { LineListReport } from '#patients/sources/line-list/report.ts';
import type { OnTableRow } from '#patients/sources/line-list/table-row.ts';
import { FieldFault } from '#patients/sources/patient-input.ts';
import { type ErrorCode, ServiceError } from '#shared/errors/errors.ts';
import type { FormatContext, InputFormat } from '../input-format.ts';
import { PatientEmitter } from './patient-emitter.ts';
import { xlsxRows } from './xlsx-rows.ts';

export const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

/** A line list that takes a table's rows, from whatever source. */
export type LineListIntake = {
  readonly row: OnTableRow;
  /** After each piece of the body: rows that wait go to their file. */
  readonly drain: () => Promise<void>;
  readonly end: () => Promise<void>;
  /** Gives temporary files back; always called, whatever happened. */
  readonly close: () => Promise<void>;
  readonly report: () => LineListReport;
};

const CODES: Readonly<Record<LineListFaultCode, ErrorCode>> = {
  empty_list: 'empty_cohort',
  missing_header: 'missing_columns',
  missing_columns: 'missing_columns',
  duplicate_columns: 'duplicate_columns',
  stale_list: 'stale_list',
};

/** Opens a line list on a cohort: its patients become rows, whoever is not predicted a rejection. Throws `ServiceError`. */
export function openLineList(context: FormatContext, options: LineListOptions): LineListIntake {
  const list = new LineList(new CohortSink(context), options);
  return {
    row: (cells, line, sheet, flags) => whole(() => list.row(cells, line, sheet, flags)),
    drain: async () => await stored(list.drain()),
    end: async () => await stored(list.end()),
    close: async () => await list.close(),
    report: () => list.report(),
  };
}

/** Hands what a list brings to the builder of the cohort. */
class CohortSink implements LineListSink {
  readonly #context: FormatContext;
  #emitter!: PatientEmitter;

  constructor(context: FormatContext) {
    this.#context = context;
  }

  open(asOf: number, unknown: readonly string[]): void {
    this.#emitter = new PatientEmitter(this.#context, asOf);
    this.#emitter.layOut(unknown);
  }

  patient(record: Parameters<LineListSink['patient']>[0], row: LineListRow): void {
    this.#context.rows.sheet = row.sheet;
    this.#emitter.patient(record, row.line, row);
  }

  refuse(row: LineListRow, { field, code, message }: RowFault): void {
    this.#context.rows.sheet = row.sheet;
    const person = { patientId: row.patientId, facilityId: row.facilityId, dueDay: dueDayOf(row) };
    this.#emitter.reject(row.line, field === '' ? null : field, code, message, {
      ...person,
      rowNo: row.rowNo,
    });
  }

  join(rowCount: number): void {
    this.#context.rows.join(rowCount);
  }

  async ready(): Promise<void> {
    await this.#context.ready();
  }
}

/** Line lists as CSV and as workbooks, one snapshot or several stacked ones. */
export function lineListFormats(options: LineListOptions): InputFormat[] {
  return [
    {
      mediaTypes: ['text/csv', 'application/csv'],
      open: (context) => {
        const list = openLineList(context, options);
        const decoder = new TextDecoder('utf-8', { fatal: true });
        const csv = new CsvCells(list.row, context.maxRowBytes);
        const decode = (bytes?: Buffer) => {
          try {
            return decoder.decode(bytes, { stream: bytes !== undefined });
          } catch (error) {
            throw new ServiceError('invalid_encoding', 'The body is not UTF-8.', { cause: error });
          }
        };
        return {
          write: async (bytes) => {
            whole(() => csv.write(decode(bytes)));
            await list.drain();
          },
          end: async () => {
            whole(() => {
              csv.write(decode());
              csv.end();
            });
            await list.end();
          },
          close: list.close,
        };
      },
    },
    {
      mediaTypes: [XLSX],
      open: (context) => {
        const list = openLineList(context, options);
        const sheet = xlsxRows(list.row, async () => {
          await list.drain();
          await context.ready();
        });
        return {
          write: sheet.write,
          end: async () => {
            await sheet.end();
            await list.end();
          },
          close: list.close,
        };
      },
    },
  ];
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
  if (error instanceof FieldFault)
    return new ServiceError('invalid_body', `The line list cannot be read: ${error.message}.`, {
      cause: error,
    });
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
