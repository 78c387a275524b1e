import { Redis } from 'ioredis';
import { inject } from 'vitest';

/** The URL of a Redis database that no other test has had. */
export async function testRedisUrl(): Promise<string> {
  const shared = inject('redisUrl');
  const redis = new Redis(shared);
  try {
    const database = await redis.incr('test-databases');
    return Object.assign(new URL(shared), { pathname: `/${database}` }).href;
  } finally {
    redis.disconnect();
  }
}
