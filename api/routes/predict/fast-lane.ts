import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastLane } from '#api/route.ts';
import { clientAddress } from '#api/http/client-address.ts';
import { parseQuery } from '#api/http/parse-parameters.ts';
import { traceparentOf } from '#api/http/traceparent-header.ts';
import { problemOf, PROBLEMS, toServiceError } from '#api/http/problem.ts';
import type { Asker } from '#api/online/online-scorer.ts';
import {
  mostPredictBytes,
  predictMediaType,
  predictQuery,
  type PredictQuery,
  predictText,
} from '#api/online/predict.ts';

const PATH = '/v1/predict';
const SPAN = `POST ${PATH}`;
const CALLERS_ID = /^[\w.:-]{8,64}$/u;
const KEPT_QUERIES = 100;

/**
 * `POST /v1/predict` straight on Node's server, past the middleware that serves people and uploads: half of a
 * prediction's time would go there (docs/adr/0015). Same authentication, same parsing, same answer, same metrics; a
 * success is in the audit and so not in the access log. Whatever is not plain (a browser's Origin, a key that does not
 * open, a faulty query) goes the common way, which answers and audits refusals.
 */
export const predictFastLane: FastLane = (deps, common) => {
  const { authenticator, limits, metrics, log, tracer } = deps;
  const maxBytes = mostPredictBytes(deps);
  const queries = new Map<string, PredictQuery>();
  const labels = { method: 'POST', route: PATH, status: '200' };
  const answered = { requests: metrics.requests.labels(labels), duration: metrics.duration.labels(labels) };

  const addressOf = (incoming: IncomingMessage) => clientAddress(incoming, deps.config.TRUST_PROXY_HOPS);

  const queryOf = (url: string): PredictQuery | undefined => {
    const known = queries.get(url);
    if (known !== undefined) return known;
    try {
      const query = parseQuery(predictQuery, new URLSearchParams(url.slice(PATH.length + 1)));
      if (queries.size >= KEPT_QUERIES) queries.clear();
      queries.set(url, query);
      return query;
    } catch {
      return undefined;
    }
  };

  const run = async (
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    asker: Asker,
    query: PredictQuery,
  ) => {
    const startedMs = performance.now();
    const given = incoming.headers['x-request-id'];
    const requestId = typeof given === 'string' && CALLERS_ID.test(given) ? given : randomUUID();
    metrics.inFlight.inc();
    const span = tracer.begin(
      SPAN,
      { 'http.request.method': 'POST', 'http.route': PATH, 'iit.request.id': requestId },
      { kind: 'server', traceparent: traceparentOf(incoming.headers) },
    );
    try {
      const mediaType = predictMediaType(incoming.headers['content-type']);
      const text = await deps.bodies.read(
        { incoming, outgoing, tenantId: asker.tenantId },
        maxBytes,
        (body) => predictText(deps, asker, query, mediaType, body),
      );
      send(outgoing, 200, 'application/json', requestId, text);
      answered.requests.inc();
      answered.duration.observe((performance.now() - startedMs) / 1_000);
      span.set({ 'http.response.status_code': 200 });
    } catch (thrown) {
      const error = toServiceError(thrown);
      const problem = problemOf(error, requestId);
      const retryAfter = error.retryAfterSeconds ?? PROBLEMS[error.code].retryAfterSeconds;
      if (retryAfter !== undefined) outgoing.setHeader('retry-after', String(retryAfter));
      send(outgoing, problem.status, 'application/problem+json', requestId, JSON.stringify(problem));
      const refused = { ...labels, status: String(problem.status) };
      metrics.requests.inc(refused);
      metrics.duration.observe(refused, (performance.now() - startedMs) / 1_000);
      metrics.errors.inc({ code: error.code });
      span.set({ 'http.response.status_code': problem.status });
      if (problem.status >= 500) span.fail(error.code);
      const line = {
        request_id: requestId,
        method: 'POST',
        route: PATH,
        status: problem.status,
        code: error.code,
        key: asker.actor,
      };
      if (problem.status >= 500) log.error({ ...line, err: error.cause ?? error }, 'request failed');
      else log.info(line, 'request');
    } finally {
      metrics.inFlight.dec();
      span.end();
    }
  };

  return (incoming, outgoing) => {
    const key = plainKey(incoming);
    const query = key === undefined ? undefined : queryOf(incoming.url ?? '');
    if (query === undefined) {
      common(incoming, outgoing);
      return;
    }
    authenticator.authenticate(key, addressOf(incoming)).then(
      (found) =>
        found.ok &&
        found.principal.scopes.has('submit') &&
        limits.predictions.take(found.principal.keyId).retryAfterSeconds === 0
          ? run(incoming, outgoing, found.principal, query)
          : common(incoming, outgoing),
      () => common(incoming, outgoing),
    );
  };
};

/** The presented key of a plain prediction; undefined for every other request. */
function plainKey({ method, url, headers }: IncomingMessage): string | undefined {
  if (method !== 'POST' || url === undefined || !(url === PATH || url.startsWith(`${PATH}?`)))
    return undefined;
  const { authorization } = headers;
  if (headers.origin !== undefined || headers.expect !== undefined || authorization === undefined)
    return undefined;
  return authorization.startsWith('Bearer ') ? authorization.slice(7) : undefined;
}

function send(outgoing: ServerResponse, status: number, type: string, requestId: string, text: string): void {
  if (outgoing.destroyed) return;
  outgoing.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'x-request-id': requestId,
  });
  outgoing.end(text);
}
