import type { Context, Hono } from 'hono';
import { NOBODY } from '#api/auth/authorise.ts';
import { may, type Principal } from '#api/auth/principal.ts';
import type { ApiDeps } from '#api/deps.ts';
import { parsePath, parseQuery } from '#api/http/parse-parameters.ts';
import { PROBLEMS, toServiceError } from '#api/http/problem.ts';
import { csrfToken, isCsrfToken } from '#api/people/sessions.ts';
import { cookieOf, sessionToken } from '#api/people/session-cookie.ts';
import type { ApiEnv } from '#api/route.ts';
import type { Language } from '#shared/db/schema.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { errorPage } from './error-page.ts';
import { seeOther } from './http/answers.ts';
import { mountAssets, type Assets } from './http/assets.ts';
import { parseForm, readForm } from './http/form.ts';
import type { Page, PageCall } from './page.ts';
import { PAGES } from './pages.ts';
import { languageOf, translator } from './translate.ts';

const DEFAULT_ZONE = 'Africa/Lagos';

/** Puts the pages beside the calls for machines. */
export function mountPages(app: Hono<ApiEnv>, deps: ApiDeps): void {
  const assets = mountAssets(app);
  for (const one of PAGES) {
    app.on(one.method, one.path.replaceAll(/\{(\w+)\}/gu, ':$1'), async (c, next) => {
      // The same address answers machines with JSON: only who wants HTML gets the page.
      if (one.path === '/' && !(c.env.incoming.headers.accept ?? '').includes('text/html'))
        return await next();
      c.set('route', one.path);
      return await answer(deps, assets, one, c);
    });
  }
}

async function answer(deps: ApiDeps, assets: Assets, one: Page, c: Context<ApiEnv>): Promise<Response> {
  const { incoming } = c.env;
  const token = sessionToken(incoming.headers);
  const call: PageCall = {
    deps,
    assets,
    principal: NOBODY,
    params: {},
    query: {},
    form: {},
    t: translator(browserLanguage(c), DEFAULT_ZONE),
    csrf: token === undefined ? '' : csrfToken(token),
    get headers() {
      return c.req.raw.headers;
    },
    get signal() {
      return c.req.raw.signal;
    },
    requestId: c.get('requestId'),
    log: c.get('log'),
    incoming,
    outgoing: c.env.outgoing,
    context: c,
    url: new URL(c.req.url),
    isFragment: incoming.headers['hx-request'] === 'true',
  };
  try {
    const person = token === undefined ? undefined : await deps.sessions.find(token);
    if (person?.person !== undefined) {
      c.set('principal', person);
      call.principal = person;
      call.t = translator(person.person.language, person.person.timeZone);
    } else if (one.access !== 'public') {
      return toLogin(call, token !== undefined);
    }
    if (one.access !== 'public') allow(deps, c, call.principal, one);
    call.params = parsePath(one.params, c.req.param());
    if (one.query !== undefined) call.query = parseQuery(one.query, call.url.searchParams);
    if (one.method === 'POST') await readPost(deps, one, c, call, token);
    return await one.handle(call);
  } catch (thrown) {
    const error = toServiceError(thrown);
    c.set('errorCode', error.code);
    deps.metrics.errors.inc({ code: error.code });
    if (PROBLEMS[error.code].status >= 500)
      call.log.error({ err: error.cause ?? error, code: error.code }, 'request failed');
    return await errorPage(call, error);
  }
}

function allow(deps: ApiDeps, c: Context<ApiEnv>, principal: Principal, one: Page): void {
  if (one.access === 'person' || one.access === 'public' || may(principal, one.access)) return;
  deps.refusals.note({
    code: 'forbidden',
    reason: `role ${principal.person?.role ?? ''}`,
    claimed: principal,
    networkAddress: c.env.incoming.socket.remoteAddress,
    request: `${c.req.method} ${one.path}`,
  });
  throw new ServiceError('forbidden', 'Your role does not allow this.');
}

/** Reads the fields and refuses what another site may have sent. */
async function readPost(
  deps: ApiDeps,
  one: Page,
  c: Context<ApiEnv>,
  call: PageCall,
  token: string | undefined,
): Promise<void> {
  const { headers } = c.env.incoming;
  const site = headers['sec-fetch-site'];
  const isForeign =
    site === undefined
      ? headers.origin !== undefined && hostOf(headers.origin) !== headers.host
      : site !== 'same-origin' && site !== 'none';
  const fields = one.form === 'upload' ? undefined : await readForm(c.env.incoming);
  const given =
    fields?.get('_csrf') ??
    (headers['x-csrf-token'] as string | undefined) ??
    call.url.searchParams.get('_csrf');
  const isForged = one.access !== 'public' && (token === undefined || !isCsrfToken(token, given));
  if (isForeign || isForged) {
    deps.refusals.note({
      code: 'forbidden',
      reason: 'csrf',
      claimed: call.principal === NOBODY ? undefined : call.principal,
      networkAddress: c.env.incoming.socket.remoteAddress,
      request: `${c.req.method} ${one.path}`,
    });
    throw new ServiceError('forbidden', 'This form was not sent from a page of this service, or is too old.');
  }
  if (fields !== undefined && one.form !== 'upload') call.form = parseForm(one.form, fields);
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function toLogin(call: PageCall, wasLoggedIn: boolean): Response {
  const wanted = call.context.req.method === 'GET' ? call.url.pathname + call.url.search : '/';
  const query = new URLSearchParams({ next: wanted, ...(wasLoggedIn ? { over: '1' } : {}) });
  const location = `/login?${query.toString()}`;
  if (call.isFragment) {
    return new Response(null, {
      status: 200,
      headers: { 'hx-redirect': location, 'cache-control': 'no-store' },
    });
  }
  return seeOther(location);
}

/** What the visitor chose on the log-in page, or what the browser asks for. */
function browserLanguage(c: Context<ApiEnv>): Language {
  const chosen = cookieOf(c.env.incoming.headers, 'iit-language');
  return languageOf(chosen ?? c.env.incoming.headers['accept-language']);
}
