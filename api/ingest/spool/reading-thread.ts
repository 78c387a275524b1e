import type { Worker } from 'node:worker_threads';
import { ServiceError } from '#shared/errors/errors.ts';
import { Semaphore } from './semaphore.ts';

/** Bounds what all uploads together may hold: a thread holds up to some 100 MB. */
const THREADS_AT_ONCE = 2;
/** The threads that read spooled uploads, whatever their format. */
export const readingThreads = new Semaphore(THREADS_AT_ONCE);

export type ThreadWatch = {
  /** Only time spent waiting for the thread counts. */
  workMs: number;
  signal: AbortSignal;
  /** The refusal of a file that needs more than it may, by what the file does. */
  tooLarge: (what: string) => ServiceError;
};

/** What a thread says, until it ends. */
export async function* messagesOf<Message>(worker: Worker, watch: ThreadWatch): AsyncGenerator<Message> {
  const { workMs, signal, tooLarge } = watch;
  const arrived: Message[] = [];
  let failure: unknown;
  let wake: () => void = () => undefined;
  const fail = (error: unknown) => {
    failure ??= error;
    wake();
  };
  const abort = () => fail(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  worker.on('message', (message: Message) => {
    arrived.push(message);
    wake();
  });
  worker.on('error', (error: NodeJS.ErrnoException) => {
    fail(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? tooLarge('needs more memory than it may') : error);
  });
  worker.on('exit', () => fail(new ServiceError('internal', 'The reader of an upload ended early.')));
  let leftMs = workMs;
  try {
    for (;;) {
      if (signal.aborted) throw signal.reason;
      const message = arrived.shift();
      if (message !== undefined) {
        yield message;
        continue;
      }
      if (failure !== undefined) throw failure;
      const since = performance.now();
      const timer = setTimeout(() => fail(tooLarge('takes too long to read')), leftMs);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      clearTimeout(timer);
      leftMs -= performance.now() - since;
    }
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
