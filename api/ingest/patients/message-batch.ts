import type { EpochDay } from '#patients/record/epoch-day.ts';
import { FEATURES } from '#patients/features/features.ts';
import type { Identifiers } from '#patients/record/identifiers.ts';
import { NmrsReader } from '#patients/sources/nmrs.ts';
import { FieldFault, PatientScreen } from '#patients/sources/patient-input.ts';
import { timeZone } from '#patients/values/time-zone.ts';
import type { Refusal } from './patient-emitter.ts';

/** Messages one behind the other: `ends` are offsets into `bytes`, `lines` where each begins in the upload. */
export type MessageBatch = { bytes: Uint8Array; ends: number[]; lines: number[] };

/** How messages are read; plain data, so that a thread can be told. */
export type MessageReading = { asOf: EpochDay; today: EpochDay; zone: string };

export type ReadPatient = {
  line: number;
  patientId: string;
  facilityId: string;
  dueDate: string;
  identifiers: Identifiers | undefined;
  /** Why the patient gives no row; undefined: the features are the next of `values`. */
  refusal: Refusal | undefined;
};

/** What a batch holds, in its order. `values`: float64, patients × features, of those who give a row. */
export type ReadBatch = { patients: ReadPatient[]; values: Float64Array; warnings: [string, number][] };

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads batches of NMRS messages into features, on whichever thread. */
export class MessageBatchReader {
  readonly #reader: NmrsReader;
  readonly #screen: PatientScreen;

  constructor({ asOf, today, zone }: MessageReading) {
    this.#reader = new NmrsReader({ zone: timeZone(zone), today });
    this.#screen = new PatientScreen(asOf);
  }

  read({ bytes, ends, lines }: MessageBatch): ReadBatch {
    const { warnings } = this.#reader;
    const values = new Float64Array(ends.length * FEATURES.length);
    const patients: ReadPatient[] = [];
    let rows = 0;
    let start = 0;
    for (const [i, end] of ends.entries()) {
      const read = this.#patient(bytes.subarray(start, end), lines[i]!, values, rows * FEATURES.length);
      if (read.refusal === undefined) rows++;
      patients.push(read);
      start = end;
    }
    const counted: [string, number][] = [...warnings.counts];
    warnings.counts.clear();
    return { patients, values: values.slice(0, rows * FEATURES.length), warnings: counted };
  }

  #patient(bytes: Uint8Array, line: number, values: Float64Array, offset: number): ReadPatient {
    try {
      const record = this.#reader.read(parsed(bytes));
      const outcome = this.#screen.screen(record, line, values, offset);
      const identifiers = this.#reader.identifiers();
      if (!outcome.ok) {
        const { field, code, message } = outcome.rejection;
        const refusal = { field: field === '' ? null : field, code, message };
        return { line, ...outcome.whose, identifiers, refusal };
      }
      for (const note of outcome.row.notes) this.#reader.warnings.warn(note);
      const { patientId, facilityId, dueDate } = outcome.row;
      return { line, patientId, facilityId, dueDate, identifiers, refusal: undefined };
    } catch (error) {
      if (!(error instanceof FieldFault)) throw error;
      const { patientId, facilityId } = error.code === 'not_an_object' ? NOBODY : this.#reader.record;
      const refusal = {
        field: error.field === '' ? null : error.field,
        code: error.code,
        message: error.message,
      };
      return { line, patientId, facilityId, dueDate: '', identifiers: undefined, refusal };
    }
  }
}

/** What is no message names nobody: the record is that of the message before. */
const NOBODY = { patientId: '', facilityId: '' };

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes)) as unknown;
  } catch {
    throw new FieldFault('', 'not_an_object', 'the message is not JSON in UTF-8');
  }
}
