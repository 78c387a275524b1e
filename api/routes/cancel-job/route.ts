import { recordAccess } from '#api/audit/record-access.ts';
import { jobParams } from '#api/jobs/job-params.ts';
import { jobSchema } from '#api/jobs/job-view.ts';
import { jsonResponse, route } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { cancelJob } from '#shared/jobs/stop-job.ts';

export const cancelJobRoute = route(
  {
    method: 'DELETE',
    path: '/v1/jobs/{id}',
    access: 'submit',
    tag: 'Jobs',
    summary: 'Cancel a job',
    description:
      'Rows that are scored stay scored and audited; the rest will not be. A job that is over stays as it is: 409, but cancelling a cancelled job again is 200.',
    params: jobParams,
    answers: {
      200: { description: 'The cancelled job', content: [{ type: 'application/json', schema: jobSchema }] },
    },
    errors: ['not_found', 'job_finished', 'overloaded'],
  },
  async (call) => {
    const { deps, principal, params } = call;
    await deps.jobs.get(principal.tenantId, params.id);
    try {
      await cancelJob(deps.db, {
        jobId: params.id,
        alongside: (trx) => recordAccess(call, { action: 'job.cancel', entity: `job/${params.id}` }, trx),
      });
    } catch (error) {
      const job = await deps.jobs.fresh(principal.tenantId, params.id);
      const already =
        error instanceof ServiceError && error.code === 'job_finished' && job.row.status === 'cancelled';
      if (!already) throw error;
    }
    return jsonResponse((await deps.jobs.fresh(principal.tenantId, params.id)).view);
  },
);
