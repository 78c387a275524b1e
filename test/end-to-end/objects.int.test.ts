import { createHash } from 'node:crypto';
import { gzipSync, zstdDecompressSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createKey } from '#api/auth/keys.ts';
import { recordEvent } from '#shared/audit/record-event.ts';
import { registerModel } from '#shared/models/store.ts';
import { knownModel } from '#test/support/known-model.ts';
import { type LocalObjectStore, startLocalObjectStore } from '#test/support/local-object-store.ts';
import { type ServiceProcess, startService } from '#test/support/service-process.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

const ROWS = 10_000;
const DOCUMENT = 'application/vnd.iit.job+json';
const WAIT = { timeout: 120_000, interval: 250 };

type Job = {
  id: string;
  status: string;
  rows: { accepted: number; scored: number };
  error: { code: string; message: string } | null;
};
type Objects = {
  input: { state: string; objects: { key: string; rows: number | null }[] };
  output: {
    state: string;
    error: string | null;
    parts: { key: string; rows: number; sha256: string }[];
  } | null;
};

let store: LocalObjectStore;
let database: TestDatabase;
let api: ServiceProcess;
let worker: ServiceProcess;
let key: string;

const startApi = () =>
  startService({
    service: 'api',
    databaseUrl: database.url,
    queueUrl: database.url,
    env: { ...store.environment, OBJECT_STORE_SECONDS: '0.1' },
  });

beforeAll(async () => {
  store = await startLocalObjectStore('nights');
  database = await createTestDatabase();
  const model = { ...knownModel({ names: ['days_to_due'] }), createdBy: 'test' };
  const { id } = await registerModel(database.db, model);
  await database.db
    .insertInto('model_activations')
    .values({ tenant_id: 1, model_id: id, activated_by: 'test' })
    .execute();
  const manager = { db: database.db, recordEvent, operator: 'test' };
  const wanted = {
    tenant: 'default',
    name: 'nightly',
    scopes: ['submit', 'read'] as const,
    expiresAt: undefined,
  };
  ({ key } = await createKey(manager, wanted));
  api = await startApi();
  worker = await startService({
    service: 'worker',
    databaseUrl: database.url,
    queueUrl: database.url,
    env: { SWEEP_SECONDS: '1', ORPHAN_SECONDS: '5' },
  });
}, 180_000);
afterAll(async () => {
  await Promise.all([api.stop(), worker.stop()]);
  await database.drop();
  await store[Symbol.asyncDispose]();
}, 60_000);
beforeEach(() => {
  store.faults = () => undefined;
  store.requests.length = 0;
});

async function call<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
  const headers = { authorization: `Bearer ${key}`, ...(init.headers as Record<string, string> | undefined) };
  const answer = await fetch(`${api.url}${path}`, { ...init, headers });
  return (await answer.json()) as Answer;
}
const submit = (document: object, headers: Record<string, string> = {}) =>
  call<Job & { code?: string; field?: string }>('/v1/jobs?explain=1', {
    method: 'POST',
    headers: { 'content-type': DOCUMENT, ...headers },
    body: JSON.stringify(document),
  });
const job = (id: string) => call<Job>(`/v1/jobs/${id}`);
const objects = (id: string) => call<Objects>(`/v1/jobs/${id}/objects`);

const idOf = (object: number, row: number) => `SYN-${object}-${row}`;
const daysOf = (object: number, row: number) => (row + object) % 28;

function csv(object: number): Buffer {
  const lines = Array.from({ length: ROWS }, (_, row) => `${idOf(object, row)},${daysOf(object, row)}\n`);
  return Buffer.from(`patient_id,days_to_due\n${lines.join('')}`);
}

function parquet(object: number): Buffer {
  const rows = Array.from({ length: ROWS }, (_, row) => row);
  return Buffer.from(
    parquetWriteBuffer({
      columnData: [
        { name: 'patient_id', data: rows.map((row) => idOf(object, row)), type: 'STRING' },
        { name: 'days_to_due', data: rows.map((row) => daysOf(object, row)), type: 'DOUBLE' },
      ],
    }),
  );
}

/** Six objects of three kinds in a folder of their own. */
async function fill(folder: string): Promise<void> {
  for (let object = 0; object < 6; object++) {
    const name = `in/${folder}/part-${object}`;
    if (object % 3 === 0) await store.put(`${name}.csv`, csv(object));
    else if (object % 3 === 1) await store.put(`${name}.csv.gz`, gzipSync(csv(object)));
    else await store.put(`${name}.parquet`, parquet(object));
  }
}

const finished = async (id: string) => {
  await expect.poll(async () => (await job(id)).status, WAIT).toBe('completed');
};

