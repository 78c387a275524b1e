import { afterEach, describe, expect, test } from 'vitest';
import { registerModel } from '#shared/models/store.ts';
import { sampleModel } from '#test/support/sample-model.ts';
import { makeCohort } from './cohort.ts';
import { type FaultStack, model, QUEUES, startFaultStack } from './fault-stack.ts';

let stack: FaultStack;
afterEach(() => stack[Symbol.asyncDispose]());

describe.each(QUEUES)('chunks that go wrong, on %s', (kind) => {
  test('fault 12: a poison chunk is tried a bounded number of times; the others are not touched', async () => {
    stack = await startFaultStack({ kind });
    const cohort = makeCohort(model, 2_000);
    const api = await stack.api();
    const jobId = await stack.submit(api, cohort);
    await stack
      .db()
      .updateTable('chunks')
      .set({ payload: Buffer.from('poison') })
      .where('chunk_no', '=', 7)
      .execute();
    await stack.worker({ CHUNK_MAX_ATTEMPTS: 3 });
    expect(await stack.ends(jobId)).toBe('partial');
    const chunk = await stack
      .db()
      .selectFrom('chunks')
      .select(['state', 'attempts', 'error_code'])
      .where('chunk_no', '=', 7)
      .executeTakeFirstOrThrow();
    expect(chunk).toEqual({ state: 'quarantined', attempts: 3, error_code: 'payload_corrupt' });
    await stack.expectExact(jobId, cohort, (row) => row > 700 && row <= 800);
    const shown = await (await stack.call(api, `/v1/jobs/${jobId}`)).json();
    expect(shown).toMatchObject({ status: 'partial', rows: { scored: 1_900, quarantined: 100 } });
  });

  test('fault 22: scoring threads without memory fail their chunks by name; the worker lives, and a retry heals the job', async () => {
    stack = await startFaultStack({ kind });
    const cohort = makeCohort(model, 300);
    const api = await stack.api();
    const jobId = await stack.submit(api, cohort);
    const starved = await stack.worker({ SCORING_THREAD_HEAP_MB: 3, CHUNK_MAX_ATTEMPTS: 2 });
    expect(await stack.ends(jobId)).toBe('failed');
    const given = await stack.db().selectFrom('chunks').select(['state', 'error_code']).distinct().execute();
    expect(given).toEqual([{ state: 'quarantined', error_code: 'scoring_failed' }]);
    expect(starved.output()).toContain('ERR_WORKER_OUT_OF_MEMORY');
    expect((await fetch(`${starved.url}/health/live`)).status).toBe(200);
    await starved.stop();
    expect((await starved.exited).code).toBe(0);
    await stack.worker();
    expect((await stack.call(api, `/v1/jobs/${jobId}/retry`, { method: 'POST' })).ok).toBe(true);
    await expect.poll(() => stack.statusOf(jobId), { timeout: 30_000 }).toBe('completed');
    await stack.expectExact(jobId, cohort);
  });

  test('fault 19: another model is activated and workers are replaced while a job runs: each job stays with its own', async () => {
    stack = await startFaultStack({ kind });
    const next = sampleModel({ version: 'test-2', seed: 2, features: 6, trees: 60, depth: 4 });
    await registerModel(stack.db(), { ...next, createdBy: 'test' });
    const before = makeCohort(model, 5_000);
    const after = makeCohort(next, 3_000, 2);
    const api = await stack.api();
    const old = await stack.worker({ CHUNKS_IN_FLIGHT: 1 });
    const first = await stack.submit(api, before);
    const activated = await stack.call(api, '/v1/models/test-2/activate', { method: 'POST' });
    expect(activated.status).toBe(200);
    const second = await stack.submit(api, after);
    await stack.worker();
    await stack.untilDone(second, 1);
    old.signal('SIGTERM');
    expect((await old.exited).code).toBe(0);
    expect([await stack.ends(first), await stack.ends(second)]).toEqual(['completed', 'completed']);
    await stack.expectExact(first, before);
    await stack.expectExact(second, after);
    const audited = await stack
      .db()
      .selectFrom('audit_log')
      .select(['job_id', 'model_version'])
      .distinct()
      .execute();
    expect(audited).toHaveLength(2);
    expect(audited).toEqual(
      expect.arrayContaining([
        { job_id: first, model_version: 'test-1' },
        { job_id: second, model_version: 'test-2' },
      ]),
    );
  });
});
