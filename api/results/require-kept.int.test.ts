import { afterAll, beforeAll, expect, test } from 'vitest';
import { insertScoredJob } from '#test/support/scored-job.ts';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const clear = (kind: 'rejections' | 'inputs', before: string) =>
  api.database.db.insertInto('retention_marks').values({ kind, before }).execute();

test('refused rows that retention has cleared are 410, not an empty list; those of later jobs are there', async () => {
  const { jobId } = await insertScoredJob(api.database, { period: '2025-01-05' });
  const later = await insertScoredJob(api.database, { period: '2025-02-01' });
  const paths = (id: string) => [
    `/v1/jobs/${id}/rejections`,
    `/v1/jobs/${id}/rejections?format=csv`,
    `/v1/jobs/${id}/not-predicted`,
  ];
  const statuses = async (id: string) => {
    const key = await api.key(['read']);
    return await Promise.all(paths(id).map(async (path) => (await api.call(path, { key })).status));
  };
  expect(await statuses(jobId)).toEqual([200, 200, 200]);
  await clear('rejections', '2025-02-01');
  expect(await statuses(jobId)).toEqual([410, 410, 410]);
  expect(await api.json(paths(jobId)[0]!, { status: 410 })).toMatchObject({
    code: 'results_expired',
    detail: 'Rejections of 2025-01-05 are no longer kept.',
  });
  expect(await statuses(later.jobId)).toEqual([200, 200, 200]);
  expect(await api.json(`/v1/jobs/${jobId}/results`)).toMatchObject({ rows: expect.any(Array) });
});

test('who was not scored is in the inputs: without them that list is 410 too, where somebody is on it', async () => {
  const whole = await insertScoredJob(api.database, { period: '2025-03-05' });
  const { jobId } = await insertScoredJob(api.database, { period: '2025-03-05' });
  await api.database.db.updateTable('jobs').set({ rows_quarantined: 10 }).where('id', '=', jobId).execute();
  await clear('inputs', '2025-04-01');
  const key = await api.key(['read']);
  expect((await api.call(`/v1/jobs/${whole.jobId}/not-predicted`, { key })).status).toBe(200);
  expect(await api.json(`/v1/jobs/${jobId}/not-predicted`, { status: 410 })).toMatchObject({
    detail: 'Inputs of 2025-03-05 are no longer kept.',
  });
});
