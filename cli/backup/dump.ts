import { createHash } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';
import type { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import {
  type BackupManifest,
  type BackupTable,
  manifestName,
  objectOf,
  readManifest,
  tableName,
  wholeBackups,
} from './manifest.ts';
import type { BackupStore } from './store.ts';

/**
 * Kysely's own tables are made by the migrations; `backups` speaks of the copies and is not part of them; what waits for the log is
 * queued again when batches and events are loaded; a restored database marks its days anew.
 */
const LEFT_OUT = ['kysely_migration', 'kysely_migration_lock', 'backups', 'log_queue', 'partition_marks'];
const ZSTD_LEVEL = 3;
const DAY_MS = 86_400_000;
/** Half of the time for which terraform/buckets.tf keeps objects. */
export const RENEW_DAYS = 180;

/** `mark` of a day that is over, and whose jobs are. */
type Found = { name: string; month: string | null; columns: string[]; mark: string | null };

export type DumpOptions = {
  /** A day that is over is copied again after so many days, so that no backup needs an older object; 0: every time. */
  renewDays?: number;
};

/**
 * Copies every table from one snapshot (REPEATABLE READ) to the store: COPY in binary form, zstd, one object a
 * table, and the manifest last. Needs no pg_dump, and so no client of the server's own version; writers are not
 * blocked. The schema is not copied: the migrations are the schema, and the manifest names them. A day that is over, and that the
 * backup before has as it is, is not read again: the manifest names the object of then.
 */
export async function dumpDatabase(
  client: Client,
  store: BackupStore,
  backup: string,
  { renewDays = RENEW_DAYS }: DumpOptions = {},
): Promise<BackupManifest> {
  const known = await knownObjects(store, renewDays);
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
    for (const found of await findTables(client)) {
      const same = found.mark === null ? undefined : known.get(keyOf(found.name, found.mark, found.columns));
      tables.push(same ?? (await dumpTable(client, store, backup, found)));
    }
    const manifest: BackupManifest = {
      format: 'iit-backup/2',
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

const keyOf = (name: string, mark: string, columns: readonly string[]) =>
  JSON.stringify([name, mark, columns]);

/** What the newest whole backup has of days that were over, as far as it is young enough and still there. */
async function knownObjects(store: BackupStore, renewDays: number): Promise<Map<string, BackupTable>> {
  const known = new Map<string, BackupTable>();
  const newest = renewDays === 0 ? undefined : (await wholeBackups(store)).at(-1);
  if (newest === undefined) return known;
  const { tables } = await readManifest(store, newest);
  const there = new Set(await store.list());
  for (const table of tables) {
    const from = table.from ?? newest;
    if (table.mark === undefined || !there.has(objectOf(newest, table))) continue;
    if (!(Date.now() - takenAtOf(from) < renewDays * DAY_MS)) continue;
    known.set(keyOf(table.name, table.mark, table.columns), { ...table, from });
  }
  return known;
}

/** When a backup of that name was begun, in ms since 1970; NaN for a name that tells no time. */
function takenAtOf(backup: string): number {
  return Date.parse(backup.replace(/^(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d)-(\d{3}Z)$/u, '$1:$2:$3.$4'));
}

/**
 * Tables with rows of their own: plain ones, and the partitions of the others with their first day. The day's mark comes with it two
 * days after its end, once its jobs are over and have their lists: who wrote to it until then has committed.
 */
async function findTables(client: Client): Promise<Found[]> {
  const { rows } = await client.query<Found>(
    `SELECT c.relname AS name,
            substring(pg_get_expr(c.relpartbound, c.oid) FROM 'FROM \\(''([0-9-]+)''\\)') AS month,
            array_agg(a.attname::text ORDER BY a.attnum) AS columns,
            (SELECT m.mark FROM partition_marks m
              WHERE c.relispartition AND c.relname = m.parent || '_' || to_char(m.day, 'YYYY_MM_DD')
                AND m.day < (now() AT TIME ZONE 'UTC')::date - 2
                AND NOT EXISTS (SELECT FROM jobs j WHERE j.period = m.day AND (j.finished_at IS NULL
                  OR j.rows_scored > 0 AND j.indexed_rows IS DISTINCT FROM j.rows_scored))) AS mark
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
    ...(found.mark === null ? {} : { mark: found.mark }),
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
