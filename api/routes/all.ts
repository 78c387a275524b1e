import type { Route } from '#api/route.ts';
import { cancelJobRoute } from './cancel-job/route.ts';
import { getJob } from './get-job/route.ts';
import { streamJobEvents } from './job-events/route.ts';
import { jobRejections } from './job-rejections/route.ts';
import { jobResults } from './job-results/route.ts';
import { listJobs } from './list-jobs/route.ts';
import { retryJob } from './retry-job/route.ts';

/** Every route of the service, in the order of the OpenAPI document. */
export const ROUTES: readonly Route[] = [
  listJobs,
  getJob,
  streamJobEvents,
  jobResults,
  jobRejections,
  cancelJobRoute,
  retryJob,
];
