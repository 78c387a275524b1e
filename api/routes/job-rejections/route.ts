import { z } from 'zod';
import { streamResponse } from '#api/http/stream-response.ts';
import { jobParams } from '#api/jobs/job-params.ts';
import { requireUncleared } from '#api/results/require-kept.ts';
import { jsonResponse, route } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { allRejections, readRejections, rejectionSchema, streamRejections } from './rejections.ts';

const DEFAULT_PAGE = 100;
const MAX_PAGE = 1_000;

const query = z.strictObject({
  format: z.enum(['json', 'ndjson', 'csv']).default('json'),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000_000_000)
    .optional()
    .meta({
      description: `json: rows a page, ${DEFAULT_PAGE} by default, ${MAX_PAGE} at most · ndjson, csv: rows in all`,
    }),
  cursor: z.string().optional().meta({ description: 'json: next_cursor of the page before' }),
});

const position = z.object({ row: z.int() });

export const jobRejections = route(
  {
    method: 'GET',
    path: '/v1/jobs/{id}/rejections',
    access: 'read',
    tag: 'Results',
    summary: 'Refused rows by line and field',
    description: 'They can be read while the job is still running: what has been refused so far.',
    params: jobParams,
    query,
    answers: {
      200: {
        description: 'Rejections in the order of the input',
        content: [
          {
            type: 'application/json',
            schema: z
              .object({
                job_id: z.uuid(),
                rejections: z.array(rejectionSchema),
                next_cursor: z.string().nullable(),
              })
              .meta({ id: 'RejectionPage' }),
          },
          {
            type: 'application/x-ndjson',
            example: '{"row":17,"line":18,"field":"age","code":"not_a_number",…}\n',
          },
          {
            type: 'text/csv',
            example: 'row,line,sheet,field,code,message,patient_id,facility_id,due_date\r\n',
          },
        ],
      },
    },
    errors: ['not_found', 'results_expired', 'invalid_query', 'invalid_cursor'],
  },
  async ({ deps, principal, params, query, signal, log }) => {
    const { row: job } = await deps.jobs.get(principal.tenantId, params.id);
    await requireUncleared(deps.db, job, 'rejections');
    if (query.format !== 'json') {
      if (query.cursor !== undefined) {
        throw new ServiceError('invalid_query', 'Streams take no cursor; use `limit` or format=json.', {
          field: 'cursor',
        });
      }
      const stream = streamRejections(
        allRejections(deps.db, job.id, query.limit ?? Infinity, signal),
        query.format,
      );
      return streamResponse(
        stream,
        {
          'content-type':
            query.format === 'csv' ? 'text/csv; charset=utf-8; header=present' : 'application/x-ndjson',
          'content-disposition': `attachment; filename="rejections-${job.id}.${query.format}"`,
        },
        log,
      );
    }
    const limit = query.limit ?? DEFAULT_PAGE;
    if (limit > MAX_PAGE) {
      throw new ServiceError('invalid_query', `A page of json has at most ${MAX_PAGE} rows.`, {
        field: 'limit',
      });
    }
    const scope = ['rejections', principal.tenantId, job.id];
    const after = query.cursor === undefined ? 0 : deps.cursors.decode(scope, position, query.cursor).row;
    const found = await readRejections(deps.db, job.id, after, limit + 1);
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return jsonResponse({
      job_id: job.id,
      rejections: page,
      next_cursor:
        found.length > page.length && last !== undefined
          ? deps.cursors.encode(scope, { row: last.row })
          : null,
    });
  },
);
