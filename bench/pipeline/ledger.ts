/**
 * `npm run bench:ledger -- --base DIR [--rounds 3] [--rows 1000000] [--large 5000000] [--nights 365] [--note "…"]`: the budgets of the
 * ledger. This tree and a worktree of the release before scores were pages (`git worktree add DIR a1144e0`, with `npm ci`) score the same
 * cohort by the same model in turn, fresh stacks, the order turned from round to round; so does bench/peer/pipeline.py (PYTHON names an
 * interpreter with bench/peer/requirements.txt; without one it is not measured). Then, on this tree alone: one job of `--large` rows for memory and pages, and
 * bench/pipeline/ledger-scenes.ts. 0 leaves one out. Appends to bench/results/ledger.md; the last line is one JSON object: ratios
 * of medians, null where nothing was measured.
 */
import { execFile } from 'node:child_process';
import { appendFile, copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { machineName } from '../machine.ts';
import { median } from '../median.ts';
import { startPostgres } from '#dev/local-services/postgres-server.ts';
import { writeCohortFile } from './cohort-file.ts';
import { manifestFor } from './manifest-for.ts';
import { createMigrated, POSTGRES_SETTINGS } from './stack.ts';

const run = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, '..', '..');
const RESULTS = path.join(ROOT, 'bench', 'results', 'ledger.md');
const MEASURE = 'bench/pipeline/ledger-measure.ts';
const MODEL = 'models/iit_lightgbm_model.txt';
const TIMEOUT_MS = 3_600_000;
const EXPLAIN = '3';

