import { runMigrations } from 'bullmq';
import { Client } from 'pg';
import { QUEUE_SCHEMA } from './backend.ts';

/**
 * Brings BullMQ's own schema up to date where QUEUE_URL is a PostgreSQL, and lets `roles` that exist use it;
 * a Redis needs nothing. Returns the schema's version, undefined for Redis.
 */
export async function migrateQueue(url: string, roles: readonly string[]): Promise<number | undefined> {
  if (!url.startsWith('postgres')) return undefined;
  const client = new Client({
    connectionString: url,
    application_name: 'iit-migrate-queue',
    connectionTimeoutMillis: 5_000,
  });
  await client.connect();
  try {
    const version = await runMigrations(client, QUEUE_SCHEMA);
    const known = await client.query<{ rolname: string }>(
      'SELECT quote_ident(rolname) AS rolname FROM pg_roles WHERE rolname = ANY($1)',
      [roles],
    );
    for (const { rolname } of known.rows) {
      await client.query(`GRANT USAGE ON SCHEMA ${QUEUE_SCHEMA} TO ${rolname}`);
      for (const kind of ['TABLES', 'SEQUENCES', 'FUNCTIONS']) {
        await client.query(`GRANT ALL ON ALL ${kind} IN SCHEMA ${QUEUE_SCHEMA} TO ${rolname}`);
      }
    }
    return version;
  } finally {
    await client.end();
  }
}
