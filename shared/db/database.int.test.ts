import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { createTestDatabase } from '#test/support/test-database.ts';

test('a connection that breaks between two statements costs its holder an error, and nobody else anything', async () => {
  await using database = await createTestDatabase();
  const { pool } = database.as('iit_worker');
  const client = await pool.connect();
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  // An 'error' that nobody listens to would end this process.
  const ended = new Promise<void>((done) => client.once('end', () => done()));
  await sql`SELECT pg_terminate_backend(${rows[0]?.pid})`.execute(database.db);
  await ended;
  await expect(client.query('SELECT 1')).rejects.toThrow(/not queryable|closed|terminat/iu);
  client.release(true);
  await expect(pool.query('SELECT 1')).resolves.toMatchObject({ rowCount: 1 });
});
