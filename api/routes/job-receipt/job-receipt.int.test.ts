import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyReceipt } from '#shared/ledger/verify-receipt.ts';
import { parseVerifierKey } from '#shared/ledger/signed-note.ts';
import { insertScoredJob } from '#test/support/scored-job.ts';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';
import { testLogKeeper } from '#test/support/test-log.ts';

let api: TestApi;
let keeper: ReturnType<typeof testLogKeeper>;
beforeAll(async () => {
  api = await startTestApi();
  keeper = testLogKeeper(api.database.as('iit_worker').db);
});
afterAll(() => api.stop());

const pathOf = (jobId: string, row: number | string) => `/v1/jobs/${jobId}/rows/${row}/receipt`;

test('a receipt waits for its checkpoint, then holds for whoever has the verifier key; the reading is audited', async () => {
  const { jobId } = await insertScoredJob(api.database, { chunks: 2, rowsPerChunk: 10 });
  expect(await api.json(pathOf(jobId, 13), { status: 409 })).toMatchObject({ code: 'receipt_unavailable' });
  await keeper.runOnce();
  const found = verifyReceipt(await api.json(pathOf(jobId, 13)), parseVerifierKey(keeper.signer.verifierKey));
  expect(found.receipt).toMatchObject({
    row: { number: 13, patient_id: 'patient-é-13' },
    chunk: { job_id: jobId, number: 1 },
  });
  const { events } = await api.json('/v1/audit/events?action=receipt.view');
  expect(events).toMatchObject([{ entity: `job/${jobId}`, details: { row: 13 } }]);
});

test('a row that the job does not have, and a job of another tenant, are not found', async () => {
  const { jobId } = await insertScoredJob(api.database);
  await keeper.runOnce();
  expect(await api.json(pathOf(jobId, 999), { status: 404 })).toMatchObject({ code: 'not_found' });
  for (const row of ['0', '1.5', 'one', '2147483648']) {
    expect((await api.call(pathOf(jobId, row), { key: await api.key(['read']) })).status).toBe(404);
  }
  const stranger = await api.key(['read'], 'other');
  expect((await api.call(pathOf(jobId, 1), { key: stranger })).status).toBe(404);
});

test('of a day that retention has dropped there are neither receipts nor results nor lists: 410, not an empty answer', async () => {
  const { jobId } = await insertScoredJob(api.database);
  await keeper.runOnce();
  await sql`UPDATE jobs SET period = '2021-01-01' WHERE id = ${jobId}`.execute(api.database.db);
  for (const path of [
    pathOf(jobId, 1),
    `/v1/jobs/${jobId}/results`,
    `/v1/jobs/${jobId}/results?format=csv&order=risk`,
    `/v1/jobs/${jobId}/worklist`,
  ]) {
    expect(await api.json(path, { status: 410 })).toMatchObject({
      code: 'results_expired',
      detail: 'Results of 2021-01-01 are no longer kept.',
    });
  }
  expect(await api.json(`/v1/jobs/${jobId}`)).toMatchObject({ id: jobId, rows: { scored: 20 } });
});
