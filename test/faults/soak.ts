import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { installRedis } from '#dev/local-services/redis-server.ts';
import { verifyAudit } from '#shared/audit/verify.ts';
import type { JobStatus } from '#shared/db/schema.ts';
import { isTerminal } from '#shared/jobs/states.ts';
import { randomNumbers } from '#test/support/sample-model.ts';
import type { ServiceProcess } from '#test/support/service-process.ts';
import { makeCohort } from './cohort.ts';
import { type FaultStack, model, QUEUES, type QueueKind, startFaultStack } from './fault-stack.ts';
import { brokenCounts, brokenRows, type Expected } from './invariants.ts';
import { until } from './until.ts';

const USAGE = `Usage: npm run soak -- [--minutes 20] [--queue redis|postgres] [--seed N]
Submits cohorts of random size while random faults happen to every part; then lets all come to rest, checks every
row of every job, the audit and the memory, and adds a line to bench/results/soak.md. Exits with 1 when anything broke.
`;

const RESULTS = path.resolve(import.meta.dirname, '..', '..', 'bench', 'results', 'soak.md');
const HEAD = `# Soak: cohorts of random size, random faults

\`npm run soak -- --minutes N [--queue redis|postgres] [--seed N]\` adds a line. Memory: resident MB of the api and the worker that live through
the whole run: the medians of its eight eighths (the two first lines: of its first and its last quarter), and the highest.

| date | minutes | queue | seed | jobs | rows | uploads refused or cut | faults | broken | api MB | worker MB | machine |
|---|---|---|---|---|---|---|---|---|---|---|---|
`;
const CALM_MS = 180_000;
const SAMPLE_MS = 2_000;
/** The memory curve: so many medians over the run. */
const CURVE_POINTS = 8;
const SUBMITTERS = 2;
const OPEN_JOBS = 4;
const ATTEMPT_TIMEOUT_MS = 60_000;

type Accepted = { jobId: string; expected: Expected };
type Sample = { api: number; worker: number };

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    queue: { type: 'string', default: 'redis' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean' },
  },
});
const kind = QUEUES.find((known) => known === values.queue);
if (values.help === true || kind === undefined || !(Number(values.minutes) > 0)) {
  process.stdout.write(USAGE);
  process.exitCode = values.help === true ? 0 : 2;
} else {
  process.exitCode = await soak(kind, Number(values.minutes), Number(values.seed));
}

async function soak(queue: QueueKind, minutes: number, seed: number): Promise<number> {
  if (queue === 'redis') await installRedis();
  await using stack = await startFaultStack({ kind: queue });
  const faults = await createFaults(stack, randomNumbers(seed));
  const endsAt = performance.now() + minutes * 60_000;
  const running = () => performance.now() < endsAt;
  const accepted: Accepted[] = [];
  const samples: Sample[] = [];
  const counts: Record<string, number> = {};
  let cut = 0;

  const submitting = Array.from({ length: SUBMITTERS }, async (_, index) => {
    const random = randomNumbers(seed * 1_000 + index);
    for (let number = 0; running(); number++) {
      if ((await openJobs(stack)) >= OPEN_JOBS) {
        await pause(250);
        continue;
      }
      const cohort = makeCohort(model, 1 + Math.floor(random() ** 3 * 20_000), Math.floor(random() * 1e9));
      const key = `soak-${index}-${number}`;
      for (;;) {
        if (performance.now() > endsAt + CALM_MS) throw new Error(`${key} was never accepted`);
        const jobId = await attempt(stack, faults.apis()[Math.floor(random() * 2)], cohort.csv, key);
        if (jobId !== undefined) {
          accepted.push({ jobId, expected: { rowCount: cohort.rowCount, rawScores: cohort.rawScores } });
          break;
        }
        cut++;
        await pause(500);
      }
    }
  });
  const sampling = (async () => {
    while (running()) {
      samples.push(await faults.sample());
      await pause(SAMPLE_MS);
    }
  })();
  while (running()) {
    const name = await faults.next();
    counts[name] = (counts[name] ?? 0) + 1;
  }
  await Promise.all([...submitting, sampling]);

  const broken = [...(await settleAndCheck(stack, accepted)), ...faults.deaths()];
  return await report({ queue, minutes, seed, accepted, cut, counts, samples, broken });
}

