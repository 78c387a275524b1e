import { type IQueueBackend, type Job, Worker } from 'bullmq';
import type { Logger } from '#shared/log/logger.ts';
import { QUEUE_PREFIX, queueBackend } from './backend.ts';
import { type Bell, parseBell, QUEUE_NAME } from './bell.ts';
import { createBackOff } from './back-off.ts';
import { withinMs } from './within.ts';

/**
 * Hears bells and calls `onBell` for each, at most `concurrency` at a time. The bell is gone when `onBell`
 * settles, whatever came of it, and when the process dies: what the chunk table says decides what is next.
 */
export type DoorbellConsumer = AsyncDisposable & {
  /** Throws when a PostgreSQL backend cannot be reached; a Redis one is waited for in the background. */
  start: () => Promise<void>;
  /** True while the backend can be reached. */
  connected: () => boolean;
  /**
   * Takes no more bells and waits for those in hand; after `graceMs` their signal aborts, and half of that
   * again later the consumer lets go of the queue whatever they do. Idempotent.
   */
  stop: (graceMs: number) => Promise<void>;
};

export type DoorbellConsumerOptions = {
  url: string;
  log: Logger;
  concurrency: number;
  onBell: (bell: Bell, signal: AbortSignal) => Promise<void>;
};

const READY_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 2_000;

export function createDoorbellConsumer(options: DoorbellConsumerOptions): DoorbellConsumer {
  const { url, log, concurrency, onBell } = options;
  const abort = new AbortController();
  let worker: Worker<Bell, void, 'bell', IQueueBackend, number, object> | undefined;
  let connected = false;
  let stopBackOff: (() => void) | undefined;
  let stopping: Promise<void> | undefined;

  const take = async (job: Job<Bell, void, 'bell'>): Promise<void> => {
    const bell = parseBell(job.data);
    if (bell === undefined) {
      log.warn({ queueJobId: job.id }, 'the queue delivered something that is no bell; dropped');
      return;
    }
    await onBell(bell, abort.signal);
  };

  const start = async () => {
    if (worker !== undefined) return;
    const { connection, factory, kind } = queueBackend(url, 'consumer');
    const created = new Worker<Bell, void, 'bell', IQueueBackend, number, object>(
      QUEUE_NAME,
      take,
      {
        connection,
        prefix: QUEUE_PREFIX,
        concurrency,
        autorun: false,
        // Another worker that stands still may have swallowed the wake-up call of a bell: look again after this.
        drainDelay: 2,
        lockDuration: 30_000,
        stalledInterval: 30_000,
        // A bell whose worker died is thrown away: the sweeper rings for its chunk with a new epoch.
        maxStalledCount: 0,
        runRetryDelay: 1_000,
      },
      factory,
    );
    worker = created;
    const backOff = createBackOff({
      pause: () => created.pause(true),
      resume: () => created.resume(),
    });
    stopBackOff = backOff.stop;
    created.on('error', (error: Error) => {
      connected = false;
      log.warn({ err: error }, 'the queue reports an error');
      backOff.failed();
    });
    created.on('completed', backOff.succeeded);
    created.on('drained', backOff.succeeded);
    created.on('failed', (job, error) =>
      log.debug({ queueJobId: job?.id, err: error }, 'a bell came to nothing'),
    );
    created.on('active', () => (connected = true));
    created.on('drained', () => (connected = true));
    created.on('ready', () => (connected = true));
    if (kind === 'postgres') {
      await withinMs(created.waitUntilReady(), READY_TIMEOUT_MS);
      connected = true;
    }
    void created.run().catch((error: unknown) => log.error({ err: error }, 'the queue consumer ended'));
  };

  const stop = async (graceMs: number) => {
    const closing = worker;
    if (closing === undefined) return;
    stopBackOff?.();
    const closed = closing.close();
    try {
      await withinMs(closed, graceMs);
    } catch {
      abort.abort();
      try {
        await withinMs(closed, graceMs / 2);
      } catch {
        await withinMs(closing.disconnect(), CLOSE_TIMEOUT_MS).catch(() => undefined);
      }
    }
    connected = false;
  };

  return {
    start,
    connected: () => connected,
    stop: (graceMs) => (stopping ??= stop(graceMs)),
    [Symbol.asyncDispose]: () => (stopping ??= stop(0)),
  };
}
