/**
 * `npm run bench:reading [-- --rows 1000000 --explain 3 --rounds 3 --poll-rows 500000 --note "…"]`: how fast the results of a
 * job stream out, and what 1,000 polls a second cost the job that they ask about. Appends to bench/results/reading.md; the last
 * line is one JSON object.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { machineName } from '../machine.ts';
import { median } from '../median.ts';
import { load } from '../predict/load.ts';
import { writeCohortFile } from './cohort-file.ts';
import { runJob } from './job.ts';
import { type Stack, startStack } from './stack.ts';

const RESULTS = path.resolve(import.meta.dirname, '..', 'results', 'reading.md');
const POLLS_A_SECOND = 1_000;
const POLL_CONNECTIONS = 20;
const READS = ['format=csv&order=input', 'format=csv&order=risk', 'format=ndjson&order=input'] as const;
/** Nobody polls; 1,000 a second ask a bare HTTP server beside the stack; they ask the api about the job. */
const POLLED = ['nobody', 'a bare server', 'the job'] as const;

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    explain: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    'poll-rows': { type: 'string', default: '500000' },
    note: { type: 'string', default: '' },
  },
});
const rounds = Number(options.rounds);
const explain = Number(options.explain);

type Read = { rowsPerSecond: number; rowsPerApiSecond: number; rowsPerCpuSecond: number };

