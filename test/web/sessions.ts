import { inject } from 'vitest';
import { SESSION_COOKIE } from '#api/people/session-cookie.ts';
import { createSessions } from '#api/people/sessions.ts';
import { createDatabase, createPool } from '#shared/db/database.ts';
import type { Role } from '#shared/db/schema.ts';

/** Lends cookies of open sessions, one a role, for requests that need no browser. */
export async function withSessions(
  work: (cookieOf: (role: Role) => Promise<string>) => Promise<void>,
): Promise<void> {
  const pool = createPool({
    url: inject('web').databaseUrl,
    applicationName: 'web-test',
    poolSize: 2,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 30_000,
  });
  const db = createDatabase(pool);
  const cookies = new Map<Role, string>();
  try {
    await work(async (role) => {
      const known = cookies.get(role);
      if (known !== undefined) return known;
      const { id } = await db
        .selectFrom('people')
        .select('id')
        .where('role', '=', role)
        .where('email', 'like', '%@demo.invalid')
        .executeTakeFirstOrThrow();
      const cookie = `${SESSION_COOKIE}=${await createSessions(db).open(db, id, 'link')}`;
      cookies.set(role, cookie);
      return cookie;
    });
  } finally {
    await db.destroy();
  }
}
