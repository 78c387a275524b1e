import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { presentedKey } from '#api/auth/presented-key.ts';
import { clientAddress } from '#api/http/client-address.ts';
import type { FastLane } from '#api/route.ts';
import { pollAnswer } from './poll-answer.ts';

const POLL = /^\/v1\/jobs\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/u;
const ROUTE = '/v1/jobs/{id}';

/**
 * Plain polls of a job straight on Node's server: a thousand of them a second must not slow the job down that they ask
 * about, and four fifths of a poll's time go to the middleware that serves people and uploads. Same authentication, same
 * snapshots, same answer, same metrics. Whatever is not plain (a long poll, a browser's Origin, a key that does not open, a
 * job that is not there) goes the common way.
 */
export const pollFastLane: FastLane = (deps, common) => {
  const { authenticator, jobs, limits, metrics } = deps;
  const counted = ([200, 304] as const).map((status) => {
    const labels = { method: 'GET', route: ROUTE, status: String(status) };
    return [
      status,
      { requests: metrics.requests.labels(labels), duration: metrics.duration.labels(labels) },
    ] as const;
  });
  const metricsOf = new Map(counted);

  /** False where the request is not for this lane; nothing has been sent then. */
  const answer = async (
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    jobId: string,
  ): Promise<boolean> => {
    const startedMs = performance.now();
    const found = await authenticator.authenticate(
      presentedKey(incoming.headers),
      clientAddress(incoming, deps.config.TRUST_PROXY_HOPS),
    );
    if (!found.ok || !found.principal.scopes.has('read')) return false;
    if (limits.polls.take(found.principal.keyId).retryAfterSeconds > 0) return false;
    const job = await jobs.get(found.principal.tenantId, jobId);
    if (outgoing.destroyed) return true;
    const { status, headers, body } = pollAnswer(job, incoming.headers['if-none-match']);
    outgoing.writeHead(status, {
      ...headers,
      ...(body === null ? {} : { 'content-length': Buffer.byteLength(body) }),
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'x-request-id': randomUUID(),
    });
    outgoing.end(body ?? undefined);
    metricsOf.get(status)?.requests.inc();
    metricsOf.get(status)?.duration.observe((performance.now() - startedMs) / 1_000);
    return true;
  };

  return (incoming, outgoing) => {
    const jobId = plainPoll(incoming);
    if (jobId === undefined) {
      common(incoming, outgoing);
      return;
    }
    void answer(incoming, outgoing, jobId)
      .catch(() => false)
      .then((answered) => (answered ? undefined : common(incoming, outgoing)));
  };
};

/** The job's id where the request is a plain poll. */
function plainPoll({ method, url, headers }: IncomingMessage): string | undefined {
  if (method !== 'GET' || url === undefined) return undefined;
  const plain =
    headers.origin === undefined && headers['prefer'] === undefined && headers['x-request-id'] === undefined;
  return plain ? POLL.exec(url)?.[1] : undefined;
}
