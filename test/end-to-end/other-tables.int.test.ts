import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadModel } from '#engine/index.ts';
import { initModel } from '#models/init/init-model.ts';
import { verifyAudit } from '#shared/audit/verify.ts';
import { systemClock } from '#shared/clock/clock.ts';
import { loadConfig } from '#shared/config/config.ts';
import { createLogger } from '#shared/log/logger.ts';
import { loadManifest, type ModelManifest } from '#shared/models/manifest.ts';
import { readReceipt } from '#shared/ledger/receipt.ts';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';
import { type RunningWorker, startWorker } from '#workers/worker.ts';

// Tables that were invented here and have nothing to do with patients: test/tables/make.py.
const TABLES = {
  loans: { rowId: 'loan_id', groupId: 'branch', tiers: { medium: 0.2, high: 0.4 }, classes: undefined },
  rentals: { rowId: 'slot', groupId: 'station', tiers: undefined, classes: undefined },
  crops: { rowId: 'plot', groupId: undefined, tiers: undefined, classes: ['bean', 'cassava', 'maize'] },
  hits: { rowId: 'hit', groupId: 'query', tiers: undefined, classes: undefined },
} as const;
type TableName = keyof typeof TABLES;
const NAMES = Object.keys(TABLES) as TableName[];

type Described = { text: string; sample: string; manifest: ModelManifest; golden: string };

function describeTable(name: TableName): Described {
  const read = (ending: string) => readFileSync(`test/tables/${name}.${ending}`, 'utf8');
  const [text, sample] = [read('txt'), read('csv')];
  const made = initModel({
    model: text,
    modelFile: `${name}.txt`,
    goldenFile: `${name}.golden.json`,
    sample,
    ...TABLES[name],
    name,
    version: `${name}-1`,
    use: `Tries out ${name}.`,
    today: '2026-11-27',
  });
  return { text, sample, manifest: loadManifest(made.manifest), golden: made.golden };
}

let api: TestApi;
let worker: RunningWorker;
const described = new Map(NAMES.map((name) => [name, describeTable(name)]));

beforeAll(async () => {
  api = await startTestApi();
  const { privateKey } = generateKeyPairSync('ed25519');
  const config = loadConfig({
    DATABASE_URL: api.database.url,
    HOST: '127.0.0.1',
    WORKER_PORT: '0',
    LOG_LEVEL: 'silent',
    SCORING_THREADS: '1',
    DRIFT_SECONDS: '0.1',
    LEDGER_SECONDS: '0.1',
    CHECKPOINT_SECONDS: '1',
    CHECKPOINT_ORIGIN: 'tables.example/log',
    CHECKPOINT_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  });
  worker = await startWorker({ config, log: createLogger('test', 'silent'), clock: systemClock });
}, 60_000);
afterAll(async () => {
  await worker.stop();
  await api.stop();
});

async function use(name: TableName): Promise<void> {
  const { text, manifest, golden } = described.get(name)!;
  const body = JSON.stringify({ model: text, manifest: JSON.stringify(manifest), golden });
  const headers = { 'content-type': 'application/json' };
  const registered = await api.call('/v1/models', { method: 'POST', key: await admin(), headers, body });
  expect(registered.status).toBeLessThan(300);
  await api.json(`/v1/models/${name}-1/activate?reason=tried+here`, { method: 'POST' });
}
let key: string | undefined;
const admin = async () => (key ??= await api.key(['admin', 'submit', 'read', 'audit']));

/** A job of a CSV, ended. */
async function scored(csv: string): Promise<string> {
  const headers = { 'content-type': 'text/csv' };
  const job = await api.json('/v1/jobs?explain=2', { method: 'POST', headers, body: csv, status: 202 });
  const ended = await api.json(`/v1/jobs/${job['id'] as string}`, { headers: { prefer: 'wait=25' } });
  expect(ended).toMatchObject({ status: 'completed' });
  return job['id'] as string;
}

type Row = {
  row: number;
  patient_id: string;
  facility_id: string | null;
  risk: number;
  tier: string;
  prediction: {
    kind: string;
    value: number;
    class: string | null;
    probabilities: Record<string, number> | null;
  };
  reasons: { feature: string; text: string; contribution: number }[];
};
async function resultsOf(job: string): Promise<Row[]> {
  const text = await (
    await api.call(`/v1/jobs/${job}/results?format=ndjson&order=input`, { key: await admin() })
  ).text();
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);
}

/** What the engine says of the sample's rows, by the features of the manifest. */
function expectedOf(name: TableName): Float64Array {
  const { text, sample, manifest } = described.get(name)!;
  const [header, ...lines] = sample
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  const columns = manifest.features.map((feature) => header!.indexOf(feature.name));
  const values = lines.flatMap((cells) => columns.map((at) => (cells[at] === '' ? NaN : Number(cells[at]))));
  return loadModel(text).predict(Float64Array.from(values), { raw: name === 'hits' });
}

