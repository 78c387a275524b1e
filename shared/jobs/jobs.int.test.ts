import { afterAll, beforeAll, expect, test } from 'vitest';
import { sampleModel } from '#test/support/sample-model.ts';
import { insertSampleJob } from '#test/support/sample-job.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import {
  claimChunk,
  failChunk,
  finishChunk,
  handBackChunk,
  holdChunk,
  renewLeases,
} from './chunk-transitions.ts';
import { finishReceiving } from './finish-receiving.ts';
import { retryQuarantined } from './retry-quarantined.ts';
import { abortJob, cancelJob } from './stop-job.ts';
import { countPending, expireLeases, orphanedJobs, reringOverdue } from './sweep-transitions.ts';

const model = sampleModel();
const lease = { owner: 'test', seconds: 60 };
const limits = { maxAttempts: 5, ringSeconds: 15 };
const failure = { code: 'scoring_failed', message: 'planned' };
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const jobOf = (id: string) =>
  database.db.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

async function score(bell: { jobId: string; chunkNo: number; epoch: number }) {
  const claim = await claimChunk(database.db, bell, lease);
  if (claim === undefined) return undefined;
  return await database.db.transaction().execute(async (trx) => {
    if (!(await holdChunk(trx, claim))) return 'lost';
    return (
      (await finishChunk(trx, claim, { rowCount: claim.rowCount, tiers: [claim.rowCount, 0, 0] })) ?? 'done'
    );
  });
}

test('a job whose chunks are all done is completed once, with its counts', async () => {
  const { jobId, bells } = await insertSampleJob(database.db, { model, chunks: 3, rowsPerChunk: 10 });
  expect((await jobOf(jobId)).status).toBe('queued');
  expect(await score(bells[0]!)).toBe('done');
  expect((await jobOf(jobId)).status).toBe('running');
  await score(bells[1]!);
  expect(await score(bells[2]!)).toMatchObject({ jobId, status: 'completed' });
  const job = await jobOf(jobId);
  expect(job).toMatchObject({
    rows_received: 30,
    rows_accepted: 30,
    rows_scored: 30,
    chunks_done: 3,
    tier_low: 30,
  });
  expect(job.finished_at).toBeInstanceOf(Date);
});

test('a bell is void when its chunk was taken, or rung anew since', async () => {
  const { bells } = await insertSampleJob(database.db, { model, chunks: 1 });
  const [bell] = bells;
  const claim = await claimChunk(database.db, bell!, lease);
  expect(claim).toMatchObject({ attempts: 1, epoch: 1, explain: 0, model: { version: 'test-1' } });
  expect(await claimChunk(database.db, bell!, lease)).toBeUndefined();
  const again = await handBackChunk(database.db, claim!, 0);
  expect(again).toMatchObject({ epoch: 2 });
  expect(await claimChunk(database.db, bell!, lease)).toBeUndefined();
  expect(await claimChunk(database.db, again!, lease)).toMatchObject({ attempts: 1 });
});

test('a job whose upload has not ended stays receiving, whatever is scored', async () => {
  const { jobId, bells } = await insertSampleJob(database.db, { model, chunks: 1, finish: false });
  await score(bells[0]!);
  expect((await jobOf(jobId)).status).toBe('receiving');
  const settled = await database.db.transaction().execute((trx) => finishReceiving(trx, jobId));
  expect(settled).toMatchObject({ status: 'completed' });
});

test('a cohort of which no row was accepted fails by name', async () => {
  const { jobId } = await insertSampleJob(database.db, { model, chunks: 0 });
  expect(await jobOf(jobId)).toMatchObject({ status: 'failed', error_code: 'empty_cohort' });
});

test('attempts are bounded: then the chunk is quarantined, the job partial, and a retry heals it', async () => {
  const { jobId, bells } = await insertSampleJob(database.db, { model, chunks: 2, rowsPerChunk: 10 });
  await score(bells[0]!);
  let bell = bells[1]!;
  const tries = { maxAttempts: 2, retrySeconds: 0 };
  const first = await claimChunk(database.db, bell, lease);
  const failed = await failChunk(database.db, first!, failure, tries);
  expect(failed?.state).toBe('pending');
  bell = failed!.bell!;
  const second = await claimChunk(database.db, bell, lease);
  const quarantined = await database.db
    .transaction()
    .execute((trx) => failChunk(trx, second!, failure, tries));
  expect(quarantined).toMatchObject({ state: 'quarantined', settled: { status: 'partial' } });
  expect(await jobOf(jobId)).toMatchObject({ rows_scored: 10, rows_quarantined: 10, chunks_quarantined: 1 });

  const [retried] = await database.db.transaction().execute((trx) => retryQuarantined(trx, jobId));
  expect(await jobOf(jobId)).toMatchObject({ status: 'running', rows_quarantined: 0, finished_at: null });
  expect(await score(retried!)).toMatchObject({ status: 'completed' });
  await expect(
    database.db.transaction().execute((trx) => retryQuarantined(trx, jobId)),
  ).rejects.toMatchObject({ code: 'nothing_to_retry' });
});

