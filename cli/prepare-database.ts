import { createDatabase, createPool } from '#shared/db/database.ts';
import { migrateToLatest } from '#shared/db/migrator.ts';
import { migrateQueue } from '#shared/queue/migrate-queue.ts';

/** Roles that the services take on, and that may use a queue in PostgreSQL. */
const SERVICE_ROLES = ['iit_api', 'iit_worker'];

export type PrepareOptions = { databaseUrl: string; queueUrl: string };

/** Applies what is missing of the schema, and of BullMQ's own where the queue is a PostgreSQL. Idempotent. */
export async function prepareDatabase(
  options: PrepareOptions,
): Promise<{ applied: string[]; queueVersion: number | undefined }> {
  const pool = createPool({
    url: options.databaseUrl,
    applicationName: 'iit-migrate',
    poolSize: 2,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 0,
  });
  const db = createDatabase(pool);
  try {
    const applied = await migrateToLatest(db);
    const queueVersion = await migrateQueue(options.queueUrl, SERVICE_ROLES);
    return { applied, queueVersion };
  } finally {
    await db.destroy();
  }
}
