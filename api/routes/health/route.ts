import { z } from 'zod';
import { jsonResponse, route } from '#api/route.ts';
import { VERSION } from '#api/version.ts';

const healthSchema = z
  .object({
    status: z.enum(['ok', 'degraded', 'unavailable', 'stopping']),
    version: z.string(),
    checks: z.array(
      z.object({
        name: z.enum(['postgresql', 'migrations', 'model', 'queue']),
        status: z.enum(['up', 'down']),
        latency_ms: z.int().nonnegative(),
        detail: z.string().optional(),
      }),
    ),
  })
  .meta({ id: 'Health' });

const answers = {
  200: { description: 'Fit to serve', content: [{ type: 'application/json', schema: healthSchema }] },
  503: { description: 'Not fit to serve', content: [{ type: 'application/json', schema: healthSchema }] },
};

const description =
  'Without PostgreSQL, its schema or an active model: 503 `unavailable`. Without the queue: 200 `degraded`, as chunks are kept in PostgreSQL and rung for later. While stopping: 503.';

export const health = route(
  {
    method: 'GET',
    path: '/health',
    access: 'public',
    tag: 'Operation',
    summary: 'State of the service',
    description,
    answers,
  },
  ({ deps }) => answerHealth(deps),
);

export const ready = route(
  {
    method: 'GET',
    path: '/health/ready',
    access: 'public',
    tag: 'Operation',
    summary: 'Readiness: each dependency by name',
    description,
    answers,
  },
  ({ deps }) => answerHealth(deps),
);

export const live = route(
  {
    method: 'GET',
    path: '/health/live',
    access: 'public',
    tag: 'Operation',
    summary: 'Liveness: depends on nothing',
    answers: {
      200: {
        description: 'The process answers',
        content: [{ type: 'application/json', schema: z.object({ status: z.literal('ok') }) }],
      },
    },
  },
  async () => jsonResponse({ status: 'ok' }),
);

async function answerHealth(deps: {
  readiness: { check: () => Promise<{ status: string }> };
}): Promise<Response> {
  const found = await deps.readiness.check();
  const fit = found.status === 'ok' || found.status === 'degraded';
  return jsonResponse({ version: VERSION, ...found }, fit ? 200 : 503);
}
