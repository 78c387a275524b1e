import { randomBytes } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '#dev/local-services/free-port.ts';
import { type ServerProcess, startServerProcess } from '#dev/local-services/server-process.ts';
import { recordEvent } from '#shared/audit/record-event.ts';
import { verifyAudit } from '#shared/audit/verify.ts';
import { testLogKeeper } from '#test/support/test-log.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { createDatabase, createPool } from './database.ts';

const PGBOUNCER = ['pgbouncer', '/usr/sbin/pgbouncer'].find(
  (command) => spawnSync(command, ['--version']).status === 0,
);
const LOGIN = `bounced_${randomBytes(4).toString('hex')}`;

if (PGBOUNCER === undefined)
  process.stderr.write('SKIP: pgbouncer is not installed (apt-get install pgbouncer)\n');

describe.skipIf(PGBOUNCER === undefined)('behind PgBouncer', () => {
  let database: TestDatabase;
  let folder: string;
  const running: ServerProcess[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    folder = await mkdtemp(path.join(tmpdir(), 'iit-pgbouncer-'));
    await chmod(folder, 0o755);
    await sql
      .raw(`CREATE ROLE ${LOGIN} LOGIN NOINHERIT PASSWORD 'bounced' IN ROLE iit_api, iit_worker`)
      .execute(database.db);
  });
  afterAll(async () => {
    for (const bouncer of running) await bouncer.stop('SIGKILL');
    await sql.raw(`DROP ROLE ${LOGIN}`).execute(database.db);
    await database.drop();
    await rm(folder, { recursive: true });
  });

  /** The address of the test's database through a PgBouncer of its own, as the login. */
  async function bounced(mode: 'session' | 'transaction'): Promise<string> {
    const port = await freePort();
    const target = new URL(database.url);
    const [config, users] = [path.join(folder, `${mode}.ini`), path.join(folder, `${mode}.txt`)];
    await writeFile(users, `"${LOGIN}" "bounced"\n`);
    await writeFile(
      config,
      `[databases]
${target.pathname.slice(1)} = host=127.0.0.1 port=${target.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = plain
auth_file = ${users}
pool_mode = ${mode}
default_pool_size = 3
`,
    );
    const isRoot = userInfo().uid === 0;
    running.push(
      await startServerProcess({
        command: PGBOUNCER ?? '',
        args: [...(isRoot ? ['-u', 'nobody'] : []), config],
        readyText: 'process up',
        readyTimeoutMs: 20_000,
      }),
    );
    return Object.assign(new URL(database.url), { port: String(port), username: LOGIN, password: 'bounced' })
      .href;
  }

  const openPool = (url: string, role: string, poolSize: number) =>
    createPool({
      url,
      applicationName: 'test-bounced',
      role,
      poolSize,
      connectTimeoutMs: 10_000,
      statementTimeoutMs: 12_345,
    });

  /** Many at once, each in a transaction: what they are and may do must not depend on whose session they got. */
  async function seenBy(url: string, role: 'iit_api' | 'iit_worker', poolSize: number): Promise<Set<string>> {
    const db = createDatabase(openPool(url, role, poolSize));
    try {
      const seen = await Promise.all(
        Array.from({ length: 24 }, (_, no) =>
          db.transaction().execute(async (trx) => {
            await recordEvent(trx, {
              tenantId: 1,
              actor: role,
              action: 'test',
              outcome: 'success',
              details: { no },
            });
            const { rows } = await sql<{ who: string; zone: string; limit: string }>`
              SELECT current_user::text AS who, current_setting('timezone') AS zone, current_setting('statement_timeout') AS limit,
                pg_sleep(0.02)`.execute(trx);
            return `${rows[0]?.who} ${rows[0]?.zone} ${rows[0]?.limit}`;
          }),
        ),
      );
      return new Set(seen);
    } finally {
      await db.destroy();
    }
  }

  test('in session mode each session takes on its role and limits, of one login', async () => {
    const url = await bounced('session');
    // A session is a client's until it goes: not more at once than the pool has.
    expect(await seenBy(url, 'iit_worker', 3)).toEqual(new Set(['iit_worker UTC 12345ms']));
    expect(await seenBy(url, 'iit_api', 3)).toEqual(new Set(['iit_api UTC 12345ms']));
  });

  test('in transaction mode a login of its own has role and limits by itself, and the log is kept as always', async () => {
    for (const setting of ['role = iit_worker', "timezone = 'UTC'", 'statement_timeout = 12345']) {
      await sql.raw(`ALTER ROLE ${LOGIN} SET ${setting}`).execute(database.db);
    }
    const url = await bounced('transaction');
    expect(await seenBy(url, 'iit_worker', 12)).toEqual(new Set(['iit_worker UTC 12345ms']));
    const db = createDatabase(openPool(url, 'iit_worker', 6));
    try {
      const first = testLogKeeper(db);
      const keepers = [first, testLogKeeper(db, first), testLogKeeper(db, first)];
      await Promise.all(keepers.map((keeper) => keeper.runOnce()));
      while ((await first.runOnce()) > 0);
      const { problems, waiting } = await verifyAudit(database, {}, { checkpoints: first.sink.kept });
      expect({ problems, waiting }).toEqual({ problems: [], waiting: 0 });
    } finally {
      await db.destroy();
    }
  });
});

test('a session that may not take on its role is nobody’s', async () => {
  await using database = await createTestDatabase();
  const pool = openAs(database.url, 'iit_no_such_role');
  try {
    await expect(pool.query('SELECT 1')).rejects.toThrow('does not exist');
    expect(pool.totalCount).toBe(0);
  } finally {
    await pool.end();
  }
});

function openAs(url: string, role: string) {
  return createPool({
    url,
    applicationName: 'test-refused',
    role,
    poolSize: 2,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 5_000,
  });
}
