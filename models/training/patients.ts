import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { EpochDay } from '#patients/record/epoch-day.ts';
import { emptyRecord } from '#patients/record/patient-record.ts';
import { CsvCells } from '#patients/sources/csv-cells.ts';
import { NmrsReader } from '#patients/sources/nmrs.ts';
import { FieldFault } from '#patients/sources/patient-input.ts';
import { fillRecord } from '#patients/sources/line-list/fill-record.ts';
import { joinRows } from '#patients/sources/line-list/join-rows.ts';
import type { LineListRow } from '#patients/sources/line-list/row.ts';
import { RowStore } from '#patients/sources/line-list/row-store.ts';
import { SheetReader } from '#patients/sources/line-list/sheet-reader.ts';
import { EXTRA_HISTORY_DAYS, type TrainingPatient } from '#models/training/table.ts';
import { Cohort, DEFAULT_TRANSFERS_IN, NO_SHIFT } from '../synthetic/cohort.ts';
import { RowWriter } from '../synthetic/row-writer.ts';
import { writeNmrsMessage } from '../synthetic/write-nmrs.ts';

/** A line list says something of a date if it was printed in the month before. */
const SNAPSHOT_MONTH_DAYS = 31;

/** Patients for a training table, and what could not be read. */
export interface PatientSource {
  readonly patients: AsyncIterable<TrainingPatient>;
  readonly refused: () => readonly string[];
  readonly describe: () => {
    readonly synthetic: boolean;
    readonly source: string;
    readonly format: 'records' | 'stacked';
  };
}

/** The cohort that the shipped model is trained on, as `npm run cohort` would write it. */
export function generatedMessages(rows: number, seed: number, end: EpochDay): Iterable<string> {
  const cohort = new Cohort({
    rows,
    seed,
    asOf: end,
    population: 'ever',
    extraHistoryDays: EXTRA_HISTORY_DAYS,
    shift: NO_SHIFT,
    transfersIn: DEFAULT_TRANSFERS_IN,
  });
  const writer = new RowWriter();
  return (function* messages() {
    for (let i = 0; i < rows; i++) {
      cohort.make(i);
      writeNmrsMessage(cohort, writer);
      yield writer.take().toString();
    }
  })();
}

export function linesOf(file: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY });
}

/** NMRS messages, one a line, through the reader that the service uses too. */
export function nmrsPatients(lines: AsyncIterable<string> | Iterable<string>): PatientSource {
  const tally = new Tally('NMRS patient messages');
  const reader = new NmrsReader();
  async function* patients(): AsyncGenerator<TrainingPatient> {
    let line = 0;
    for await (const text of lines) {
      line++;
      if (text.trim() === '') continue;
      try {
        reader.read(JSON.parse(text));
      } catch (error) {
        tally.refuse(line, error);
        continue;
      }
      const { record } = reader;
      tally.count(record.patientId);
      yield { facilityId: record.facilityId, recordOn: () => record, wholeRecord: () => record };
    }
  }
  return {
    patients: patients(),
    refused: () => tally.refused,
    describe: () => ({ ...tally.describe(), format: 'records' }),
  };
}

/**
 * Stacked monthly RADET line lists in one CSV with a column “Snapshot Date”. Features on a date come from the
 * snapshots up to it, as in scoring; outcomes from all of them.
 */
export function radetPatients(file: string, end: EpochDay): PatientSource {
  const tally = new Tally('stacked RADET line lists');
  async function* patients(): AsyncGenerator<TrainingPatient> {
    const seen = emptyRecord();
    const whole = emptyRecord();
    const store = new RowStore({ seed: 0 });
    try {
      await storeRows(file, tally, store);
      for await (const all of store.patients(() => {})) {
        const rows = joinRows(all, end).used;
        if (rows.length === 0) continue;
        tally.count(rows[0]!.patientId);
        yield {
          facilityId: rows[0]!.facilityId,
          recordOn: (asOf) => {
            const isPrinted = rows.some(
              ({ snapshotDay: day }) => day <= asOf && day > asOf - SNAPSHOT_MONTH_DAYS,
            );
            if (!isPrinted) return undefined;
            fillRecord(rows, asOf, seen);
            return seen;
          },
          wholeRecord: () => {
            fillRecord(rows, end, whole, 'all');
            return whole;
          },
        };
      }
    } finally {
      await store.close();
    }
  }
  return {
    patients: patients(),
    refused: () => tally.refused,
    describe: () => ({ ...tally.describe(), format: 'stacked' }),
  };
}

async function storeRows(file: string, tally: Tally, store: RowStore): Promise<void> {
  let rowNo = 0;
  const take = (row: LineListRow): void => {
    row.rowNo = ++rowNo;
    const { fault } = row;
    if (fault === undefined) store.add(row);
    else tally.refuse(row.line, new FieldFault(fault.field, fault.code, fault.message));
  };
  const sheet = new SheetReader({
    name: undefined,
    isWanted: true,
    dateOrder: undefined,
    warn: () => {},
    onSample: (hasSnapshots) => {
      if (hasSnapshots) return true;
      throw new Error('training from RADET needs stacked snapshots with a column “Snapshot Date”');
    },
  });
  const csv = new CsvCells((cells, line) => sheet.take({ cells, line }, take));
  for await (const piece of createReadStream(file, 'utf8')) {
    csv.write(piece as string);
    await store.drain();
  }
  csv.end();
  sheet.finish(take);
  if (!sheet.isRead) throw new Error('the file has no header of a line list');
}

class Tally {
  readonly refused: string[] = [];
  readonly #what: string;
  #patients = 0;
  #synthetic = 0;

  constructor(what: string) {
    this.#what = what;
  }

  count(patientId: string): void {
    this.#patients++;
    if (patientId.startsWith('SYN-')) this.#synthetic++;
  }

  /** Keeps a fault of the data; anything else is thrown on. */
  refuse(line: number, error: unknown): void {
    if (!(error instanceof FieldFault || error instanceof SyntaxError)) throw error;
    this.refused.push(
      `line ${line}: ${error instanceof FieldFault ? `${error.field} ${error.message}` : 'is not JSON'}`,
    );
  }

  describe(): { synthetic: boolean; source: string } {
    const isSynthetic = this.#patients > 0 && this.#synthetic === this.#patients;
    return {
      synthetic: isSynthetic,
      source: isSynthetic
        ? `SYNTHETIC ${this.#what} written by this repository’s generator; nobody in them exists`
        : this.#what,
    };
  }
}
