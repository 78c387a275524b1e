import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { JobView } from '#api/jobs/job-view.ts';
import type { DemoApi } from './demo-api.ts';
import { ProgressBars } from './progress-bars.ts';

export type Submitted = {
  job: JobView;
  /** From the first byte of the upload to the end of the job. */
  seconds: number;
};

/** Rows that the upload has taken; −1 before the head of the table. */
type Sent = { rows: number; ended: boolean };

const LOOK_EVERY_MS = 200;
const LINE_FEED = 10;

/** Streams a synthetic cohort into POST /v1/jobs as any client would, and follows the job to its end, with bars for both. */
export async function submitCohort(
  api: DemoApi,
  cohort: { rows: number; seed: number; repository: string; signal: AbortSignal },
): Promise<Submitted> {
  const name = 'nightly';
  const since = new Date().toISOString();
  const bars = new ProgressBars(process.stdout);
  const sent: Sent = { rows: -1, ended: false };
  const startMs = performance.now();
  const upload = uploadCohort(api, name, cohort, sent).finally(() => (sent.ended = true));
  upload.catch(() => undefined);

  let job: JobView | undefined;
  const draw = (last: boolean) =>
    bars.show(
      [
        { label: 'upload', done: Math.max(0, sent.rows), total: cohort.rows },
        { label: 'scoring', done: job?.rows.scored ?? 0, total: cohort.rows },
      ],
      last,
    );
  while (!sent.ended) {
    job = (await api.findJob(name, since)) ?? job;
    draw(false);
    await Promise.race([upload.catch(() => undefined), pause(LOOK_EVERY_MS)]);
  }
  const { id } = await upload;
  job = await api.job(id);
  while (job.finished_at === null) {
    draw(false);
    await pause(LOOK_EVERY_MS, undefined, { signal: cohort.signal });
    job = await api.job(id);
  }
  const seconds = (performance.now() - startMs) / 1_000;
  draw(true);
  return { job, seconds };
}

async function uploadCohort(
  api: DemoApi,
  name: string,
  cohort: { rows: number; seed: number; repository: string; signal: AbortSignal },
  sent: Sent,
): Promise<JobView> {
  const generator = spawn(
    process.execPath,
    [
      'models/synthetic/main.ts',
      '--rows',
      String(cohort.rows),
      '--seed',
      String(cohort.seed),
      // Dated today: a list of long ago would be all interrupted.
      '--as-of',
      new Date().toISOString().slice(0, 10),
    ],
    { cwd: cohort.repository, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const upload = request(`${api.url}/v1/jobs?name=${encodeURIComponent(name)}&explain=3`, {
    method: 'POST',
    headers: { authorization: `Bearer ${api.key}`, 'content-type': 'text/csv' },
    signal: cohort.signal,
  });
  const answered = once(upload, 'response') as Promise<[import('node:http').IncomingMessage]>;
  answered.catch(() => undefined);
  const countRows = new Transform({
    transform: (part: Buffer, _encoding, pass) => {
      for (let at = part.indexOf(LINE_FEED); at >= 0; at = part.indexOf(LINE_FEED, at + 1)) sent.rows++;
      pass(null, part);
    },
  });
  try {
    await pipeline(generator.stdout, countRows, upload);
  } finally {
    generator.kill();
  }
  const [answer] = await answered;
  const text = Buffer.concat(await answer.toArray()).toString();
  if (answer.statusCode !== 202)
    throw new Error(`The upload was answered with ${answer.statusCode}: ${text}`);
  return JSON.parse(text) as JobView;
}
