import { Client } from 'pg';
import { dumpDatabase, RENEW_DAYS } from './backup/dump.ts';
import { openStore } from './backup/store.ts';
import { OperatorError, optional, required, runScript } from './run-command.ts';

/** Dumps the database to BACKUP_URI and writes down that it did: /metrics tells the age from there. */
await runScript('backup', async () => {
  const store = openStore(required('BACKUP_URI'));
  const startedAt = new Date();
  const name = startedAt.toISOString().replaceAll(/[:.]/gu, '-');
  const client = new Client({ connectionString: required('DATABASE_URL'), application_name: 'iit-backup' });
  await client.connect();
  try {
    const manifest = await dumpDatabase(client, store, name, { renewDays: renewDays() });
    const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
    const bytes = manifest.tables.reduce((sum, table) => sum + table.bytes, 0);
    await client.query(
      'INSERT INTO backups (name, uri, started_at, taken_at, row_count, byte_count) VALUES ($1, $2, $3, $4, $5, $6)',
      [name, store.uri, startedAt, manifest.takenAt, rows, bytes],
    );
    const taken = manifest.tables.filter(({ from }) => from === undefined);
    return {
      name,
      uri: store.uri,
      rows,
      bytes,
      bytesTaken: taken.reduce((sum, table) => sum + table.bytes, 0),
      daysKept: manifest.tables.length - taken.length,
      seconds: (Date.now() - startedAt.getTime()) / 1_000,
    };
  } finally {
    await client.end();
  }
});

function renewDays(): number {
  const days = Number(optional('BACKUP_RENEW_DAYS') ?? RENEW_DAYS);
  if (!Number.isInteger(days) || days < 0) throw new OperatorError('BACKUP_RENEW_DAYS is a whole number.');
  return days;
}
