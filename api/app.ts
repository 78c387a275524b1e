import { Hono } from 'hono';
import { compress } from 'hono/compress';
import { cors } from 'hono/cors';
import { secureHeaders } from 'hono/secure-headers';
import { authorise } from '#api/auth/authorise.ts';
import type { ApiDeps } from '#api/deps.ts';
import { countRequest, RateLimited } from '#api/limits/limits.ts';
import { parsePath, parseQuery } from '#api/http/parse-parameters.ts';
import { insidePaths } from '#api/middleware/inside-paths.ts';
import { observe } from '#api/middleware/observe.ts';
import { problemResponse, PROBLEMS, toServiceError } from '#api/http/problem.ts';
import type { ApiEnv, Route } from '#api/route.ts';
import { ROUTES } from '#api/routes/all.ts';
import { ServiceError } from '#shared/errors/errors.ts';

/** Long answers that shrink well; never event streams, where a compressor would hold events back. */
const COMPRESSED = /^(?:application\/(?:json|x-ndjson|problem\+json)|text\/(?:csv|html|plain))/u;

/** Puts pages for people beside the calls for machines; only a composition root knows which. */
export type MountPages = (app: Hono<ApiEnv>, deps: ApiDeps) => void;

/** The whole HTTP surface over its dependencies; it listens to nothing by itself. */
export function createApp(
  deps: ApiDeps,
  routes: readonly Route[] = ROUTES,
  mountPages?: MountPages,
): Hono<ApiEnv> {
  // A slash too many at the end names nothing else.
  const app = new Hono<ApiEnv>({ strict: false });
  app.use(observe(deps));
  app.use(insidePaths);
  app.use(secureHeaders({ xFrameOptions: 'DENY' }));
  const origins = deps.config.CORS_ORIGINS.split(',')
    .map((origin) => origin.trim())
    .filter((origin) => origin !== '');
  if (origins.length > 0) {
    app.use(
      cors({
        origin: origins.includes('*') ? '*' : origins,
        allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
        allowHeaders: [
          'Authorization',
          'X-API-Key',
          'Content-Type',
          'Content-Encoding',
          'Idempotency-Key',
          'If-None-Match',
          'Prefer',
        ],
        exposeHeaders: [
          'ETag',
          'Location',
          'Link',
          'RateLimit',
          'RateLimit-Policy',
          'Retry-After',
          'X-Request-Id',
        ],
        maxAge: 600,
      }),
    );
  }
  app.use(compress({ contentTypeFilter: COMPRESSED }));

  mountPages?.(app, deps);
  const methods = new Map<string, string[]>();
  for (const route of routes) {
    mount(app, deps, route);
    methods.set(route.path, [...(methods.get(route.path) ?? []), route.method]);
  }
  for (const [path, allowed] of methods) refuseOtherMethods(app, path, allowed);

  app.notFound(() => {
    throw new ServiceError('not_found', 'There is nothing at this address.');
  });
  app.onError((thrown, c) => {
    const error = toServiceError(thrown);
    if (error instanceof RateLimited) c.set('rate', error.state);
    c.set('errorCode', error.code);
    deps.metrics.errors.inc({ code: error.code });
    if (PROBLEMS[error.code].status >= 500)
      c.get('log').error({ err: error.cause ?? error, code: error.code }, 'request failed');
    const allow = error.details['allow'];
    return problemResponse(
      error,
      c.get('requestId'),
      Array.isArray(allow) ? { allow: allow.join(', ') } : {},
    );
  });
  return app;
}

function mount(app: Hono<ApiEnv>, deps: ApiDeps, route: Route): void {
  app.on(route.method, honoPath(route.path), async (c) => {
    c.set('route', route.path);
    const principal = await authorise(deps, c, route.access, route.permission);
    if (route.access !== 'public')
      c.set('rate', countRequest(deps.limits, principal, route.rate ?? 'requests'));
    // The adapter makes a whole Request for its headers or signal: only those who ask for them pay.
    return await route.handle({
      deps,
      principal,
      params: parsePath(route.params, c.req.param()),
      query: parseQuery(route.query, new URLSearchParams(searchOf(c.req.url))),
      get headers() {
        return c.req.raw.headers;
      },
      get signal() {
        return c.req.raw.signal;
      },
      requestId: c.get('requestId'),
      log: c.get('log'),
      incoming: c.env.incoming,
      outgoing: c.env.outgoing,
      context: c,
    });
  });
}

function refuseOtherMethods(app: Hono<ApiEnv>, path: string, methods: string[]): void {
  const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'];
  app.all(honoPath(path), (c) => {
    c.set('route', path);
    if (c.req.method === 'OPTIONS') return c.body(null, 204, { allow: allow.join(', ') });
    throw new ServiceError('method_not_allowed', `This address takes ${allow.join(', ')}.`, {
      details: { allow },
    });
  });
}

/** `https://host/path?a=b` → `?a=b` */
function searchOf(url: string): string {
  const at = url.indexOf('?');
  return at < 0 ? '' : url.slice(at);
}

/** `/v1/jobs/{id}` → `/v1/jobs/:id` */
function honoPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/gu, ':$1');
}
