/**
 * `npm run bench:ledger -- --base DIR [--rounds 3] [--rows 1000000] [--large 5000000] [--note "…"]`: this tree against a worktree of
 * the release before scores were pages (`git worktree add DIR a1144e0`, with node_modules), the same job in turn, fresh stacks, the
 * order turned from round to round. Writes bench/results/ledger.md; the last line is one JSON object, ratios of medians. `--large`
 * also runs one job of that size on this tree alone, for memory and pages.
 */
import { execFile } from 'node:child_process';
import { copyFile, rm, appendFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { machineName } from '../machine.ts';
import { median } from '../median.ts';

const run = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, '..', '..');
const RESULTS = path.join(ROOT, 'bench', 'results', 'ledger.md');
const MEASURE = 'bench/pipeline/ledger-measure.ts';
const TIMEOUT_MS = 3_600_000;

const { values: options } = parseArgs({
  options: {
    base: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    rows: { type: 'string', default: '1000000' },
    large: { type: 'string', default: '5000000' },
    note: { type: 'string', default: '' },
  },
});

type Measured = {
  wall_seconds: number;
  cpu_seconds: number;
  bytes_per_row: number;
  wal_per_row: number;
  api_peak_mb: number;
  worker_peak_mb: number;
  first_page_ms: number;
  page_ms: number;
  worklist_ms: number;
  patient_ms: number;
  csv_rows_per_cpu_second: number;
  ndjson_rows_per_cpu_second: number;
};

async function main(): Promise<void> {
  if (options.base === undefined) throw new Error('--base names a worktree of a1144e0.');
  const base = path.resolve(options.base);
  const copied = path.join(base, MEASURE);
  await copyFile(path.join(ROOT, MEASURE), copied);
  const [ours, theirs]: [Measured[], Measured[]] = [[], []];
  try {
    for (let round = 0; round < Number(options.rounds); round++) {
      const order = round % 2 === 0 ? [ROOT, base] : [base, ROOT];
      for (const tree of order) (tree === ROOT ? ours : theirs).push(await measure(tree, options.rows));
    }
  } finally {
    await rm(copied, { force: true });
  }
  const large = Number(options.large) > 0 ? await measure(ROOT, options.large) : undefined;
  const of = (runs: readonly Measured[], name: keyof Measured) => median(runs.map((one) => one[name]));
  const ratio = (name: keyof Measured) => round(of(ours, name) / of(theirs, name));
  const result = {
    wall_ratio: ratio('wall_seconds'),
    cpu_ratio: ratio('cpu_seconds'),
    bytes_per_row: round(of(ours, 'bytes_per_row')),
    wal_per_row: round(of(ours, 'wal_per_row')),
    stream_ratio: ratio('csv_rows_per_cpu_second'),
    page_ms: round(large?.page_ms ?? of(ours, 'page_ms')),
    first_page_ms: round(large?.first_page_ms ?? of(ours, 'first_page_ms')),
    list_ms: round(large?.worklist_ms ?? of(ours, 'worklist_ms')),
    patient_ms: round(of(ours, 'patient_ms')),
    api_peak_mb: large?.api_peak_mb ?? of(ours, 'api_peak_mb'),
    worker_peak_mb: large?.worker_peak_mb ?? of(ours, 'worker_peak_mb'),
  };
  await record(ours, theirs, result);
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

async function measure(tree: string, rows: string): Promise<Measured> {
  const { stdout } = await run(process.execPath, [MEASURE, '--rows', rows, '--explain', '3'], {
    cwd: tree,
    timeout: TIMEOUT_MS,
    maxBuffer: 1 << 24,
  });
  const line = stdout.trim().split('\n').at(-1) ?? '';
  process.stderr.write(`${tree}: ${line}\n`);
  return JSON.parse(line) as Measured;
}

async function record(
  ours: readonly Measured[],
  theirs: readonly Measured[],
  result: Record<string, number>,
): Promise<void> {
  const names = Object.keys(ours[0] ?? {}).filter(
    (name) => typeof ours[0]?.[name as keyof Measured] === 'number',
  ) as (keyof Measured)[];
  const lines = names.map(
    (name) =>
      `| ${name} | ${round(median(ours.map((one) => one[name])))} | ${round(median(theirs.map((one) => one[name])))} |\n`,
  );
  const about = [
    new Date().toISOString().slice(0, 10),
    `${options.rounds} rounds of ${options.rows} rows, three reasons`,
    machineName(),
    `load ${round(loadavg()[0] ?? NaN)}`,
    ...(options.note === '' ? [] : [options.note]),
  ];
  await appendFile(
    RESULTS,
    `\n## ${about.join(', ')}\n\n| | here | a1144e0 |\n|---|---|---|\n${lines.join('')}\n\`${JSON.stringify(result)}\`\n`,
  );
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

await main();
