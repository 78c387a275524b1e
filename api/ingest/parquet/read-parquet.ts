import { Worker } from 'node:worker_threads';
import { threadHeap } from '#shared/lifecycle/thread-heap.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import type { SpooledFile } from '../spool/spooled-file.ts';
import { SpooledUpload } from '../spool/spooled-upload.ts';
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
  readonly #upload: SpooledUpload<FromParquet>;

  constructor(options: ParquetOptions) {
    this.#options = options;
    this.#limits = { ...PARQUET_LIMITS, ...options.limits };
    const { fileBytes: maxBytes, workMs } = this.#limits;
    this.#upload = new SpooledUpload({
      name: 'Parquet file',
      maxBytes,
      workMs,
      tooLarge,
      signal: options.signal,
    });
  }

  /** The buffer is needed until this settles. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#upload.append(bytes, `has more than ${this.#limits.fileBytes >> 20} MB`);
  }

  /** Reads the file, all of which has been written. */
  async end(): Promise<void> {
    const { onColumns, onRows } = this.#options;
    const limits = this.#limits;
    const start = ({ descriptor, bytes }: SpooledFile) =>
      new Worker(THREAD, {
        workerData: { fileDescriptor: descriptor, fileBytes: bytes, limits } satisfies ParquetInput,
        resourceLimits: threadHeap({ oldMb: limits.heapMib, youngMb: YOUNG_HEAP_MIB }),
      });
    await this.#upload.read(start, async (message, worker) => {
      const tell = (answer: ToParquet) => worker.postMessage(answer);
      switch (message.kind) {
        case 'columns':
          tell({ kind: 'read', columns: onColumns(message.columns) });
          return undefined;
        case 'rows':
          await onRows(message.batch);
          tell({ kind: 'credit' });
          return undefined;
        case 'failed': {
          const { code, field, stack } = message;
          throw new ServiceError(code, message.message, {
            cause: stack,
            ...(field === undefined ? {} : { field }),
          });
        }
        case 'done':
          return 'done';
      }
    });
  }

  async close(): Promise<void> {
    await this.#upload.close();
  }
}
