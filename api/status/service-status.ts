import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';

export type ServiceStatus = {
  pendingChunks: number;
  leasedChunks: number;
  oldestPendingSeconds: number;
  /** Processes that hold a lease now. */
  workers: number;
  quarantinedLastDay: number;
  failedJobsLastDay: number;
  lastBackupAt: Date | null;
  databaseBytes: number;
  /** Ascending, one an hour over the last 24. */
  hours: { hour: Date; rows: number; jobs: number }[];
};

/** What an operator asks first, out of PostgreSQL: the processes' own figures are on /metrics. */
export async function readServiceStatus(db: Db): Promise<ServiceStatus> {
  const { rows } = await sql<Omit<ServiceStatus, 'hours'>>`
    SELECT count(*) FILTER (WHERE state = 'pending')::int AS "pendingChunks",
      count(*) FILTER (WHERE state = 'leased')::int AS "leasedChunks",
      coalesce(EXTRACT(epoch FROM now() - min(created_at) FILTER (WHERE state = 'pending')), 0)::float8 AS "oldestPendingSeconds",
      count(DISTINCT lease_owner) FILTER (WHERE state = 'leased')::int AS workers,
      (SELECT coalesce(sum(chunks_quarantined), 0)::int FROM jobs WHERE finished_at > now() - interval '1 day') AS "quarantinedLastDay",
      (SELECT count(*)::int FROM jobs WHERE finished_at > now() - interval '1 day' AND status IN ('failed', 'aborted')) AS "failedJobsLastDay",
      (SELECT max(taken_at) FROM backups) AS "lastBackupAt",
      pg_database_size(current_database()) AS "databaseBytes"
    FROM chunks WHERE state IN ('pending', 'leased')`.execute(db);
  const { rows: hours } = await sql<ServiceStatus['hours'][number]>`
    SELECT h AS hour, coalesce(sum(j.rows_scored), 0)::int8 AS rows, count(j.id)::int8 AS jobs
    FROM generate_series(date_trunc('hour', now()) - interval '23 hours', date_trunc('hour', now()), interval '1 hour') h
    LEFT JOIN jobs j ON j.finished_at >= h AND j.finished_at < h + interval '1 hour'
    GROUP BY 1 ORDER BY 1`.execute(db);
  return { ...rows[0]!, hours };
}
