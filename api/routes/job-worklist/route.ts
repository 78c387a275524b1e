import { z } from 'zod';
import { dayParameter } from '#api/http/time-parameters.ts';
import { recordAccess } from '#api/audit/record-access.ts';
import { jobParams } from '#api/jobs/job-params.ts';
import { requireKept } from '#api/results/require-kept.ts';
import { requireResults } from '#api/results/require-results.ts';
import { route } from '#api/route.ts';
import { FORMAT_WARNING } from '#api/ingest/judge-format.ts';
import { readPatientFacts } from '#api/worklist/patient-facts.ts';
import { worklistCsv, worklistXlsx } from '#api/worklist/worklist-files.ts';
import { readWorklistRows } from '#api/worklist/worklist-rows.ts';
import { worklistTable } from '#api/worklist/worklist-table.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { NOT_A_DIAGNOSIS } from '#shared/models/manifest.ts';

/** More than anybody calls in a week, and what a process holds in memory without harm. */
const MOST_ROWS = 50_000;
const DAY_MS = 86_400_000;
const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

const query = z.strictObject({
  format: z.enum(['csv', 'xlsx']).default('csv'),
  facility_id: z.string().max(64).optional(),
  tier: z.enum(['low', 'medium', 'high']).optional(),
  capacity: z.coerce
    .number()
    .int()
    .min(1)
    .max(MOST_ROWS)
    .optional()
    .meta({ description: 'Only as many of the highest risk as can be called, in each facility' }),
  on: dayParameter.optional().meta({
    description:
      'The day from which days to due are counted; by default the day that each patient’s data describe',
  }),
});

export const jobWorklist = route(
  {
    method: 'GET',
    path: '/v1/jobs/{id}/worklist',
    access: 'read',
    tag: 'Results',
    summary: 'Whom to call: the ranked list of each facility, for people',
    description: `By facility, then by risk: due date, days to due, days left to day 28, last pickup and supply, viral load, service delivery, and the reasons in words. At most ${MOST_ROWS} rows: narrow it by facility, tier or capacity. The service audits each export.`,
    params: jobParams,
    query,
    answers: {
      200: {
        description: 'The list',
        content: [
          { type: 'text/csv', example: 'facility_id,rank,patient_id,tier,risk,due_date,…\r\n' },
          { type: XLSX },
        ],
      },
    },
    errors: [
      'not_found',
      'invalid_query',
      'job_not_finished',
      'job_cancelled',
      'job_aborted',
      'job_failed',
      'results_expired',
    ],
  },
  async (call) => {
    const { deps, principal, params, query, signal } = call;
    const job = requireResults((await deps.jobs.get(principal.tenantId, params.id)).row);
    await requireKept(deps.db, job);
    const filter = {
      jobId: job.id,
      period: job.period,
      facilityId: query.facility_id,
      tier: query.tier,
      capacity: query.capacity === undefined ? undefined : { rows: query.capacity, per: 'facility' as const },
    };
    const rows = await readWorklistRows(deps.pool, filter, MOST_ROWS + 1);
    if (rows.length > MOST_ROWS) {
      throw new ServiceError(
        'invalid_query',
        `The list has more than ${MOST_ROWS} rows: narrow it by facility_id, tier or capacity.`,
        {
          field: 'capacity',
        },
      );
    }
    const { manifest } = await deps.models.modelByVersion(job.model_version);
    const facts = await readPatientFacts(deps.db, manifest, job.id, rows, signal);
    await recordAccess(call, {
      action: 'worklist.export',
      entity: `job/${job.id}`,
      details: {
        format: query.format,
        facility_id: query.facility_id ?? null,
        tier: query.tier ?? null,
        capacity: query.capacity ?? null,
        rows: rows.length,
      },
    });
    const table = worklistTable(rows, facts, {
      scoredDay: Math.floor((job.finished_at ?? job.created_at).getTime() / DAY_MS),
      onDay: query.on === undefined ? undefined : Date.parse(query.on) / DAY_MS,
      modelVersion: job.model_version,
      isFormatUnvalidated: FORMAT_WARNING in (job.input?.warnings ?? {}),
    });
    const headers = {
      'content-disposition': `attachment; filename="worklist-${job.id}.${query.format}"`,
      'cache-control': 'no-store',
      'x-notice': NOT_A_DIAGNOSIS,
    };
    if (query.format === 'xlsx')
      return new Response(worklistXlsx(table), { headers: { ...headers, 'content-type': XLSX } });
    return new Response(ReadableStream.from(worklistCsv(table)), {
      headers: { ...headers, 'content-type': 'text/csv; charset=utf-8; header=present' },
    });
  },
);
