import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { createTestDatabase } from '#test/support/test-database.ts';

/** Starts the command; its end, and everything that it wrote. */
function start(url: string, seconds: number) {
  const child = spawn(process.execPath, ['cli/wait-for-schema.ts'], {
    env: { PATH: process.env['PATH'], DATABASE_URL: url, WAIT_SECONDS: String(seconds) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const { promise: waiting, resolve } = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data: Buffer) => {
      output += data.toString();
      if (output.includes('waiting for the schema')) resolve();
    });
  }
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, output }));
  return { waiting, ended };
}

test('a new release waits for its migration, and goes on as soon as that has run', async () => {
  await using database = await createTestDatabase();
  const last = await database.db
    .selectFrom('kysely_migration' as never)
    .selectAll()
    .orderBy('name' as never, 'desc')
    .executeTakeFirstOrThrow();
  const { name } = last as { name: string };
  await database.pool.query('DELETE FROM kysely_migration WHERE name = $1', [name]);
  const { waiting, ended } = start(database.url, 60);
  await waiting;
  await database.pool.query('INSERT INTO kysely_migration (name, timestamp) VALUES ($1, now()::text)', [
    name,
  ]);
  const { code, output } = await ended;
  expect(output).toContain(`${name} has not run`);
  expect(code).toBe(0);
});

test('it ends at its deadline with the reason, and shows nothing of the address', async () => {
  const { ended } = start('postgres://nobody:secret@127.0.0.1:9/none', 0);
  const { code, output } = await ended;
  expect(code).toBe(1);
  expect(output).toContain('The schema is not there: PostgreSQL answers ECONNREFUSED');
  expect(output).not.toMatch(/secret|nobody/u);
});
