import { setTimeout as pause } from 'node:timers/promises';
import { request } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { randomNumbers } from '#test/support/sample-model.ts';
import { makeCohort } from './cohort.ts';
import { type FaultStack, model, QUEUES, startFaultStack } from './fault-stack.ts';

/** Where a zombie stands still, and what it logs: the fence refused it, or PostgreSQL had ended its transaction. */
const ZOMBIES: [string, RegExp][] = [
  ['after_score', /given to somebody else; its rows were dropped/u],
  ['mid_copy', /handed the chunk back|left a chunk to the sweeper/u],
];

describe.each(QUEUES)('processes that die, on %s', (kind) => {
  let stack: FaultStack;
  afterEach(() => stack[Symbol.asyncDispose]());

  test('fault 1: a worker killed at seeded random moments, ten times over, costs no row and doubles none', async () => {
    stack = await startFaultStack({ kind });
    const cohort = makeCohort(model, 8_000);
    const random = randomNumbers(kind === 'redis' ? 11 : 12);
    const jobId = await stack.submit(await stack.api(), cohort);
    for (let kill = 0; kill < 10; kill++) {
      const worker = await stack.worker();
      await pause(random() * 150);
      worker.signal('SIGKILL');
      await worker.exited;
    }
    await stack.worker();
    expect(await stack.ends(jobId)).toBe('completed');
    await stack.expectExact(jobId, cohort);
  });

  test('fault 2: a chunk that kills every worker is quarantined with its reason, and a retry by HTTP heals the job', async () => {
    stack = await startFaultStack({ kind });
    const cohort = makeCohort(model, 200);
    const api = await stack.api();
    const jobId = await stack.submit(api, cohort);
    for (let attempt = 0; attempt < 3; attempt++) {
      const worker = await stack.worker({
        // The first worker commits one of the two chunks.
        CRASH_AT: attempt === 0 ? 'before_commit:2' : 'before_commit',
        CHUNKS_IN_FLIGHT: 1,
        CHUNK_MAX_ATTEMPTS: 3,
      });
      await worker.exited;
    }
    const survivor = await stack.worker({ CHUNK_MAX_ATTEMPTS: 3 });
    expect(await stack.ends(jobId)).toBe('partial');
    const chunk = await stack
      .db()
      .selectFrom('chunks')
      .select(['state', 'error_code'])
      .where('state', '<>', 'done')
      .executeTakeFirstOrThrow();
    expect(chunk).toEqual({ state: 'quarantined', error_code: 'lease_lost' });
    await survivor.stop();
    await stack.worker();
    const retry = await fetch(`${api.url}/v1/jobs/${jobId}/retry`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stack.key}` },
    });
    expect(retry.ok).toBe(true);
    await expect.poll(() => stack.statusOf(jobId), { timeout: 20_000 }).toBe('completed');
    await stack.expectExact(jobId, cohort);
  });

  test.each(['mid_upload', 'after_chunk_commit', 'mid_ring'])(
    'faults 3 and 4: an api killed at %s has promised nothing; the job is aborted by itself and never passes for complete',
    async (point) => {
      stack = await startFaultStack({ kind });
      const cohort = makeCohort(model, 3_000);
      const doomed = await stack.api({ CRASH_AT: `${point}:5` });
      await stack.worker();
      const answer = fetch(`${doomed.url}/v1/jobs?explain=0`, {
        method: 'POST',
        headers: { authorization: `Bearer ${stack.key}`, 'content-type': 'text/csv' },
        body: cohort.csv,
      }).then(
        ({ status }) => status,
        () => 'no answer',
      );
      await doomed.exited;
      expect(await answer).toBe('no answer');
      await stack.api();
      const job = await stack.db().selectFrom('jobs').select('id').executeTakeFirstOrThrow();
      expect(await stack.ends(job.id)).toBe('aborted');
      const { open } = await stack
        .db()
        .selectFrom('chunks')
        .select((query) => query.fn.countAll<number>().as('open'))
        .where('state', 'in', ['pending', 'leased'])
        .executeTakeFirstOrThrow();
      expect(open).toBe(0);
    },
  );

  test('fault 3: an api killed while a client still sends leaves a job that is aborted, never completed', async () => {
    stack = await startFaultStack({ kind });
    const cohort = makeCohort(model, 4_000);
    const api = await stack.api();
    await stack.worker();
    const upload = request(`${api.url}/v1/jobs?explain=0`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stack.key}`, 'content-type': 'text/csv' },
    });
    const failed = new Promise((done) => upload.once('error', done));
    await new Promise<void>((done) =>
      upload.write(cohort.csv.slice(0, cohort.csv.length >> 1), () => done()),
    );
    await expect
      .poll(
        async () =>
          (await stack.db().selectFrom('jobs').select('rows_scored').executeTakeFirst())?.rows_scored ?? 0,
        { timeout: 30_000 },
      )
      .toBeGreaterThan(500);
    api.signal('SIGKILL');
    await failed;
    await stack.api();
    const job = await stack.db().selectFrom('jobs').select('id').executeTakeFirstOrThrow();
    expect(await stack.ends(job.id)).toBe('aborted');
  });

  test('fault 4: a sweeper killed midway through a bulk ring leaves nothing unrung for good', async () => {
    stack = await startFaultStack({ kind });
    const cohort = makeCohort(model, 3_000);
    const jobId = await stack.submit(await stack.api(), cohort);
    const doomed = await stack.worker({ CRASH_AT: 'mid_sweep', CHUNKS_IN_FLIGHT: 1 });
    await doomed.exited;
    await stack.worker();
    expect(await stack.ends(jobId)).toBe('completed');
    await stack.expectExact(jobId, cohort);
  });

  // Once it holds its chunk, PostgreSQL itself has to end its transaction, which takes a minute: one backend is enough.
  test.each(kind === 'redis' ? ZOMBIES : ZOMBIES.slice(0, 1))(
    'fault 8: a worker suspended at %s for longer than its lease wakes up, and its write is refused',
    async (point, refused) => {
      stack = await startFaultStack({ kind });
      const cohort = makeCohort(model, 1_000);
      const jobId = await stack.submit(await stack.api(), cohort);
      const zombie = await stack.worker({ CRASH_AT: `${point}:3:SIGSTOP`, CHUNKS_IN_FLIGHT: 1 });
      await stack.untilDone(jobId, 2);
      await stack.worker();
      expect(await stack.ends(jobId, 100_000)).toBe('completed');
      zombie.signal('SIGCONT');
      await expect.poll(() => zombie.output(), { timeout: 20_000 }).toMatch(refused);
      await stack.expectExact(jobId, cohort);
    },
    150_000,
  );

  test('fault 20: SIGTERM ends a worker cleanly in the middle of a job; one that hangs is killed at the deadline; nothing is lost', async () => {
    stack = await startFaultStack({ kind });
    const cohort = makeCohort(model, 4_000);
    const jobId = await stack.submit(await stack.api(), cohort);
    const first = await stack.worker();
    await stack.untilDone(jobId, 3);
    first.signal('SIGTERM');
    expect((await first.exited).code).toBe(0);
    const hanging = await stack.worker({ CRASH_AT: 'mid_copy:3:SIGSTOP' });
    await expect.poll(async () => (await leased(stack)).length, { timeout: 20_000 }).toBeGreaterThan(0);
    await pause(500);
    hanging.signal('SIGTERM');
    await pause(500);
    hanging.signal('SIGKILL');
    await hanging.exited;
    await stack.worker();
    expect(await stack.ends(jobId)).toBe('completed');
    await stack.expectExact(jobId, cohort);
  });

  test('faults 11 and 25: three workers with a sweeper and a sealer each share a job whose every bell is rung three times', async () => {
    stack = await startFaultStack({ kind });
    const cohort = makeCohort(model, 6_000);
    const jobId = await stack.submit(await stack.api(), cohort);
    await Promise.all([0, 1, 2].map(() => stack.worker({ RING_SECONDS: 0.1, SWEEP_SECONDS: 0.05 })));
    expect(await stack.ends(jobId)).toBe('completed');
    await stack.expectExact(jobId, cohort);
  });
});

async function leased(stack: FaultStack): Promise<unknown[]> {
  return await stack.db().selectFrom('chunks').select('chunk_no').where('state', '=', 'leased').execute();
}
