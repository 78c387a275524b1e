import { isTerminal } from '#shared/jobs/states.ts';
import { jobParams } from '#api/jobs/job-params.ts';
import { jobSchema } from '#api/jobs/job-view.ts';
import { textResponse } from '#api/http/text-response.ts';
import { route } from '#api/route.ts';
import { pollFastLane } from './fast-lane.ts';
import { pollAnswer } from './poll-answer.ts';
import { preferredWaitMs } from './preferred-wait.ts';
import { matchesEtag } from './etag.ts';

export const getJob = route(
  {
    method: 'GET',
    path: '/v1/jobs/{id}',
    access: 'read',
    rate: 'polls',
    fastLane: pollFastLane,
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
  async (call) => {
    const { deps, principal, params, incoming } = call;
    const known = incoming.headers['if-none-match'];
    const waitMs = preferredWaitMs(incoming.headers['prefer']);
    const wait = async () => {
      const leave = deps.limits.waiting.enter(principal.keyId);
      try {
        return await deps.jobs.waitUntil(
          principal.tenantId,
          params.id,
          ({ row, etag }) => (known === undefined ? isTerminal(row.status) : !matchesEtag(known, etag)),
          deps.clock.nowMs() + waitMs,
          AbortSignal.any([call.signal, deps.stopping]),
        );
      } finally {
        leave();
      }
    };
    const job = waitMs === 0 ? await deps.jobs.get(principal.tenantId, params.id) : await wait();
    const { status, headers, body } = pollAnswer(job, known);
    if (waitMs > 0) headers['preference-applied'] = `wait=${waitMs / 1_000}`;
    return body === null ? new Response(null, { status, headers }) : textResponse(body, { status, headers });
  },
);
