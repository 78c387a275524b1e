import type { TestProject } from 'vitest/node';
import { startPostgres } from '#dev/local-services/postgres-server.ts';
import { installRedis, startRedis } from '#dev/local-services/redis-server.ts';
import { prepareDatabase } from '#cli/prepare-database.ts';
import { Client } from 'pg';

declare module 'vitest' {
  interface ProvidedContext {
    postgresAdminUrl: string;
    redisUrl: string;
  }
}

export const TEMPLATE_DATABASE = 'iit_template';

/** One PostgreSQL and one Redis for the whole run; databases are copied from a template that is migrated once. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await installRedis();
  const [postgres, redis] = await Promise.all([
    startPostgres({
      // A test run has nothing to lose at a power cut; the fault suite starts servers with the real settings.
      settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: 400 },
    }),
    startRedis(),
  ]);
  const admin = new Client({ connectionString: postgres.url() });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${TEMPLATE_DATABASE}`);
  await admin.end();
  const url = postgres.url(TEMPLATE_DATABASE);
  await prepareDatabase({ databaseUrl: url, queueUrl: url });
  project.provide('postgresAdminUrl', postgres.url());
  project.provide('redisUrl', redis.url());
  return async () => {
    await Promise.all([postgres.stop('immediate'), redis.stop()]);
  };
}
