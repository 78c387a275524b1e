import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { appendToJob } from '#shared/jobs/append-to-job.ts';
import { finishReceiving } from '#shared/jobs/finish-receiving.ts';
import { insertSampleJob } from '#test/support/sample-job.ts';
import { sampleModel } from '#test/support/sample-model.ts';
import { settleSampleJob } from '#test/support/settle-sample-job.ts';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';

const model = sampleModel();
let api: TestApi;
let reader: string;

beforeAll(async () => {
  api = await startTestApi();
  reader = await api.key(['read']);
});
afterAll(() => api.stop());

const insertJob = (options: { chunks?: number; finish?: boolean } = {}) =>
  insertSampleJob(api.database.db, { model, rowsPerChunk: 20, chunks: 2, ...options });

describe('a job', () => {
  test('tells state, counts, progress and links', async () => {
    const job = await insertJob();
    const path = `/v1/jobs/${job.jobId}`;
    const answer = await api.call(path, { key: reader });
    expect(answer.headers.get('retry-after')).toBe('2');
    expect(await answer.json()).toMatchObject({
      id: job.jobId,
      status: 'queued',
      model: { version: 'test-1', sha256: model.manifest.sha256 },
      rows: { received: 40, accepted: 40, rejected: 0, scored: 0, quarantined: 0, cancelled: 0 },
      chunks: { total: 2, open: 2, done: 0 },
      progress: 0,
      eta_seconds: null,
      finished_at: null,
      links: { self: path, results: `${path}/results` },
    });
    await settleSampleJob(api.database, job);
    await expect
      .poll(() => api.json(path))
      .toMatchObject({
        status: 'completed',
        rows: { accepted: 40, scored: 40 },
        chunks: { open: 0, done: 2 },
        progress: 1,
        finished_at: expect.any(String),
      });
    expect((await api.call(path, { key: reader })).headers.get('retry-after')).toBeNull();
  });

  test('is found by its id in capitals', async () => {
    const job = await insertJob();
    expect(await api.json(`/v1/jobs/${job.jobId.toUpperCase()}`)).toMatchObject({ id: job.jobId });
  });

  test('that has not changed is 304', async () => {
    const job = await insertJob();
    const first = await api.call(`/v1/jobs/${job.jobId}`, { key: reader });
    const again = await api.call(`/v1/jobs/${job.jobId}`, {
      key: reader,
      headers: { 'if-none-match': first.headers.get('etag') ?? '' },
    });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe('');
  });

  test('is answered alike in the fast lane of plain polls and on the common way', async () => {
    const job = await insertJob();
    const fast = await api.call(`/v1/jobs/${job.jobId}`, { key: reader });
    const common = await api.call(`/v1/jobs/${job.jobId}`, {
      key: reader,
      headers: { origin: 'https://x.example' },
    });
    expect(await fast.json()).toStrictEqual(await common.json());
    for (const name of [
      'etag',
      'cache-control',
      'content-type',
      'retry-after',
      'x-content-type-options',
      'x-frame-options',
    ]) {
      expect([name, fast.headers.get(name)]).toStrictEqual([name, common.headers.get(name)]);
    }
    expect(fast.headers.get('x-request-id')).not.toBeNull();
    expect((await api.call(`/v1/jobs/${job.jobId}`, { key: await api.key(['submit']) })).status).toBe(403);
    expect((await api.call(`/v1/jobs/${job.jobId}`)).status).toBe(401);
  });

  test('answers a long poll as soon as it is over', async () => {
    const job = await insertJob();
    const startMs = performance.now();
    const waiting = api.call(`/v1/jobs/${job.jobId}`, { key: reader, headers: { prefer: 'wait=20' } });
    await settleSampleJob(api.database, job);
    const answer = await waiting;
    expect(await answer.json()).toMatchObject({ status: 'completed' });
    expect(answer.headers.get('preference-applied')).toBe('wait=20');
    expect(performance.now() - startMs).toBeLessThan(5_000);
  });

  test('answers a long poll with an ETag at the next change', async () => {
    const job = await insertJob({ finish: false });
    const first = await api.call(`/v1/jobs/${job.jobId}`, { key: reader });
    const waiting = api.call(`/v1/jobs/${job.jobId}`, {
      key: reader,
      headers: { prefer: 'wait=20', 'if-none-match': first.headers.get('etag') ?? '' },
    });
    await api.database.db.transaction().execute((trx) => finishReceiving(trx, job.jobId));
    expect(await (await waiting).json()).toMatchObject({ status: 'queued' });
  });

  test('answers a long poll as it stands when the wait is over', async () => {
    const job = await insertJob();
    const answer = await api.call(`/v1/jobs/${job.jobId}`, { key: reader, headers: { prefer: 'wait=1' } });
    expect(await answer.json()).toMatchObject({ status: 'queued' });
  });
});

