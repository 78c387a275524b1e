import { optional } from '../../run-command.ts';
import { codeOf, type Finding, fail, ok, skipped, warn } from './finding.ts';

const TIMEOUT_MS = 5_000;

/** Redis, where the queue lives there. */
export async function checkQueue(): Promise<Finding[]> {
  const url = redisUrl();
  if (url === undefined)
    return [
      skipped('Redis', 'the queue lives in PostgreSQL: neither QUEUE_URL nor REDIS_HOST names a Redis'),
    ];
  const { Redis } = await import('ioredis');
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // What goes wrong comes from the calls below.
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    const [server, memory] = [await redis.info('server'), await redis.info('memory')];
    const version = /redis_version:([\d.]+)/u.exec(server)?.[1] ?? 'unknown';
    const policy = /maxmemory_policy:([\w-]+)/u.exec(memory)?.[1] ?? 'unknown';
    return [
      ok('Redis', `version ${version}`),
      policy === 'noeviction'
        ? ok('Redis memory', 'never throws entries away')
        : warn(
            'Redis memory',
            `policy ${policy}`,
            'set maxmemory-policy noeviction: BullMQ loses jobs otherwise',
          ),
    ];
  } catch (error) {
    return [
      fail(
        'Redis',
        `does not answer (${codeOf(error)})`,
        'check that it runs, and QUEUE_URL; chunks wait in PostgreSQL meanwhile',
      ),
    ];
  } finally {
    redis.disconnect();
  }
}

function redisUrl(): string | undefined {
  const url = optional('QUEUE_URL');
  if (url !== undefined) return /^rediss?:/u.test(url) ? url : undefined;
  const host = optional('REDIS_HOST');
  if (host === undefined) return undefined;
  const password = optional('REDIS_PASSWORD');
  const credentials = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
  return `redis://${credentials}${host}:${optional('REDIS_PORT') ?? '6379'}`;
}
