import { Worker } from 'node:worker_threads';
import { threadHeap } from '#shared/lifecycle/thread-heap.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { messagesOf, readingThreads } from '../spool/reading-thread.ts';
import { SpooledFile } from '../spool/spooled-file.ts';
import { tooLarge } from './faults.ts';
import { PARQUET_LIMITS, type ParquetLimits } from './limits.ts';
import type {
  FromParquet,
  ParquetBatch,
  ParquetColumn,
  ParquetInput,
  ToParquet,
  WantedColumn,
} from './parquet-messages.ts';

export type ParquetOptions = {
  /** The file's columns, before any row; returns those to read. */
  onColumns: (columns: readonly ParquetColumn[]) => WantedColumn[];
  /** Rows, in the file's order; what it throws ends the reading. The next come when it has settled. */
  onRows: (batch: ParquetBatch) => Promise<void>;
  /** Ends the reading with its reason. */
  signal?: AbortSignal | undefined;
  limits?: Partial<ParquetLimits>;
};

const THREAD = new URL('./parquet-thread.ts', import.meta.url);
const YOUNG_HEAP_MIB = 16;

/**
 * Reads a Parquet upload. Its description is at its end, so the upload goes to a nameless temporary file and is read by a
 * thread of its own, whose end ends this request alone.
 *
 * Throws `invalid_body` for a damaged or encrypted file, `body_too_large` beyond PARQUET_LIMITS. Call `close` whatever
 * happens.
 */
export class ParquetUpload {
  readonly #options: ParquetOptions;
  readonly #limits: ParquetLimits;
  readonly #closed = new AbortController();
  readonly #signal: AbortSignal;
  #file: Promise<SpooledFile> | undefined;
  #worker: Worker | undefined;

  constructor(options: ParquetOptions) {
    this.#options = options;
    this.#limits = { ...PARQUET_LIMITS, ...options.limits };
    this.#signal =
      options.signal === undefined
        ? this.#closed.signal
        : AbortSignal.any([this.#closed.signal, options.signal]);
  }

  /** The buffer is needed until this settles. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#signal.throwIfAborted();
    const file = await (this.#file ??= SpooledFile.create());
    const { fileBytes } = this.#limits;
    if (file.bytes + bytes.length > fileBytes) throw tooLarge(`has more than ${fileBytes >> 20} MB`);
    await file.append(bytes);
  }

  /** Reads the file, all of which has been written. */
  async end(): Promise<void> {
    const file = await (this.#file ??= SpooledFile.create());
    const release = await readingThreads.acquire(this.#signal);
    try {
      await this.#read(file);
    } finally {
      await this.#worker?.terminate();
      release();
    }
  }

  async close(): Promise<void> {
    this.#closed.abort(new ServiceError('upload_aborted', 'The reading of the Parquet file was given up.'));
    // The descriptor may be another file's once it is closed: the thread goes first.
    await this.#worker?.terminate();
    const file = this.#file;
    this.#file = undefined;
    await (await file?.catch(() => undefined))?.close();
  }

  async #read(file: SpooledFile): Promise<void> {
    const { onColumns, onRows } = this.#options;
    const limits = this.#limits;
    const input: ParquetInput = { fileDescriptor: file.descriptor, fileBytes: file.bytes, limits };
    const worker = new Worker(THREAD, {
      workerData: input,
      resourceLimits: threadHeap({ oldMb: limits.heapMib, youngMb: YOUNG_HEAP_MIB }),
    });
    this.#worker = worker;
    const tell = (message: ToParquet) => worker.postMessage(message);
    const watch = { workMs: limits.workMs, signal: this.#signal, tooLarge };
    for await (const message of messagesOf<FromParquet>(worker, watch)) {
      switch (message.kind) {
        case 'columns':
          tell({ kind: 'read', columns: onColumns(message.columns) });
          break;
        case 'rows':
          await onRows(message.batch);
          tell({ kind: 'credit' });
          break;
        case 'failed': {
          const { code, field, stack } = message;
          throw new ServiceError(code, message.message, {
            cause: stack,
            ...(field === undefined ? {} : { field }),
          });
        }
        case 'done':
          return;
      }
    }
  }
}
