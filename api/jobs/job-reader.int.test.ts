import { afterAll, beforeAll, expect, test } from 'vitest';
import { insertSampleJob } from '#test/support/sample-job.ts';
import { sampleModel } from '#test/support/sample-model.ts';
import { settleSampleJob } from '#test/support/settle-sample-job.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { JobReader } from './job-reader.ts';

const model = sampleModel();
const TENANT = 1;
let database: TestDatabase;
/** Times that a connection was taken: the statements that the reader ran. */
let statements = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  database.pool.on('acquire', () => statements++);
});
afterAll(() => database.drop());

test('a thousand polls within the snapshot’s age cost one statement, a later one another', async () => {
  const { jobId } = await insertSampleJob(database.db, { model, chunks: 1 });
  let nowMs = 0;
  const reader = new JobReader({ db: database.db, clock: { nowMs: () => nowMs }, maxAgeMs: 200 });
  statements = 0;
  await Promise.all(Array.from({ length: 1_000 }, () => reader.get(TENANT, jobId)));
  for (nowMs = 1; nowMs < 200; nowMs++) await reader.get(TENANT, jobId);
  expect(statements).toBe(1);
  nowMs = 200;
  await reader.get(TENANT, jobId);
  expect(statements).toBe(2);
});

test('polls of many jobs at once are one statement', async () => {
  const jobs = await Promise.all(
    Array.from({ length: 8 }, () => insertSampleJob(database.db, { model, chunks: 1 })),
  );
  const reader = new JobReader({ db: database.db, clock: { nowMs: () => 0 } });
  statements = 0;
  const found = await Promise.all(jobs.map(({ jobId }) => reader.get(TENANT, jobId)));
  expect(found.map(({ row }) => row.id)).toStrictEqual(jobs.map(({ jobId }) => jobId));
  expect(statements).toBe(1);
});

test('whoever waits is told of the change, and gets the job as it stands when the signal aborts', async () => {
  const job = await insertSampleJob(database.db, { model, chunks: 1 });
  const reader = new JobReader({
    db: database.db,
    clock: { nowMs: () => performance.now() },
    maxAgeMs: 5,
    tickMs: 10,
  });
  const over = reader.waitUntil(
    TENANT,
    job.jobId,
    ({ row }) => row.finished_at !== null,
    Infinity,
    new AbortController().signal,
  );
  await settleSampleJob(database, job);
  expect((await over).view.status).toBe('completed');
  const stand = await reader.waitUntil(TENANT, job.jobId, () => false, Infinity, AbortSignal.abort());
  expect(stand.view.status).toBe('completed');
});

test('another tenant’s job and an unknown one are not found alike', async () => {
  const { jobId } = await insertSampleJob(database.db, { model, chunks: 1 });
  const reader = new JobReader({ db: database.db, clock: { nowMs: () => 0 } });
  for (const [tenant, id] of [
    [2, jobId],
    [TENANT, '00000000-0000-4000-8000-000000000000'],
  ] as const) {
    await expect(reader.get(tenant, id)).rejects.toMatchObject({
      code: 'not_found',
      message: 'There is no such job.',
    });
  }
});
