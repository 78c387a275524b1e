import { randomBytes } from 'node:crypto';
import { appendFile, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Client } from 'pg';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { dumpDatabase } from '#cli/backup/dump.ts';
import { type BackupManifest, tableName, wholeBackups } from '#cli/backup/manifest.ts';
import { EPOCH_LEAP, restoreDatabase } from '#cli/backup/restore.ts';
import { openStore, type BackupStore } from '#cli/backup/store.ts';
import { OperatorError } from '#cli/run-command.ts';
import { submitCohort, type Submission } from '#cli/submit-cohort.ts';
import { systemClock } from '#shared/clock/clock.ts';
import { createDatabase, createPool } from '#shared/db/database.ts';
import { migrateThrough } from '#shared/db/migrator.ts';
import { createLogger } from '#shared/log/logger.ts';
import { addBackupMetric } from '#api/metrics/backup-metric.ts';
import { insertSampleJob } from '#test/support/sample-job.ts';
import { sampleModel } from '#test/support/sample-model.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

/** An empty, unmigrated database, dropped at the end. */
async function emptyDatabase(): Promise<{ url: string; client: Client } & AsyncDisposable> {
  const name = `restore_${randomBytes(5).toString('hex')}`;
  const admin = new Client({ connectionString: inject('postgresAdminUrl') });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  const url = Object.assign(new URL(inject('postgresAdminUrl')), { pathname: `/${name}` }).href;
  const client = new Client({ connectionString: url });
  await client.connect();
  return {
    url,
    client,
    async [Symbol.asyncDispose]() {
      await client.end();
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.end();
    },
  };
}

