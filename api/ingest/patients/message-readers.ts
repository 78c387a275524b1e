import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { ServiceError } from '#shared/errors/errors.ts';
import { threadHeap } from '#shared/lifecycle/thread-heap.ts';
import type { Logger } from '#shared/log/logger.ts';
import type { MessageBatch, MessageReading, ReadBatch } from './message-batch.ts';
import type { MessageTask } from './message-thread.ts';

/** Threads that read patient messages, so that a night's export does not hold up who asks meanwhile. */
export type MessageReaders = AsyncDisposable & {
  readonly threads: number;
  /** The batch's bytes are left alone until it settles; shared ones are not copied. Throws `overloaded` when the thread died or the readers have stopped. */
  read: (batch: MessageBatch, reading: MessageReading) => Promise<ReadBatch>;
  stop: () => Promise<void>;
};

/** More threads than these wait for the one that cuts the upload into messages. */
const MAX_THREADS = 4;
const HEAP_MB = 96;
const YOUNG_MB = 24;
const IDLE_MS = 30_000;

/** `threads` 0: one a core, at most four. None runs before the first batch, and idle ones end after half a minute. */
export function createMessageReaders({ threads, log }: { threads: number; log: Logger }): MessageReaders {
  const count = threads === 0 ? Math.min(availableParallelism(), MAX_THREADS) : threads;
  let pool: Piscina<MessageTask, ReadBatch> | undefined;
  let stopping: Promise<void> | undefined;
  const open = () => {
    const opened = new Piscina<MessageTask, ReadBatch>({
      filename: new URL('./message-thread.ts', import.meta.url).href,
      minThreads: 0,
      maxThreads: count,
      concurrentTasksPerWorker: 1,
      idleTimeout: IDLE_MS,
      resourceLimits: threadHeap({ oldMb: HEAP_MB, youngMb: YOUNG_MB }),
    });
    opened.on('error', (error: Error) => {
      log.error({ err: error }, 'a thread that reads patient messages failed');
    });
    return opened;
  };
  const stop = () => (stopping ??= pool?.destroy() ?? Promise.resolve());
  return {
    threads: count,
    read: async (batch, reading) => {
      if (stopping !== undefined)
        throw new ServiceError('overloaded', 'The service is stopping.', { retryable: true });
      pool ??= open();
      try {
        return await pool.run({ batch, reading });
      } catch (error) {
        throw new ServiceError('overloaded', 'The messages could not be read now; send them again.', {
          cause: error,
          retryable: true,
        });
      }
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
