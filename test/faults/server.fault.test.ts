import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, test } from 'vitest';
import { makeCohort } from './cohort.ts';
import { type FaultStack, model, QUEUES, startFaultStack } from './fault-stack.ts';

let stack: FaultStack;
afterEach(() => stack[Symbol.asyncDispose]());

describe('Redis', () => {
  test('fault 5: killed and back with its AOF, and killed and back empty, in the middle of a job: work resumes by itself', async () => {
    for (const redisArgs of [
      ['--appendonly', 'yes', '--appendfsync', 'always'],
      ['--appendonly', 'no'],
    ]) {
      stack = await startFaultStack({ kind: 'redis', redisArgs });
      const cohort = makeCohort(model, 6_000);
      const api = await stack.api();
      const worker = await stack.worker({ CHUNKS_IN_FLIGHT: 1 });
      const jobId = await stack.submit(api, cohort);
      await stack.restartRedis('SIGKILL', 1_000);
      expect(await stack.ends(jobId)).toBe('completed');
      await stack.expectExact(jobId, cohort);
      expect(worker.output()).not.toContain('unhandled');
      await stack[Symbol.asyncDispose]();
    }
  });

  test('fault 5: FLUSHALL in the middle of a job costs nothing but a moment', async () => {
    stack = await startFaultStack({ kind: 'redis' });
    const cohort = makeCohort(model, 8_000);
    const jobId = await stack.submit(await stack.api(), cohort);
    await stack.worker({ CHUNKS_IN_FLIGHT: 1 });
    const redis = new Redis(stack.redis().url());
    for (let flush = 0; flush < 5; flush++) {
      await redis.flushall();
      await pause(100);
    }
    redis.disconnect();
    expect(await stack.ends(jobId)).toBe('completed');
    await stack.expectExact(jobId, cohort);
  });

  test('fault 5: a Redis at maxmemory, and no Redis at all, keep nobody from submitting; work resumes when there is room', async () => {
    stack = await startFaultStack({ kind: 'redis' });
    const api = await stack.api();
    await stack.worker();
    const redis = new Redis(stack.redis().url());
    await redis.config('SET', 'maxmemory', '1mb');
    const full = makeCohort(model, 1_000);
    const first = await stack.submit(api, full);
    await redis.config('SET', 'maxmemory', '0');
    redis.disconnect();
    stack.redisCable?.set('refuse');
    const cohort = makeCohort(model, 1_000, 2);
    const second = await stack.submit(api, cohort);
    stack.redisCable?.set('pass');
    expect([await stack.ends(first), await stack.ends(second)]).toEqual(['completed', 'completed']);
    await stack.expectExact(first, full);
    await stack.expectExact(second, cohort);
  });

  test('fault 7: a worker cut off from Redis for longer than its lock comes back by itself', async () => {
    stack = await startFaultStack({ kind: 'redis' });
    const cohort = makeCohort(model, 5_000);
    const jobId = await stack.submit(await stack.api(), cohort);
    await stack.worker({ CHUNKS_IN_FLIGHT: 1 });
    await stack.untilDone(jobId, 2);
    stack.redisCable?.set('black-hole');
    await pause(8_000);
    stack.redisCable?.set('pass');
    stack.redisCable?.cut();
    expect(await stack.ends(jobId, 90_000)).toBe('completed');
    await stack.expectExact(jobId, cohort);
  });
});

describe.each(QUEUES)('PostgreSQL, the queue on %s', (kind) => {
  test('fault 6: crashed in the middle of a job, three times', async () => {
    stack = await startFaultStack({ kind });
    const cohort = makeCohort(model, 8_000);
    const jobId = await stack.submit(await stack.api(), cohort);
    await stack.worker();
    for (let crash = 0; crash < 3; crash++) {
      await stack.untilDone(jobId, 5 + crash * 10);
      await stack.restartPostgres('immediate');
    }
    expect(await stack.ends(jobId)).toBe('completed');
    await stack.expectExact(jobId, cohort);
  });

  test('fault 6: gone for 30 seconds; the api answers 503 meanwhile, and both come back by themselves', async () => {
    stack = await startFaultStack({ kind });
    const cohort = makeCohort(model, 4_000);
    const api = await stack.api();
    const jobId = await stack.submit(api, cohort);
    await stack.worker({ CHUNKS_IN_FLIGHT: 1 });
    await stack.untilDone(jobId, 2);
    const restarting = stack.restartPostgres('immediate', 30_000);
    await pause(3_000);
    const refused = await fetch(`${api.url}/v1/jobs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stack.key}`, 'content-type': 'text/csv' },
      body: cohort.csv,
    });
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await fetch(`${api.url}/health/live`)).status).toBe(200);
    expect((await fetch(`${api.url}/health/ready`)).status).toBe(503);
    await restarting;
    expect(await stack.ends(jobId, 90_000)).toBe('completed');
    await stack.expectExact(jobId, cohort);
  });

  test('fault 7: a black hole between the services and PostgreSQL: timeouts fire, the pool does not leak, the job ends', async () => {
    stack = await startFaultStack({ kind });
    const cohort = makeCohort(model, 5_000);
    const api = await stack.api();
    const jobId = await stack.submit(api, cohort);
    await stack.worker({ DATABASE_POOL_SIZE: 4 });
    await stack.untilDone(jobId, 2);
    stack.postgresCable.set('black-hole');
    // The connection that the answer needs is open and dead: only silence tells.
    const unanswered = await stack.call(api, '/v1/jobs');
    expect([unanswered.status, Number(unanswered.headers.get('retry-after')) > 0]).toEqual([503, true]);
    expect((await fetch(`${api.url}/health/live`)).status).toBe(200);
    stack.postgresCable.set('pass');
    stack.postgresCable.cut();
    expect(await stack.ends(jobId, 100_000)).toBe('completed');
    await stack.expectExact(jobId, cohort);
    expect(await stack.sessions()).toBeLessThan(40);
  });
});
