import { expect, test } from 'vitest';
import { startTcpProxy } from '#test/faults/tcp-proxy.ts';
import { createTestDatabase } from '#test/support/test-database.ts';
import { Pool } from 'pg';
import { isServerFailure } from './database-failure.ts';
import { dropDeadPeers } from './dead-peers.ts';

test('a connection that falls silent fails its statement in time and is replaced, an idle one is left alone', async () => {
  await using database = await createTestDatabase();
  const url = new URL(database.url);
  await using proxy = await startTcpProxy(Number(url.port));
  url.port = String(proxy.port);
  const pool = new Pool({ connectionString: url.href, max: 1 });
  pool.on('error', () => undefined);
  dropDeadPeers(pool, 150);
  try {
    const backend = async () =>
      (await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid;
    const first = await backend();
    await database.pool.query('SELECT pg_sleep(0.4)');
    expect(await backend()).toBe(first);

    proxy.set('black-hole');
    const lost: unknown = await pool.query('SELECT 1').catch((error: unknown) => error);
    expect(isServerFailure(lost)).toBe(true);
    proxy.set('pass');
    expect(await backend()).not.toBe(first);
    expect(pool.totalCount).toBe(1);
  } finally {
    await pool.end();
    proxy.cut();
  }
});
