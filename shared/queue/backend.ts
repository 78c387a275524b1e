import { type BackendFactory, createPostgresBackend, createRedisBackend, type IQueueBackend } from 'bullmq';

export type QueueBackend = {
  kind: 'redis' | 'postgres';
  /** Connection options of the kind that `factory` takes. */
  connection: object;
  factory: BackendFactory<IQueueBackend, object>;
};

/** PostgreSQL schema that holds everything of BullMQ's. */
export const QUEUE_SCHEMA = 'bullmq';
/** The same for Redis keys; the PostgreSQL backend ignores it. */
export const QUEUE_PREFIX = 'iit';

/** A dead peer is noticed after this; longer than BullMQ's longest blocking call on Redis (10 s). */
const SILENCE_MS = 20_000;
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * The BullMQ backend behind a QUEUE_URL. Producers fail fast (no offline queue, one try); consumers wait for
 * their backend for ever.
 */
export function queueBackend(url: string, side: 'producer' | 'consumer'): QueueBackend {
  if (/^rediss?:/u.test(url)) {
    return {
      kind: 'redis',
      factory: createRedisBackend,
      connection: {
        url,
        connectTimeout: CONNECT_TIMEOUT_MS,
        socketTimeout: SILENCE_MS,
        retryStrategy: (attempt: number) => Math.min(attempt * 100, 2_000),
        ...(side === 'producer'
          ? { enableOfflineQueue: false, maxRetriesPerRequest: 1 }
          : { maxRetriesPerRequest: null }),
      },
    };
  }
  return {
    kind: 'postgres',
    factory: createPostgresBackend as unknown as BackendFactory<IQueueBackend, object>,
    connection: {
      connectionString: url,
      schema: QUEUE_SCHEMA,
      application_name: `iit-queue-${side}`,
      max: side === 'producer' ? 2 : 4,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: SILENCE_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: 5_000,
    },
  };
}
