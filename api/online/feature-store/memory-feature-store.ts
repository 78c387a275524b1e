import { LRUCache } from 'lru-cache';
import type { Clock } from '#shared/clock/clock.ts';
import type { FeatureStore, PatientFeatures } from './feature-store.ts';

export type MemoryFeatureStoreOptions = {
  clock: Clock;
  ttlSeconds: number;
  /** Patients kept; the least recently used one goes first. One patient takes about 2 kB. */
  maxPatients: number;
};

/** A store in this process, for one api without Redis. Nothing survives the process. */
export function createMemoryFeatureStore(options: MemoryFeatureStoreOptions): FeatureStore {
  const { clock, ttlSeconds, maxPatients } = options;
  const cache = new LRUCache<string, PatientFeatures>({
    max: maxPatients,
    ttl: ttlSeconds * 1_000,
    ttlResolution: 0,
    // lru-cache reads 0 as "no time yet".
    perf: { now: () => Math.max(1, clock.nowMs()) },
  });
  const close = async () => cache.clear();
  return {
    kind: 'memory',
    get: async (tenantId, patientIds) => patientIds.map((id) => cache.get(keyOf(tenantId, id))),
    put: async (tenantId, entries) => {
      for (const { patientId, features } of entries) cache.set(keyOf(tenantId, patientId), features);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function keyOf(tenantId: number, patientId: string): string {
  return `${tenantId}:${patientId}`;
}
