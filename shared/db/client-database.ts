import { Kysely, PostgresDialect } from 'kysely';
import type { ClientBase, PoolClient } from 'pg';
import type { Db } from './database.ts';
import type { Database } from './schema.ts';

/**
 * Kysely over one client that the caller has checked out, for statements that belong into a transaction with a
 * COPY. The client stays the caller's: begin, commit and release it there.
 */
export function databaseOn(client: ClientBase): Db {
  const borrowed = {
    query: client.query.bind(client),
    release: () => undefined,
  } as unknown as PoolClient;
  return new Kysely<Database>({
    dialect: new PostgresDialect({
      pool: { options: {}, connect: async () => borrowed, end: async () => undefined },
    }),
  });
}
