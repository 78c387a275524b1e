import { randomBytes } from 'node:crypto';
import { Client, type Pool } from 'pg';
import { inject } from 'vitest';
import { createDatabase, createPool, type Db } from '#shared/db/database.ts';

/** A database without a schema, as an operator begins with; dropped at the end. */
export async function createBlankDatabase(): Promise<{ url: string; db: Db; pool: Pool } & AsyncDisposable> {
  const adminUrl = inject('postgresAdminUrl');
  const name = `blank_${randomBytes(5).toString('hex')}`;
  const admin = new Client({ connectionString: adminUrl });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  const url = Object.assign(new URL(adminUrl), { pathname: `/${name}` }).href;
  const pool = createPool({
    url,
    applicationName: 'test-blank',
    poolSize: 2,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 0,
  });
  const db = createDatabase(pool);
  return {
    url,
    db,
    pool,
    async [Symbol.asyncDispose]() {
      await db.destroy();
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.end();
    },
  };
}
