import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';

export type JobRun = {
  id: string;
  /** From the first byte sent to `completed`. */
  seconds: number;
  /** From the first byte sent to the 202. */
  uploadSeconds: number;
  rows: { received: number; accepted: number; rejected: number; scored: number; quarantined: number };
};

type JobStatus = { id: string; status: string; rows: JobRun['rows'] };

const CONTENT_TYPE = { csv: 'text/csv', ndjson: 'application/x-ndjson' } as const;

export type Submission = {
  apiUrl: string;
  key: string;
  file: string;
  format: 'csv' | 'ndjson';
  explain: number;
};

/** Uploads the file as a client does, streamed, then waits by long polls. Throws unless the job completes. */
export async function runJob(submission: Submission): Promise<JobRun> {
  const headers = { authorization: `Bearer ${submission.key}` };
  const startedMs = performance.now();
  const seconds = () => (performance.now() - startedMs) / 1_000;
  const answer = await fetch(`${submission.apiUrl}/v1/jobs?name=bench&explain=${submission.explain}`, {
    method: 'POST',
    headers: { ...headers, 'content-type': CONTENT_TYPE[submission.format] },
    body: Readable.toWeb(createReadStream(submission.file, { highWaterMark: 1 << 18 })),
    duplex: 'half',
  });
  if (answer.status !== 202) throw new Error(`POST /v1/jobs: ${answer.status} ${await answer.text()}`);
  const uploadSeconds = seconds();
  const { id } = (await answer.json()) as JobStatus;
  for (;;) {
    const poll = await fetch(`${submission.apiUrl}/v1/jobs/${id}`, {
      headers: { ...headers, prefer: 'wait=30' },
    });
    const job = (await poll.json()) as JobStatus;
    if (job.status === 'completed') return { id, seconds: seconds(), uploadSeconds, rows: job.rows };
    if (!['receiving', 'queued', 'running'].includes(job.status)) {
      throw new Error(`the job ended as ${job.status}: ${JSON.stringify(job)}`);
    }
  }
}
