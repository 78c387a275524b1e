import type { JobRow } from '#api/jobs/job-row.ts';
import { ServiceError } from '#shared/errors/errors.ts';

/** The job, if it has results to take home: completed or partial. Throws the code of what keeps it from that. */
export function requireResults(job: JobRow): JobRow {
  const details = { job_status: job.status };
  switch (job.status) {
    case 'completed':
    case 'partial':
      return job;
    case 'receiving':
    case 'queued':
    case 'running':
      throw new ServiceError(
        'job_not_finished',
        `The job is ${job.status}; its results come when it is over.`,
        {
          details,
          retryable: true,
        },
      );
    case 'cancelled':
      throw new ServiceError('job_cancelled', 'The job was cancelled; it has no results.', { details });
    case 'aborted':
      throw new ServiceError('job_aborted', 'The upload of the job did not end well; submit it again.', {
        details,
      });
    case 'failed':
      throw new ServiceError('job_failed', job.error_message ?? 'No row of the job was scored.', { details });
  }
}