const { values: options } = parseArgs({
  options: {
    base: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    rows: { type: 'string', default: '1000000' },
    large: { type: 'string', default: '5000000' },
    nights: { type: 'string', default: '365' },
    'night-rows': { type: 'string', default: '1600000' },
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
type Scenes = { patient_ms: number | null; erase_seconds: number; checkpoint_ms: number };
type Result = Record<string, number | null>;

async function main(): Promise<void> {
  if (options.base === undefined) throw new Error('--base names a worktree of a1144e0.');
  const base = path.resolve(options.base);
  const copied = path.join(base, MEASURE);
  const folder = await mkdtemp(path.join(tmpdir(), 'iit-ledger-'));
  const [ours, theirs, peer]: [Measured[], Measured[], number[]] = [[], [], []];
  try {
    await copyFile(path.join(ROOT, MEASURE), copied);
    const file = path.join(folder, 'cohort.csv');
    // What the model looks at and no column more: the tree of before refuses others.
    const columns = ['patient_id', 'facility_id', 'due_date', ...(await modelFeatures())];
    await writeCohortFile({ rows: Number(options.rows), format: 'csv', seed: '1', columns }, file);
    const old = path.join(folder, path.basename(MODEL));
    await copyFile(path.join(ROOT, MODEL), old);
    await writeFile(old.replace(/txt$/u, 'manifest.json'), await manifestFor(ROOT, base));
    const python = await interpreter();
    const contestants = [
      async () => void ours.push(await measure(ROOT, { file, model: path.join(ROOT, MODEL) })),
      async () => void theirs.push(await measure(base, { file, model: old })),
      async () => void (python !== undefined && peer.push(await peerSeconds(python, file))),
    ];
    for (let round = 0; round < Number(options.rounds); round++) {
      for (let turn = 0; turn < contestants.length; turn++) {
        await contestants[(turn + round) % contestants.length]?.();
      }
    }
    const large = Number(options.large) > 0 ? await measureLarge(folder) : undefined;
    const scenes = await measureScenes();
    const result = resultOf(ours, theirs, peer, large, scenes);
    await record(ours, theirs, peer, result);
    process.stdout.write(`${JSON.stringify(result)}\n`);
  } finally {
    await rm(copied, { force: true });
    await rm(folder, { recursive: true, force: true });
  }
}

function resultOf(
  ours: readonly Measured[],
  theirs: readonly Measured[],
  peer: readonly number[],
  large: Measured | undefined,
  scenes: Scenes,
): Result {
  const of = (runs: readonly Measured[], name: keyof Measured) => median(runs.map((one) => one[name]));
  const ratio = (name: keyof Measured) => round(of(ours, name) / of(theirs, name));
  const largest = (name: keyof Measured) => round(large?.[name] ?? of(ours, name));
  return {
    wall_ratio: ratio('wall_seconds'),
    cpu_ratio: ratio('cpu_seconds'),
    peer_ratio: peer.length === 0 ? null : round(of(ours, 'wall_seconds') / median(peer)),
    bytes_per_row: round(of(ours, 'bytes_per_row')),
    wal_per_row: round(of(ours, 'wal_per_row')),
    stream_ratio: Math.min(ratio('csv_rows_per_cpu_second'), ratio('ndjson_rows_per_cpu_second')),
    page_ms: largest('page_ms'),
    first_page_ms: largest('first_page_ms'),
    list_ms: largest('worklist_ms'),
    patient_ms: scenes.patient_ms,
    api_peak_mb: largest('api_peak_mb'),
    worker_peak_mb: largest('worker_peak_mb'),
    erase_seconds: scenes.erase_seconds,
    checkpoint_ms: scenes.checkpoint_ms,
  };
}

async function modelFeatures(): Promise<string[]> {
  const text = await readFile(path.join(ROOT, MODEL.replace(/txt$/u, 'manifest.json')), 'utf8');
  return (JSON.parse(text) as { features: { name: string }[] }).features.map(({ name }) => name);
}

type Given = { file: string; model: string };

async function measure(tree: string, { file, model }: Given, rows = options.rows): Promise<Measured> {
  const args = ['--rows', rows, '--explain', EXPLAIN, '--file', file, '--model', model];
  return (await lastLine(MEASURE, args, tree)) as Measured;
}

async function measureLarge(folder: string): Promise<Measured> {
  const file = path.join(folder, 'large.csv');
  await writeCohortFile({ rows: Number(options.large), format: 'csv', seed: '2' }, file);
  return await measure(ROOT, { file, model: path.join(ROOT, MODEL) }, options.large);
}

async function measureScenes(): Promise<Scenes> {
  const args = ['--nights', options.nights, '--night-rows', options['night-rows']];
  return (await lastLine('bench/pipeline/ledger-scenes.ts', args, ROOT)) as Scenes;
}

/** The JSON object that a script prints last, run in a tree; told on standard error too. */
async function lastLine(script: string, args: readonly string[], tree: string): Promise<unknown> {
  const { stdout } = await run(process.execPath, [script, ...args], {
    cwd: tree,
    timeout: TIMEOUT_MS,
    maxBuffer: 1 << 24,
  });
  const line = stdout.trim().split('\n').at(-1) ?? '';
  process.stderr.write(`${tree} ${script}: ${line}\n`);
  return JSON.parse(line);
}

async function interpreter(): Promise<string | undefined> {
  const python = process.env['PYTHON'] ?? 'python3';
  try {
    await run(python, ['-c', 'import lightgbm, numpy, pandas, psycopg']);
    return python;
  } catch {
    process.stderr.write(
      `the peer is not measured: ${python} has not what bench/peer/requirements.txt names\n`,
    );
    return undefined;
  }
}

/** The peer has no service around it: a PostgreSQL with the same settings, and its own script. */
async function peerSeconds(python: string, file: string): Promise<number> {
  await using postgres = await startPostgres({ settings: POSTGRES_SETTINGS });
  await createMigrated(postgres, 'peer');
  const args = ['bench/peer/pipeline.py', file, MODEL, postgres.url('peer')];
  const { stdout } = await run(python, args, { cwd: ROOT, timeout: TIMEOUT_MS });
  const line = stdout.trim().split('\n').at(-1) ?? '';
  process.stderr.write(`peer: ${line}\n`);
  return (JSON.parse(line) as { seconds: number }).seconds;
}

async function record(
  ours: readonly Measured[],
  theirs: readonly Measured[],
  peer: readonly number[],
  result: Result,
): Promise<void> {
  const names = Object.keys(ours[0] ?? {}).filter(
    (name) => typeof ours[0]?.[name as keyof Measured] === 'number',
  ) as (keyof Measured)[];
  const lines = names.map((name) => {
    const [here, there] = [ours, theirs].map((runs) => round(median(runs.map((one) => one[name]))));
    const beside = name === 'wall_seconds' && peer.length > 0 ? round(median(peer)) : '';
    return `| ${name} | ${here} | ${there} | ${beside} |\n`;
  });
  const about = [
    new Date().toISOString().slice(0, 10),
    `${options.rounds} rounds of ${options.rows} rows, three reasons`,
    `then ${options.large} rows, ${options.nights} nights of ${options['night-rows']}`,
    machineName(),
    `load ${round(loadavg()[0] ?? NaN)}`,
    ...(options.note === '' ? [] : [options.note]),
  ];
  const head = await readFile(RESULTS, 'utf8').catch(() => INTRODUCTION);
  if (head === INTRODUCTION) await writeFile(RESULTS, INTRODUCTION);
  await appendFile(
    RESULTS,
    `\n## ${about.join(', ')}\n\n| | here | a1144e0 | peer |\n|---|---|---|---|\n${lines.join('')}\n\`${JSON.stringify(result)}\`\n`,
  );
}

const INTRODUCTION = `# The ledger: pages against rows

\`npm run bench:ledger -- --base DIR\`: the same cohort and the same model through this tree and through a1144e0, which kept a row a patient, in
turn; medians. Peer: bench/peer/pipeline.py, pandas and LightGBM without reasons, the service or the audit's hashes. The line below each table has the
ratios, and what was measured on this tree alone: pages, a facility's list and memory of the large job; one patient over all nights; one patient
erased from a million rows in 60 jobs; a checkpoint signed on a log over a billion rows.
`;

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

await main();
