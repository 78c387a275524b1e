import { Client } from 'pg';
import { createDatabase, createPool } from '#shared/db/database.ts';
import { migrateThrough, migrateToLatest } from '#shared/db/migrator.ts';
import { wholeBackups } from './backup/manifest.ts';
import { restoreDatabase } from './backup/restore.ts';
import { openStore } from './backup/store.ts';
import { OperatorError, optional, required, runScript } from './run-command.ts';

/**
 * Restores the newest whole backup of BACKUP_URI (or the one that BACKUP_NAME names) into the empty database of
 * DATABASE_URL, then applies the migrations that came since.
 */
await runScript('restore', async () => {
  const store = openStore(required('BACKUP_URI'));
  const backup = optional('BACKUP_NAME') ?? (await wholeBackups(store)).at(-1);
  if (backup === undefined) throw new OperatorError(`${store.uri} has no whole backup.`);
  const url = required('DATABASE_URL');
  const startedAt = Date.now();
  const client = new Client({ connectionString: url, application_name: 'iit-restore' });
  const pool = createPool({
    url,
    applicationName: 'iit-restore',
    poolSize: 2,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 0,
  });
  const db = createDatabase(pool);
  await client.connect();
  try {
    const { rows, reopenedChunks, manifest } = await restoreDatabase({
      client,
      store,
      backup,
      migrateTo: (names) => migrateThrough(db, names),
    });
    const later = await migrateToLatest(db);
    const seconds = (Date.now() - startedAt) / 1_000;
    return { name: backup, takenAt: manifest.takenAt, rows, reopenedChunks, later, seconds };
  } finally {
    await client.end();
    await db.destroy();
  }
});
