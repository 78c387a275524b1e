import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { machineName } from '../machine.ts';
import { writeCohortFile } from './cohort-file.ts';
import { copyFloor, dumpRows } from './floor.ts';
import { runJob } from './job.ts';
import { createMigrated, startStack, withoutAutovacuum } from './stack.ts';

const run = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, '..', '..');
const RESULTS = path.join(ROOT, 'bench', 'results', 'pipeline.md');

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    format: { type: 'string', default: 'csv' },
    explain: { type: 'string', default: '0' },
    workers: { type: 'string', default: '1' },
    queue: { type: 'string', default: 'redis' },
    seed: { type: 'string', default: '1' },
    peer: { type: 'boolean', default: false },
    note: { type: 'string', default: '' },
  },
});

/**
 * One job through the real stack and, in the same run, a bare COPY of the very rows that it wrote, into empty
 * tables with the same indexes on the same server. `--peer` also runs bench/peer/pipeline.py on the same cohort.
 */
async function main(): Promise<void> {
  const rowCount = Number(options.rows);
  const format = options.format === 'ndjson' ? 'ndjson' : 'csv';
  const folder = await mkdtemp(path.join(tmpdir(), 'iit-bench-'));
  try {
    const file = path.join(folder, `cohort.${format}`);
    await writeCohortFile({ rows: rowCount, format, seed: options.seed }, file);
    await using stack = await startStack({
      workers: Number(options.workers),
      queue: options.queue === 'postgres' ? 'postgres' : 'redis',
    });
    const idle = await stack.cpuSeconds();
    const job = await runJob({ ...stack, file, format, explain: Number(options.explain) });
    if (job.rows.scored !== rowCount) throw new Error(`scored ${job.rows.scored} of ${rowCount} rows`);
    const memory = await stack.peakMemoryMb();
    const busy = await stack.cpuSeconds();
    const cpu = {
      api: round(busy.api - idle.api),
      worker: round(busy.worker - idle.worker),
      postgres: round(busy.postgres - idle.postgres),
    };
    await withoutAutovacuum(stack.postgres);
    await dumpRows(stack.databaseUrl, folder);
    for (const name of ['floor_serial', 'floor_parallel', 'peer']) await createMigrated(stack.postgres, name);
    const urls = {
      serial: stack.postgres.url('floor_serial'),
      parallel: stack.postgres.url('floor_parallel'),
    };
    const floor = await copyFloor(urls, folder);
    const peer = options.peer ? await runPeer(file, stack.postgres.url('peer')) : undefined;
    const result: Result = {
      rows: rowCount,
      format,
      explain: Number(options.explain),
      workers: Number(options.workers),
      queue: options.queue,
      floor_seconds: round(floor.serial),
      floor_parallel_seconds: round(floor.parallel),
      job_seconds: round(job.seconds),
      upload_seconds: round(job.uploadSeconds),
      ratio: round(job.seconds / floor.serial),
      floor_bytes_per_row: round(floor.bytes / rowCount),
      floor_wal_per_row: round(floor.wal / rowCount),
      api_peak_mb: memory.api,
      worker_peak_mb: memory.worker,
      rows_per_second: Math.round(rowCount / job.seconds),
      cpu_seconds: cpu,
      ...(peer === undefined ? {} : { peer_seconds: peer }),
    };
    await record(result);
    process.stdout.write(`${JSON.stringify(result)}\n`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runPeer(file: string, url: string): Promise<number> {
  const args = ['bench/peer/pipeline.py', file, 'models/iit_lightgbm_model.txt', url];
  const { stdout } = await run(process.env['PYTHON'] ?? 'python3', args, { cwd: ROOT });
  const line = stdout.trim().split('\n').at(-1) ?? '';
  return (JSON.parse(line) as { seconds: number }).seconds;
}

type Result = Record<string, string | number | { api: number; worker: number; postgres: number }>;

async function record(result: Result): Promise<void> {
  const date = new Date().toISOString().slice(0, 10);
  const text = (name: string) => (typeof result[name] === 'object' ? '' : (result[name] ?? ''));
  const cells: (string | number)[] = [
    date,
    text('rows'),
    text('format'),
    text('explain'),
    `${options.workers} (${options.queue})`,
    text('floor_seconds'),
    text('floor_parallel_seconds'),
    text('job_seconds'),
    text('ratio'),
    text('rows_per_second'),
    text('api_peak_mb'),
    text('worker_peak_mb'),
    text('peer_seconds'),
    Object.values(result['cpu_seconds'] ?? {}).join(' + '),
    machineName(),
    options.note,
    text('floor_bytes_per_row'),
    text('floor_wal_per_row'),
  ];
  await appendFile(RESULTS, `| ${cells.join(' | ')} |\n`);
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

await main();
