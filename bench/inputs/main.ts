/**
 * `npm run bench:inputs [-- --rows 100000 --only nmrs,radet]`: the same synthetic patients in each format that the service
 * reads, from first byte to `completed` with three reasons: a stack of its own a format, one api and one worker run as
 * every deployment runs them. Appends to bench/results/inputs.md; the last line is one JSON object.
 */
import { execFile, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs, promisify } from 'node:util';
import { writeXlsx } from 'hucre/xlsx';
import { startStack } from '../pipeline/stack.ts';

const AS_OF = '2026-06-30';
const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
const RESULTS = path.join(import.meta.dirname, '..', 'results', 'inputs.md');

type Input = { name: string; args: string[]; type: string; query?: string; asWorkbook?: true };

const INPUTS: readonly Input[] = [
  { name: 'flat table, CSV', args: [], type: 'text/csv' },
  { name: 'flat table, NDJSON', args: ['--format', 'ndjson'], type: 'application/x-ndjson' },
  { name: 'RADET, CSV', args: ['--kind', 'radet'], type: 'text/csv', query: `&as_of=${AS_OF}` },
  { name: 'RADET, XLSX', args: ['--kind', 'radet'], type: XLSX, query: `&as_of=${AS_OF}`, asWorkbook: true },
  {
    name: 'RADET, three snapshots stacked',
    args: ['--kind', 'radet', '--snapshots', '3'],
    type: 'text/csv',
    query: `&as_of=${AS_OF}`,
  },
  {
    name: 'NMRS ART line list',
    args: ['--kind', 'nmrs-line-list'],
    type: 'text/csv',
    query: `&as_of=${AS_OF}`,
  },
  {
    name: 'NDR treatment line list',
    args: ['--kind', 'ndr'],
    type: 'text/csv',
    query: `&as_of=${AS_OF}`,
  },
  {
    name: 'NMRS messages',
    args: ['--kind', 'nmrs'],
    type: 'application/vnd.iit.nmrs+x-ndjson',
    query: `&as_of=${AS_OF}`,
  },
  {
    name: 'FHIR R4, Bulk NDJSON',
    args: ['--kind', 'fhir'],
    type: 'application/fhir+ndjson',
    query: `&as_of=${AS_OF}`,
  },
];

const { values: options } = parseArgs({
  options: { rows: { type: 'string', default: '100000' }, only: { type: 'string' } },
});
const wanted = options.only?.split(',');
const folder = await mkdtemp(path.join(tmpdir(), 'iit-inputs-'));
const result: Record<string, unknown> = { rows: Number(options.rows) };
const lines: string[] = [];
try {
  for (const input of INPUTS) {
    if (wanted !== undefined && !wanted.some((word) => input.name.toLowerCase().includes(word))) continue;
    const file = path.join(folder, 'input');
    await generate(input, file);
    const measured = await measure(input, file);
    result[input.name] = measured;
    console.error(input.name, JSON.stringify(measured));
    const { megabytes, seconds, upload_seconds, uploaded_per_second, scored, rejected, peak_mb } = measured;
    lines.push(
      `| ${[input.name, megabytes, upload_seconds, uploaded_per_second, seconds, scored, rejected, peak_mb.api, peak_mb.worker].join(' | ')} |`,
    );
  }
} finally {
  await rm(folder, { recursive: true });
}
await appendFile(
  RESULTS,
  `\n## ${new Date().toISOString().slice(0, 16)}, ${options.rows} patients, ${cpus().length} cores (${cpus()[0]?.model}), load ${loadavg()[0]?.toFixed(1)}

| input | MB | upload, s | patients/s taken in | to \`completed\`, s | predicted | refused | api's peak, MB | worker's peak, MB |
|---|---|---|---|---|---|---|---|---|
${lines.join('\n')}
`,
);
console.log(JSON.stringify(result));

async function generate({ args, asWorkbook }: Input, file: string): Promise<void> {
  const all = ['models/synthetic/main.ts', ...args, '--rows', options.rows, '--as-of', AS_OF];
  const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'inherit'] });
  await pipeline(child.stdout, createWriteStream(file));
  if (asWorkbook !== true) return;
  const rows = (await readFile(file, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));
  await writeFile(file, await writeXlsx({ sheets: [{ name: 'RADET', rows }] }));
}

async function measure({ name, type, query = '' }: Input, file: string) {
  await using stack = await startStack({ workers: 1, queue: 'postgres' });
  const headers = { authorization: `Bearer ${stack.key}` };
  const { size } = await stat(file);
  const startMs = performance.now();
  const job = await submit(`${stack.apiUrl}/v1/jobs?explain=3${query}`, file, {
    ...headers,
    'content-type': type,
  });
  const uploadSeconds = (performance.now() - startMs) / 1_000;
  for (;;) {
    const answer = await fetch(`${stack.apiUrl}/v1/jobs/${job.id}`, {
      headers: { ...headers, prefer: 'wait=30' },
    });
    const seen = (await answer.json()) as {
      status: string;
      rows: { received: number; scored: number; rejected: number };
    };
    if (seen.status === 'failed') throw new Error(`${name}: ${JSON.stringify(seen)}`);
    if (seen.status !== 'completed') continue;
    return {
      megabytes: Math.round(size / 1e6),
      upload_seconds: round(uploadSeconds),
      uploaded_per_second: Math.round(seen.rows.received / uploadSeconds),
      seconds: round((performance.now() - startMs) / 1_000),
      scored: seen.rows.scored,
      rejected: seen.rows.rejected,
      peak_mb: await stack.peakMemoryMb(),
    };
  }
}

/** Sends the file by curl, as the documents tell: a client written here would take a core from those who are measured. */
async function submit(url: string, file: string, headers: Record<string, string>): Promise<{ id: string }> {
  const told = Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`]);
  // `expect:` spares curl the second in which it waits for a 100 that only proxies send.
  const args = [
    '--silent',
    '--show-error',
    '--request',
    'POST',
    '--upload-file',
    file,
    '--header',
    'expect:',
    ...told,
  ];
  const { stdout } = await promisify(execFile)('curl', [...args, url]);
  const job = JSON.parse(stdout) as { id?: string };
  if (job.id === undefined) throw new Error(stdout);
  return { id: job.id };
}

function round(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}