describe('events', () => {
  test('tell the progress, then that it is done, and end', async () => {
    const job = await insertJob();
    const answer = await api.call(`/v1/jobs/${job.jobId}/events`, {
      key: reader,
      headers: { 'accept-encoding': 'gzip' },
    });
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    expect(answer.headers.get('content-encoding')).toBeNull();
    const all = answer.text();
    await settleSampleJob(api.database, job);
    const events = (await all).split('\n\n').filter((event) => event.startsWith('event:'));
    expect(events.at(-1)).toMatch(/^event: done\ndata: \{.*"status":"completed"/u);
    for (const event of events.slice(0, -1)) expect(event).toMatch(/^event: progress\n/u);
  });

  test('of an unknown job are 404', async () => {
    const answer = await api.call('/v1/jobs/00000000-0000-4000-8000-000000000000/events', { key: reader });
    expect(answer.status).toBe(404);
  });
});

describe('cancelling', () => {
  test('ends the job, is audited, and may be repeated', async () => {
    const job = await insertJob();
    for (let time = 0; time < 2; time++) {
      expect(await api.json(`/v1/jobs/${job.jobId}`, { method: 'DELETE' })).toMatchObject({
        status: 'cancelled',
        rows: { accepted: 40, cancelled: 40 },
        chunks: { cancelled: 2, open: 0 },
      });
    }
    const { events } = await api.json(`/v1/audit/events?entity=job/${job.jobId}`);
    expect(events).toMatchObject([{ action: 'job.cancel', outcome: 'success' }]);
  });

  test('a completed job is refused', async () => {
    const job = await insertJob();
    await settleSampleJob(api.database, job);
    expect(await api.json(`/v1/jobs/${job.jobId}`, { method: 'DELETE', status: 409 })).toMatchObject({
      code: 'job_finished',
    });
  });
});

describe('retrying', () => {
  test('opens the quarantined chunks alone', async () => {
    const job = await insertJob();
    await settleSampleJob(api.database, job, { quarantined: [1] });
    expect(await api.json(`/v1/jobs/${job.jobId}`)).toMatchObject({
      status: 'partial',
      rows: { scored: 20, quarantined: 20 },
    });
    expect(await api.json(`/v1/jobs/${job.jobId}/retry`, { method: 'POST', status: 202 })).toMatchObject({
      status: 'running',
      rows: { scored: 20, quarantined: 0 },
      chunks: { open: 1, done: 1, quarantined: 0 },
    });
  });

  test('without anything to retry is refused', async () => {
    const job = await insertJob();
    await settleSampleJob(api.database, job);
    expect(await api.json(`/v1/jobs/${job.jobId}/retry`, { method: 'POST', status: 409 })).toMatchObject({
      code: 'nothing_to_retry',
    });
  });
});

describe('the list', () => {
  test('pages through all jobs, newest first, and filters by status', async () => {
    for (let index = 0; index < 4; index++) await insertJob({ chunks: 1 });
    type List = { jobs: { id: string; created_at: string; status: string }[]; next_cursor: string | null };
    const seen: List['jobs'] = [];
    let cursor: string | null = '';
    do {
      const page = (await api.json(`/v1/jobs?limit=3&cursor=${cursor}`)) as unknown as List;
      seen.push(...page.jobs);
      cursor = page.next_cursor;
    } while (cursor !== null);
    const { n } = await api.database.db
      .selectFrom('jobs')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .executeTakeFirstOrThrow();
    expect(new Set(seen.map(({ id }) => id)).size).toBe(n);
    expect(seen.map((job) => job.created_at)).toStrictEqual(
      seen
        .map((job) => job.created_at)
        .toSorted()
        .toReversed(),
    );
    const { jobs } = (await api.json('/v1/jobs?status=cancelled')) as unknown as List;
    expect(jobs.map(({ status }) => status)).toStrictEqual(['cancelled']);
  });
});

describe('rejections', () => {
  test('come by line and field as pages, ndjson and csv, while the job still receives', async () => {
    const job = await insertJob({ finish: false });
    const rejections = Array.from({ length: 25 }, (_, index) => ({
      rowNo: 100 + index,
      line: 101 + index,
      field: index % 2 === 0 ? 'age' : null,
      code: 'not_a_number',
      message: '=not a "number"',
      ...(index === 0 ? { patientId: 'P-1', facilityId: 'F-1', dueDate: '2026-11-30', sheet: 'May' } : {}),
    }));
    await api.database.db.transaction().execute((trx) => appendToJob(trx, { jobId: job.jobId, rejections }));
    const path = `/v1/jobs/${job.jobId}/rejections`;
    type Page = { rejections: { row: number }[]; next_cursor: string | null };
    const first = (await api.json(`${path}?limit=20`)) as unknown as Page;
    expect(first.rejections[0]).toStrictEqual({
      row: 100,
      line: 101,
      field: 'age',
      code: 'not_a_number',
      message: '=not a "number"',
      sheet: 'May',
      patient_id: 'P-1',
      facility_id: 'F-1',
      due_date: '2026-11-30',
    });
    const second = (await api.json(`${path}?limit=20&cursor=${first.next_cursor}`)) as unknown as Page;
    expect([...first.rejections, ...second.rejections].map(({ row }) => row)).toStrictEqual(
      rejections.map(({ rowNo }) => rowNo),
    );
    expect(second.next_cursor).toBeNull();
    const text = async (query: string) => await (await api.call(`${path}${query}`, { key: reader })).text();
    expect((await text('?format=ndjson')).trimEnd().split('\n')).toHaveLength(25);
    expect((await text('?format=csv&limit=1')).split('\r\n')).toStrictEqual([
      'row,line,sheet,field,code,message,patient_id,facility_id,due_date',
      `100,101,May,age,not_a_number,"'=not a ""number""",P-1,F-1,2026-11-30`,
      '',
    ]);
  });
});
