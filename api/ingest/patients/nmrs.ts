import { type EpochDay, isoDate, parseIsoDay } from '#patients/record/epoch-day.ts';
import { FEATURES } from '#patients/features/features.ts';
import type { CohortParser, FormatContext, InputOptions } from '../input-format.ts';
import { BlockPool } from './block-pool.ts';
import { LineBlocks } from './line-blocks.ts';
import {
  type CutMessages,
  type MessageBatch,
  MessageBatchReader,
  type MessageReading,
  type ReadBatch,
} from './message-batch.ts';
import {
  type Dropped,
  LinesOrObjects,
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
  'json',
  'doc',
  'document',
  'row',
  'object',
  'value',
  'nmrs',
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

const nothingCut = (): CutMessages => ({ ends: [], lines: [], dropped: [], lineCount: 0 });
/** Stands for a line that was dropped because it is too long. */
const LONG_LINE: MessageBatch = {
  bytes: new Uint8Array(0),
  cut: { ends: [0], lines: [1], dropped: ['row_too_large'], lineCount: 1 },
};

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
  readonly #pool = new BlockPool(BATCH_BYTES);
  /** Of messages that are cut out here: those of the batch that is being filled. */
  #bytes: Buffer | undefined;
  #cut: CutMessages = nothingCut();
  /** Batches that are full, then those that are being read, both in the order of the upload. */
  #full: MessageBatch[] = [];
  readonly #reads: { batch: MessageBatch; read: Promise<ReadBatch> }[] = [];
  #batchCount = 0;
  #isOpen = false;
  /** Lines before the batch that is taken next, where batches are made of lines. */
  #linesBefore = 0;

  constructor(context: FormatContext) {
    const { maxRowBytes, input, options } = context;
    const { asOf, today } = daysOf(options);
    input.as_of = isoDate(asOf);
    this.#context = context;
    this.#emitter = new PatientEmitter(context, asOf);
    this.#reading = { asOf, today, zone: options.zone.name, dateOrder: options.dateOrder, maxRowBytes };
    if (options.dateOrder !== undefined) input.date_order = options.dateOrder;
    this.#reader = new MessageBatchReader(this.#reading);
    const onObject: OnObject = (bytes, line, dropped) => this.#object(bytes, line, dropped);
    const objects = () => new ObjectSplitter(maxRowBytes, onObject, MESSAGES);
    const lines = () => new LineBlocks(maxRowBytes, this.#pool, (block) => this.#block(block));
    this.#splitter = input.format.endsWith('/ndjson')
      ? new LinesOrObjects(maxRowBytes, lines, objects)
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

  #block(lines: Buffer | undefined): void {
    this.#full.push(lines === undefined ? LONG_LINE : { bytes: lines, cut: undefined });
  }

  #object(bytes: Buffer | undefined, line: number, dropped: Dropped | undefined): void {
    const from = this.#cut.ends.at(-1) ?? 0;
    const length = bytes?.length ?? 0;
    if (this.#bytes !== undefined && from + length > this.#bytes.length) {
      this.#seal();
      this.#object(bytes, line, dropped);
      return;
    }
    this.#bytes ??= this.#pool.take(length);
    bytes?.copy(this.#bytes, from);
    // An empty message holds the place of one that was dropped, so that rows keep the order of the upload.
    this.#cut.ends.push(from + length);
    this.#cut.lines.push(line);
    this.#cut.dropped.push(bytes === undefined ? (dropped ?? 'row_too_large') : undefined);
  }

  #seal(): void {
    if (this.#bytes === undefined) return;
    this.#full.push({ bytes: this.#bytes, cut: this.#cut });
    this.#bytes = undefined;
    this.#cut = nothingCut();
  }

  /** Hands full batches on and takes read ones back, in their order; no more than two a thread are under way. */
  async #work(isAll: boolean): Promise<void> {
    const readers = this.#context.readers;
    const full = this.#full;
    this.#full = [];
    for (const batch of full) {
      if (readers === undefined || this.#batchCount++ < BATCHES_WITHOUT_THREADS) {
        this.#emit(this.#reader.read(batch));
        this.#pool.give(batch.bytes);
        await this.#context.ready();
        continue;
      }
      while (this.#reads.length >= readers.threads * 2) await this.#take();
      const read = readers.read(batch, this.#reading);
      // Taken in turn: until then nobody looks at its failure.
      read.catch(() => undefined);
      this.#reads.push({ batch, read });
    }
    if (!isAll) return;
    while (this.#reads.length > 0) await this.#take();
  }

  async #take(): Promise<void> {
    const { batch, read } = this.#reads[0]!;
    this.#emit(await read);
    this.#pool.give(batch.bytes);
    void this.#reads.shift();
    await this.#context.ready();
  }

  #emit({ patients, values, warnings, lineCount }: ReadBatch): void {
    if (!this.#isOpen) this.#emitter.layOut([]);
    this.#isOpen = true;
    let offset = 0;
    for (const { line, refusal, ...whose } of patients) {
      const at = this.#linesBefore + line;
      if (refusal === undefined) {
        this.#emitter.row(at, values, offset, whose);
        offset += FEATURES.length;
      } else this.#emitter.reject(at, refusal.field, refusal.code, refusal.message, whose);
    }
    for (const [code, times] of warnings) this.#emitter.warn(code, times);
    this.#linesBefore += lineCount;
  }
}