/** One try to upload; undefined where it was refused, cut off or lost without an answer. */
async function attempt(
  stack: FaultStack,
  api: ServiceProcess | undefined,
  csv: string,
  key: string,
): Promise<string | undefined> {
  if (api === undefined) return undefined;
  try {
    const answer = await stack.call(api, '/v1/jobs?explain=0', {
      method: 'POST',
      headers: { 'content-type': 'text/csv', 'idempotency-key': key },
      body: csv,
      signal: AbortSignal.timeout(ATTEMPT_TIMEOUT_MS),
    });
    const body = (await answer.json()) as { id?: string };
    return answer.status === 202 ? body.id : undefined;
  } catch {
    return undefined;
  }
}

async function openJobs(stack: FaultStack): Promise<number> {
  try {
    const rows = await stack
      .db()
      .selectFrom('jobs')
      .select('id')
      .where('status', 'in', ['queued', 'running'])
      .execute();
    return rows.length;
  } catch {
    return OPEN_JOBS;
  }
}

/** One api and one worker that live through everything, one of each that is killed, and what may happen to them. */
async function createFaults(stack: FaultStack, random: () => number) {
  const env = { LEDGER_SECONDS: 1, CHUNK_ROWS: 1_000 };
  const constant = { api: await stack.api(env), worker: await stack.worker(env) };
  const deaths: string[] = [];
  for (const [name, service] of Object.entries(constant)) {
    void service.exited.then(({ code, signal }) =>
      deaths.push(`the ${name} died by itself: ${code ?? signal}`),
    );
  }
  let api = await stack.api(env);
  let worker = await stack.worker(env);
  const replaceWorker = async (signal: NodeJS.Signals) => {
    worker.signal(signal);
    await worker.exited;
    worker = await stack.worker(env);
  };
  const cables = [stack.postgresCable, ...(stack.redisCable === undefined ? [] : [stack.redisCable])];
  const anyCable = () => cables[Math.floor(random() * cables.length)] ?? stack.postgresCable;
  const silence = async (mode: 'black-hole' | 'refuse', longestMs: number) => {
    const cable = anyCable();
    cable.set(mode);
    await pause(random() * longestMs);
    cable.set('pass');
    cable.cut();
  };
  const faults: Record<string, () => Promise<void>> = {
    'worker killed': () => replaceWorker('SIGKILL'),
    'worker stopped': () => replaceWorker('SIGTERM'),
    'worker suspended': async () => {
      const suspended = random() < 0.5 ? worker : constant.worker;
      suspended.signal('SIGSTOP');
      await pause(random() * 6_000);
      suspended.signal('SIGCONT');
    },
    'api killed': async () => {
      api.signal('SIGKILL');
      await api.exited;
      api = await stack.api(env);
    },
    'postgresql crashed': () => stack.restartPostgres('immediate', random() * 3_000),
    'postgresql restarted': () => stack.restartPostgres('fast', random() * 3_000),
    'cables cut': async () => anyCable().cut(),
    'cable silent': () => silence('black-hole', 8_000),
    'cable refused': () => silence('refuse', 3_000),
    ...(stack.kind === 'redis'
      ? {
          'redis killed': () => stack.restartRedis('SIGKILL', random() * 3_000),
          FLUSHALL: async () => {
            const redis = new Redis(stack.redis().url());
            await redis.flushall();
            redis.disconnect();
          },
        }
      : {}),
  };
  const names = Object.keys(faults);
  return {
    apis: () => [constant.api, api],
    deaths: () => deaths,
    sample: async (): Promise<Sample> => ({
      api: await residentMb(constant.api),
      worker: await residentMb(constant.worker),
    }),
    next: async (): Promise<string> => {
      await pause(500 + random() * 4_000);
      const name = names[Math.floor(random() * names.length)] ?? '';
      await faults[name]?.();
      return name;
    },
  };
}

