/**
 * Cohort parsers side by side: `npm run bench:parsers -- [--rows N] [--rounds R]`. Each pass is a process of its own,
 * the order turns round from round to round, and every reading must agree. Appends to bench/results/parsers.md.
 */
import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { loadManifest } from '#shared/models/manifest.ts';
import { median } from './median.ts';
import { type CohortFormat, CONTESTANTS, type Read } from './parsers/contestants.ts';
import { writeCohortFile } from './pipeline/cohort-file.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const RESULTS = path.join(ROOT, 'bench', 'results', 'parsers.md');
const FORMATS: readonly CohortFormat[] = ['csv', 'ndjson', 'json'];
/** A process's first pass is the compiler's; the job of a large cohort is mostly later ones. */
const PASSES = 3;

type Pass = Read & { bytes: number; cpuSeconds: number; seconds: number; peakMb: number };

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '200000' },
    rounds: { type: 'string', default: '3' },
    contestant: { type: 'string' },
    file: { type: 'string' },
  },
});

if (options.contestant === undefined) await compare(Number(options.rows), Number(options.rounds));
else process.stdout.write(JSON.stringify(await runOne(Number(options.contestant), options.file ?? '')));

/** In a child: reads the file PASSES times and tells of the best. */
async function runOne(index: number, file: string): Promise<Pass> {
  const contestant = CONTESTANTS[index];
  if (contestant === undefined) throw new Error(`there is no contestant ${index}`);
  const manifest = loadManifest(
    await readFile(path.join(ROOT, 'models/iit_lightgbm_model.manifest.json'), 'utf8'),
  );
  const data = await readFile(file);
  let best: Pass | undefined;
  for (let pass = 0; pass < PASSES; pass++) {
    const cpu = process.cpuUsage();
    const startedMs = performance.now();
    const read = await contestant.read(data, manifest);
    const seconds = (performance.now() - startedMs) / 1_000;
    const used = process.cpuUsage(cpu);
    const cpuSeconds = (used.user + used.system) / 1e6;
    if (best === undefined || cpuSeconds < best.cpuSeconds) {
      best = { ...read, bytes: data.length, cpuSeconds, seconds, peakMb: 0 };
    }
  }
  const peakMb = (process.resourceUsage().maxRSS * 1024 - data.length) / 1e6;
  return { ...(best as Pass), peakMb };
}

async function compare(rows: number, rounds: number): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'iit-bench-parsers-'));
  try {
    const files = await writeCohorts(rows, folder);
    const passes = CONTESTANTS.map((): Pass[] => []);
    for (let round = 0; round < rounds; round++) {
      const order = [...CONTESTANTS.keys()];
      for (const index of round % 2 === 0 ? order : order.toReversed()) {
        const contestant = CONTESTANTS[index]!;
        const pass = await inChild(index, files[contestant.format]);
        const agreed = passes.find(
          (found, other) => CONTESTANTS[other]!.format === contestant.format && found.length > 0,
        );
        if (agreed !== undefined && !agree(agreed[0]!, pass))
          throw new Error(
            `${contestant.name} read ${JSON.stringify(pass)} where others read ${JSON.stringify(agreed[0])}`,
          );
        passes[index]!.push(pass);
      }
    }
    const report = render(rows, rounds, passes);
    await appendFile(RESULTS, report);
    process.stdout.write(report);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Sums differ in their last places: columns are added up in another order. */
function agree(one: Read, other: Read): boolean {
  return one.rows === other.rows && Math.abs(one.sum - other.sum) <= 1e-9 * Math.abs(one.sum);
}

async function writeCohorts(rows: number, folder: string): Promise<Record<CohortFormat, string>> {
  const files = { csv: '', ndjson: '', json: '' };
  for (const format of ['csv', 'ndjson'] as const) {
    files[format] = path.join(folder, `cohort.${format}`);
    await writeCohortFile({ rows, format, seed: '1' }, files[format]);
  }
  files.json = path.join(folder, 'cohort.json');
  const lines = (await readFile(files.ndjson, 'utf8')).trimEnd().replaceAll('\n', ',\n');
  await appendFile(files.json, `[${lines}]\n`);
  return files;
}

async function inChild(index: number, file: string): Promise<Pass> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['bench/parsers.ts', '--contestant', String(index), '--file', file],
    { cwd: ROOT },
  );
  return JSON.parse(stdout) as Pass;
}

function render(rows: number, rounds: number, passes: readonly Pass[][]): string {
  const cpu = cpus()[0]?.model ?? 'unknown CPU';
  const lines = FORMATS.flatMap((format) => {
    const first = CONTESTANTS.findIndex((contestant) => contestant.format === format);
    const own = median(passes[first]!.map(({ cpuSeconds }) => cpuSeconds));
    return CONTESTANTS.flatMap((contestant, index) => {
      if (contestant.format !== format) return [];
      const of = (value: (pass: Pass) => number) => median(passes[index]!.map(value));
      const cpuSeconds = of((pass) => pass.cpuSeconds);
      const cells = [
        format,
        contestant.name,
        (of((pass) => pass.bytes) / 1e6 / cpuSeconds).toFixed(0),
        (of((pass) => pass.bytes) / 1e6 / of((pass) => pass.seconds)).toFixed(0),
        Math.round(rows / cpuSeconds / 1_000).toLocaleString('en'),
        of((pass) => pass.peakMb).toFixed(0),
        (cpuSeconds / own).toFixed(1),
      ];
      return [`| ${cells.join(' | ')} |`];
    });
  });
  return `
## ${new Date().toISOString().slice(0, 10)}: ${rows.toLocaleString('en')} rows, Node ${process.version}, ${cpu}

Medians of ${rounds} processes each.

| format | parser | MB/s of CPU | MB/s | thousand rows/s of CPU | peak MB without the file | time, ours = 1 |
|---|---|---|---|---|---|---|
${lines.join('\n')}
`;
}
