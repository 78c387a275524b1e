import { sql } from 'kysely';
import { z } from 'zod';
import { selectJobs } from '#api/jobs/job-row.ts';
import { jobSchema, jobStatusSchema, jobView } from '#api/jobs/job-view.ts';
import { jsonResponse, route } from '#api/route.ts';

const query = z.strictObject({
  status: jobStatusSchema.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  cursor: z.string().optional(),
});

/** Microseconds as PostgreSQL keeps them: a Date would lose them and skip rows. */
const position = z.object({ at: z.string(), id: z.guid() });

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
    const scope = ['jobs', principal.tenantId, query.status];
    let select = selectJobs(deps.db)
      .select(sql<string>`jobs.created_at::text`.as('created_text'))
      .where('jobs.tenant_id', '=', principal.tenantId)
      .orderBy('jobs.created_at', 'desc')
      .orderBy('jobs.id', 'desc')
      .limit(query.limit + 1);
    if (query.status !== undefined) select = select.where('jobs.status', '=', query.status);
    if (query.cursor !== undefined) {
      const after = deps.cursors.decode(scope, position, query.cursor);
      select = select.where(
        sql<boolean>`(jobs.created_at, jobs.id) < (${after.at}::timestamptz, ${after.id}::uuid)`,
      );
    }
    const found = await select.execute();
    const page = found.slice(0, query.limit);
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
