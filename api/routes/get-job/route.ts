import { isTerminal } from '#shared/jobs/states.ts';
import { jobParams } from '#api/jobs/job-params.ts';
import { jobSchema } from '#api/jobs/job-view.ts';
import { route } from '#api/route.ts';
import { preferredWaitMs } from './preferred-wait.ts';
import { matchesEtag } from './etag.ts';

const RETRY_AFTER_SECONDS = 2;

export const getJob = route(
  {
    method: 'GET',
    path: '/v1/jobs/{id}',
    access: 'read',
    tag: 'Jobs',
    summary: 'State, counts and progress of a job',
    description:
      'With `Prefer: wait=30` (at most 60) the answer waits: with `If-None-Match` until the job differs from that ETag, without it until the job is over. What has not come by then is answered as it stands.',
    params: jobParams,
    requestHeaders: {
      Prefer: '`wait=<seconds>`: long poll',
      'If-None-Match': 'The ETag of an earlier answer; an unchanged job is 304',
    },
    answers: {
      200: {
        description: 'The job',
        content: [{ type: 'application/json', schema: jobSchema }],
        headers: {
          ETag: 'Weak validator',
          'Retry-After': 'Seconds until the next poll makes sense, while it runs',
        },
      },
      304: { description: 'Not changed' },
    },
    errors: ['not_found'],
  },
  async ({ deps, principal, params, headers, signal }) => {
    const known = headers.get('if-none-match');
    const waitMs = preferredWaitMs(headers.get('prefer'));
    const job = await deps.jobs.waitUntil(
      principal.tenantId,
      params.id,
      ({ row, etag }) => (known === null ? isTerminal(row.status) : !matchesEtag(known, etag)),
      deps.clock.nowMs() + waitMs,
      AbortSignal.any([signal, deps.stopping]),
    );
    const answer: Record<string, string> = { etag: job.etag, 'cache-control': 'private, no-cache' };
    if (waitMs > 0) answer['preference-applied'] = `wait=${waitMs / 1_000}`;
    if (!isTerminal(job.row.status)) answer['retry-after'] = String(RETRY_AFTER_SECONDS);
    if (known !== null && matchesEtag(known, job.etag))
      return new Response(null, { status: 304, headers: answer });
    return new Response(job.body, { headers: { ...answer, 'content-type': 'application/json' } });
  },
);
