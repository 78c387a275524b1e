import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';

const ROOT = path.resolve(import.meta.dirname, '..', '..');

export type CohortFile = { rows: number; format: 'csv' | 'ndjson'; seed: string };

/** Writes a synthetic cohort as `npm run cohort` prints it. Throws when the generator fails. */
export async function writeCohortFile({ rows, format, seed }: CohortFile, file: string): Promise<void> {
  const args = ['models/synthetic/main.ts', '--rows', String(rows), '--seed', seed, '--format', format];
  const generator = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(generator, 'exit');
  await pipeline(generator.stdout, createWriteStream(file));
  const [code] = await exited;
  if (code !== 0) throw new Error(`the cohort's generator ended with ${String(code)}`);
}
