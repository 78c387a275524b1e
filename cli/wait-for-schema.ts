import { setTimeout as pause } from 'node:timers/promises';
import { loadConfig } from '#shared/config/config.ts';
import { createDatabase, createPool } from '#shared/db/database.ts';
import { pendingMigrations } from '#shared/db/migrator.ts';
import { optional, OperatorError, runScript } from './run-command.ts';

const DEFAULT_SECONDS = 1_500;
const PAUSE_MS = 2_000;

/**
 * Waits until every migration of this release has run, whoever runs them: what starts before api and workers where the
 * platform starts everything at once. A database that is not there yet, or does not know the login yet, is waited for too.
 * @throws OperatorError after `WAIT_SECONDS` (1,500), with the last reason.
 */
await runScript('wait-for-schema', async () => {
  const config = loadConfig();
  const began = Date.now();
  const deadline = began + Number(optional('WAIT_SECONDS') ?? DEFAULT_SECONDS) * 1_000;
  for (;;) {
    const missing = await whatIsMissing(config.DATABASE_URL, config.WORKER_DATABASE_ROLE);
    if (missing === undefined) return { seconds: Math.round((Date.now() - began) / 1_000) };
    if (Date.now() > deadline) throw new OperatorError(`The schema is not there: ${missing}.`);
    process.stderr.write(`waiting for the schema: ${missing}\n`);
    await pause(PAUSE_MS);
  }
});

async function whatIsMissing(url: string, role: string | undefined): Promise<string | undefined> {
  const pool = createPool({
    url,
    role,
    applicationName: 'iit-wait',
    poolSize: 1,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 10_000,
  });
  const db = createDatabase(pool);
  try {
    const pending = await pendingMigrations(db);
    return pending.length === 0 ? undefined : `${pending.join(', ')} has not run`;
  } catch (error) {
    const { code, name } = error as Error & { code?: string };
    return `PostgreSQL answers ${code ?? name}`;
  } finally {
    await db.destroy();
  }
}
