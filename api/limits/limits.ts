import type { Principal } from '#api/auth/principal.ts';
import type { Config } from '#shared/config/config.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { RateLimiter, type Verdict } from './rate-limiter.ts';
import { WaitingLimiter } from './waiting-limiter.ts';

/** What a route's requests count as; `requests` where it does not say. */
export type RateClass = 'requests' | 'polls' | 'predictions';

/** A policy and what is left of it, for the headers of an answer. */
export type RateState = { limiter: RateLimiter; verdict: Verdict };

/** Limits by key, tenant and address, in this process. */
export type Limits = Record<RateClass, RateLimiter> & {
  tenants: RateLimiter;
  /** Requests without a valid key, by address. */
  refusals: RateLimiter;
  /** Keys that are not known yet, by address: each costs a look into PostgreSQL. */
  lookups: RateLimiter;
  waiting: WaitingLimiter;
};

export function createLimits(config: Config): Limits {
  return {
    requests: new RateLimiter({ name: 'requests', perSecond: config.KEY_REQUESTS_PER_SECOND }),
    polls: new RateLimiter({ name: 'polls', perSecond: config.KEY_POLLS_PER_SECOND }),
    predictions: new RateLimiter({ name: 'predictions', perSecond: config.KEY_PREDICTIONS_PER_SECOND }),
    tenants: new RateLimiter({ name: 'tenant', perSecond: config.TENANT_REQUESTS_PER_SECOND }),
    refusals: new RateLimiter({ name: 'address', perSecond: config.ADDRESS_REFUSALS_PER_SECOND }),
    lookups: new RateLimiter({ name: 'address', perSecond: config.ADDRESS_REFUSALS_PER_SECOND }),
    waiting: new WaitingLimiter(config.MAX_WAITING_PER_KEY),
  };
}

/** Counts a request. Polls and predictions are the key's alone; others are the tenant's too. @throws rate_limited */
export function countRequest(limits: Limits, principal: Principal, rateClass: RateClass): RateState {
  const state = takenOf(limits[rateClass], principal.keyId);
  if (rateClass === 'requests') takenOf(limits.tenants, String(principal.tenantId));
  return state;
}

/** @throws rate_limited, with the policy for the headers */
export function takenOf(limiter: RateLimiter, id: string): RateState {
  const verdict = limiter.take(id);
  if (verdict.retryAfterSeconds > 0) {
    throw new RateLimited({ limiter, verdict });
  }
  return { limiter, verdict };
}

/** Knows its policy, for the headers of the answer. */
export class RateLimited extends ServiceError {
  readonly state: RateState;

  constructor(state: RateState) {
    const { quota, windowSeconds, name } = state.limiter;
    super('rate_limited', `More than ${quota} ${name} in ${windowSeconds} s: slow down.`, {
      retryable: true,
      retryAfterSeconds: state.verdict.retryAfterSeconds,
    });
    this.state = state;
  }
}

/** RateLimit-Policy and RateLimit (IETF draft-ietf-httpapi-ratelimit-headers). */
export function rateHeaders({ limiter, verdict }: RateState): [name: string, value: string][] {
  if (limiter.quota === 0) return [];
  const policy = `"${limiter.name}"`;
  const seconds = verdict.retryAfterSeconds === 0 ? limiter.windowSeconds : verdict.retryAfterSeconds;
  return [
    ['ratelimit-policy', `${policy};q=${limiter.quota};w=${limiter.windowSeconds}`],
    ['ratelimit', `${policy};r=${verdict.remaining};t=${seconds}`],
  ];
}
