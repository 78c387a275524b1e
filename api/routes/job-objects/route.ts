import { z } from 'zod';
import { jobParams } from '#api/jobs/job-params.ts';
import { partsOf } from '#api/objects/output-store.ts';
import { objectsOf } from '#api/objects/source-store.ts';
import { jsonResponse, route } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';

const count = z.int().nonnegative();

const answer = z
  .object({
    input: z.object({
      uri: z.string(),
      state: z.enum(['reading', 'read', 'failed']),
      objects: z.array(
        z.object({
          key: z.string(),
          etag: z.string(),
          bytes: count,
          rows: count.nullable().meta({ description: 'null until the object was read' }),
        }),
      ),
    }),
    output: z
      .object({
        uri: z.string(),
        format: z.enum(['parquet', 'csv', 'ndjson']),
        state: z.enum(['waiting', 'written', 'failed']),
        error: z.string().nullable(),
        parts: z.array(z.object({ key: z.string(), rows: count, bytes: count, sha256: z.string() })),
      })
      .nullable(),
  })
  .meta({ id: 'JobObjects' });

export const jobObjects = route(
  {
    method: 'GET',
    path: '/v1/jobs/{id}/objects',
    access: 'read',
    tag: 'Jobs',
    summary: 'Objects read and parts written',
    params: jobParams,
    answers: {
      200: {
        description: 'In their order',
        content: [{ type: 'application/json', schema: answer }],
      },
    },
    errors: ['not_found'],
  },
  async ({ deps, principal, params }) => {
    const { row: job } = await deps.jobs.get(principal.tenantId, params.id);
    const source = await deps.db
      .selectFrom('job_sources')
      .select(['uri', 'state'])
      .where('job_id', '=', job.id)
      .executeTakeFirst();
    if (source === undefined) throw new ServiceError('not_found', 'The job was uploaded: it has no objects.');
    const output = await deps.db
      .selectFrom('job_outputs')
      .select(['uri', 'format', 'state', 'error'])
      .where('job_id', '=', job.id)
      .executeTakeFirst();
    const objects = await objectsOf(deps.db, job.id);
    const parts = output === undefined ? [] : await partsOf(deps.db, job.id);
    return jsonResponse({
      input: {
        ...source,
        objects: objects.map(({ key, etag, byteCount, rowCount }) => ({
          key,
          etag,
          bytes: byteCount,
          rows: rowCount,
        })),
      },
      output:
        output === undefined
          ? null
          : {
              ...output,
              parts: parts.map(({ key, rowCount, byteCount, sha256 }) => ({
                key,
                rows: rowCount,
                bytes: byteCount,
                sha256: sha256.toString('hex'),
              })),
            },
    });
  },
);
