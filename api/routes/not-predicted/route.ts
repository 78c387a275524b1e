import { z } from 'zod';
import { recordAccess } from '#api/audit/record-access.ts';
import { streamResponse } from '#api/http/stream-response.ts';
import { XLSX } from '#api/ingest/sniff/media-type.ts';
import { jobParams } from '#api/jobs/job-params.ts';
import { requireUncleared } from '#api/results/require-kept.ts';
import { route } from '#api/route.ts';
import { NOT_A_DIAGNOSIS } from '#shared/models/manifest.ts';
import { notPredicted, notPredictedCsv, notPredictedXlsx } from './not-predicted.ts';

export const notPredictedRoute = route(
  {
    method: 'GET',
    path: '/v1/jobs/{id}/not-predicted',
    access: 'read',
    tag: 'Results',
    summary: 'Everybody in the file who got no risk, and why: the tracing and data-quality list',
    description:
      'Who has been interrupted already, has died, was transferred out, has no due date or could not be read; rows whose scoring was given up or cancelled. Each with patient, facility and due date as far as they are known. The service audits each export.',
    params: jobParams,
    query: z.strictObject({ format: z.enum(['csv', 'xlsx']).default('csv') }),
    answers: {
      200: {
        description: 'The list',
        content: [
          {
            type: 'text/csv',
            example: 'patient_id,facility_id,due_date,code,reason,sheet,row,line\r\n',
          },
          { type: XLSX },
        ],
      },
    },
    errors: ['not_found', 'results_expired', 'invalid_query'],
  },
  async (call) => {
    const { deps, principal, params, query, signal } = call;
    const { row: job } = await deps.jobs.get(principal.tenantId, params.id);
    await requireUncleared(deps.db, job, 'rejections');
    if (job.rows_quarantined + job.rows_cancelled > 0) await requireUncleared(deps.db, job, 'inputs');
    await recordAccess(call, {
      action: 'not_predicted.export',
      entity: `job/${job.id}`,
      details: { format: query.format },
    });
    const people = notPredicted(deps, job.id, signal);
    const headers = {
      'content-disposition': `attachment; filename="not-predicted-${job.id}.${query.format}"`,
      'x-notice': NOT_A_DIAGNOSIS,
    };
    if (query.format === 'xlsx') {
      return new Response(notPredictedXlsx(people), {
        headers: { ...headers, 'cache-control': 'no-store', 'content-type': XLSX },
      });
    }
    return streamResponse(
      notPredictedCsv(people),
      { ...headers, 'content-type': 'text/csv; charset=utf-8; header=present' },
      call.log,
    );
  },
);
