import { sql } from 'kysely';
import { Gauge, type Registry } from 'prom-client';
import type { Clock } from '#shared/clock/clock.ts';
import type { Db } from '#shared/db/database.ts';
import type { Logger } from '#shared/log/logger.ts';

export type LogMetricOptions = {
  db: Db;
  clock: Clock;
  log: Logger;
  /** How long an answer of PostgreSQL serves scrapes. */
  cacheMs?: number;
};

/** Of what waits, so many are counted at most. */
const MOST_WAITING = 100_000;

/**
 * `iit_log_checkpoint_timestamp_seconds`, 0 while there was none, and `iit_log_unsigned_entries`, with what waits for the log: a log that
 * nobody signs, or that is signed no more, is seen by both together. While PostgreSQL is away the last known numbers stay.
 */
export function addLogMetric(registry: Registry, options: LogMetricOptions): void {
  const { db, clock, log, cacheMs = 30_000 } = options;
  let known = { signedAt: 0, unsigned: 0 };
  let readAtMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  const read = async () => {
    readAtMs = clock.nowMs();
    try {
      known = await readLog(db);
    } catch (error) {
      log.warn({ err: error }, 'the state of the log could not be read');
    }
  };
  const fresh = async () => {
    if (clock.nowMs() - readAtMs >= cacheMs) reading ??= read().finally(() => (reading = undefined));
    await reading;
  };
  registry.registerMetric(
    new Gauge({
      name: 'iit_log_checkpoint_timestamp_seconds',
      help: 'Unix time of the newest signed checkpoint of the log of predictions; 0 when there was none.',
      registers: [],
      async collect() {
        await fresh();
        this.set(known.signedAt);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'iit_log_unsigned_entries',
      help: 'What was audited and no signed checkpoint covers.',
      registers: [],
      async collect() {
        await fresh();
        this.set(known.unsigned);
      },
    }),
  );
}

async function readLog(db: Db): Promise<{ signedAt: number; unsigned: number }> {
  const { rows } = await sql<{ signedAt: number; unsigned: number }>`
    SELECT coalesce(EXTRACT(epoch FROM c.signed_at), 0)::float8 AS "signedAt",
      (coalesce((SELECT max(entry_no) + 1 FROM log_entries), 0) - coalesce(c.tree_size, 0)
        + (SELECT count(*) FROM (SELECT FROM log_queue LIMIT ${sql.lit(MOST_WAITING)}) w))::float8 AS unsigned
    FROM (SELECT 1) one LEFT JOIN LATERAL (
      SELECT signed_at, tree_size FROM log_checkpoints ORDER BY tree_size DESC, signed_at DESC LIMIT 1) c ON true`.execute(
    db,
  );
  const [found] = rows;
  return { signedAt: found?.signedAt ?? 0, unsigned: Math.max(0, found?.unsigned ?? 0) };
}
