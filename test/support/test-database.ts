import { randomBytes } from 'node:crypto';
import { Client, type Pool } from 'pg';
import { inject } from 'vitest';
import { createDatabase, createPool, type Db } from '#shared/db/database.ts';
import { TEMPLATE_DATABASE } from './global-setup.ts';

/** A migrated database of its own (BullMQ's schema too), empty but for the tenant `default`. */
export type TestDatabase = AsyncDisposable & {
  readonly url: string;
  /** As the superuser that owns the schema. */
  readonly db: Db;
  readonly pool: Pool;
  /** A pool that has taken on a role (`iit_api`, `iit_worker`, …); closed with the database. */
  readonly as: (role: string) => { db: Db; pool: Pool };
  /** Drops it. Throws when somebody else still holds a connection a second later: something leaked. */
  readonly drop: () => Promise<void>;
};

export async function createTestDatabase(): Promise<TestDatabase> {
  const adminUrl = inject('postgresAdminUrl');
  const name = `t_${randomBytes(6).toString('hex')}`;
  await asAdmin(adminUrl, (admin) => admin.query(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE_DATABASE}`));
  const url = Object.assign(new URL(adminUrl), { pathname: `/${name}` }).href;
  const opened: { db: Db; pool: Pool }[] = [];
  const open = (role?: string) => {
    const pool = createPool({
      url,
      applicationName: `test-${role ?? 'owner'}`,
      role,
      poolSize: 4,
      connectTimeoutMs: 5_000,
      statementTimeoutMs: 30_000,
    });
    const db = createDatabase(pool);
    opened.push({ db, pool });
    return { db, pool };
  };
  const own = open();
  let dropping: Promise<void> | undefined;
  const drop = async () => {
    await Promise.all(opened.map(close));
    await asAdmin(adminUrl, async (admin) => {
      const left = await connectionsLeft(admin, name);
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      if (left.length > 0) throw new Error(`connections were left open: ${left.join(', ')}`);
    });
  };
  return {
    url,
    ...own,
    as: open,
    drop: () => (dropping ??= drop()),
    [Symbol.asyncDispose]: () => (dropping ??= drop()),
  };
}

/** Kysely ends its pool only where it has used it. */
async function close({ db, pool }: { db: Db; pool: Pool }): Promise<void> {
  await db.destroy();
  if (!pool.ended) await pool.end();
}

/** Closing a socket takes PostgreSQL a moment: asks again for a second before it believes in a leak. */
async function connectionsLeft(admin: Client, name: string): Promise<string[]> {
  for (let attempt = 0; ; attempt++) {
    const { rows } = await admin.query<{ application_name: string }>(
      `SELECT application_name, pg_sleep(0.05) FROM pg_stat_activity
       WHERE datname = $1 AND backend_type = 'client backend'`,
      [name],
    );
    if (rows.length === 0 || attempt === 20) return rows.map((row) => row.application_name);
  }
}

async function asAdmin<T>(url: string, work: (admin: Client) => Promise<T>): Promise<T> {
  const admin = new Client({ connectionString: url });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}
