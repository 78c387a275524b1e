import type { Context } from 'hono';
import type { ApiDeps } from '#api/deps.ts';
import { SCOPE_PERMISSIONS, type Permission } from '#api/people/roles.ts';
import { sessionToken } from '#api/people/session-cookie.ts';
import { isCsrfToken } from '#api/people/sessions.ts';
import { clientAddress } from '#api/http/client-address.ts';
import { takenOf } from '#api/limits/limits.ts';
import type { ApiEnv } from '#api/route.ts';
import type { ApiScope } from '#shared/db/schema.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { presentedKey } from './presented-key.ts';
import { may, type Principal } from './principal.ts';

export const NOBODY: Principal = { keyId: '', actor: '', tenantId: 0, tenant: '', scopes: new Set() };

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * The caller's principal: a key's, or without one the person's whose session the cookie opens; a session's changes carry its
 * token in `X-CSRF-Token`. Throws `unauthenticated` without either and `forbidden` where scope or role do not allow it;
 * both reach the audit through the refusal ledger; `rate_limited` where its address sends too many such requests. The answer never tells what was wrong with a key.
 */
export async function authorise(
  deps: Pick<ApiDeps, 'authenticator' | 'refusals' | 'sessions' | 'limits' | 'config'>,
  c: Context<ApiEnv>,
  access: ApiScope | 'any' | 'public',
  permission?: Permission,
): Promise<Principal> {
  if (access === 'public') return NOBODY;
  const address = clientAddress(c.env.incoming, deps.config.TRUST_PROXY_HOPS);
  const refusal = {
    networkAddress: address === '' ? undefined : address,
    request: `${c.req.method} ${c.get('route')}`,
  };
  const key = presentedKey(c.env.incoming.headers);
  const token = key === undefined ? sessionToken(c.env.incoming.headers) : undefined;
  const person = token === undefined ? undefined : await deps.sessions.find(token);
  if (token !== undefined && person !== undefined) {
    c.set('principal', person);
    const isForged =
      !SAFE_METHODS.has(c.req.method) &&
      !isCsrfToken(token, c.env.incoming.headers['x-csrf-token'] as string | undefined);
    const needed = permission ?? (access === 'any' ? undefined : SCOPE_PERMISSIONS[access]);
    if (isForged || (needed !== undefined && !may(person, needed))) {
      const reason = isForged ? 'csrf' : `role ${person.person?.role ?? ''}`;
      deps.refusals.note({ ...refusal, code: 'forbidden', reason, claimed: person });
      throw new ServiceError(
        'forbidden',
        isForged ? 'Send the session’s token in X-CSRF-Token.' : 'Your role does not allow this.',
      );
    }
    return person;
  }
  const found = await deps.authenticator.authenticate(key, address);
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