/** A store in a folder that goes at the end. */
async function folderStore(): Promise<{ store: BackupStore; folder: string } & AsyncDisposable> {
  const folder = await mkdtemp(path.join(tmpdir(), 'iit-days-'));
  return {
    folder,
    store: openStore(pathToFileURL(folder).href),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

async function restoreInto(target: { url: string; client: Client }, store: BackupStore, backup: string) {
  const pool = createPool({
    url: target.url,
    applicationName: 'test-restore',
    poolSize: 2,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 0,
  });
  const db = createDatabase(pool);
  try {
    return await restoreDatabase({
      client: target.client,
      store,
      backup,
      migrateTo: (names) => migrateThrough(db, names),
    });
  } finally {
    await db.destroy();
  }
}

describe('backup and restore', () => {
  let folder: string;
  let store: BackupStore;
  let database: TestDatabase;
  let client: Client;
  let jobId: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'iit-backup-'));
    store = openStore(pathToFileURL(folder).href);
    database = await createTestDatabase();
    client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query(`SELECT ensure_days('2024-02-01', 1)`);
    ({ jobId } = await insertSampleJob(database.db, { model: sampleModel(), chunks: 3, rowsPerChunk: 40 }));
    await client.query(
      `INSERT INTO score_blocks (period, job_id, first_row, chunk_no, tenant_id, row_count, reason_count, patient_ids, raw_scores,
         risks, tiers)
       SELECT '2024-02-01', gen_random_uuid(), n, 0, 1, 1, 0, ARRAY['p' || n], ARRAY['NaN'::float8], ARRAY[0.1 + n], '\\x01'
       FROM generate_series(1, 500) n`,
    );
    // Somebody who is told of every model that becomes active, and one that had become so before anybody asked.
    await client.query(
      `INSERT INTO model_activations (tenant_id, model_id, activated_by) SELECT 1, id, 'test' FROM models`,
    );
    await client.query(
      `INSERT INTO webhook_endpoints (tenant_id, url, description, events, form, secret, created_by)
       VALUES (1, 'https://example.org/', '', ARRAY['model.changed'], 'standard', 'secret', 'test')`,
    );
    await dumpDatabase(client, store, 'first');
  });

  afterAll(async () => {
    await client.end();
    await database.drop();
    await rm(folder, { recursive: true });
  });

  const contents = async (from: Client, table: string) => {
    const { rows } = await from.query<{ hash: string }>(
      `SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '-') AS hash FROM ${table} t`,
    );
    return rows[0]?.hash;
  };

  test('give back every row of every table, months of long ago included', async () => {
    await using target = await emptyDatabase();
    const { manifest, rows } = await restoreInto(target, store, 'first');
    expect(rows).toBeGreaterThan(500);
    expect(manifest.tables.map((table) => table.name)).toContain('score_blocks_2024_02_01');
    for (const table of [
      'predictions',
      'audit_log',
      'score_blocks',
      'score_chunks',
      'online_rows',
      'jobs',
      'models',
      'api_keys',
      'tenants',
      'rejections',
      'model_activations',
      'webhook_endpoints',
      'webhook_events',
      'webhook_deliveries',
    ]) {
      expect(await contents(target.client, table)).toBe(await contents(client, table));
    }
  });

  test('give open chunks an epoch that no message from before can carry', async () => {
    await using target = await emptyDatabase();
    const { reopenedChunks } = await restoreInto(target, store, 'first');
    expect(reopenedChunks).toBe(3);
    const { rows } = await target.client.query<{ state: string; epoch: number }>(
      'SELECT DISTINCT state, epoch FROM chunks WHERE job_id = $1',
      [jobId],
    );
    expect(rows).toEqual([{ state: 'pending', epoch: EPOCH_LEAP + 1 }]);
  });

  test('go on with sequences where they were', async () => {
    await using target = await emptyDatabase();
    await restoreInto(target, store, 'first');
    const next = `SELECT nextval(pg_get_serial_sequence('models', 'id'))::int AS id`;
    const [was, is] = [
      await client.query<{ id: number }>(next),
      await target.client.query<{ id: number }>(next),
    ];
    expect(is.rows).toEqual(was.rows);
  });

  test('see one moment: what is written during the dump is not in it', async () => {
    const writer = new Client({ connectionString: database.url });
    await writer.connect();
    let wrote = false;
    const nosy: BackupStore = {
      ...store,
      async write(name, body) {
        if (!wrote) {
          wrote = true;
          await writer.query(`INSERT INTO tenants (name) VALUES ('late')`);
        }
        await store.write(name, body);
      },
    };
    const manifest = await dumpDatabase(client, nosy, 'second');
    await writer.query(`DELETE FROM tenants WHERE name = 'late'`);
    await writer.end();
    expect(manifest.tables.find((table) => table.name === 'tenants')?.rows).toBe(1);
  });

  test('refuse a database that is not empty', async () => {
    await expect(restoreInto({ url: database.url, client }, store, 'first')).rejects.toThrow('not empty');
  });

  test('refuse an object that was changed since, and leave nothing behind', async () => {
    await dumpDatabase(client, store, 'tampered');
    await appendFile(path.join(folder, tableName('tampered', 'jobs')), 'x');
    await using target = await emptyDatabase();
    await expect(restoreInto(target, store, 'tampered')).rejects.toThrow(/\S/u);
    expect(await contents(target.client, 'predictions')).toBe('0 -');
  });

  test('do not take a backup without its manifest for one', async () => {
    await writeFile(path.join(folder, 'third.copy.zst'), '');
    const halfway: BackupStore = {
      ...store,
      async write(name, body) {
        if (name.endsWith('manifest.json')) throw new Error('the disk is full');
        await store.write(name, body);
      },
    };
    await expect(dumpDatabase(client, halfway, 'third')).rejects.toThrow('the disk is full');
    expect(await wholeBackups(store)).not.toContain('third');
    await using target = await emptyDatabase();
    await expect(restoreInto(target, store, 'third')).rejects.toThrow('no whole backup');
  });

  describe('take a day that is over once', () => {
    const DAY = 'score_blocks_2024_02_01';
    let today: string;
    /** Names tell when a backup was begun. */
    const nameOf = (daysAgo: number) =>
      new Date(Date.now() - daysAgo * 86_400_000).toISOString().replaceAll(/[:.]/gu, '-');
    const entry = ({ tables }: BackupManifest, name: string) => tables.find((table) => table.name === name);
    beforeAll(async () => {
      const { rows } = await client.query<{ name: string }>(
        `SELECT 'score_blocks_' || to_char(now(), 'YYYY_MM_DD') AS name`,
      );
      today = rows[0]!.name;
    });

    test('and name it from then on; what changed in it since is taken anew, and today always', async () => {
      await using own = await folderStore();
      const names = [5, 4, 3, 2].map(nameOf) as [string, string, string, string];
      const first = await dumpDatabase(client, own.store, names[0]);
      expect(entry(first, DAY)).toMatchObject({ rows: 500, mark: expect.any(String) });
      expect(entry(first, DAY)?.from).toBeUndefined();
      const second = await dumpDatabase(client, own.store, names[1]);
      expect(entry(second, DAY)).toEqual({ ...entry(first, DAY), from: names[0] });
      expect(entry(second, today)).toMatchObject({ name: today });
      expect(entry(second, today)?.from ?? entry(second, today)?.mark).toBeUndefined();
      expect(await own.store.list()).not.toContain(tableName(names[1], DAY));
      await client.query(
        `INSERT INTO score_blocks SELECT (jsonb_populate_record(b, '{"first_row": 501}')).* FROM score_blocks b
         WHERE period = '2024-02-01' AND first_row = 1`,
      );
      const third = await dumpDatabase(client, own.store, names[2]);
      expect(entry(third, DAY)).toMatchObject({ rows: 501 });
      expect(entry(third, DAY)?.from).toBeUndefined();
      const fourth = await dumpDatabase(client, own.store, names[3]);
      expect(entry(fourth, DAY)?.from).toBe(names[2]);
      await using target = await emptyDatabase();
      await restoreInto(target, own.store, names[3]);
      for (const table of ['predictions', 'score_blocks']) {
        expect(await contents(target.client, table)).toBe(await contents(client, table));
      }
      // The restored database goes a way of its own: nothing of the other's is taken for its own.
      const other = await dumpDatabase(target.client, own.store, nameOf(1));
      expect(other.tables.filter(({ from }) => from !== undefined)).toEqual([]);
    });

    test('but again where the object is gone, or becomes too old', async () => {
      await using own = await folderStore();
      const [old, next, last] = [200, 100, 1].map(nameOf) as [string, string, string];
      await dumpDatabase(client, own.store, old);
      expect(entry(await dumpDatabase(client, own.store, next), DAY)?.from).toBeUndefined();
      await rm(path.join(own.folder, tableName(next, DAY)));
      expect(entry(await dumpDatabase(client, own.store, last), DAY)?.from).toBeUndefined();
      const every = await dumpDatabase(client, own.store, nameOf(0), { renewDays: 0 });
      expect(every.tables.filter(({ from }) => from !== undefined)).toEqual([]);
    });
  });

  test('a backup is dated on /metrics by the snapshot of the last one, and by 0 while there is none', async () => {
    const age = async () => {
      const registry = new Registry();
      addBackupMetric(registry, { db: database.db, clock: systemClock, log: createLogger('test', 'silent') });
      return await registry.getSingleMetricAsString('iit_backup_last_success_timestamp_seconds');
    };
    expect(await age()).toMatch(/_seconds 0$/u);
    await client.query(
      `INSERT INTO backups (name, uri, started_at, taken_at, row_count, byte_count)
       VALUES ('a', 'file:///b', '2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z', 1, 1)`,
    );
    expect(await age()).toMatch(/_seconds 1767225601$/u);
  });
});

