/**
 * What workbooks cost: `npm run bench:workbooks -- [--rows N] [--rounds R]`. A line list as Excel writes it (91 columns,
 * strings behind the sheet) by this service's reader and by hucre's, and small files that unpack to hundreds of megabytes by
 * this service's. Each pass is a process of its own. Appends to bench/results/workbooks.md.
 */
import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { appendFile, mkdtemp, rm, stat } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { parseArgs, promisify } from 'node:util';
import { streamXlsxRows } from 'hucre/xlsx';
import { readWorkbook } from '#api/ingest/workbook/read-workbook.ts';
import { machineName } from './machine.ts';
import { median } from './median.ts';
import { writeSamples } from './workbooks/samples.ts';

type Pass = { rows: number; answer: string; seconds: number; cpuSeconds: number; grownMb: number };

const RESULTS = path.join(import.meta.dirname, 'results', 'workbooks.md');
const MIB = 1024 ** 2;
const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '3' },
    reader: { type: 'string' },
    file: { type: 'string' },
  },
});

if (options.reader === undefined) await compare(Number(options.rows), Number(options.rounds));
else process.stdout.write(JSON.stringify(await runOne(options.reader, options.file ?? '')));

/** In a child. Idle is the process with everything loaded and nothing read. */
async function runOne(reader: string, file: string): Promise<Pass> {
  const idleBytes = process.memoryUsage.rss();
  let mostBytes = idleBytes;
  const watch = setInterval(() => {
    mostBytes = Math.max(mostBytes, process.memoryUsage.rss());
  }, 5);
  const since = performance.now();
  const cpu = process.cpuUsage();
  let rows = 0;
  let answer = 'read';
  try {
    if (reader === 'ours') await readWorkbook(createReadStream(file), { onRow: () => void rows++ });
    else
      for await (const _ of streamXlsxRows(
        Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array>,
      ))
        rows++;
  } catch (error) {
    answer = (error as { code?: string }).code ?? String(error);
  }
  clearInterval(watch);
  const { user, system } = process.cpuUsage(cpu);
  return {
    rows,
    answer,
    seconds: (performance.now() - since) / 1_000,
    cpuSeconds: (user + system) / 1e6,
    grownMb: (mostBytes - idleBytes) / MIB,
  };
}

async function compare(rows: number, rounds: number): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'iit-workbooks-'));
  try {
    const lines: string[] = [];
    for (const sample of await writeSamples(folder, rows)) {
      const megabytes = (await stat(sample.file)).size / 1e6;
      const passes = new Map<string, Pass[]>(sample.readers.map((reader) => [reader, []]));
      for (let round = 0; round < rounds; round++)
        for (const reader of sample.readers) passes.get(reader)?.push(await inChild(reader, sample.file));
      for (const [reader, all] of passes) {
        const of = (pick: (pass: Pass) => number) => median(all.map(pick));
        lines.push(
          `| ${sample.name} | ${megabytes.toFixed(1)} | ${reader} | ${all[0]?.answer ?? ''} | ${all[0]?.rows ?? 0} | ${of((one) => one.seconds).toFixed(2)} | ${of((one) => one.cpuSeconds).toFixed(2)} | ${of((one) => one.grownMb).toFixed(0)} |`,
        );
        process.stdout.write(`${lines.at(-1)}\n`);
      }
    }
    await appendFile(
      RESULTS,
      `\n## ${new Date().toISOString().slice(0, 10)}, ${machineName()}, load ${loadavg()[0]?.toFixed(0) ?? ''}\n\n\`npm run bench:workbooks -- --rows ${rows} --rounds ${rounds}\`, medians\n\n| file | MB | reader | answer | rows | s | s of CPU | MB above idle |\n|---|---|---|---|---|---|---|---|\n${lines.join('\n')}\n`,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function inChild(reader: string, file: string): Promise<Pass> {
  const script = import.meta.filename;
  const { stdout } = await promisify(execFile)(process.execPath, [
    script,
    '--reader',
    reader,
    '--file',
    file,
  ]);
  return JSON.parse(stdout) as Pass;
}
