import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { testRedisUrl } from '#test/support/test-redis.ts';
import type { FeatureStore, PatientFeatures } from './feature-store.ts';
import { createMemoryFeatureStore } from './memory-feature-store.ts';
import { createRedisFeatureStore } from './redis-feature-store.ts';

const TTL_SECONDS = 60;

type Fixture = { store: FeatureStore; ttlOf: (patientId: string) => Promise<number> };

const fixtures: Record<FeatureStore['kind'], () => Promise<Fixture>> = {
  memory: async () => {
    let nowMs = 1_000;
    const store = createMemoryFeatureStore({
      clock: { nowMs: () => nowMs },
      ttlSeconds: TTL_SECONDS,
      maxPatients: 100,
    });
    return {
      store,
      ttlOf: async (patientId) => {
        nowMs += TTL_SECONDS * 1_000 - 1;
        const [before] = await store.get(1, [patientId]);
        nowMs += 2;
        const [after] = await store.get(1, [patientId]);
        return before !== undefined && after === undefined ? TTL_SECONDS : -1;
      },
    };
  },
  redis: async () => {
    const url = await testRedisUrl();
    const store = createRedisFeatureStore({ url, ttlSeconds: TTL_SECONDS, onError: () => undefined });
    return {
      store,
      ttlOf: async (patientId) => {
        const { Redis } = await import('ioredis');
        const redis = new Redis(url);
        const ttl = await redis.ttl(`iit:features:1:${patientId}`);
        redis.disconnect();
        return ttl;
      },
    };
  },
};

const features = (values: Record<string, number>): PatientFeatures => ({
  facilityId: 'F1',
  dueDate: '2026-10-01',
  asOf: '2026-09-28',
  storedAtMs: 1_790_000_000_000,
  values,
});

describe.each(Object.keys(fixtures) as FeatureStore['kind'][])('the %s feature store', (kind) => {
  async function open(): Promise<Fixture> {
    const fixture = await fixtures[kind]();
    onTestFinished(fixture.store.close);
    return fixture;
  }

  test('gives back what was put, in the order asked, and undefined for strangers', async () => {
    const { store } = await open();
    const bare = { facilityId: null, dueDate: null, asOf: null, storedAtMs: 0, values: {} };
    await store.put(1, [
      { patientId: 'a', features: features({ age: 34, viral_load: 0 }) },
      { patientId: 'b', features: bare },
    ]);
    expect(await store.get(1, ['b', 'nobody', 'a', 'b'])).toEqual([
      bare,
      undefined,
      features({ age: 34, viral_load: 0 }),
      bare,
    ]);
    expect(await store.get(1, [])).toEqual([]);
  });

  test('keeps tenants apart', async () => {
    const { store } = await open();
    await store.put(1, [{ patientId: 'a', features: features({ age: 34 }) }]);
    expect(await store.get(2, ['a'])).toEqual([undefined]);
  });

  test('replaces whole patients: a feature that is not put again is gone', async () => {
    const { store } = await open();
    await store.put(1, [{ patientId: 'a', features: features({ age: 34, viral_load: 20 }) }]);
    await store.put(1, [
      { patientId: 'a', features: features({ age: 1 }) },
      { patientId: 'a', features: features({ age: 35 }) },
    ]);
    expect(await store.get(1, ['a'])).toEqual([features({ age: 35 })]);
  });

  test('lets an entry die after its TTL', async () => {
    const { store, ttlOf } = await open();
    await store.put(1, [{ patientId: 'a', features: features({ age: 34 }) }]);
    expect(await ttlOf('a')).toBe(TTL_SECONDS);
  });

  test('keeps every number to the last bit and every id apart', async () => {
    const { store } = await open();
    const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
    await fc.assert(
      fc.asyncProperty(
        fc.string({ minLength: 1, maxLength: 64 }),
        fc.array(number, { maxLength: 8 }),
        async (id, list) => {
          const given = features(Object.fromEntries(list.map((value, i) => [`f${i}`, value])));
          await store.put(1, [{ patientId: id, features: given }]);
          const [found] = await store.get(1, [id]);
          expect(found).toEqual(given);
        },
      ),
      { numRuns: 50 },
    );
  });
});

test('the memory store keeps the most recently used and no more than it may', async () => {
  const store = createMemoryFeatureStore({ clock: { nowMs: () => 1 }, ttlSeconds: 60, maxPatients: 2 });
  for (const patientId of ['a', 'b']) await store.put(1, [{ patientId, features: features({ age: 1 }) }]);
  await store.get(1, ['a']);
  await store.put(1, [{ patientId: 'c', features: features({ age: 1 }) }]);
  expect((await store.get(1, ['a', 'b', 'c'])).map((found) => found !== undefined)).toEqual([
    true,
    false,
    true,
  ]);
});

test('a Redis that is not there fails fast, by code', async () => {
  await using store = createRedisFeatureStore({
    url: 'redis://127.0.0.1:1',
    ttlSeconds: 60,
    timeoutMs: 200,
    onError: () => undefined,
  });
  await expect(store.get(1, ['a'])).rejects.toMatchObject({ code: 'features_unavailable', retryable: true });
});
