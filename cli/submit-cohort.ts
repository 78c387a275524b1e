import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { ApiError, ConnectionError, IitClient, type Job } from '#client/index.ts';
import { optional, OperatorError, required, runScript } from './run-command.ts';

export type Submission = {
  apiUrl: string;
  apiKey: string;
  /** What it holds is found out by the service, plain or compressed. */
  path: string;
  /** The same key twice is the same job. */
  idempotencyKey: string;
  /** An export older than this is yesterday's, and is refused. */
  maxAgeHours: number;
  /** How long to wait for the job's end. */
  timeoutMs: number;
};

export type Outcome = Pick<Job, 'id' | 'status' | 'rows'>;

/**
 * Streams a cohort file to POST /v1/jobs and waits for the job's end.
 * @throws OperatorError when the file is missing or too old, when the API refuses it, or when it does not answer.
 */
export async function submitCohort(submission: Submission): Promise<Outcome> {
  const { apiUrl, apiKey, path, idempotencyKey } = submission;
  // fetch would print a value that is no header.
  if (!/^[\w.-]+$/u.test(apiKey)) throw new OperatorError('IIT_API_KEY is not a key.');
  const { mtimeMs } = await stat(path).catch(() => {
    throw new OperatorError(`${path} is not there.`);
  });
  const ageHours = (Date.now() - mtimeMs) / 3_600_000;
  if (ageHours > submission.maxAgeHours) {
    throw new OperatorError(`${path} is ${Math.round(ageHours)} hours old: the export did not run.`);
  }
  const deadline = AbortSignal.timeout(submission.timeoutMs);
  const client = new IitClient({ url: apiUrl, key: apiKey, signal: deadline });
  try {
    let { job } = await client.submit(() => createReadStream(path), { name: idempotencyKey, idempotencyKey });
    for await (const now of client.watch(job.id)) job = now;
    return { id: job.id, status: job.status, rows: job.rows };
  } catch (error) {
    if (deadline.aborted)
      throw new OperatorError(`The job did not end within ${submission.timeoutMs / 1_000} s.`);
    if (error instanceof ApiError || error instanceof ConnectionError)
      throw new OperatorError(error.message, { cause: error });
    throw error;
  }
}

if (import.meta.main) {
  await runScript('submit-cohort', async () => {
    const night = new Intl.DateTimeFormat('en-CA', { timeZone: 'Africa/Lagos' }).format(new Date());
    const outcome = await submitCohort({
      apiUrl: required('IIT_API_URL'),
      apiKey: required('IIT_API_KEY'),
      path: required('COHORT_PATH'),
      idempotencyKey: optional('COHORT_NAME') ?? `nightly-${night}`,
      maxAgeHours: Number(optional('COHORT_MAX_AGE_HOURS') ?? 26),
      timeoutMs: 4 * 3_600_000,
    });
    if (outcome.status !== 'completed') process.exitCode = 2;
    return outcome;
  });
}
