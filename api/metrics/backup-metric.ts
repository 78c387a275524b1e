import { Gauge, type Registry } from 'prom-client';
import type { Clock } from '#shared/clock/clock.ts';
import type { Db } from '#shared/db/database.ts';
import type { Logger } from '#shared/log/logger.ts';

export type BackupMetricOptions = {
  db: Db;
  clock: Clock;
  log: Logger;
  /** How long an answer of PostgreSQL serves scrapes. */
  cacheMs?: number;
};

/**
 * `iit_backup_last_success_timestamp_seconds`, from the table in which each good backup writes itself down: no
 * file and no gateway stand between. 0 while there was none; while PostgreSQL is away the last known time stays.
 */
export function addBackupMetric(registry: Registry, options: BackupMetricOptions): void {
  const { db, clock, log, cacheMs = 30_000 } = options;
  let takenAtSeconds = 0;
  let readAtMs = Number.NEGATIVE_INFINITY;
  registry.registerMetric(
    new Gauge({
      name: 'iit_backup_last_success_timestamp_seconds',
      help: 'Unix time of the snapshot of the last good backup; 0 when there was none.',
      registers: [],
      async collect() {
        if (clock.nowMs() - readAtMs >= cacheMs) {
          readAtMs = clock.nowMs();
          try {
            const last = await db
              .selectFrom('backups')
              .select('taken_at')
              .orderBy('taken_at', 'desc')
              .limit(1)
              .executeTakeFirst();
            takenAtSeconds = (last?.taken_at.getTime() ?? 0) / 1_000;
          } catch (error) {
            log.warn({ err: error }, 'the time of the last backup could not be read');
          }
        }
        this.set(takenAtSeconds);
      },
    }),
  );
}
