import { streamResponse } from '#api/http/stream-response.ts';
import { jobParams } from '#api/jobs/job-params.ts';
import { route } from '#api/route.ts';
import { jobEvents } from './job-events.ts';

export const streamJobEvents = route(
  {
    method: 'GET',
    path: '/v1/jobs/{id}/events',
    access: 'read',
    tag: 'Jobs',
    summary: 'Progress of a job as server-sent events',
    description:
      '`event: progress` whenever the job has changed and `event: done` when it is over, after which the stream ends; the data of both are the job as `GET /v1/jobs/{id}` gives it.',
    params: jobParams,
    answers: {
      200: {
        description: 'Events',
        content: [
          {
            type: 'text/event-stream',
            example: 'event: progress\ndata: {"id":"…","status":"running",…}\n\n',
          },
        ],
      },
    },
    errors: ['not_found', 'rate_limited'],
  },
  async ({ deps, principal, params, signal, log, outgoing }) => {
    // An unknown job is a 404, not an empty stream.
    await deps.jobs.get(principal.tenantId, params.id);
    const leave = deps.limits.waiting.enter(principal.keyId);
    outgoing.once('close', leave);
    const ended = AbortSignal.any([signal, deps.stopping]);
    return streamResponse(
      jobEvents(deps, principal.tenantId, params.id, ended),
      {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
      },
      log,
    );
  },
);
