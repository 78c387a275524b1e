import { sql } from 'kysely';
import { Gauge, type Registry } from 'prom-client';
import type { Clock } from '#shared/clock/clock.ts';
import type { Db } from '#shared/db/database.ts';
import type { Logger } from '#shared/log/logger.ts';
import { QUEUE_NAME } from '#shared/queue/bell.ts';

type Depth = { pending: number; leased: number; oldestSeconds: number };

export type QueueMetricsOptions = {
  db: Db;
  clock: Clock;
  log: Logger;
  /** How long an answer of PostgreSQL serves scrapes. */
  cacheMs?: number;
};

/**
 * `iit_queue_depth{queue,state}` and `iit_oldest_pending_chunk_seconds`, from the chunk table: an autoscaler sees
 * what is really to be done, whatever the queue remembers. Both are there from the first scrape, 0 when nothing
 * waits; while PostgreSQL is away the last known numbers stay.
 */
export function addQueueMetrics(registry: Registry, options: QueueMetricsOptions): void {
  const { db, clock, log, cacheMs = 2_000 } = options;
  let known: Depth = { pending: 0, leased: 0, oldestSeconds: 0 };
  let readAtMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  const read = async () => {
    try {
      known = await readDepth(db);
      readAtMs = clock.nowMs();
    } catch (error) {
      log.warn({ err: error }, 'the depth of the queue could not be read');
    }
  };
  const fresh = async () => {
    if (clock.nowMs() - readAtMs < cacheMs) return;
    await (reading ??= read().finally(() => (reading = undefined)));
  };
  registry.registerMetric(
    new Gauge({
      name: 'iit_queue_depth',
      help: 'Chunks by state: pending (nobody works on them) and leased.',
      labelNames: ['queue', 'state'],
      registers: [],
      async collect() {
        await fresh();
        this.set({ queue: QUEUE_NAME, state: 'pending' }, known.pending);
        this.set({ queue: QUEUE_NAME, state: 'leased' }, known.leased);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'iit_oldest_pending_chunk_seconds',
      help: 'Age of the chunk that has waited longest for a worker; 0 when none waits.',
      registers: [],
      async collect() {
        await fresh();
        this.set(known.oldestSeconds);
      },
    }),
  );
}

async function readDepth(db: Db): Promise<Depth> {
  const { rows } = await sql<Depth>`
    SELECT count(*) FILTER (WHERE state = 'pending')::int AS pending,
      count(*) FILTER (WHERE state = 'leased')::int AS leased,
      coalesce(EXTRACT(epoch FROM now() - min(created_at) FILTER (WHERE state = 'pending')), 0)::float8
        AS "oldestSeconds"
    FROM chunks WHERE state IN ('pending', 'leased')`.execute(db);
  return rows[0] ?? { pending: 0, leased: 0, oldestSeconds: 0 };
}
