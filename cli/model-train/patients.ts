import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { EpochDay } from '#shared/features/epoch-day.ts';
import type { PatientRecord } from '#shared/features/patient-record.ts';
import { NmrsReader } from '#shared/inputs/nmrs.ts';
import { FieldFault } from '#shared/inputs/patient-input.ts';
import { EXTRA_HISTORY_DAYS } from '#models/training/table.ts';
import { Cohort, NO_SHIFT } from '../cohort/cohort.ts';
import { RowWriter } from '../cohort/row-writer.ts';
import { writeNmrsMessage } from '../cohort/write-nmrs.ts';

/** Patients for a training table, with a count of the messages that could not be read. */
export interface PatientSource {
  readonly records: AsyncIterable<PatientRecord> | Iterable<PatientRecord>;
  readonly refused: () => readonly string[];
  readonly describe: () => { readonly synthetic: boolean; readonly source: string };
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
  const refused: string[] = [];
  let synthetic = 0;
  let messages = 0;
  const reader = new NmrsReader();
  async function* records(): AsyncGenerator<PatientRecord> {
    let line = 0;
    for await (const text of lines) {
      line++;
      if (text.trim() === '') continue;
      try {
        const message: unknown = JSON.parse(text);
        const record = reader.read(message);
        messages++;
        if (record.patientId.startsWith('SYN-')) synthetic++;
        yield record;
      } catch (error) {
        if (!(error instanceof FieldFault || error instanceof SyntaxError)) throw error;
        refused.push(`line ${line}: ${error instanceof FieldFault ? `${error.field} ` : ''}${error.message}`);
      }
    }
  }
  return {
    records: records(),
    refused: () => refused,
    describe: () => {
      const isSynthetic = messages > 0 && synthetic === messages;
      return {
        synthetic: isSynthetic,
        source: isSynthetic
          ? 'SYNTHETIC NMRS patient messages written by this repository’s generator; nobody in them exists'
          : 'NMRS patient messages',
      };
    },
  };
}
