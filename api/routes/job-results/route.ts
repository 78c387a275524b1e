import { z } from 'zod';
import { recordAccess } from '#api/audit/record-access.ts';
import { streamResponse } from '#api/http/stream-response.ts';
import { jobParams } from '#api/jobs/job-params.ts';
import { PARQUET } from '#api/ingest/sniff/media-type.ts';
import { predictionViews } from '#api/results/prediction-views.ts';
import { RESULT_STREAMS } from '#api/results/result-streams.ts';
import { resultSchema, resultView } from '#api/results/result-formats.ts';
import { readResultRows, type ResultFilter } from '#shared/predictions/read-prediction-rows.ts';
import { requireKept } from '#api/results/require-kept.ts';
import { requireResults } from '#api/results/require-results.ts';
import { streamResults } from '#api/results/stream-results.ts';
import { jsonResponse, route } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { NOT_A_DIAGNOSIS } from '#shared/models/manifest.ts';

const DEFAULT_PAGE = 100;
const MAX_PAGE = 1_000;

const query = z.strictObject({
  format: z.enum(['json', 'ndjson', 'csv', 'parquet']).default('json'),
  order: z
    .enum(['input', 'risk'])
    .default('input')
    .meta({ description: 'risk: the highest first, ties in the order of the input' }),
  tier: z.enum(['low', 'medium', 'high']).optional(),
  min_risk: z.coerce.number().min(0).max(1).optional(),
  capacity: z.coerce
    .number()
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .meta({ description: 'Only as many of the highest risk as can be called, in each group of `per`' }),
  per: z.enum(['facility', 'job']).default('facility').meta({ description: 'What `capacity` counts for' }),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000_000_000)
    .optional()
    .meta({
      description: `json: rows a page, ${DEFAULT_PAGE} by default, ${MAX_PAGE} at most · ndjson, csv, parquet: rows in all`,
    }),
  cursor: z.string().optional().meta({ description: 'json: next_cursor of the page before' }),
});

const position = z.object({ row: z.int(), risk: z.number() });

const pageSchema = z
  .object({
    job_id: z.uuid(),
    model: z.object({ version: z.string(), sha256: z.string() }),
    notice: z.string(),
    rows: z.array(resultSchema),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: 'ResultPage' });

export const jobResults = route(
  {
    method: 'GET',
    path: '/v1/jobs/{id}/results',
    access: 'read',
    tag: 'Results',
    summary: 'Risks, tiers and reasons of a job that is over',
    description:
      'json comes in pages, the other formats as one stream. The service audits each call. Cells of the csv that a spreadsheet would run as formulas are neutralised with an apostrophe. parquet has the columns of the csv.',
    params: jobParams,
    query,
    answers: {
      200: {
        description: 'Results',
        content: [
          { type: 'application/json', schema: pageSchema },
          {
            type: 'application/x-ndjson',
            example: '{"row":1,"patient_id":"P-1","risk":0.31,"tier":"high",…}\n',
          },
          { type: 'text/csv', example: 'row,patient_id,facility_id,due_date,risk,tier,…\r\n' },
          { type: PARQUET },
        ],
      },
    },
    errors: [
      'not_found',
      'invalid_query',
      'invalid_cursor',
      'job_not_finished',
      'job_cancelled',
      'job_aborted',
      'job_failed',
      'results_expired',
    ],
  },
  async (call) => {
    const { deps, principal, params, query } = call;
    const job = requireResults((await deps.jobs.get(principal.tenantId, params.id)).row);
    await requireKept(deps.db, job);
    const filter: ResultFilter = {
      jobId: job.id,
      period: job.period,
      order: query.order,
      tier: query.tier,
      minRisk: query.min_risk,
      capacity: query.capacity === undefined ? undefined : { rows: query.capacity, per: query.per },
    };
    const texts = await deps.reasonTexts.forModel(job.model_version);
    const { manifest } = await deps.models.modelByVersion(job.model_version);
    const { prediction } = manifest;
    const views = predictionViews(deps.db, job.id, prediction);
    const notice = prediction === undefined ? NOT_A_DIAGNOSIS : headerText(manifest.intended_use);
    const asked = {
      order: query.order,
      tier: query.tier ?? null,
      min_risk: query.min_risk ?? null,
      ...(query.capacity === undefined ? {} : { capacity: query.capacity, per: query.per }),
    };

    if (query.format === 'json') {
      const limit = query.limit ?? DEFAULT_PAGE;
      if (limit > MAX_PAGE) {
        throw new ServiceError('invalid_query', `A page of json has at most ${MAX_PAGE} rows.`, {
          field: 'limit',
        });
      }
      const scope = ['results', principal.tenantId, job.id, asked];
      const after =
        query.cursor === undefined ? undefined : deps.cursors.decode(scope, position, query.cursor);
      const found = await readResultRows(deps.pool, filter, after, limit + 1);
      const page = found.slice(0, limit);
      const last = page.at(-1);
      const predictionOf = await views?.(page);
      await recordAccess(call, {
        action: 'results.view',
        entity: `job/${job.id}`,
        details: { ...asked, rows: page.length },
      });
      return jsonResponse({
        job_id: job.id,
        model: { version: job.model_version, sha256: job.model_sha256.toString('hex') },
        notice,
        rows: page.map((row) => resultView(row, texts, predictionOf)),
        next_cursor:
          found.length > page.length && last !== undefined
            ? deps.cursors.encode(scope, { row: last.row, risk: last.risk })
            : null,
      });
    }

    if (query.cursor !== undefined) {
      throw new ServiceError('invalid_query', 'Streams take no cursor; use `limit` or format=json.', {
        field: 'cursor',
      });
    }
    await recordAccess(call, {
      action: 'results.export',
      entity: `job/${job.id}`,
      details: { ...asked, format: query.format, limit: query.limit ?? null },
    });
    const { type, writer } = RESULT_STREAMS[query.format](texts, job, prediction);
    const stream = streamResults(deps.pool, filter, writer, query.limit ?? Infinity, call.signal, views);
    return streamResponse(
      stream,
      {
        'content-type': type,
        'content-disposition': `attachment; filename="results-${job.id}.${query.format}"`,
        'x-notice': notice,
      },
      call.log,
    );
  },
);

/** As a header may carry it. */
function headerText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/gu, '?').slice(0, 500);
}