/** The rows of the parts, held against their hashes in the manifest. */
async function output(folder: string) {
  const manifest = JSON.parse((await store.get(`out/${folder}/manifest.json`)).toString()) as {
    rows: number;
    parts: { key: string; rows: number; sha256: string }[];
  };
  const rows: Record<string, unknown>[] = [];
  for (const part of manifest.parts) {
    const bytes = await store.get(part.key);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(part.sha256);
    const compressors = { ZSTD: (page: Uint8Array) => zstdDecompressSync(page) };
    rows.push(...(await parquetReadObjects({ file: Uint8Array.from(bytes).buffer, compressors })));
  }
  expect(rows).toHaveLength(manifest.rows);
  return { manifest, rows };
}

/** Every patient of all objects once, in their order, with the risk that an upload of the same row is given. */
async function expectExact(rows: readonly Record<string, unknown>[]): Promise<void> {
  const expected = Array.from({ length: 6 * ROWS }, (_, at) => idOf(Math.floor(at / ROWS), at % ROWS));
  const wrong = rows.filter((row, at) => row['row'] !== at + 1 || row['patient_id'] !== expected[at]);
  expect({ count: rows.length, wrong: wrong.slice(0, 3) }).toEqual({ count: expected.length, wrong: [] });
  const body = `patient_id,days_to_due\n${Array.from({ length: 28 }, (_, day) => `D-${day},${day}\n`).join('')}`;
  const headers = { 'content-type': 'text/csv' };
  const uploaded = await call<Job>('/v1/jobs?explain=1', { method: 'POST', headers, body });
  await finished(uploaded.id);
  const known = await call<{ rows: { risk: number }[] }>(`/v1/jobs/${uploaded.id}/results`);
  const others = rows.filter(
    (row, at) => row['risk'] !== known.rows[daysOf(Math.floor(at / ROWS), at % ROWS)]?.risk,
  );
  expect(others.slice(0, 3)).toEqual([]);
}

