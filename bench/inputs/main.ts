/**
 * `npm run bench:inputs [-- --rows 100000]`: the same synthetic patients as NMRS messages, as a RADET line list and as the
 * flat table, each from first byte to `completed`, through one api and one worker. The last line is one JSON object.
 */
import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { parseArgs } from 'node:util';
import { startStack } from '../pipeline/stack.ts';

const { values: options } = parseArgs({ options: { rows: { type: 'string', default: '100000' } } });
const AS_OF = '2026-06-30';
const INPUTS = [
  { name: 'flat', args: [], type: 'text/csv', query: '' },
  {
    name: 'nmrs',
    args: ['--kind', 'nmrs'],
    type: 'application/vnd.iit.nmrs+x-ndjson',
    query: `&as_of=${AS_OF}`,
  },
  { name: 'radet', args: ['--kind', 'radet'], type: 'text/csv', query: `&as_of=${AS_OF}&source=radet` },
];

await using stack = await startStack({ workers: 1, queue: 'postgres' });
const headers = { authorization: `Bearer ${stack.key}` };
const result: Record<string, unknown> = { rows: Number(options.rows) };
for (const { name, args, type, query } of INPUTS) {
  const body = await generated([...args, '--rows', options.rows, '--as-of', AS_OF]);
  const startMs = performance.now();
  const accepted = await fetch(`${stack.apiUrl}/v1/jobs?explain=3${query}`, {
    method: 'POST',
    headers: { ...headers, 'content-type': type },
    body,
  });
  const job = (await accepted.json()) as { id: string; status: string };
  if (accepted.status !== 202) throw new Error(`${name}: ${JSON.stringify(job)}`);
  for (;;) {
    const answer = await fetch(`${stack.apiUrl}/v1/jobs/${job.id}`, {
      headers: { ...headers, prefer: 'wait=30' },
    });
    const seen = (await answer.json()) as {
      status: string;
      rows: { scored: number; rejected: number };
      warnings: { absent_features: string[] };
    };
    if (seen.status === 'completed') {
      const seconds = (performance.now() - startMs) / 1_000;
      result[name] = {
        megabytes: Math.round(body.length / 1e6),
        seconds: Math.round(seconds * 100) / 100,
        rows_per_second: Math.round(seen.rows.scored / seconds),
        scored: seen.rows.scored,
        rejected: seen.rows.rejected,
        absent_features: seen.warnings.absent_features.length,
      };
      console.error(name, JSON.stringify(result[name]));
      break;
    }
  }
}
result['peak_mb'] = await stack.peakMemoryMb();
console.log(JSON.stringify(result));

async function generated(args: string[]): Promise<Buffer> {
  const child = spawn('node', ['models/synthetic/main.ts', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const parts: Buffer[] = [];
  for await (const part of Readable.from(child.stdout)) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
