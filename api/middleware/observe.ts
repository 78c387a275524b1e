import { randomUUID } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import type { ApiDeps } from '#api/deps.ts';
import type { ApiEnv } from '#api/route.ts';
import { UNTRACED } from '#shared/tracing/tracer.ts';
import { rateHeaders } from '#api/limits/limits.ts';
import { traceparentOf } from '#api/http/traceparent-header.ts';

const CALLERS_ID = /^[\w.:-]{8,64}$/u;
/** Asked for many times a minute by machines: metrics count them, the log at `info` would hold little else. */
const QUIET = new Set(['/health', '/health/live', '/health/ready', '/metrics', '/v1/jobs/{id}']);
/** Asked for by probes and scrapers for ever. */
const UNTRACED_PATH = /^\/(?:health|metrics)(?:[/?]|$)/u;
export const UNMATCHED = 'unmatched';

/**
 * Gives the request its id (the caller's own X-Request-Id where it has a sane form), and once the last byte has left,
 * or the client has, counts it and writes one line of access log. The line has the route's template, never the path's ids,
 * the query string or anything else of the caller's making; so has the request's span, which joins its `traceparent`.
 */
export function observe(
  deps: Pick<ApiDeps, 'log' | 'metrics' | 'clock' | 'tracer'>,
): MiddlewareHandler<ApiEnv> {
  const { metrics } = deps;
  return async (c, next) => {
    const given = c.env.incoming.headers['x-request-id'];
    const requestId = typeof given === 'string' && CALLERS_ID.test(given) ? given : randomUUID();
    const log = deps.log.child({ request_id: requestId });
    c.set('requestId', requestId);
    c.set('log', log);
    c.set('route', UNMATCHED);
    const { url = '/', headers } = c.env.incoming;
    const span = (UNTRACED_PATH.test(url) ? UNTRACED : deps.tracer).begin(
      'request',
      { 'http.request.method': methodLabel(c.req.method), 'iit.request.id': requestId },
      { kind: 'server', traceparent: traceparentOf(headers) },
    );
    const startMs = performance.now();
    metrics.inFlight.inc();
    const { outgoing } = c.env;
    outgoing.once('close', () => {
      metrics.inFlight.dec();
      const route = c.get('route');
      const seconds = (performance.now() - startMs) / 1_000;
      const status = outgoing.writableFinished ? outgoing.statusCode : 499;
      const labels = { method: methodLabel(c.req.method), route, status: String(status) };
      metrics.requests.inc(labels);
      metrics.duration.observe(labels, seconds);
      span.rename(`${labels.method} ${route}`);
      span.set({ 'http.route': route, 'http.response.status_code': status });
      if (status >= 500) span.fail(c.get('errorCode') ?? 'internal');
      span.end();
      const level = status >= 500 ? 'error' : status < 400 && QUIET.has(route) ? 'debug' : 'info';
      log[level](
        {
          method: labels.method,
          route,
          status,
          ms: Math.round(seconds * 1_000),
          code: c.get('errorCode'),
          key: c.get('principal')?.actor,
        },
        'request',
      );
    });
    await span.run(next);
    c.res.headers.set('x-request-id', requestId);
    const rate = c.get('rate');
    if (rate !== undefined) for (const [name, value] of rateHeaders(rate)) c.res.headers.set(name, value);
  };
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']);

/** Callers may invent methods; metrics may not grow by that. */
function methodLabel(method: string): string {
  return METHODS.has(method) ? method : 'OTHER';
}
