import type { JobSnapshot } from '#api/jobs/job-reader.ts';
import { isTerminal } from '#shared/jobs/states.ts';
import { matchesEtag } from './etag.ts';

const RETRY_AFTER_SECONDS = 2;

export type PollAnswer = { status: 200 | 304; headers: Record<string, string>; body: string | null };

/** The job as an answer, or 304 where the caller's If-None-Match is of this very state. */
export function pollAnswer(job: JobSnapshot, ifNoneMatch: string | undefined): PollAnswer {
  const headers: Record<string, string> = { etag: job.etag, 'cache-control': 'private, no-cache' };
  if (!isTerminal(job.row.status)) headers['retry-after'] = String(RETRY_AFTER_SECONDS);
  if (ifNoneMatch !== undefined && matchesEtag(ifNoneMatch, job.etag))
    return { status: 304, headers, body: null };
  headers['content-type'] = 'application/json';
  return { status: 200, headers, body: job.body };
}