test('cancelling ends open chunks, keeps what is done, and refuses the worker that comes late', async () => {
  const { jobId, bells } = await insertSampleJob(database.db, { model, chunks: 3, rowsPerChunk: 10 });
  await score(bells[0]!);
  const claim = await claimChunk(database.db, bells[1]!, lease);
  const settled = await cancelJob(database.db, { jobId });
  expect(settled.status).toBe('cancelled');
  expect(await jobOf(jobId)).toMatchObject({ rows_scored: 10, rows_cancelled: 20, chunks_cancelled: 2 });
  expect(await database.db.transaction().execute((trx) => holdChunk(trx, claim!))).toBe(false);
  await expect(cancelJob(database.db, { jobId })).rejects.toMatchObject({ code: 'job_finished' });
});

test('a cancel that races the commit of the last chunk leaves one terminal state', async () => {
  for (let round = 0; round < 10; round++) {
    const { jobId, bells } = await insertSampleJob(database.db, { model, chunks: 2, rowsPerChunk: 5 });
    const outcomes = await Promise.allSettled([
      score(bells[0]!).then(() => score(bells[1]!)),
      cancelJob(database.db, { jobId }),
    ]);
    const job = await jobOf(jobId);
    const cancelled = outcomes[1].status === 'fulfilled';
    expect(job.status).toBe(cancelled ? 'cancelled' : 'completed');
    expect(job.rows_scored + job.rows_cancelled).toBe(10);
    expect(job.chunks_done + job.chunks_cancelled).toBe(2);
  }
});

test('an aborted upload is never complete, and takes no more rows', async () => {
  const { jobId, bells } = await insertSampleJob(database.db, { model, chunks: 2, finish: false });
  await score(bells[0]!);
  await abortJob(database.db, { jobId, code: 'upload_aborted', message: 'The client went away.' });
  expect(await jobOf(jobId)).toMatchObject({ status: 'aborted', error_code: 'upload_aborted' });
  await expect(database.db.transaction().execute((trx) => finishReceiving(trx, jobId))).rejects.toMatchObject(
    { code: 'job_finished' },
  );
});

test('an expired lease frees the chunk with a new epoch, a renewed one does not expire', async () => {
  const { jobId, bells } = await insertSampleJob(database.db, { model, chunks: 2 });
  const lost = await claimChunk(database.db, bells[0]!, { owner: 'test', seconds: -1 });
  const kept = await claimChunk(database.db, bells[1]!, { owner: 'test', seconds: -1 });
  expect(await renewLeases(database.db, [kept!], 60)).toBe(1);
  const expired = await Promise.all([expireLeases(database.db, limits), expireLeases(database.db, limits)]);
  const freed = expired.flatMap((one) => one.bells).filter((bell) => bell.jobId === jobId);
  expect(freed).toEqual([{ jobId, chunkNo: 0, epoch: 2, priority: 'normal' }]);
  expect(await database.db.transaction().execute((trx) => holdChunk(trx, lost!))).toBe(false);
  expect(await database.db.transaction().execute((trx) => holdChunk(trx, kept!))).toBe(true);
});

test('a chunk that takes its worker down again and again is quarantined by the sweeper', async () => {
  const { jobId, bells } = await insertSampleJob(database.db, { model, chunks: 1, rowsPerChunk: 10 });
  await claimChunk(database.db, bells[0]!, { owner: 'test', seconds: -1 });
  const { settled } = await expireLeases(database.db, { ...limits, maxAttempts: 1 });
  expect(settled).toMatchObject([{ jobId, status: 'failed' }]);
  expect(await jobOf(jobId)).toMatchObject({ rows_quarantined: 10, error_code: 'scoring_failed' });
});

test('overdue chunks are rung for anew, by one sweeper of two', async () => {
  const { jobId } = await insertSampleJob(database.db, { model, chunks: 4 });
  await database.db
    .updateTable('chunks')
    .set({ ring_after: new Date(0) })
    .where('job_id', '=', jobId)
    .execute();
  expect(await countPending(database.db, limits)).toMatchObject({ overdue: 4, forgotten: 4 });
  const rung = (
    await Promise.all([reringOverdue(database.db, limits), reringOverdue(database.db, limits)])
  ).flat();
  expect(rung.toSorted((a, b) => a.chunkNo - b.chunkNo).map((bell) => [bell.chunkNo, bell.epoch])).toEqual([
    [0, 2],
    [1, 2],
    [2, 2],
    [3, 2],
  ]);
  await cancelJob(database.db, { jobId });
});

test('an upload without a sign of life is found', async () => {
  const { jobId } = await insertSampleJob(database.db, { model, chunks: 0, finish: false });
  expect(await orphanedJobs(database.db, 60)).not.toContain(jobId);
  await database.db
    .updateTable('jobs')
    .set({ heartbeat_at: new Date(0) })
    .where('id', '=', jobId)
    .execute();
  expect(await orphanedJobs(database.db, 60)).toContain(jobId);
});
