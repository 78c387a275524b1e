import { type EpochDay, isoDate, parseIsoDay } from '#patients/record/epoch-day.ts';
import { FEATURES } from '#patients/features/features.ts';
import type { CohortParser, FormatContext, InputOptions } from '../input-format.ts';
import {
  type MessageBatch,
  MessageBatchReader,
  type MessageReading,
  type ReadBatch,
} from './message-batch.ts';
import {
  type Dropped,
  LinesOrObjects,
  LineSplitter,
  MAX_DEPTH,
  ObjectSplitter,
  type OnObject,
  type WrapperRules,
} from './object-splitter.ts';
import { PatientEmitter } from './patient-emitter.ts';

const OWN_KEYS = new Set(['messageHeader', 'messageData', 'demographics', 'visits', 'encounters', 'obs']);
const WRAPPER_KEYS = new Set([
  'data',
  'payload',
  'body',
  'message',
  'messages',
  'patient',
  'patients',
  'record',
  'records',
  'result',
  'results',
  'response',
  'content',
  'container',
  'items',
  'hits',
  '_source',
]);

/** What wraps messages, and what is one. */
const MESSAGES: WrapperRules = {
  isOwnKey: (key) => OWN_KEYS.has(key),
  isWrapperKey: (key) => WRAPPER_KEYS.has(key),
};

/** The day to score on, and the last one on which a record can have been made. */
export function daysOf(options: InputOptions): { asOf: EpochDay; today: EpochDay } {
  const today = options.zone.dayOf(options.nowMs);
  const asOf = options.asOf === undefined ? today : parseIsoDay(options.asOf);
  return { asOf, today: Math.max(asOf, today) };
}

/** Messages that are read together: enough to be worth a thread's while, few enough to be many at work. */
const BATCH_BYTES = 512 * 1024;
/** Smaller uploads are read where they arrive: a thread would take longer to start. */
const BATCHES_WITHOUT_THREADS = 4;

/**
 * NMRS patient messages: one, an array of them, wrapped or not, or one a line. A message that is faulty, too long or of a
 * patient who cannot be scored costs only itself.
 */
export function nmrsParser(context: FormatContext): CohortParser {
  return new NmrsParser(context);
}

class NmrsParser implements CohortParser {
  readonly #context: FormatContext;
  readonly #emitter: PatientEmitter;
  readonly #reading: MessageReading;
  readonly #reader: MessageBatchReader;
  readonly #splitter: { write: (bytes: Buffer) => void; end: () => void };
  #bytes: Buffer = Buffer.allocUnsafeSlow(BATCH_BYTES);
  #ends: number[] = [];
  #lines: number[] = [];
  /** Batches that are full, then those that are being read, both in the order of the upload. */
  #full: MessageBatch[] = [];
  readonly #reads: Promise<ReadBatch>[] = [];
  #batchCount = 0;
  #isOpen = false;

  constructor(context: FormatContext) {
    const { maxRowBytes, input, options } = context;
    const { asOf, today } = daysOf(options);
    input.as_of = isoDate(asOf);
    this.#context = context;
    this.#emitter = new PatientEmitter(context, asOf);
    this.#reading = { asOf, today, zone: options.zone.name };
    this.#reader = new MessageBatchReader(this.#reading);
    const onObject: OnObject = (bytes, line, dropped) => this.#object(bytes, line, dropped);
    const objects = () => new ObjectSplitter(maxRowBytes, onObject, MESSAGES);
    this.#splitter = input.format.endsWith('/ndjson')
      ? new LinesOrObjects(maxRowBytes, () => new LineSplitter(maxRowBytes, onObject), objects)
      : objects();
  }

  async write(bytes: Buffer): Promise<void> {
    this.#splitter.write(bytes);
    await this.#work(false);
  }

  async end(): Promise<void> {
    this.#splitter.end();
    this.#seal();
    await this.#work(true);
  }

  #object(bytes: Buffer | undefined, line: number, dropped: Dropped | undefined): void {
    if (bytes === undefined) {
      // An empty message holds the place of one that was dropped, so that rows keep the order of the upload.
      this.#ends.push(this.#ends.at(-1) ?? 0);
      this.#lines.push(dropped === 'nesting_too_deep' ? -line - 0.5 : -line);
      return;
    }
    const from = this.#ends.at(-1) ?? 0;
    if (from > 0 && from + bytes.length > BATCH_BYTES) {
      this.#seal();
      this.#object(bytes, line, dropped);
      return;
    }
    if (bytes.length > this.#bytes.length) this.#bytes = Buffer.allocUnsafeSlow(bytes.length);
    bytes.copy(this.#bytes, from);
    this.#ends.push(from + bytes.length);
    this.#lines.push(line);
  }

  #seal(): void {
    if (this.#ends.length === 0) return;
    this.#full.push({ bytes: this.#bytes, ends: this.#ends, lines: this.#lines });
    this.#bytes = Buffer.allocUnsafeSlow(BATCH_BYTES);
    this.#ends = [];
    this.#lines = [];
  }

  /** Hands full batches on and takes read ones back, in their order; no more than two a thread are under way. */
  async #work(isAll: boolean): Promise<void> {
    const readers = this.#context.readers;
    const full = this.#full;
    this.#full = [];
    for (const batch of full) {
      if (readers === undefined || this.#batchCount++ < BATCHES_WITHOUT_THREADS) {
        this.#emit(this.#reader.read(batch));
        await this.#context.ready();
        continue;
      }
      while (this.#reads.length >= readers.threads * 2) await this.#take();
      const read = readers.read(batch, this.#reading);
      // Taken in turn: until then nobody looks at its failure.
      read.catch(() => undefined);
      this.#reads.push(read);
    }
    if (!isAll) return;
    while (this.#reads.length > 0) await this.#take();
  }

  async #take(): Promise<void> {
    this.#emit(await this.#reads[0]!);
    void this.#reads.shift();
    await this.#context.ready();
  }

  #emit({ patients, values, warnings }: ReadBatch): void {
    if (!this.#isOpen) this.#emitter.layOut([]);
    this.#isOpen = true;
    const { maxRowBytes } = this.#context;
    let offset = 0;
    for (const { line, refusal, ...whose } of patients) {
      if (line < 0) {
        const dropped = Number.isInteger(line) ? 'row_too_large' : 'nesting_too_deep';
        this.#emitter.reject(Math.trunc(-line), null, dropped, droppedMessage(dropped, maxRowBytes));
      } else if (refusal === undefined) {
        this.#emitter.row(line, values, offset, whose);
        offset += FEATURES.length;
      } else this.#emitter.reject(line, refusal.field, refusal.code, refusal.message, whose);
    }
    for (const [code, times] of warnings) this.#emitter.warn(code, times);
  }
}

export function droppedMessage(dropped: Dropped | undefined, maxBytes: number): string {
  return dropped === 'nesting_too_deep'
    ? `The message is nested more than ${MAX_DEPTH} levels deep.`
    : `The message has more than ${maxBytes} bytes.`;
}
