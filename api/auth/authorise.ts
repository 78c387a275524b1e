import type { Context } from 'hono';
import type { ApiDeps } from '#api/deps.ts';
import { clientAddress } from '#api/http/client-address.ts';
import { takenOf } from '#api/limits/limits.ts';
import type { ApiEnv } from '#api/route.ts';
import type { ApiScope } from '#shared/db/schema.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { presentedKey } from './presented-key.ts';
import type { Principal } from './principal.ts';

export const NOBODY: Principal = { keyId: '', actor: '', tenantId: 0, tenant: '', scopes: new Set() };

/**
 * The caller's principal. Throws `unauthenticated` without a valid key and `forbidden` where the key lacks the scope;
 * `rate_limited` where its address sends too many such requests. The first two reach the audit through the refusal ledger. The answer never tells what was wrong with a key.
 */
export async function authorise(
  deps: Pick<ApiDeps, 'authenticator' | 'refusals' | 'limits' | 'config'>,
  c: Context<ApiEnv>,
  access: ApiScope | 'any' | 'public',
): Promise<Principal> {
  if (access === 'public') return NOBODY;
  const address = clientAddress(c.env.incoming, deps.config.TRUST_PROXY_HOPS);
  const refusal = {
    networkAddress: address === '' ? undefined : address,
    request: `${c.req.method} ${c.get('route')}`,
  };
  const found = await deps.authenticator.authenticate(presentedKey(c.env.incoming.headers), address);
  if (!found.ok) {
    deps.refusals.note({ ...refusal, code: 'unauthenticated', reason: found.reason, claimed: found.claimed });
    takenOf(deps.limits.refusals, address);
    throw new ServiceError('unauthenticated', 'Send a valid API key as `Authorization: Bearer iit_…`.');
  }
  const { principal } = found;
  c.set('principal', principal);
  if (access !== 'any' && !principal.scopes.has(access)) {
    deps.refusals.note({ ...refusal, code: 'forbidden', reason: `scope ${access}`, claimed: principal });
    throw new ServiceError('forbidden', `This needs a key with the scope \`${access}\`.`, {
      details: { scope: access },
    });
  }
  return principal;
}
