import { z } from 'zod';
import { trusted } from '#api/auth/trusted.ts';
import { type Call, jsonResponse, route } from '#api/route.ts';
import { VERSION } from '#api/version.ts';

const healthSchema = z
  .object({
    status: z.enum(['ok', 'degraded', 'unavailable', 'stopping']),
    version: z.string().optional(),
    checks: z
      .array(
        z.object({
          name: z.enum(['postgresql', 'migrations', 'partitions', 'model', 'queue']),
          status: z.enum(['up', 'down']),
          latency_ms: z.int().nonnegative(),
          detail: z.string().optional(),
        }),
      )
      .optional()
      .meta({ description: 'For those who send a valid key or METRICS_TOKEN' }),
  })
  .meta({ id: 'Health' });

const answers = {
  200: { description: 'Fit to serve', content: [{ type: 'application/json', schema: healthSchema }] },
  503: { description: 'Not fit to serve', content: [{ type: 'application/json', schema: healthSchema }] },
};

const description =
  'Without PostgreSQL, its schema, this month’s partitions or an active model: 503 `unavailable`. Without the queue: 200 `degraded`, as chunks are kept in PostgreSQL and rung for later. While stopping: 503. Strangers learn the status alone; with a key or METRICS_TOKEN each dependency is named.';

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
  (call) => answerHealth(call),
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
  (call) => answerHealth(call),
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

async function answerHealth({ deps, incoming }: Call<unknown, unknown>): Promise<Response> {
  const found = await deps.readiness.check();
  const fit = found.status === 'ok' || found.status === 'degraded';
  const shown = (await trusted(deps, incoming.headers))
    ? { version: VERSION, ...found }
    : { status: found.status };
  return jsonResponse(shown, fit ? 200 : 503);
}
