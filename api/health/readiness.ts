import { sql } from 'kysely';
import type { Clock } from '#shared/clock/clock.ts';
import type { Db } from '#shared/db/database.ts';
import { pendingMigrations } from '#shared/db/migrator.ts';
import type { Logger } from '#shared/log/logger.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import type { ModelStore } from '#shared/models/store.ts';
import type { Doorbell } from '#shared/queue/doorbell.ts';

export type Check = {
  name: 'postgresql' | 'migrations' | 'partitions' | 'model' | 'queue';
  status: 'up' | 'down';
  latency_ms: number;
  /** What is wrong, without addresses or credentials. */
  detail?: string;
};

export type Health = {
  /** degraded: a dependency is down that the service can do without for a while. */
  status: 'ok' | 'degraded' | 'unavailable' | 'stopping';
  checks: Check[];
};

/** Whether this process should be sent requests. */
export type Readiness = { check: () => Promise<Health> };

export type ReadinessOptions = {
  db: Db;
  doorbell: Pick<Doorbell, 'counts'>;
  models: Pick<ModelStore, 'activeModel'>;
  clock: Clock;
  log: Logger;
  stopping: AbortSignal;
  timeoutMs?: number;
  /** Probes within this time share one look at the dependencies. */
  maxAgeMs?: number;
};

/** The tenant that every installation has. */
const DEFAULT_TENANT = 1;

/**
 * Looks at every dependency at once, each within `timeoutMs`. Without PostgreSQL, its schema, this month's partitions or an active model the
 * service is unavailable; without the queue it is only degraded: chunks are kept, and rung for when it is back.
 */
export function createReadiness(options: ReadinessOptions): Readiness {
  const { db, doorbell, models, clock, log, stopping, timeoutMs = 2_000, maxAgeMs = 1_000 } = options;
  let schemaCurrent = false;
  let told: Health['status'] = 'ok';
  let last: { atMs: number; health: Promise<Health> } | undefined;

  const look = async (): Promise<Health> => {
    const checks = await Promise.all([
      probe('postgresql', timeoutMs, () => expectWritable(db)),
      probe('migrations', timeoutMs, async () => {
        // A release's migrations do not become pending again while it runs.
        if (schemaCurrent) return;
        const pending = await pendingMigrations(db);
        if (pending.length > 0) throw new ServiceError('internal', `pending: ${pending.join(', ')}`);
        schemaCurrent = true;
      }),
      probe('partitions', timeoutMs, () => expectPartitions(db)),
      probe('model', timeoutMs, () => models.activeModel(DEFAULT_TENANT)),
      probe('queue', timeoutMs, () => doorbell.counts()),
    ]);
    const down = checks.filter((check) => check.status === 'down');
    const status =
      down.length === 0 ? 'ok' : down.every((check) => check.name === 'queue') ? 'degraded' : 'unavailable';
    return { status, checks };
  };

  return {
    check: async () => {
      if (last === undefined || clock.nowMs() - last.atMs >= maxAgeMs) {
        last = { atMs: clock.nowMs(), health: look() };
      }
      const health = await last.health;
      if (health.status !== told)
        log.warn({ status: health.status, checks: health.checks }, 'readiness changed');
      told = health.status;
      return stopping.aborted ? { ...health, status: 'stopping' } : health;
    },
  };
}

/** A standby answers, and takes nothing. */
async function expectWritable(db: Db): Promise<void> {
  const { rows } = await sql<{ writable: boolean }>`
    SELECT current_setting('transaction_read_only') = 'off' AS writable`.execute(db);
  if (rows[0]?.writable !== true) throw new ServiceError('database_unavailable', 'PostgreSQL is read-only');
}

/** Without today's partition no row can be written. */
async function expectPartitions(db: Db): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    SELECT p.relname AS name FROM pg_class p JOIN pg_namespace n ON n.oid = p.relnamespace
    WHERE p.relkind = 'p' AND n.nspname = current_schema()
      AND to_regclass(p.relname || to_char(now(), '_YYYY_MM_DD')) IS NULL ORDER BY 1`.execute(db);
  if (rows.length === 0) return;
  const names = rows.map(({ name }) => name).join(', ');
  throw new ServiceError('database_unavailable', `today has no partition: ${names}`);
}

async function probe(name: Check['name'], timeoutMs: number, look: () => Promise<unknown>): Promise<Check> {
  const startMs = performance.now();
  const timeout = AbortSignal.timeout(timeoutMs);
  const late = new Promise<never>((_, reject) => {
    timeout.addEventListener('abort', () =>
      reject(new ServiceError('internal', `no answer in ${timeoutMs} ms`)),
    );
  });
  const outcome = await Promise.race([look(), late]).then(
    () => ({ status: 'up' as const }),
    (error: unknown) => ({
      status: 'down' as const,
      detail: error instanceof ServiceError ? error.message : 'cannot be reached',
    }),
  );
  return { name, latency_ms: Math.round(performance.now() - startMs), ...outcome };
}
