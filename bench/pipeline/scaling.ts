/**
 * `npm run bench:scaling [-- --rounds 3 --rows 200000,1000000,5000000 --workers 2,4 --explain 0 --note "…"]`: what a row costs
 * by the size of the cohort, with one worker, and by the number of workers, at a million rows. Every job has a stack of its
 * own (PostgreSQL, Redis, api, workers); the order turns from round to round. Appends to bench/results/scaling.md; the
 * last line is one JSON object.
 */
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { machineName } from '../machine.ts';
import { median } from '../median.ts';
import { writeCohortFile } from './cohort-file.ts';
import { runJob } from './job.ts';
import { startStack } from './stack.ts';

const RESULTS = path.resolve(import.meta.dirname, '..', 'results', 'scaling.md');
/** What the others are compared with. */
const BASE_ROWS = 1_000_000;

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    rows: { type: 'string', default: '200000,1000000,5000000' },
    workers: { type: 'string', default: '2,4' },
    explain: { type: 'string', default: '0' },
    note: { type: 'string', default: '' },
  },
});
const numbers = (list: string) =>
  list
    .split(',')
    .filter((text) => text !== '')
    .map(Number);

type Case = { rows: number; workers: number };
type Measured = { microseconds: number; cpuMicroseconds: number; apiMb: number; workerMb: number };

const CASES: readonly Case[] = [
  ...numbers(options.rows).map((rows) => ({ rows, workers: 1 })),
  ...numbers(options.workers).map((workers) => ({ rows: BASE_ROWS, workers })),
];

async function main(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'iit-bench-'));
  try {
    const files = new Map<number, string>();
    for (const rows of new Set(CASES.map((each) => each.rows))) {
      const file = path.join(folder, `${rows}.csv`);
      await writeCohortFile({ rows, format: 'csv', seed: '1' }, file);
      files.set(rows, file);
    }
    const loadBefore = loadavg()[0] ?? NaN;
    const measured = CASES.map((): Measured[] => []);
    for (let round = 0; round < Number(options.rounds); round++) {
      for (let step = 0; step < CASES.length; step++) {
        const at = round % 2 === 0 ? step : CASES.length - 1 - step;
        const each = CASES[at] as Case;
        const run = await measure(each, files.get(each.rows) ?? '');
        measured[at]?.push(run);
        process.stderr.write(`${JSON.stringify({ ...each, ...run })}\n`);
      }
    }
    await record(measured, loadBefore);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure({ rows, workers }: Case, file: string): Promise<Measured> {
  await using stack = await startStack({ workers, queue: 'redis' });
  const idle = await stack.cpuSeconds();
  const job = await runJob({ ...stack, file, format: 'csv', explain: Number(options.explain) });
  if (job.rows.scored !== rows) throw new Error(`scored ${job.rows.scored} of ${rows} rows`);
  const busy = await stack.cpuSeconds();
  const memory = await stack.peakMemoryMb();
  const cpuSeconds = busy.api + busy.worker + busy.postgres - idle.api - idle.worker - idle.postgres;
  return {
    microseconds: (job.seconds * 1e6) / rows,
    cpuMicroseconds: (cpuSeconds * 1e6) / rows,
    apiMb: memory.api,
    workerMb: memory.worker,
  };
}

async function record(measured: readonly Measured[][], loadBefore: number): Promise<void> {
  const of = (at: number, figure: keyof Measured) => (measured[at] ?? []).map((run) => run[figure]);
  const base = CASES.findIndex(({ rows, workers }) => rows === BASE_ROWS && workers === 1);
  const cases = CASES.map(({ rows, workers }, at) => ({
    rows,
    workers,
    microseconds: round(median(of(at, 'microseconds'))),
    spread: `${round(Math.min(...of(at, 'microseconds')))}–${round(Math.max(...of(at, 'microseconds')))}`,
    relative: round(median(of(at, 'microseconds')) / median(of(base, 'microseconds'))),
    cpu_microseconds: round(median(of(at, 'cpuMicroseconds'))),
    api_peak_mb: Math.max(...of(at, 'apiMb')),
    worker_peak_mb: Math.max(...of(at, 'workerMb')),
  }));
  const lines = cases.map((each) => `| ${Object.values(each).join(' | ')} |\n`);
  const about = [
    new Date().toISOString().slice(0, 10),
    `${options.rounds} rounds`,
    `explain ${options.explain}`,
    machineName(),
    `load before ${round(loadBefore)}`,
    ...(options.note === '' ? [] : [options.note]),
  ];
  await appendFile(
    RESULTS,
    `
## ${about.join(', ')}

| rows | workers | µs a row | lowest–highest | relative | CPU µs a row | api MB | worker MB |
|---|---|---|---|---|---|---|---|
${lines.join('')}`,
  );
  process.stdout.write(`${JSON.stringify({ cases })}\n`);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

await main();
