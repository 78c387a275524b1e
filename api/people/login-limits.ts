import type { Pool } from 'pg';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import { ServiceError } from '#shared/errors/errors.ts';

const WINDOW_SECONDS = 15 * 60;
const PER_ADDRESS = 5;
const PER_NETWORK_ADDRESS = 50;

/**
 * Wrong passwords, counted over all replicas: five in a quarter of an hour shut an account from log-in for that long,
 * whether or not there is such an account; fifty shut a network address.
 */
export type LoginLimits = {
  /** Counts an attempt before it is judged. Throws `too_many_attempts`. */
  readonly attempt: (email: string, networkAddress: string) => Promise<void>;
  /** A success forgets the account's attempts. */
  readonly forget: (email: string) => Promise<void>;
};

export function createLoginLimits(pool: Pool): LoginLimits {
  const limiter = (keyPrefix: string, points: number) =>
    new RateLimiterPostgres({
      storeClient: pool,
      storeType: 'pool',
      tableName: 'login_limits',
      tableCreated: true,
      clearExpiredByTimeout: false,
      keyPrefix,
      points,
      duration: WINDOW_SECONDS,
      blockDuration: WINDOW_SECONDS,
    });
  const byEmail = limiter('email', PER_ADDRESS);
  const byNetwork = limiter('net', PER_NETWORK_ADDRESS);
  return {
    attempt: async (email, networkAddress) => {
      try {
        await byNetwork.consume(networkAddress);
        await byEmail.consume(email.slice(0, 200));
      } catch (error) {
        if (!(error instanceof RateLimiterRes)) throw error;
        throw new ServiceError('too_many_attempts', 'Too many attempts. Try again later.', {
          retryAfterSeconds: Math.ceil(error.msBeforeNext / 1_000),
        });
      }
    },
    forget: async (email) => {
      await byEmail.delete(email.slice(0, 200));
    },
  };
}
