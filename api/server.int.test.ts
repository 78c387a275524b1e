import { expect, test } from 'vitest';
import { insertSampleJob } from '#test/support/sample-job.ts';
import { sampleModel } from '#test/support/sample-model.ts';
import { settleSampleJob } from '#test/support/settle-sample-job.ts';
import { startTestApi } from '#test/support/test-api.ts';

const model = sampleModel();

test('stopping answers long polls at once, lets downloads end, and takes nobody new', async () => {
  await using api = await startTestApi();
  const open = await insertSampleJob(api.database.db, { model, chunks: 1 });
  const done = await insertSampleJob(api.database.db, { model, chunks: 4, rowsPerChunk: 500 });
  await settleSampleJob(api.database, done);
  const key = await api.key(['read']);
  const startMs = performance.now();
  const poll = api.call(`/v1/jobs/${open.jobId}`, { key, headers: { prefer: 'wait=60' } });
  const events = await api.call(`/v1/jobs/${open.jobId}/events`, { key });
  const download = await api.call(`/v1/jobs/${done.jobId}/results?format=ndjson`, { key });
  const stopped = api.stop();
  expect((await poll).status).toBe(200);
  await events.text();
  expect((await download.text()).trimEnd().split('\n')).toHaveLength(2_000);
  await stopped;
  await expect(api.call('/health/live')).rejects.toThrow('fetch failed');
  expect(performance.now() - startMs).toBeLessThan(15_000);
});

test('a client that does not end is cut off at the deadline', async () => {
  await using api = await startTestApi({ SHUTDOWN_SECONDS: '1' });
  await insertSampleJob(api.database.db, { model, chunks: 1 });
  await api.json('/v1/models/test-1/activate', { method: 'POST' });
  const { promise, resolve } = Promise.withResolvers<void>();
  const endless = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode('patient_id,')),
    pull: () => promise,
  });
  const upload = api.call('/v1/jobs', {
    method: 'POST',
    key: await api.key(['submit']),
    headers: { 'content-type': 'text/csv' },
    body: endless,
  });
  upload.catch(() => undefined);
  const inFlight = async () =>
    /^iit_http_requests_in_flight (\d+)$/mu.exec(await (await api.call('/metrics')).text())?.[1];
  await expect.poll(inFlight).toBe('2');
  await api.stop();
  resolve();
  await expect(upload).rejects.toThrow('fetch failed');
});

test('without its database the api starts, lives, and says that it is not ready', async () => {
  await using api = await startTestApi({
    DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none',
    QUEUE_URL: 'redis://127.0.0.1:9',
  });
  expect((await api.call('/health/live')).status).toBe(200);
  const ready = await api.call('/health/ready');
  expect(ready.status).toBe(503);
  expect(JSON.stringify(await ready.json())).not.toMatch(/127\.0\.0\.1|nobody/u);
  const answer = await api.call('/v1/jobs', { key: `iit_AAAAAAAAAAAA_${'A'.repeat(43)}` });
  expect(answer.status).toBe(503);
  expect(answer.headers.get('retry-after')).toBe('5');
  expect(await answer.json()).toMatchObject({ code: 'database_unavailable' });
});
