import { Redis } from 'ioredis';
import { ServiceError } from '#shared/errors/errors.ts';
import type { FeatureStore, PatientFeatures } from './feature-store.ts';

export type RedisFeatureStoreOptions = {
  url: string;
  ttlSeconds: number;
  /** A call that takes longer fails with `features_unavailable`. */
  timeoutMs?: number;
  /** Told about connection errors; calls fail by themselves. */
  onError: (error: Error) => void;
};

/** Field names that no feature has: they begin with a space. */
const FACILITY = ' facility_id';
const DUE_DATE = ' due_date';
const AS_OF = ' as_of';
const STORED_AT = ' stored_at_ms';

/** Features that other processes see too: one Redis hash a patient, a field a feature, the numbers as decimals. */
export function createRedisFeatureStore(options: RedisFeatureStoreOptions): FeatureStore {
  const { url, ttlSeconds, timeoutMs = 1_000, onError } = options;
  const redis = new Redis(url, {
    connectionName: 'iit-features',
    connectTimeout: 5_000,
    commandTimeout: timeoutMs,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    retryStrategy: (attempt) => Math.min(attempt * 100, 2_000),
  });
  redis.on('error', onError);

  const ready = async () => {
    if (redis.status === 'ready') return;
    if (!['wait', 'connecting', 'connect'].includes(redis.status))
      throw new Error(`redis is ${redis.status}`);
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => settle(() => reject(new Error('not connected in time'))), timeoutMs);
      const onReady = () => settle(resolve);
      const onClose = () => settle(() => reject(new Error('connection closed')));
      const settle = (outcome: () => void) => {
        clearTimeout(timer);
        redis.off('ready', onReady);
        redis.off('close', onClose);
        outcome();
      };
      redis.once('ready', onReady);
      redis.once('close', onClose);
    });
  };
  /** Sends what `queue` queues, as one transaction where readers may see no half of it; the first failed command fails the call. */
  const run = async (
    kind: 'pipeline' | 'multi',
    queue: (commands: ReturnType<Redis['pipeline']>) => void,
  ): Promise<unknown[]> => {
    try {
      await ready();
      const commands = kind === 'multi' ? redis.multi() : redis.pipeline();
      queue(commands);
      const replies = (await commands.exec()) ?? [];
      return replies.map(([error, value]) => {
        if (error !== null) throw error;
        return value;
      });
    } catch (error) {
      throw new ServiceError('features_unavailable', 'The feature store cannot be reached; try again.', {
        cause: error,
        retryable: true,
      });
    }
  };
  const close = async () => {
    redis.disconnect();
  };
  return {
    kind: 'redis',
    get: async (tenantId, patientIds) => {
      const hashes = await run('pipeline', (commands) => {
        for (const id of patientIds) commands.hgetall(keyOf(tenantId, id));
      });
      return hashes.map((hash) => featuresOf(hash as Record<string, string>));
    },
    put: async (tenantId, entries) => {
      await run('multi', (commands) => {
        for (const { patientId, features } of entries) {
          const key = keyOf(tenantId, patientId);
          commands.del(key).hset(key, hashOf(features)).expire(key, ttlSeconds);
        }
      });
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function keyOf(tenantId: number, patientId: string): string {
  return `iit:features:${tenantId}:${patientId}`;
}

function hashOf(features: PatientFeatures): Record<string, string> {
  return {
    ...Object.fromEntries(Object.entries(features.values).map(([name, value]) => [name, String(value)])),
    [FACILITY]: features.facilityId ?? '',
    [DUE_DATE]: features.dueDate ?? '',
    [AS_OF]: features.asOf ?? '',
    [STORED_AT]: String(features.storedAtMs),
  };
}

/** Undefined for the empty hash that stands for "no such key". */
function featuresOf(hash: Record<string, string>): PatientFeatures | undefined {
  if (hash[FACILITY] === undefined) return undefined;
  const values: Record<string, number> = {};
  for (const [name, text] of Object.entries(hash)) {
    if (!name.startsWith(' ')) values[name] = Number(text);
  }
  return {
    facilityId: hash[FACILITY] || null,
    dueDate: hash[DUE_DATE] || null,
    asOf: hash[AS_OF] || null,
    storedAtMs: Number(hash[STORED_AT] ?? 0),
    values,
  };
}