/** Waits until every job is over by itself, then looks at every one of them. */
async function settleAndCheck(stack: FaultStack, accepted: readonly Accepted[]): Promise<string[]> {
  const jobs = () => stack.db().selectFrom('jobs').select(['id', 'status', 'error_code']).execute();
  const allOver = async () => (await jobs()).every(({ status }) => isTerminal(status));
  await until('every job is over', allOver, { timeoutMs: CALM_MS, intervalMs: 500 });
  const broken: string[] = [];
  const promised = new Map(accepted.map(({ jobId, expected }) => [jobId, expected]));
  if (promised.size < accepted.length) broken.push('two uploads were given one job');
  const allowed: JobStatus[] = ['completed', 'aborted'];
  for (const { id, status, error_code } of await jobs()) {
    const expected = promised.get(id);
    const problems = await brokenCounts(stack.db(), id);
    if (expected !== undefined) {
      if (status !== 'completed') problems.push(`accepted, and ${status} (${error_code})`);
      problems.push(...(await brokenRows(stack.db(), id, expected)));
    } else if (!allowed.includes(status)) problems.push(`${status} (${error_code})`);
    broken.push(...problems.map((problem) => `${id}: ${problem}`));
  }
  const audit = await verifyAudit(stack.database());
  broken.push(...audit.problems.map((problem) => `audit: ${JSON.stringify(problem)}`));
  return broken;
}

async function report(run: {
  queue: QueueKind;
  minutes: number;
  seed: number;
  accepted: readonly Accepted[];
  cut: number;
  counts: Record<string, number>;
  samples: readonly Sample[];
  broken: readonly string[];
}): Promise<number> {
  const { queue, minutes, seed, accepted, cut, counts, samples, broken } = run;
  const rows = accepted.reduce((sum, { expected }) => sum + expected.rowCount, 0);
  const curve = (of: keyof Sample) => {
    const all = samples.map((sample) => sample[of]).filter((mb) => !Number.isNaN(mb));
    const eighth = Math.max(1, Math.ceil(all.length / CURVE_POINTS));
    const points = Array.from({ length: Math.ceil(all.length / eighth) }, (_, at) =>
      median(all.slice(at * eighth, (at + 1) * eighth)),
    );
    return { points, highest: Math.round(Math.max(...all)) };
  };
  const [api, worker] = [curve('api'), curve('worker')];
  const faults = Object.values(counts).reduce((sum, count) => sum + count, 0);
  for (const problem of broken) process.stdout.write(`broken: ${problem}\n`);
  process.stdout.write(`faults: ${JSON.stringify(counts)}\n`);
  const summary = { minutes, queue, seed, jobs: accepted.length, rows, cut, faults, broken: broken.length };
  process.stdout.write(`${JSON.stringify({ ...summary, api_mb: api, worker_mb: worker })}\n`);
  const cell = ({ points, highest }: ReturnType<typeof curve>) => `${points.join(' ')}, ${highest}`;
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`;
  const line = [
    new Date().toISOString().slice(0, 10),
    ...Object.values(summary),
    cell(api),
    cell(worker),
    machine,
  ];
  await readFile(RESULTS).catch(() => writeFile(RESULTS, HEAD));
  await appendFile(RESULTS, `| ${line.join(' | ')} |\n`);
  return broken.length === 0 ? 0 : 1;
}

function median(numbers: readonly number[]): number {
  return Math.round(numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? NaN);
}

/** NaN where the process is gone. */
async function residentMb(service: ServiceProcess): Promise<number> {
  const status = await readFile(`/proc/${service.pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+) kB/u.exec(status)?.[1] ?? NaN) / 1024;
}
