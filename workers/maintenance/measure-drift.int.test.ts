import { Writable } from 'node:stream';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCommand } from '#models/synthetic/options.ts';
import { writeCohort } from '#models/synthetic/write-cohort.ts';
import { systemClock } from '#shared/clock/clock.ts';
import { loadConfig } from '#shared/config/config.ts';
import { createLogger } from '#shared/log/logger.ts';
import { registerShippedModel } from '#shared/models/store.ts';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';
import { type RunningWorker, startWorker } from '#workers/worker.ts';

let api: TestApi;
let worker: RunningWorker;
let version: string;

beforeAll(async () => {
  api = await startTestApi();
  ({ version } = await registerShippedModel(api.database.db, 'models/iit_lightgbm_model.txt'));
  const config = loadConfig({
    DATABASE_URL: api.database.url,
    HOST: '127.0.0.1',
    WORKER_PORT: '0',
    LOG_LEVEL: 'silent',
    SCORING_THREADS: '1',
    DRIFT_SECONDS: '0.1',
  });
  worker = await startWorker({ config, log: createLogger('test', 'silent'), clock: systemClock });
});
afterAll(async () => {
  await worker.stop();
  await api.stop();
});

type Drift = {
  detected: boolean;
  window: { rows: number; drifted: string[] } | null;
  jobs: { job_id: string; rows: number; drifted: string[] }[];
};

/** Scores a cohort of the generator's and waits until its drift was measured. */
async function scored(...args: string[]): Promise<Drift> {
  const parts: Buffer[] = [];
  const out = new Writable({
    write: (part: Buffer, _, done) => {
      parts.push(Buffer.from(part));
      done();
    },
  });
  await writeCohort(readCommand(['--rows', '3000', ...args]), out);
  const job = await api.json('/v1/jobs?explain=0', {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: Buffer.concat(parts),
    status: 202,
  });
  const ended = await api.json(`/v1/jobs/${job['id'] as string}`, { headers: { prefer: 'wait=25' } });
  expect(ended).toMatchObject({ status: 'completed', rows: { scored: 3000 } });
  const read = async () => (await api.json(`/v1/models/${version}/drift`)) as unknown as Drift;
  await expect
    .poll(async () => (await read()).jobs[0]?.job_id, { timeout: 10_000, interval: 50 })
    .toBe(job['id']);
  return await read();
}
async function detectedBy(url: string): Promise<string | undefined> {
  return /^iit_model_drift_detected (\d)$/mu.exec(await (await fetch(url)).text())?.[1];
}

test('an ordinary job is quiet; one job of older and later patients raises the alarm everywhere', async () => {
  const quiet = await scored('--seed', '5');
  expect(quiet).toMatchObject({
    detected: false,
    window: { rows: 3000, drifted: [] },
    jobs: [{ rows: 3000, drifted: [] }],
  });
  expect(await detectedBy(`${api.url}/metrics`)).toBe('0');

  const shifted = await scored('--seed', '6', '--shift', 'ages=10,lateness=2');
  expect(shifted.detected).toBe(true);
  expect(shifted.jobs[0]?.drifted).toEqual(expect.arrayContaining(['age', 'late_days_mean_5']));
  expect(shifted.window?.rows).toBe(6000);
  for (const url of [`${api.url}/metrics`, `http://127.0.0.1:${worker.port}/metrics`]) {
    await expect.poll(async () => await detectedBy(url), { timeout: 15_000, interval: 200 }).toBe('1');
  }
  const metrics = await (await fetch(`${api.url}/metrics`)).text();
  expect(Number(/^iit_model_data_drift_score\{feature="age"\} (\S+)$/mu.exec(metrics)?.[1])).toBeGreaterThan(
    0.2,
  );
});

test('an alarm stands whatever comes after, until somebody has acknowledged it; what is expected raises none anew', async () => {
  const after = await scored('--seed', '7');
  expect(after.jobs[0]?.drifted).toEqual([]);
  expect(after.detected).toBe(true);
  const acknowledge = async (expected: boolean) =>
    (await api.json(`/v1/models/${version}/drift/acknowledge`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 'The register was merged', expected }),
    })) as { acknowledged: number[] };
  expect((await acknowledge(true)).acknowledged.length).toBeGreaterThan(0);
  expect((await acknowledge(true)).acknowledged).toEqual([]);
  const { rows: events } = await sql<{ details: { reason: string; subjects: string[] } }>`
    SELECT details FROM audit_events WHERE action = 'drift.acknowledge'`.execute(api.database.db);
  expect(events).toMatchObject([{ details: { reason: 'The register was merged' } }]);
  expect(events[0]!.details.subjects).toContain('age');
  const again = await scored('--seed', '8', '--shift', 'ages=10,lateness=2');
  expect(again.jobs[0]?.drifted).not.toContain('age');
  const further = await scored('--seed', '9', '--shift', 'ages=25');
  expect(further.jobs[0]?.drifted).toContain('age');
  expect(further.detected).toBe(true);
});
