import { z } from 'zod';
import { dayParameter } from '#api/http/time-parameters.ts';
import { jobPosition, listJobs as readJobs } from '#api/jobs/list-jobs.ts';
import { jobSchema, jobStatusSchema, jobView } from '#api/jobs/job-view.ts';
import { jsonResponse, route } from '#api/route.ts';

const query = z.strictObject({
  status: jobStatusSchema.optional(),
  search: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'Part of the name, of who submitted it, or of the id' }),
  ended_from: dayParameter.optional().meta({ description: 'Only jobs that ended on this day or after' }),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  cursor: z.string().optional(),
});

export const listJobs = route(
  {
    method: 'GET',
    path: '/v1/jobs',
    access: 'read',
    tag: 'Jobs',
    summary: 'Jobs of the tenant, newest first',
    query,
    answers: {
      200: {
        description: 'One page',
        content: [
          {
            type: 'application/json',
            schema: z
              .object({ jobs: z.array(jobSchema), next_cursor: z.string().nullable() })
              .meta({ id: 'JobPage' }),
          },
        ],
      },
    },
    errors: ['invalid_query', 'invalid_cursor'],
  },
  async ({ deps, principal, query }) => {
    const { cursor, limit, ...asked } = query;
    const { tenantId } = principal;
    const scope = ['jobs', tenantId, asked];
    const after = cursor === undefined ? undefined : deps.cursors.decode(scope, jobPosition, cursor);
    const filter = {
      tenantId,
      status: query.status,
      search: query.search,
      endedFrom: query.ended_from,
    };
    const found = await readJobs(deps.db, filter, after, limit + 1);
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return jsonResponse({
      jobs: page.map(jobView),
      next_cursor:
        found.length > page.length && last !== undefined
          ? deps.cursors.encode(scope, { at: last.created_text, id: last.id })
          : null,
    });
  },
);
