import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import type { IitClient, Job } from '#client/index.ts';
import { ProgressBars } from './progress-bars.ts';

export type Submitted = {
  job: Job;
  /** From the first byte of the upload to the end of the job. */
  seconds: number;
};

/** Rows that the upload has taken; −1 before the head of the table. */
type Sent = { rows: number; ended: boolean };

const LOOK_EVERY_MS = 200;
const LINE_FEED = 10;

/** Streams a synthetic cohort into a job as any client would, and follows it to its end, with bars for both. */
export async function submitCohort(
  client: IitClient,
  cohort: { rows: number; seed: number; repository: string; signal: AbortSignal },
): Promise<Submitted> {
  const name = 'nightly';
  const since = new Date().toISOString();
  const bars = new ProgressBars(process.stdout);
  const sent: Sent = { rows: -1, ended: false };
  const startMs = performance.now();
  const upload = client
    .submit(() => generatedCohort(cohort, sent), { name, explain: 3 }, { isRepeatable: false })
    .finally(() => (sent.ended = true));
  upload.catch(() => undefined);

  let job: Job | undefined;
  const draw = (last: boolean) =>
    bars.show(
      [
        { label: 'upload', done: Math.max(0, sent.rows), total: cohort.rows },
        { label: 'scoring', done: job?.rows.scored ?? 0, total: cohort.rows },
      ],
      last,
    );
  while (!sent.ended) {
    job = (await findJob(client, name, since)) ?? job;
    draw(false);
    await Promise.race([upload.catch(() => undefined), pause(LOOK_EVERY_MS)]);
  }
  const { id } = (await upload).job;
  for await (job of client.watch(id, cohort.signal)) draw(false);
  const seconds = (performance.now() - startMs) / 1_000;
  draw(true);
  return { job: job ?? (await client.job(id)), seconds };
}

async function findJob(client: IitClient, name: string, since: string): Promise<Job | undefined> {
  for await (const job of client.jobs({ limit: 5 })) {
    if (job.created_at < since) return undefined;
    if (job.name === name) return job;
  }
  return undefined;
}

async function* generatedCohort(
  cohort: { rows: number; seed: number; repository: string },
  sent: Sent,
): AsyncGenerator<Uint8Array> {
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
  try {
    for await (const part of generator.stdout as AsyncIterable<Buffer>) {
      yield part;
      for (let at = part.indexOf(LINE_FEED); at >= 0; at = part.indexOf(LINE_FEED, at + 1)) sent.rows++;
    }
  } finally {
    generator.kill();
  }
}