describe('a job from object storage', () => {
  test(
    'reads each object of its pattern once and writes parts, manifest and _SUCCESS',
    { timeout: 240_000 },
    async () => {
      await fill('plain');
      await store.put('in/plain/notes.txt', 'nothing of ours');
      const made = await submit({
        input: { uri: 's3://nights/in/plain/part-*' },
        output: { uri: 's3://nights/out/plain/', format: 'parquet' },
      });
      expect(made).toMatchObject({ status: 'receiving' });
      await finished(made.id);
      await expect.poll(async () => (await objects(made.id)).output?.state, WAIT).toBe('written');
      expect(await job(made.id)).toMatchObject({
        rows: { received: 60_000, accepted: 60_000, scored: 60_000 },
      });
      const { rows, manifest } = await output('plain');
      await expectExact(rows);
      expect(manifest.parts.map(({ rows: count }) => count)).toEqual([50_000, 10_000]);
      expect(await store.keys('out/plain/')).toContain('out/plain/_SUCCESS');
      const writes = store.requests.filter((request) => request.startsWith('PUT'));
      expect(writes.at(-1)).toBe('PUT out/plain/_SUCCESS');
      expect(new Set(writes).size).toBe(writes.length);
      expect(store.requests).not.toContain('GET in/plain/notes.txt');
    },
  );

  test('goes on where an api died, and every row is there once', { timeout: 240_000 }, async () => {
    await fill('killed');
    const { promise: released, resolve: release } = Promise.withResolvers<undefined>();
    // The third object is not given out while the first api lives.
    store.faults = (method, name) =>
      method === 'GET' && name.endsWith('part-2.parquet') ? released : undefined;
    const made = await submit({
      input: { uri: 's3://nights/in/killed/*' },
      output: { uri: 's3://nights/out/killed', format: 'parquet' },
    });
    const read = async () =>
      (await objects(made.id)).input.objects.filter(({ rows }) => rows !== null).length;
    await expect.poll(read, WAIT).toBe(2);
    api.signal('SIGKILL');
    await api.exited;
    release(undefined);
    api = await startApi();
    await finished(made.id);
    await expect.poll(async () => (await objects(made.id)).output?.state, WAIT).toBe('written');
    await expectExact((await output('killed')).rows);
    const reads = (name: string) =>
      store.requests.filter((request) => request === `GET in/killed/${name}`).length;
    expect([reads('part-0.csv'), reads('part-1.csv.gz'), reads('part-2.parquet')]).toEqual([1, 1, 2]);
  });

  test('waits for a store that throttles and reads a torn object anew', { timeout: 240_000 }, async () => {
    await fill('torn');
    const faults = new Map<string, ('throttle' | 'tear')[]>([
      ['in/torn/part-1.csv.gz', ['tear', 'tear']],
      ['in/torn/part-3.csv', ['throttle', 'throttle', 'tear']],
      ['in/torn/part-5.parquet', ['throttle']],
      ['out/torn/manifest.json', ['throttle', 'throttle', 'throttle', 'throttle', 'throttle']],
    ]);
    store.faults = (_, name) => faults.get(name)?.shift();
    const made = await submit({
      input: { uri: 's3://nights/in/torn/*' },
      output: { uri: 's3://nights/out/torn/', format: 'parquet' },
    });
    await finished(made.id);
    await expect.poll(async () => (await objects(made.id)).output?.state, WAIT).toBe('written');
    await expectExact((await output('torn')).rows);
    expect([...faults.values()].flat()).toEqual([]);
  });

  test(
    'ends with the reason and the name where an object changed on the way',
    { timeout: 120_000 },
    async () => {
      await fill('changed');
      store.faults = async (method, name) => {
        if (method === 'GET' && name === 'in/changed/part-1.csv.gz') await store.put(name, gzipSync(csv(7)));
        return undefined;
      };
      const made = await submit({
        input: { uri: 's3://nights/in/changed/*' },
        output: { uri: 's3://nights/out/changed/' },
      });
      await expect.poll(async () => (await job(made.id)).status, WAIT).toBe('aborted');
      expect((await job(made.id)).error).toMatchObject({
        code: 'source_changed',
        message: expect.stringContaining('part-1.csv.gz'),
      });
      await expect.poll(async () => (await objects(made.id)).output?.state, WAIT).toBe('failed');
      expect(await store.keys('out/changed/')).toEqual([]);
    },
  );

  test('ends with the reason and the name where an object is no cohort', { timeout: 120_000 }, async () => {
    await store.put('in/odd/a.csv', csv(0));
    await store.put('in/odd/b.csv', 'name,colour\nx,red\n');
    const made = await submit({ input: { uri: 's3://nights/in/odd/*.csv' } });
    await expect.poll(async () => (await job(made.id)).status, WAIT).toBe('aborted');
    expect((await job(made.id)).error).toMatchObject({
      code: 'missing_columns',
      message: expect.stringContaining('in/odd/b.csv'),
    });
  });

  test('is one job under one Idempotency-Key, also while it is read', { timeout: 120_000 }, async () => {
    await fill('once');
    const document = { input: { uri: 's3://nights/in/once/*' } };
    const first = await submit(document, { 'idempotency-key': 'night-1' });
    const second = await submit(document, { 'idempotency-key': 'night-1' });
    expect(second.id).toBe(first.id);
    const other = { input: { uri: 's3://nights/in/once/*.csv' } };
    expect(await submit(other, { 'idempotency-key': 'night-1' })).toMatchObject({
      code: 'idempotency_conflict',
    });
    await finished(first.id);
    expect((await submit(document, { 'idempotency-key': 'night-1' })).id).toBe(first.id);
  });

  test('writes nothing beside what others have in a folder', { timeout: 120_000 }, async () => {
    await store.put('in/full/a.csv', csv(0));
    await store.put('out/full/report.csv', 'mine');
    const made = await submit({
      input: { uri: 's3://nights/in/full/*.csv' },
      output: { uri: 's3://nights/out/full/', format: 'csv' },
    });
    await expect.poll(async () => (await objects(made.id)).output?.state, WAIT).toBe('failed');
    expect((await objects(made.id)).output?.error).toContain('empty folder');
    expect(await store.keys('out/full/')).toEqual(['out/full/report.csv']);
  });

  test.each([
    ['of another bucket', { input: { uri: 's3://others/in/*.csv' } }, 'input.uri'],
    ['beside the folder', { input: { uri: 's3://nights/inner/*.csv' } }, 'input.uri'],
    ['above the folder', { input: { uri: 's3://nights/*' } }, 'input.uri'],
    ['that climbs', { input: { uri: 's3://nights/in/../out/*' } }, 'input.uri'],
    ['of another protocol', { input: { uri: 'https://nights/in/a.csv' } }, 'input.uri'],
    [
      'to write to',
      { input: { uri: 's3://nights/in/plain/*' }, output: { uri: 's3://others/out/' } },
      'output.uri',
    ],
    [
      'with an option that is none',
      { input: { uri: 's3://nights/in/a', options: { sorce: 'nmrs' } } },
      'input.options',
    ],
  ])('is refused for a place %s', async (_, document, field) => {
    expect(await submit(document)).toMatchObject({ code: 'invalid_body', field });
    expect(store.requests).toEqual([]);
  });

  test('is refused where no object lies', async () => {
    expect(await submit({ input: { uri: 's3://nights/in/nowhere/*.csv' } })).toMatchObject({
      code: 'empty_cohort',
    });
  });
});
