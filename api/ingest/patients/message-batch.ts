import type { EpochDay } from '#patients/record/epoch-day.ts';
import { FEATURES } from '#patients/features/features.ts';
import type { Identifiers } from '#patients/record/identifiers.ts';
import { NmrsReader } from '#patients/sources/nmrs.ts';
import { FieldFault, PatientScreen } from '#patients/sources/patient-input.ts';
import type { DateOrder } from '#patients/values/dates.ts';
import { timeZone } from '#patients/values/time-zone.ts';
import { type Dropped, LineSplitter, MAX_DEPTH } from './object-splitter.ts';
import type { Refusal } from './patient-emitter.ts';

/**
 * Messages that were cut out already: where each ends in the batch, the line on which it begins, why it was dropped.
 * `lineCount`: what they add to the lines before the next batch, as in `ReadBatch`.
 */
export type CutMessages = {
  ends: number[];
  lines: number[];
  dropped: (Dropped | undefined)[];
  lineCount: number;
};

/**
 * Messages one behind the other: cut out already, or as whole lines that the reader cuts. Lines are counted from the
 * batch's first (1) where it is made of lines, from the upload's otherwise.
 */
export type MessageBatch = { bytes: Uint8Array; cut: CutMessages | undefined };

/** How messages are read; plain data, so that a thread can be told. */
export type MessageReading = {
  asOf: EpochDay;
  today: EpochDay;
  zone: string;
  dateOrder?: DateOrder | undefined;
  maxRowBytes: number;
};

export type ReadPatient = {
  /** As in the batch. */
  line: number;
  patientId: string;
  facilityId: string;
  dueDate: string;
  identifiers: Identifiers | undefined;
  /** Why the patient gives no row; undefined: the features are the next of `values`. */
  refusal: Refusal | undefined;
};

/**
 * What a batch holds, in its order. `values`: float64, patients × features, of those who give a row. `lineCount`: line ends
 * in a batch of lines.
 */
export type ReadBatch = {
  patients: ReadPatient[];
  values: Float64Array;
  warnings: [string, number][];
  lineCount: number;
};

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads batches of NMRS messages into features, on whichever thread. */
export class MessageBatchReader {
  readonly #reader: NmrsReader;
  readonly #screen: PatientScreen;
  readonly #maxRowBytes: number;
  #values = new Float64Array(64 * FEATURES.length);
  #rows = 0;

  constructor({ asOf, today, zone, dateOrder, maxRowBytes }: MessageReading) {
    this.#maxRowBytes = maxRowBytes;
    this.#reader = new NmrsReader({ zone: timeZone(zone), today, dateOrder });
    this.#screen = new PatientScreen(asOf);
  }

  read({ bytes, cut }: MessageBatch): ReadBatch {
    const { warnings } = this.#reader;
    this.#rows = 0;
    const patients: ReadPatient[] = [];
    const onMessage = (message: Uint8Array | undefined, line: number, dropped: Dropped | undefined) => {
      this.#makeRoom();
      const read =
        message === undefined
          ? { ...UNREAD, line, refusal: this.#dropped(dropped) }
          : this.#patient(message, line, this.#values, this.#rows * FEATURES.length);
      if (read.refusal === undefined) this.#rows++;
      patients.push(read);
    };
    const lineCount = cut === undefined ? this.#lines(bytes, onMessage) : eachOf(bytes, cut, onMessage);
    const counted: [string, number][] = [...warnings.counts];
    warnings.counts.clear();
    const values = this.#values.slice(0, this.#rows * FEATURES.length);
    return { patients, values, warnings: counted, lineCount };
  }

  #lines(bytes: Uint8Array, onMessage: OnMessage): number {
    const splitter = new LineSplitter(this.#maxRowBytes, onMessage);
    splitter.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    splitter.end();
    return splitter.lineEnds;
  }

  #makeRoom(): void {
    const needed = (this.#rows + 1) * FEATURES.length;
    if (needed <= this.#values.length) return;
    const grown = new Float64Array(needed * 2);
    grown.set(this.#values);
    this.#values = grown;
  }

  #dropped(dropped: Dropped | undefined): Refusal {
    const code = dropped ?? 'row_too_large';
    return { field: null, code, message: droppedMessage(code, this.#maxRowBytes) };
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

type OnMessage = (message: Uint8Array | undefined, line: number, dropped: Dropped | undefined) => void;

/** What is no message names nobody: the record is that of the message before. */
const NOBODY = { patientId: '', facilityId: '' };
const UNREAD = { ...NOBODY, dueDate: '', identifiers: undefined };

/** Why a message was dropped, in words. */
export function droppedMessage(dropped: Dropped | undefined, maxBytes: number): string {
  return dropped === 'nesting_too_deep'
    ? `The message is nested more than ${MAX_DEPTH} levels deep.`
    : `The message has more than ${maxBytes} bytes.`;
}

function eachOf(bytes: Uint8Array, cut: CutMessages, onMessage: OnMessage): number {
  const { ends, lines, dropped, lineCount } = cut;
  let start = 0;
  for (const [i, end] of ends.entries()) {
    const why = dropped[i];
    onMessage(why === undefined ? bytes.subarray(start, end) : undefined, lines[i]!, why);
    start = end;
  }
  return lineCount;
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes)) as unknown;
  } catch {
    throw new FieldFault('', 'not_an_object', 'the message is not JSON in UTF-8');
  }
}
