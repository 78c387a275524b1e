import { timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '#shared/clock/clock.ts';
import type { Db } from '#shared/db/database.ts';
import type { ApiScope } from '#shared/db/schema.ts';
import { takenOf } from '#api/limits/limits.ts';
import type { RateLimiter } from '#api/limits/rate-limiter.ts';
import { hashSecret, parseKey } from './key-format.ts';
import type { Principal } from './principal.ts';

export type RefusalReason =
  | 'no_key'
  | 'malformed_key'
  | 'unknown_key'
  | 'wrong_secret'
  | 'expired'
  | 'revoked';

export type Authentication =
  | { ok: true; principal: Principal }
  | {
      ok: false;
      reason: RefusalReason;
      /** The key whose lookup part was presented, where there is one: for the audit only. */
      claimed?: Pick<Principal, 'keyId' | 'actor' | 'tenantId'>;
    };

/** Finds out who calls. */
export type Authenticator = {
  /**
   * `address`: whose guesses are counted. Throws `rate_limited` instead of asking PostgreSQL for one more key that it does
   * not know.
   */
  authenticate: (presentedKey: string | undefined, address?: string) => Promise<Authentication>;
};

export type AuthenticatorOptions = {
  db: Db;
  clock: Clock;
  /** How long a revocation may take to be felt. */
  cacheTtlMs?: number;
  cacheSize?: number;
  /** Looks into PostgreSQL for keys that have not been seen, by address; none by default. */
  lookups?: RateLimiter;
};

type StoredKey = {
  principal: Principal;
  secretHash: Buffer;
  expiresAtMs: number;
  revokedAtMs: number;
};

const UNKNOWN_KEPT = 10_000;
const NO_HASH = Buffer.alloc(32);

/**
 * Checks keys against api_keys. Stored keys are kept for `cacheTtlMs` (the least recently used goes first), never the
 * secrets presented; the secret is compared on every call, in constant time, a made-up hash standing in for
 * unknown keys.
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { db, clock, cacheTtlMs = 5_000, cacheSize = 1_000, lookups } = options;
  const cache = new LRUCache<string, { stored: StoredKey; loadedAtMs: number }>({ max: cacheSize });

  /** Keys that do not exist: guessed again, they cost nothing. */
  const unknown = new LRUCache<string, number>({ max: UNKNOWN_KEPT });

  /** Lookups under way: requests that meet an expired entry together ask PostgreSQL once. */
  const loading = new Map<string, Promise<StoredKey | undefined>>();

  async function find(lookup: string, address: string): Promise<StoredKey | undefined> {
    const cached = cache.get(lookup);
    if (cached !== undefined && clock.nowMs() - cached.loadedAtMs < cacheTtlMs) return cached.stored;
    const missedAtMs = unknown.get(lookup);
    if (missedAtMs !== undefined && clock.nowMs() - missedAtMs < cacheTtlMs) return undefined;
    let running = loading.get(lookup);
    if (running === undefined) {
      if (cached === undefined && lookups !== undefined) takenOf(lookups, address);
      running = refresh(lookup).finally(() => loading.delete(lookup));
      loading.set(lookup, running);
    }
    return await running;
  }

  async function refresh(lookup: string): Promise<StoredKey | undefined> {
    const loadedAtMs = clock.nowMs();
    const stored = await load(db, lookup);
    if (stored === undefined) {
      cache.delete(lookup);
      unknown.set(lookup, loadedAtMs);
    } else cache.set(lookup, { stored, loadedAtMs });
    return stored;
  }

  return {
    authenticate: async (presentedKey, address = '') => {
      if (presentedKey === undefined) return { ok: false, reason: 'no_key' };
      const parts = parseKey(presentedKey);
      if (parts === undefined) return { ok: false, reason: 'malformed_key' };
      const stored = await find(parts.lookup, address);
      const matches = timingSafeEqual(hashSecret(parts.secret), stored?.secretHash ?? NO_HASH);
      if (stored === undefined) return { ok: false, reason: 'unknown_key' };
      const { keyId, actor, tenantId } = stored.principal;
      const refuse = (reason: RefusalReason) =>
        ({ ok: false, reason, claimed: { keyId, actor, tenantId } }) as const;
      if (!matches) return refuse('wrong_secret');
      const nowMs = clock.nowMs();
      if (stored.revokedAtMs <= nowMs) return refuse('revoked');
      if (stored.expiresAtMs <= nowMs) return refuse('expired');
      return { ok: true, principal: stored.principal };
    },
  };
}

async function load(db: Db, lookup: string): Promise<StoredKey | undefined> {
  const row = await db
    .selectFrom('api_keys')
    .innerJoin('tenants', 'tenants.id', 'api_keys.tenant_id')
    .select([
      'api_keys.id',
      'api_keys.name',
      'api_keys.tenant_id',
      'tenants.name as tenant',
      'secret_hash',
      'scopes',
      'expires_at',
      'revoked_at',
    ])
    .where('lookup', '=', lookup)
    .where('kind', '=', 'machine')
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    principal: {
      keyId: row.id,
      actor: row.name,
      tenantId: row.tenant_id,
      tenant: row.tenant,
      scopes: new Set<ApiScope>(row.scopes),
    },
    secretHash: row.secret_hash,
    expiresAtMs: row.expires_at?.getTime() ?? Infinity,
    revokedAtMs: row.revoked_at === null ? Infinity : 0,
  };
}