describe('a table that has nothing to do with patients', () => {
  test.each(NAMES)('is described, registered and scored: %s', async (name) => {
    await use(name);
    const { sample, manifest } = described.get(name)!;
    const job = await scored(sample);
    const rows = await resultsOf(job);
    const expected = expectedOf(name);
    const outputs = manifest.prediction!.classes?.length ?? 1;
    expect(rows).toHaveLength(expected.length / outputs);
    for (const [at, row] of rows.entries()) {
      const own = expected.subarray(at * outputs, (at + 1) * outputs);
      expect(row.prediction.value).toBe(Math.max(...own));
      const probabilities = Object.values(row.prediction.probabilities ?? {});
      expect(probabilities).toEqual(outputs > 1 ? [...own] : []);
    }
    expect(rows[0]!.reasons[0]!.text).toContain(rows[0]!.reasons[0]!.feature);
    expect(await verifyAudit(api.database, { jobId: job }, { rescore: true })).toMatchObject({
      problems: [],
    });
  });

  test('has tiers where they were given, and no others', async () => {
    const tiersOf = async (name: TableName) => {
      await use(name);
      return new Set((await resultsOf(await scored(described.get(name)!.sample))).map(({ tier }) => tier));
    };
    expect(await tiersOf('loans')).toEqual(new Set(['low', 'medium', 'high']));
    expect(await tiersOf('rentals')).toEqual(new Set(['low']));
    const thresholds = {
      tiers: { medium: 0, high: 1 },
      reason: 'all of them medium',
      approver: 'the test',
      review_on: '2030-01-01',
    };
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify(thresholds);
    await api.json('/v1/models/loans-1/thresholds', { method: 'PUT', headers, body });
    await use('loans');
    const job = await scored(described.get('loans')!.sample);
    expect(new Set((await resultsOf(job)).map(({ tier }) => tier))).toEqual(new Set(['medium']));
    expect(await verifyAudit(api.database, { jobId: job }, { rescore: true })).toMatchObject({
      problems: [],
    });
  });

  test('says in its csv what it predicts, by the names of its own columns', async () => {
    await use('crops');
    const job = await scored(described.get('crops')!.sample);
    const csv = await (await api.call(`/v1/jobs/${job}/results?format=csv`, { key: await admin() })).text();
    expect(csv.split('\r\n')[0]).toMatch(
      /^row,plot,class,probability_bean,probability_cassava,probability_maize,reason_1_feature/u,
    );
    expect(csv).not.toContain('risk');
  });

  test('is refused with a row’s fault named, and takes no records of patients', async () => {
    await use('rentals');
    const headers = { 'content-type': 'text/csv' };
    const body = 'slot,station,hour,temperature,rain_mm,is_weekend\n1,S1,7,11,0,1\n2,S1,7,warm,0,1\n';
    const job = await api.json('/v1/jobs', { method: 'POST', headers, body, status: 202 });
    const ended = await api.json(`/v1/jobs/${job['id'] as string}`, { headers: { prefer: 'wait=25' } });
    expect(ended).toMatchObject({ rows: { scored: 1, rejected: 1 } });
    const patients = 'patient_id,temperature\nP1,3\n';
    const refused = await api.json('/v1/jobs', { method: 'POST', headers, body: patients, status: 422 });
    expect(refused).toMatchObject({ code: 'unknown_columns' });
  });

  test('has receipts', async () => {
    await use('rentals');
    const job = await scored(described.get('rentals')!.sample);
    await expect
      .poll(async () => await readReceipt(api.database, { jobId: job, row: 3 }).catch(() => undefined), {
        timeout: 15_000,
        interval: 200,
      })
      .toMatchObject({ row: { patient_id: '2026-00002', facility_id: 'S2' } });
  });

  test('drifts when its rows change, and not before', async () => {
    await use('rentals');
    const { sample } = described.get('rentals')!;
    const drift = async () => await api.json('/v1/models/rentals-1/drift');
    const latest = async () => ((await drift())['jobs'] as { job_id: string }[])[0]?.job_id;
    const quiet = await scored(sample);
    await expect.poll(latest, { timeout: 10_000 }).toBe(quiet);
    expect(await drift()).toMatchObject({ detected: false });
    const [header, ...lines] = sample.trim().split('\n');
    const warmer = lines.map((line) => {
      const cells = line.split(',');
      return [...cells.slice(0, 3), String(Number(cells[3]) + 10), ...cells.slice(4)].join(',');
    });
    const loud = await scored([header, ...warmer].join('\n'));
    await expect.poll(latest, { timeout: 10_000 }).toBe(loud);
    const found = await drift();
    expect(found).toMatchObject({ detected: true });
    expect((found['jobs'] as { drifted: string[] }[])[0]!.drifted).toEqual(
      expect.arrayContaining(['temperature', 'score']),
    );
  });
});
