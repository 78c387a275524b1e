import { type IQueueBackend, Queue } from 'bullmq';
import type { Clock } from '#shared/clock/clock.ts';
import type { Logger } from '#shared/log/logger.ts';
import { QUEUE_PREFIX, queueBackend } from './backend.ts';
import { BELL_PRIORITY, type Bell, bellId, QUEUE_NAME } from './bell.ts';
import { withinMs } from './within.ts';

export type BellCounts = {
  /** Rung and not yet taken by a worker. */
  waiting: number;
  /** Taken by a worker. */
  active: number;
};

/**
 * Rings workers for chunks. The chunk table is the truth: a bell that is lost, late or rung twice changes
 * nothing but the time of a chunk's start, because the sweeper rings anew for whatever stays pending.
 */
export type Doorbell = AsyncDisposable & {
  /** Connects in the background; a queue that is down does not keep a process from starting. */
  start: () => Promise<void>;
  /**
   * Adds bells, all or some; returns how many the queue took. Never throws and never waits longer than the
   * doorbell's `ringTimeoutMs`: a queue that is down costs the caller nothing but that.
   */
  ring: (bells: readonly Bell[], signal?: AbortSignal) => Promise<number>;
  /** Cached for `countsCacheMs`. Throws when the queue does not answer in time. */
  counts: (signal?: AbortSignal) => Promise<BellCounts>;
  stop: () => Promise<void>;
};

export type DoorbellOptions = {
  /** redis:// or postgres:// */
  url: string;
  log: Logger;
  clock: Clock;
  ringTimeoutMs?: number;
  countsCacheMs?: number;
};

const STOP_TIMEOUT_MS = 2_000;
/** Bells a bulk call; one call stays far below `ringTimeoutMs`. */
const RING_BATCH = 500;

export function createDoorbell(options: DoorbellOptions): Doorbell {
  const { url, log, clock, ringTimeoutMs = 2_000, countsCacheMs = 2_000 } = options;
  let queue: Queue<Bell, void, 'bell', Bell, void, 'bell', IQueueBackend, object> | undefined;
  let cached: { atMs: number; counts: BellCounts } | undefined;

  const open = () => {
    if (queue !== undefined) return queue;
    const { connection, factory } = queueBackend(url, 'producer');
    queue = new Queue(QUEUE_NAME, { connection, prefix: QUEUE_PREFIX, skipMetasUpdate: true }, factory);
    queue.on('error', (error: Error) => log.warn({ err: error }, 'the queue reports an error'));
    return queue;
  };

  const drop = async () => {
    const dropped = queue;
    queue = undefined;
    cached = undefined;
    if (dropped === undefined) return;
    try {
      await withinMs(dropped.close(), STOP_TIMEOUT_MS);
    } catch (error) {
      log.debug({ err: error }, 'the queue did not close in time');
      void dropped.disconnect().catch(() => undefined);
    }
  };

  const doorbell: Doorbell = {
    start: async () => {
      open();
    },
    ring: async (bells, signal) => {
      let rung = 0;
      try {
        for (let first = 0; first < bells.length; first += RING_BATCH) {
          const batch = bells.slice(first, first + RING_BATCH);
          await withinMs(open().addBulk(batch.map(toBullJob)), ringTimeoutMs, signal);
          rung += batch.length;
        }
      } catch (error) {
        log.warn(
          { err: error, bells: bells.length - rung },
          'bells were not rung; the sweeper will ring them',
        );
        // A PostgreSQL backend remembers a failed first connection for ever; a new queue object does not.
        if (url.startsWith('postgres')) void drop();
      }
      return rung;
    },
    counts: async (signal) => {
      if (cached !== undefined && clock.nowMs() - cached.atMs < countsCacheMs) return cached.counts;
      const found = await withinMs(
        open().getJobCounts('waiting', 'prioritized', 'active'),
        ringTimeoutMs,
        signal,
      );
      const counts = {
        waiting: (found['waiting'] ?? 0) + (found['prioritized'] ?? 0),
        active: found['active'] ?? 0,
      };
      cached = { atMs: clock.nowMs(), counts };
      return counts;
    },
    stop: drop,
    [Symbol.asyncDispose]: drop,
  };
  return doorbell;
}

function toBullJob(bell: Bell) {
  return {
    name: 'bell' as const,
    data: bell,
    opts: {
      jobId: bellId(bell),
      priority: BELL_PRIORITY[bell.priority],
      removeOnComplete: true,
      removeOnFail: true,
    },
  };
}