async function main(): Promise<void> {
  const loadBefore = loadavg()[0] ?? NaN;
  const folder = await mkdtemp(path.join(tmpdir(), 'iit-bench-'));
  try {
    const file = path.join(folder, 'cohort.csv');
    await writeCohortFile({ rows: Number(options.rows), format: 'csv', seed: '1' }, file);
    const pollFile = path.join(folder, 'polled.csv');
    await writeCohortFile({ rows: Number(options['poll-rows']), format: 'csv', seed: '2' }, pollFile);
    const reads = READS.map((): Read[] => []);
    {
      await using stack = await startStack({ workers: 1, queue: 'redis' });
      const job = await runJob({ ...stack, file, format: 'csv', explain });
      for (let round = 0; round < rounds; round++) {
        for (const [at, query] of READS.entries()) reads[at]?.push(await read(stack, job.id, query));
      }
    }
    const jobSeconds = POLLED.map((): number[] => []);
    const answered: number[] = [];
    for (let round = 0; round < rounds; round++) {
      for (let step = 0; step < POLLED.length; step++) {
        const at = (step + round) % POLLED.length;
        await using stack = await startStack({ workers: 1, queue: 'redis' });
        const run = await polledJob(stack, pollFile, POLLED[at] ?? 'nobody');
        jobSeconds[at]?.push(run.seconds);
        if (POLLED[at] === 'the job') answered.push(run.perSecond);
        process.stderr.write(`${POLLED[at]}: ${JSON.stringify(run)}\n`);
      }
    }
    await record(reads, jobSeconds, answered, loadBefore);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Takes the whole stream and counts its rows. */
async function read(stack: Stack, jobId: string, query: string): Promise<Read> {
  const before = await stack.cpuSeconds();
  const startedMs = performance.now();
  const answer = await fetch(`${stack.apiUrl}/v1/jobs/${jobId}/results?${query}`, {
    headers: { authorization: `Bearer ${stack.key}` },
  });
  if (answer.status !== 200 || answer.body === null) throw new Error(`results: ${answer.status}`);
  let lines = 0;
  for await (const bytes of answer.body as unknown as AsyncIterable<Uint8Array>) {
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++;
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  const after = await stack.cpuSeconds();
  const rows = query.includes('csv') ? lines - 1 : lines;
  if (rows !== Number(options.rows)) throw new Error(`${query}: ${rows} rows of ${options.rows}`);
  const api = after.api - before.api;
  return {
    rowsPerSecond: rows / seconds,
    rowsPerApiSecond: rows / api,
    rowsPerCpuSecond: rows / (api + after.postgres - before.postgres),
  };
}

/** One job, from its first byte to `completed`, while somebody polls. */
async function polledJob(
  stack: Stack,
  file: string,
  polled: (typeof POLLED)[number],
): Promise<{ seconds: number; perSecond: number }> {
  const over = new AbortController();
  const running = runJob({ ...stack, file, format: 'csv', explain: 0 }).finally(() => over.abort());
  let polls = 0;
  const startedMs = performance.now();
  if (polled !== 'nobody') {
    await using bare = await startBareServer();
    const [url, target] =
      polled === 'the job' ? [stack.apiUrl, `/v1/jobs/${await runningJob(stack)}`] : [bare.url, '/'];
    while (!over.signal.aborted) {
      const { answered } = await load({
        url,
        path: target,
        headers: { authorization: `Bearer ${stack.key}` },
        seconds: 1,
        connections: POLL_CONNECTIONS,
        perSecond: POLLS_A_SECOND,
      });
      polls += answered;
    }
  }
  const pollSeconds = (performance.now() - startedMs) / 1_000;
  return { seconds: (await running).seconds, perSecond: Math.round(polls / pollSeconds) };
}

async function runningJob(stack: Stack): Promise<string> {
  for (;;) {
    const answer = await fetch(`${stack.apiUrl}/v1/jobs?limit=1`, {
      headers: { authorization: `Bearer ${stack.key}` },
    });
    const { jobs } = (await answer.json()) as { jobs: { id: string }[] };
    if (jobs[0] !== undefined) return jobs[0].id;
    await pause(20);
  }
}

async function startBareServer(): Promise<AsyncDisposable & { url: string }> {
  const server = spawn(process.execPath, [path.join(import.meta.dirname, 'bare-server.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = (await once(server.stdout, 'data')) as [Buffer];
  return {
    url: `http://127.0.0.1:${port.toString().trim()}`,
    [Symbol.asyncDispose]: async () => {
      server.kill();
      await once(server, 'exit');
    },
  };
}

async function record(
  reads: readonly Read[][],
  jobSeconds: readonly number[][],
  answered: readonly number[],
  loadBefore: number,
): Promise<void> {
  const reading = READS.map((query, at) => {
    const of = (figure: keyof Read) => Math.round(median((reads[at] ?? []).map((run) => run[figure])));
    return {
      query,
      rows_per_second: of('rowsPerSecond'),
      rows_per_api_cpu_second: of('rowsPerApiSecond'),
      rows_per_cpu_second: of('rowsPerCpuSecond'),
    };
  });
  const seconds = jobSeconds.map((runs) => median(runs));
  const polling = POLLED.map((polled, at) => ({
    polled,
    job_seconds: round(seconds[at] ?? NaN),
    spread: `${round(Math.min(...(jobSeconds[at] ?? [])))}–${round(Math.max(...(jobSeconds[at] ?? [])))}`,
    relative: round((seconds[at] ?? NaN) / (seconds[0] ?? NaN)),
  }));
  const about = [
    new Date().toISOString().slice(0, 10),
    `${rounds} rounds`,
    machineName(),
    `load before ${round(loadBefore)}`,
    ...(options.note === '' ? [] : [options.note]),
  ];
  const table = (rows: readonly object[]) =>
    rows.map((row) => `| ${Object.values(row).join(' | ')} |\n`).join('');
  await appendFile(
    RESULTS,
    `
## ${about.join(', ')}

${Number(options.rows).toLocaleString('en')} rows, ${explain} reasons each:

| stream | rows/s by the clock | rows/s of the api's CPU | rows/s of the api's and PostgreSQL's CPU |
|---|---|---|---|
${table(reading)}
${Number(options['poll-rows']).toLocaleString('en')} rows, ${Math.round(median(answered))} polls/s answered:

| polled | job s | lowest–highest | relative |
|---|---|---|---|
${table(polling)}`,
  );
  process.stdout.write(`${JSON.stringify({ reading, polling })}\n`);
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

await main();
