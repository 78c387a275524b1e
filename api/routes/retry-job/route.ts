import { recordAccess } from '#api/audit/record-access.ts';
import { jobParams } from '#api/jobs/job-params.ts';
import { jobSchema } from '#api/jobs/job-view.ts';
import { jsonResponse, route } from '#api/route.ts';
import { retryQuarantined } from '#shared/jobs/retry-quarantined.ts';

export const retryJob = route(
  {
    method: 'POST',
    path: '/v1/jobs/{id}/retry',
    access: 'submit',
    tag: 'Jobs',
    summary: 'Try the quarantined chunks of a job again',
    description:
      'Only they are scored anew, with the model that the job was accepted under; what is scored stays.',
    params: jobParams,
    answers: {
      202: {
        description: 'The job, running again',
        content: [{ type: 'application/json', schema: jobSchema }],
      },
    },
    errors: ['not_found', 'nothing_to_retry', 'job_finished'],
  },
  async (call) => {
    const { deps, principal, params } = call;
    await deps.jobs.get(principal.tenantId, params.id);
    const bells = await deps.db.transaction().execute(async (trx) => {
      const bells = await retryQuarantined(trx, params.id);
      await recordAccess(
        call,
        { action: 'job.retry', entity: `job/${params.id}`, details: { chunks: bells.length } },
        trx,
      );
      return bells;
    });
    await deps.doorbell.ring(bells);
    const job = await deps.jobs.fresh(principal.tenantId, params.id);
    return jsonResponse(job.view, 202, { location: job.view.links.self });
  },
);