describe('the nightly submission', () => {
  let folder: string;
  const submission = (file: string, overrides: Partial<Submission> = {}): Submission => ({
    apiUrl: 'http://127.0.0.1:1',
    apiKey: 'iit_key',
    path: path.join(folder, file),
    idempotencyKey: 'night',
    maxAgeHours: 26,
    timeoutMs: 5_000,
    ...overrides,
  });
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'iit-nightly-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("refuses yesterday's export", async () => {
    const file = path.join(folder, 'old.csv');
    await writeFile(file, 'patient_id\n');
    const old = new Date(Date.now() - 30 * 3_600_000);
    await utimes(file, old, old);
    await expect(submitCohort(submission('old.csv'))).rejects.toThrow('30 hours old');
  });

  test('says which file is missing, and in one sentence that nothing answers', async () => {
    await expect(submitCohort(submission('none.csv'))).rejects.toThrow('is not there');
    await writeFile(path.join(folder, 'new.csv'), 'patient_id\n');
    await expect(submitCohort(submission('new.csv'))).rejects.toThrow(OperatorError);
  });

  test('never shows a key that is no key', async () => {
    const secret = submission('old.csv', { apiKey: 'iit_secret\nwith a line' });
    await expect(submitCohort(secret)).rejects.toThrow(/^IIT_API_KEY is not a key\.$/u);
  });
});
