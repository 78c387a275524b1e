import { afterAll, beforeAll, expect, test } from 'vitest';
import { inputHash } from '#shared/audit/input-hash.ts';
import { insertSampleJob, type SampleJob } from '#test/support/sample-job.ts';
import { sampleModel } from '#test/support/sample-model.ts';
import { sampleRisk, settleSampleJob } from '#test/support/settle-sample-job.ts';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';

type AuditRecord = {
  job_id: string;
  row: number;
  patient_id: string;
  recorded_at: string;
  input_hash: string | null;
  input?: Record<string, number | null>;
};
type Page = { records: AuditRecord[]; next_cursor: string | null };

const model = sampleModel();
let api: TestApi;
let jobs: SampleJob[];

beforeAll(async () => {
  api = await startTestApi();
  jobs = [];
  for (let index = 0; index < 3; index++) {
    const job = await insertSampleJob(api.database.db, { model, chunks: 2, rowsPerChunk: 15 });
    await settleSampleJob(api.database, job);
    jobs.push(job);
  }
});
afterAll(() => api.stop());

async function allRecords(query: string): Promise<AuditRecord[]> {
  const records: AuditRecord[] = [];
  let cursor: string | null = '';
  do {
    const page = (await api.json(`/v1/audit?${query}&cursor=${cursor}`)) as unknown as Page;
    records.push(...page.records);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return records;
}

test('of a patient gives every score that was ever made, the newest first, with who, when and model', async () => {
  const records = await allRecords(`patient_id=${encodeURIComponent('patient-é-7')}&limit=2`);
  expect(records.map(({ job_id: id }) => id)).toStrictEqual(jobs.map(({ jobId }) => jobId).toReversed());
  expect(records[0]).toMatchObject({
    row: 7,
    patient_id: 'patient-é-7',
    source: 'job',
    actor: 'test',
    model: { version: 'test-1', sha256: model.manifest.sha256 },
    risk: sampleRisk(7),
    tier: 'medium',
    input_hash: null,
  });
  expect(records[0]).not.toHaveProperty('input');
});

test('of a job gives each row once', async () => {
  const records = await allRecords(`job_id=${jobs[1]?.jobId}&limit=7`);
  expect(records.map(({ row }) => row).toSorted((a, b) => a - b)).toStrictEqual(
    Array.from({ length: 30 }, (_, at) => at + 1),
  );
});

test('of everybody pages through all rows, each once', async () => {
  const records = await allRecords('limit=13');
  expect(new Set(records.map(({ job_id: id, row }) => `${id}/${row}`)).size).toBe(90);
  expect(records).toHaveLength(90);
});

test('with include=input holds the features that were scored, null where missing', async () => {
  const records = await allRecords(`job_id=${jobs[0]?.jobId}&include=input&limit=10`);
  for (const record of records) {
    const chunk = jobs[0]?.chunks.find(({ rowNumbers }) => rowNumbers.includes(record.row));
    const at = chunk?.rowNumbers.indexOf(record.row) ?? -1;
    const stored = chunk?.features
      .map((column) => column[at] ?? NaN)
      .map((value) => (Number.isNaN(value) ? null : value));
    expect(Object.values(record.input ?? {})).toStrictEqual(stored);
    expect(Object.keys(record.input ?? {})[0]).toBe('feature_0');
    expect(record.input_hash).toBe(inputHash(chunk!, at));
  }
});

test('filters by actor, model and time', async () => {
  const now = new Date(Date.now() + 60_000).toISOString();
  const past = new Date(Date.now() - 3_600_000).toISOString();
  for (const [query, count] of [
    ['actor=test', 90],
    ['actor=nobody', 0],
    ['model=test-1', 90],
    ['model=test-9', 0],
    [`from=${past}&to=${now}`, 90],
    [`from=${now}`, 0],
    [`to=${past}`, 0],
  ] as const) {
    const records = await allRecords(`limit=500&${query}`);
    expect([query, records.length]).toStrictEqual([query, count]);
  }
});

test.each([
  ['limit=1001', 'limit'],
  ['include=input&limit=1001', 'limit'],
  ['include=all', 'include'],
  ['from=yesterday', 'from'],
  ['job_id=17', 'job_id'],
  ['patient=x', 'patient'],
])('?%s is refused by field', async (query, field) => {
  expect(await api.json(`/v1/audit?${query}`, { status: 400 })).toMatchObject({
    code: 'invalid_query',
    field,
  });
});

test('reading it is audited itself, with exactly the patient that was asked for', async () => {
  await api.json('/v1/audit?patient_id=patient-read');
  const { events } = await api.json('/v1/audit/events?entity=patient/patient-read');
  expect(events).toMatchObject([
    { action: 'audit.view', outcome: 'success', actor: 'key-1', details: { records: 0 } },
  ]);
});

test('a payload that was tampered with is not passed off as the input', async () => {
  const job = await insertSampleJob(api.database.db, { model, chunks: 1, rowsPerChunk: 5 });
  await settleSampleJob(api.database, job);
  await api.database.db
    .updateTable('chunks')
    .set({ payload: Buffer.from('other') })
    .where('job_id', '=', job.jobId)
    .execute();
  expect(await api.json(`/v1/audit?job_id=${job.jobId}&include=input`, { status: 500 })).toMatchObject({
    code: 'payload_corrupt',
  });
});

test('events page through all, each once', async () => {
  type Events = { events: { id: string }[]; next_cursor: string | null };
  for (let index = 0; index < 7; index++) await api.json('/v1/audit?limit=1');
  const before = new Date().toISOString();
  const seen: string[] = [];
  let cursor: string | null = '';
  do {
    const page = (await api.json(
      `/v1/audit/events?limit=3&action=audit.view&to=${before}&cursor=${cursor}`,
    )) as unknown as Events;
    seen.push(...page.events.map(({ id }) => id));
    cursor = page.next_cursor;
  } while (cursor !== null);
  expect(seen.length).toBeGreaterThanOrEqual(7);
  expect(new Set(seen).size).toBe(seen.length);
});
