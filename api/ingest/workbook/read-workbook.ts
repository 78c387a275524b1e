import { Worker } from 'node:worker_threads';
import { threadHeap } from '#shared/lifecycle/thread-heap.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import type { SpooledFile } from '../spool/spooled-file.ts';
import { SpooledUpload } from '../spool/spooled-upload.ts';
import type { FlaggedCell } from './cell-flags.ts';
import { tooLarge } from './faults.ts';
import { WORKBOOK_LIMITS, type WorkbookLimits } from './limits.ts';
import { rowsOf } from './row-batch.ts';
import { containerOf, refuseCompound, SIGNATURE_BYTES } from './sniff-container.ts';
import { type FromThread, type ThreadInput, type ToThread } from './workbook-messages.ts';
import type { WorkbookSheet } from './workbook-parts.ts';

export type { CellFlag, FlaggedCell } from './cell-flags.ts';
export type { SheetVisibility, WorkbookSheet } from './workbook-parts.ts';

export type WorkbookOptions = {
  /**
   * A row with a text or a flag, in the workbook's order of sheets and rows. `cells` reach to the last of them, '' for empty;
   * `line` is the row's number in the sheet, from 1. What it throws ends the reading.
   */
  onRow: (cells: string[], line: number, sheet: string, flags: readonly FlaggedCell[]) => void;
  /** All sheets, before any row; returns the names of those to read, undefined for all. */
  onSheets?: (sheets: readonly WorkbookSheet[]) => readonly string[] | undefined | void;
  /** Holds reading back while whoever takes the rows is behind. */
  ready?: () => Promise<void>;
  /** Ends the reading with its reason. */
  signal?: AbortSignal;
  limits?: Partial<WorkbookLimits>;
};

const THREAD = new URL('./workbook-thread.ts', import.meta.url);
const YOUNG_HEAP_MIB = 8;

/**
 * Reads every sheet of an .xlsx workbook (ECMA-376, transitional and strict) as a person sees it: number formats applied,
 * dates as YYYY-MM-DD, merged cells in each of their rows. The upload goes to a nameless temporary file, since a workbook's
 * strings may follow the sheets that use them, and is read by a thread of its own, whose end ends this request alone.
 *
 * Throws `invalid_body` for what is no workbook or a damaged one, `workbook_too_large` beyond WORKBOOK_LIMITS. Call `close`
 * whatever happens.
 */
export class WorkbookUpload {
  readonly #options: WorkbookOptions;
  readonly #limits: WorkbookLimits;
  readonly #upload: SpooledUpload<FromThread>;
  #start: Uint8Array = new Uint8Array(0);

  constructor(options: WorkbookOptions) {
    this.#options = options;
    this.#limits = { ...WORKBOOK_LIMITS, ...options.limits };
    const { fileBytes: maxBytes, workMs } = this.#limits;
    this.#upload = new SpooledUpload({
      name: 'workbook',
      maxBytes,
      workMs,
      tooLarge,
      signal: options.signal,
    });
  }

  /** The buffer is needed until this settles. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#upload.throwIfAborted();
    if (this.#start.length < SIGNATURE_BYTES) {
      this.#start = Buffer.concat([this.#start, bytes.subarray(0, SIGNATURE_BYTES)]);
      if (this.#start.length >= SIGNATURE_BYTES) containerOf(this.#start);
    }
    await this.#upload.append(bytes, `is a file of more than ${this.#limits.fileBytes >> 20} MB`);
  }

  /** Reads the workbook, all of which has been written. */
  async end(): Promise<void> {
    const container = containerOf(this.#start);
    const written = await this.#upload.file();
    if (container === 'compound')
      await refuseCompound((position, length) => written.readAt(position, length));
    const { onRow, onSheets, ready } = this.#options;
    const limits = this.#limits;
    const start = ({ descriptor, bytes }: SpooledFile) =>
      new Worker(THREAD, {
        workerData: { fileDescriptor: descriptor, fileBytes: bytes, limits } satisfies ThreadInput,
        resourceLimits: threadHeap({ oldMb: limits.heapMib, youngMb: YOUNG_HEAP_MIB }),
      });
    let names: string[] = [];
    await this.#upload.read(start, async (message, worker) => {
      const tell = (answer: ToThread) => worker.postMessage(answer);
      switch (message.kind) {
        case 'sheets': {
          names = message.sheets.map(({ name }) => name);
          const wanted = onSheets?.(message.sheets) ?? names;
          tell({
            kind: 'read',
            sheets: [...names.keys()].filter((index) => wanted.includes(names[index] as string)),
          });
          return undefined;
        }
        case 'rows':
          for (const { cells, line, flags } of rowsOf(message.batch))
            onRow(cells, line, names[message.sheet] as string, flags);
          await ready?.();
          tell({ kind: 'credit' });
          return undefined;
        case 'failed': {
          const { code, line, stack } = message;
          throw new ServiceError(code, message.message, {
            cause: stack,
            ...(line === undefined ? {} : { line }),
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

/** Reads a workbook that is at hand. */
export async function readWorkbook(
  source: Uint8Array | AsyncIterable<Uint8Array>,
  options: WorkbookOptions,
): Promise<void> {
  const upload = new WorkbookUpload(options);
  try {
    if (source instanceof Uint8Array) await upload.write(source);
    else for await (const bytes of source) await upload.write(bytes);
    await upload.end();
  } finally {
    await upload.close();
  }
}
