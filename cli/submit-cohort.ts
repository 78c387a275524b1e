import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { optional, OperatorError, required, runScript } from './run-command.ts';

export type Submission = {
  apiUrl: string;
  apiKey: string;
  /** `.csv`, `.ndjson` or `.json`, and `.gz` or `.zst` behind it. */
  path: string;
  /** The same key twice is the same job. */
  idempotencyKey: string;
  /** An export older than this is yesterday's, and is refused. */
  maxAgeHours: number;
  /** How long to wait for the job's end. */
  timeoutMs: number;
};

export type Outcome = { id: string; status: string; rows: Record<string, number> };

const TYPES: Record<string, string> = {
  csv: 'text/csv',
  ndjson: 'application/x-ndjson',
  json: 'application/json',
};
const ENCODINGS: Record<string, string> = { gz: 'gzip', zst: 'zstd' };
const RUNNING = new Set(['receiving', 'queued', 'running']);

/**
 * Streams a cohort file to POST /v1/jobs and waits for the job's end.
 * @throws OperatorError when the file is missing, too old or of no known kind, or when the API refuses it.
 */
export async function submitCohort(submission: Submission): Promise<Outcome> {
  const { apiUrl, apiKey, path } = submission;
  // fetch would print a value that is no header.
  if (!/^[\w.-]+$/u.test(apiKey)) throw new OperatorError('IIT_API_KEY is not a key.');
  const { type, encoding } = kindOf(path);
  const { mtimeMs } = await stat(path).catch(() => {
    throw new OperatorError(`${path} is not there.`);
  });
  const ageHours = (Date.now() - mtimeMs) / 3_600_000;
  if (ageHours > submission.maxAgeHours) {
    throw new OperatorError(`${path} is ${Math.round(ageHours)} hours old: the export did not run.`);
  }
  const signal = AbortSignal.timeout(submission.timeoutMs);
  const accepted = await fetch(`${apiUrl}/v1/jobs?name=${encodeURIComponent(submission.idempotencyKey)}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${apiKey}`,
      'content-type': type,
      'idempotency-key': submission.idempotencyKey,
      ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
    },
    body: Readable.toWeb(createReadStream(path)) as ReadableStream,
    duplex: 'half',
    signal,
  });
  let job = await answer(accepted);
  while (RUNNING.has(job.status)) {
    const polled = await fetch(`${apiUrl}/v1/jobs/${job.id}`, {
      headers: { authorization: `Bearer ${apiKey}`, prefer: 'wait=30' },
      signal,
    });
    job = await answer(polled);
  }
  return job;
}

async function answer(response: Response): Promise<Outcome> {
  const body = (await response.json()) as Outcome & { code?: string; title?: string };
  if (!response.ok)
    throw new OperatorError(`The API answers ${response.status} ${body.code ?? ''}: ${body.title ?? ''}`);
  return { id: body.id, status: body.status, rows: body.rows };
}

function kindOf(path: string): { type: string; encoding?: string } {
  const [, extension = '', compression = ''] = /\.(\w+?)(?:\.(gz|zst))?$/u.exec(basename(path)) ?? [];
  const type = TYPES[extension];
  if (type === undefined)
    throw new OperatorError(`${path} is neither .csv, .ndjson nor .json (then .gz or .zst).`);
  const encoding = ENCODINGS[compression];
  return encoding === undefined ? { type } : { type, encoding };
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
