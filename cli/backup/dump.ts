import { createHash } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';
import type { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { type BackupManifest, type BackupTable, manifestName, tableName } from './manifest.ts';
import type { BackupStore } from './store.ts';

/**
 * Kysely's own tables are made by the migrations; `backups` speaks of the copies and is not part of them; what waits for the log is
 * queued again when batches and events are loaded.
 */
const LEFT_OUT = ['kysely_migration', 'kysely_migration_lock', 'backups', 'log_queue'];
const ZSTD_LEVEL = 3;

type Found = { name: string; month: string | null; columns: string[] };

/**
 * Copies every table from one snapshot (REPEATABLE READ) to the store: COPY in binary form, zstd, one object a
 * table, and the manifest last. Needs no pg_dump, and so no client of the server's own version; writers are not
 * blocked. The schema is not copied: the migrations are the schema, and the manifest names them.
 */
export async function dumpDatabase(
  client: Client,
  store: BackupStore,
  backup: string,
): Promise<BackupManifest> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  try {
    await client.query('SET LOCAL statement_timeout = 0');
    const { rows: versions } = await client.query<{ version: string; now: Date }>(
      `SELECT current_setting('server_version') AS version, now()`,
    );
    const { rows: migrations } = await client.query<{ name: string }>(
      'SELECT name FROM kysely_migration ORDER BY timestamp, name',
    );
    const tables: BackupTable[] = [];
    for (const found of await findTables(client)) tables.push(await dumpTable(client, store, backup, found));
    const manifest: BackupManifest = {
      format: 'iit-backup/1',
      takenAt: (versions[0]?.now ?? new Date()).toISOString(),
      serverVersion: versions[0]?.version ?? '',
      migrations: migrations.map((migration) => migration.name),
      tables,
      sequences: await readSequences(client),
    };
    await store.write(manifestName(backup), Readable.from([Buffer.from(JSON.stringify(manifest, null, 2))]));
    return manifest;
  } finally {
    await client.query('ROLLBACK');
  }
}

/** Tables with rows of their own: plain ones, and the partitions of the others with their first day. */
async function findTables(client: Client): Promise<Found[]> {
  const { rows } = await client.query<Found>(
    `SELECT c.relname AS name,
            substring(pg_get_expr(c.relpartbound, c.oid) FROM 'FROM \\(''([0-9-]+)''\\)') AS month,
            array_agg(a.attname::text ORDER BY a.attnum) AS columns
       FROM pg_class c
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> ALL ($1)
      GROUP BY c.oid ORDER BY c.relname`,
    [LEFT_OUT],
  );
  return rows;
}

async function dumpTable(
  client: Client,
  store: BackupStore,
  backup: string,
  found: Found,
): Promise<BackupTable> {
  const columns = found.columns.map((column) => client.escapeIdentifier(column)).join(', ');
  const source = client.query(
    copyTo(`COPY ${client.escapeIdentifier(found.name)} (${columns}) TO STDOUT (FORMAT binary)`),
  );
  const hash = createHash('sha256');
  let bytes = 0;
  const sink = new PassThrough();
  const counted = pipeline(
    source,
    createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } }),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        bytes += chunk.length;
        yield chunk;
      }
    },
    sink,
  );
  await Promise.all([counted, store.write(tableName(backup, found.name), sink)]);
  return {
    name: found.name,
    ...(found.month === null ? {} : { month: found.month }),
    columns: found.columns,
    rows: source.rowCount,
    bytes,
    sha256: hash.digest('hex'),
  };
}

async function readSequences(client: Client): Promise<BackupManifest['sequences']> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class
      WHERE relnamespace = 'public'::regnamespace AND relkind = 'S' ORDER BY relname`,
  );
  const sequences: BackupManifest['sequences'] = [];
  for (const { name } of rows) {
    const state = await client.query<{ last: string; called: boolean }>(
      `SELECT last_value::text AS last, is_called AS called FROM ${client.escapeIdentifier(name)}`,
    );
    const [row] = state.rows;
    if (row !== undefined && !name.startsWith('backups_')) sequences.push({ name, ...row });
  }
  return sequences;
}
