import { z } from 'zod';
import { providerLogin } from '#api/people/login.ts';
import { cookieOf } from '#api/people/session-cookie.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { localPath } from '../../http/answers.ts';
import { page, type PageCall } from '../../page.ts';
import { auditFailedLogin } from './login-audit.ts';
import { openSession } from './login.ts';

const STATE_COOKIE = '__Host-iit-state';
const CALLBACK = '/login/callback';

/** Where browsers reach this service. */
export function originOf(call: Pick<PageCall, 'deps' | 'url' | 'incoming'>): string {
  return (
    call.deps.config.WEB_ORIGIN ?? `${call.url.protocol}//${call.incoming.headers.host ?? call.url.host}`
  );
}

/** A link, no form: a form's redirect may not leave this origin. */
export const providerBegin = page(
  {
    method: 'GET',
    path: '/login/provider',
    access: 'public',
    query: z.object({ next: z.string().optional() }),
  },
  async (call) => {
    const { oidc } = call.deps;
    if (oidc === undefined) throw new ServiceError('not_found', 'There is nothing at this address.');
    const { location, state } = await oidc.begin(originOf(call) + CALLBACK, localPath(call.query.next));
    return new Response(null, {
      status: 303,
      headers: {
        location,
        'cache-control': 'no-store',
        'set-cookie': `${STATE_COOKIE}=${state}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600`,
      },
    });
  },
);

/** What a provider adds to its answer is its own affair: openid-client reads what it needs. */
export const providerCallback = page({ method: 'GET', path: CALLBACK, access: 'public' }, async (call) => {
  const { oidc, db } = call.deps;
  if (oidc === undefined) throw new ServiceError('not_found', 'There is nothing at this address.');
  try {
    const state = cookieOf(call.incoming.headers, STATE_COOKIE);
    const claims = await oidc.end(new URL(call.url.pathname + call.url.search, originOf(call)), state);
    const claimant = await providerLogin(db, claims);
    const answer = await openSession(call, claimant, 'oidc', localPath(claims.nextPath));
    answer.headers.append(
      'set-cookie',
      `${STATE_COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0`,
    );
    return answer;
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'login_failed')
      await auditFailedLogin(call, 'oidc', 'login_failed', undefined);
    throw error;
  }
});
