import type { Worker } from 'node:worker_threads';
import { ServiceError } from '#shared/errors/errors.ts';
import { messagesOf, readingThreads } from './reading-thread.ts';
import { SpooledFile } from './spooled-file.ts';

export type SpooledUploadOptions = {
  /** Such as "workbook": what was being read when it was given up. */
  name: string;
  maxBytes: number;
  /** Of a thread's reading; only time spent waiting for it counts. */
  workMs: number;
  /** The refusal of a file that needs more than it may, by what the file does. */
  tooLarge: (what: string) => ServiceError;
  /** Ends the reading with its reason. */
  signal: AbortSignal | undefined;
};

/**
 * An upload that is read from its end, or in an order of its own: it goes to a nameless temporary file, and a thread of its own
 * reads that, whose end ends this request alone. `Message` is what the thread says. Call `close` whatever happens.
 */
export class SpooledUpload<Message> {
  readonly #options: SpooledUploadOptions;
  readonly #closed = new AbortController();
  readonly #signal: AbortSignal;
  #file: Promise<SpooledFile> | undefined;
  #worker: Worker | undefined;

  constructor(options: SpooledUploadOptions) {
    this.#options = options;
    this.#signal =
      options.signal === undefined
        ? this.#closed.signal
        : AbortSignal.any([this.#closed.signal, options.signal]);
  }

  throwIfAborted(): void {
    this.#signal.throwIfAborted();
  }

  /** The file as far as it was written. */
  async file(): Promise<SpooledFile> {
    return await (this.#file ??= SpooledFile.create());
  }

  /** The buffer is needed until this settles. Throws the reason of the signal; `tooLarge` with `beyond`. */
  async append(bytes: Uint8Array, beyond: string): Promise<void> {
    this.throwIfAborted();
    const file = await this.file();
    const { maxBytes, tooLarge } = this.#options;
    if (file.bytes + bytes.length > maxBytes) throw tooLarge(beyond);
    await file.append(bytes);
  }

  /** Starts a thread over the file, when one may run, and hands on what it says, until `onMessage` answers `done`. */
  async read(
    start: (file: SpooledFile) => Worker,
    onMessage: (message: Message, worker: Worker) => Promise<'done' | undefined>,
  ): Promise<void> {
    const file = await this.file();
    const release = await readingThreads.acquire(this.#signal);
    try {
      const worker = start(file);
      this.#worker = worker;
      const { workMs, tooLarge } = this.#options;
      for await (const message of messagesOf<Message>(worker, { workMs, signal: this.#signal, tooLarge }))
        if ((await onMessage(message, worker)) === 'done') return;
    } finally {
      await this.#worker?.terminate();
      release();
    }
  }

  async close(): Promise<void> {
    const { name } = this.#options;
    this.#closed.abort(new ServiceError('upload_aborted', `The reading of the ${name} was given up.`));
    // The descriptor may be another file's once it is closed: the thread goes first.
    await this.#worker?.terminate();
    const file = this.#file;
    this.#file = undefined;
    await (await file?.catch(() => undefined))?.close();
  }
}
