import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '#shared/clock/clock.ts';
import { createLogger } from '#shared/log/logger.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { testRedisUrl } from '#test/support/test-redis.ts';
import type { Bell } from './bell.ts';
import { createDoorbellConsumer } from './doorbell-consumer.ts';
import { createDoorbell } from './doorbell.ts';

const log = createLogger('test', 'silent');
const bell = (chunkNo: number, more: Partial<Bell> = {}): Bell => ({
  jobId: '0197b6a0-0000-7000-8000-000000000001',
  chunkNo,
  epoch: 1,
  priority: 'normal',
  ...more,
});

describe.each(['redis', 'postgres'] as const)('a doorbell on %s', (kind) => {
  let url: string;
  let database: TestDatabase | undefined;

  beforeAll(async () => {
    if (kind === 'postgres') database = await createTestDatabase();
    url = database?.url ?? (await testRedisUrl());
  });
  afterAll(async () => database?.drop());

  /** Collects bells until `count` have been heard. */
  async function hear(count: number, concurrency = 1): Promise<Bell[]> {
    const heard: Bell[] = [];
    const enough = Promise.withResolvers<void>();
    await using consumer = createDoorbellConsumer({
      url,
      log,
      concurrency,
      onBell: async (bell) => {
        heard.push(bell);
        if (heard.length === count) enough.resolve();
      },
    });
    await consumer.start();
    await enough.promise;
    await consumer.stop(5_000);
    return heard;
  }

  test('every bell that is rung is heard, and gone afterwards', async () => {
    await using doorbell = createDoorbell({ url, log, clock: systemClock, countsCacheMs: 0 });
    const bells = Array.from({ length: 25 }, (_, index) => bell(index));
    await expect.poll(() => doorbell.ring(bells)).toBe(25);
    await expect(doorbell.counts()).resolves.toEqual({ waiting: 25, active: 0 });
    const heard = await hear(25, 4);
    expect(heard.toSorted((a, b) => a.chunkNo - b.chunkNo)).toEqual(bells);
    await expect(doorbell.counts()).resolves.toEqual({ waiting: 0, active: 0 });
  });

  test('the same epoch rung twice is heard once, and a new epoch is heard anew', async () => {
    await using doorbell = createDoorbell({ url, log, clock: systemClock, countsCacheMs: 0 });
    await expect.poll(() => doorbell.ring([bell(1), bell(1)])).toBe(2);
    await doorbell.ring([bell(1), bell(1, { epoch: 2 })]);
    await expect(doorbell.counts()).resolves.toEqual({ waiting: 2, active: 0 });
    expect((await hear(2)).map((b) => b.epoch)).toEqual([1, 2]);
  });

  test('an epoch that was heard can be rung again: nothing of it stays behind', async () => {
    await using doorbell = createDoorbell({ url, log, clock: systemClock, countsCacheMs: 0 });
    await expect.poll(() => doorbell.ring([bell(7)])).toBe(1);
    await hear(1);
    await doorbell.ring([bell(7)]);
    expect(await hear(1)).toEqual([bell(7)]);
  });

  test('higher priorities are heard first', async () => {
    await using doorbell = createDoorbell({ url, log, clock: systemClock });
    const bells = [bell(1, { priority: 'low' }), bell(2), bell(3, { priority: 'high' })];
    await expect.poll(() => doorbell.ring(bells)).toBe(3);
    expect((await hear(3)).map((b) => b.chunkNo)).toEqual([3, 2, 1]);
  });

  test('a handler that throws loses its bell alone', async () => {
    await using doorbell = createDoorbell({ url, log, clock: systemClock, countsCacheMs: 0 });
    await expect.poll(() => doorbell.ring([bell(1), bell(2)])).toBe(2);
    const heard: number[] = [];
    const done = Promise.withResolvers<void>();
    await using consumer = createDoorbellConsumer({
      url,
      log,
      concurrency: 1,
      onBell: async ({ chunkNo }) => {
        heard.push(chunkNo);
        if (heard.length === 2) done.resolve();
        if (chunkNo === 1) throw new Error('planned');
      },
    });
    await consumer.start();
    await done.promise;
    await consumer.stop(5_000);
    expect(heard).toEqual([1, 2]);
    await expect(doorbell.counts()).resolves.toEqual({ waiting: 0, active: 0 });
  });

  test('stopping waits for the bell in hand, then aborts it at the deadline', async () => {
    await using doorbell = createDoorbell({ url, log, clock: systemClock });
    await expect.poll(() => doorbell.ring([bell(1)])).toBe(1);
    const taken = Promise.withResolvers<AbortSignal>();
    await using consumer = createDoorbellConsumer({
      url,
      log,
      concurrency: 1,
      onBell: async (_, signal) => {
        taken.resolve(signal);
        await once(signal, 'abort');
      },
    });
    await consumer.start();
    const signal = await taken.promise;
    expect(signal.aborted).toBe(false);
    await consumer.stop(200);
    expect(signal.aborted).toBe(true);
  });

  test('ringing a queue that swallows everything ends in time and throws nothing', async () => {
    const hole = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(hole, 'listening');
    const { port } = hole.address() as { port: number };
    const { protocol } = new URL(url);
    await using doorbell = createDoorbell({
      url: `${protocol}//127.0.0.1:${port}/0`,
      log,
      clock: systemClock,
      ringTimeoutMs: 100,
    });
    const startedMs = performance.now();
    await expect(doorbell.ring([bell(1)])).resolves.toBe(0);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    await doorbell.stop();
    hole.close();
  });
});

test('a Redis that lost everything is rung again by the same doorbell', async () => {
  const url = await testRedisUrl();
  await using doorbell = createDoorbell({ url, log, clock: systemClock, countsCacheMs: 0 });
  const lost = { ...bell(1), jobId: randomUUID() };
  await expect.poll(() => doorbell.ring([lost])).toBe(1);
  const redis = new Redis(url);
  await redis.flushdb();
  redis.disconnect();
  await expect(doorbell.counts()).resolves.toEqual({ waiting: 0, active: 0 });
  await doorbell.ring([{ ...lost, epoch: 2 }]);
  await expect(doorbell.counts()).resolves.toEqual({ waiting: 1, active: 0 });
});
