import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { OperatorError } from '../run-command.ts';
import { type BackupManifest, type BackupTable, objectOf, readManifest } from './manifest.ts';
import type { BackupStore } from './store.ts';

export type RestoreOptions = {
  client: Client;
  store: BackupStore;
  backup: string;
  /** Brings an empty database to exactly these migrations, and to no later one. */
  migrateTo: (names: readonly string[]) => Promise<void>;
};

export type Restored = { manifest: BackupManifest; rows: number; reopenedChunks: number };

/**
 * Above every epoch that a chunk may have reached between the backup and the loss: a message or a worker from
 * before carries a smaller one, and is refused.
 */
export const EPOCH_LEAP = 1_000_000;

/**
 * Brings a backup into an empty database: its migrations, its rows, its sequences; then chunks that were open get
 * a new epoch, so that whatever the queue still holds from before is void, and the sweeper rings for them anew.
 * @throws OperatorError when the database is not empty, or an object is not what the manifest says.
 */
export async function restoreDatabase(options: RestoreOptions): Promise<Restored> {
  const { client, store, backup, migrateTo } = options;
  const manifest = await readManifest(store, backup);
  await refuseUnlessEmpty(client);
  await migrateTo(manifest.migrations);
  const { rows } = await client.query<{ days: boolean }>(
    `SELECT to_regprocedure('ensure_days(date, integer)') IS NOT NULL AS days`,
  );
  const ensure = rows[0]?.days === true ? 'ensure_days' : 'ensure_partitions';
  for (const first of new Set(manifest.tables.flatMap((table) => table.month ?? []))) {
    await client.query(`SELECT ${ensure}($1::date, 1)`, [first]);
  }
  await client.query('BEGIN');
  try {
    // What is put back is nothing that happens: no webhook tells of it.
    await client.query(`SET LOCAL iit.restoring = 'yes'`);
    for (const name of await emptyingOrder(client, manifest)) {
      await client.query(`DELETE FROM ${client.escapeIdentifier(name)}`);
    }
    for (const table of await loadingOrder(client, manifest.tables)) await load(client, store, backup, table);
    for (const { name, last, called } of manifest.sequences) {
      await client.query('SELECT setval($1::regclass, $2::bigint, $3)', [
        client.escapeIdentifier(name),
        last,
        called,
      ]);
    }
    const reopened = await client.query(
      `UPDATE chunks SET state = 'pending', epoch = epoch + $1, lease_owner = NULL, lease_until = NULL,
              ring_after = now()
        WHERE state IN ('pending', 'leased')`,
      [EPOCH_LEAP],
    );
    await client.query('COMMIT');
    await client.query('ANALYZE');
    const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
    return { manifest, rows, reopenedChunks: reopened.rowCount ?? 0 };
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

async function refuseUnlessEmpty(client: Client): Promise<void> {
  const { rowCount } = await client.query(
    `SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')`,
  );
  if (rowCount !== 0)
    throw new OperatorError('The database is not empty; a restore never writes over anything.');
}

/** Tables that the migrations filled themselves (the default tenant); the backup has those rows too. */
async function emptyingOrder(client: Client, manifest: BackupManifest): Promise<string[]> {
  const filled: string[] = [];
  for (const table of (await loadingOrder(client, manifest.tables)).toReversed()) {
    const { rowCount } = await client.query(`SELECT FROM ${client.escapeIdentifier(table.name)} LIMIT 1`);
    if (rowCount !== 0) filled.push(table.name);
  }
  return filled;
}

/** Referenced tables before those that refer to them. */
async function loadingOrder(client: Client, tables: BackupTable[]): Promise<BackupTable[]> {
  const { rows } = await client.query<{ child: string; parent: string }>(
    `SELECT conrelid::regclass::text AS child, confrelid::regclass::text AS parent
       FROM pg_constraint WHERE contype = 'f' AND conrelid <> confrelid`,
  );
  const ordered: BackupTable[] = [];
  let left = tables;
  while (left.length > 0) {
    const waiting = new Set(left.map((table) => table.name));
    const free = left.filter((t) => !rows.some((key) => key.child === t.name && waiting.has(key.parent)));
    if (free.length === 0)
      throw new OperatorError(`These tables refer to each other: ${[...waiting].join(', ')}`);
    ordered.push(...free);
    left = left.filter((table) => !free.includes(table));
  }
  return ordered;
}

async function load(client: Client, store: BackupStore, backup: string, table: BackupTable): Promise<void> {
  const columns = table.columns.map((column) => client.escapeIdentifier(column)).join(', ');
  const hash = createHash('sha256');
  const target = client.query(
    copyFrom(`COPY ${client.escapeIdentifier(table.name)} (${columns}) FROM STDIN (FORMAT binary)`),
  );
  await pipeline(
    await store.read(objectOf(backup, table)),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        yield chunk;
      }
    },
    createZstdDecompress(),
    target,
  );
  if (hash.digest('hex') !== table.sha256)
    throw new OperatorError(`${table.name}: the object has been changed.`);
  if (target.rowCount !== table.rows) {
    throw new OperatorError(`${table.name}: ${target.rowCount} rows where the manifest says ${table.rows}.`);
  }
}
