import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';

const BLOCK_LENGTH = 1 << 16;
const ROOT = path.resolve(import.meta.dirname, '..', '..');

export type CohortFile = {
  rows: number;
  format: 'csv' | 'ndjson';
  seed: string;
  /** Of a CSV, whose cells have no quotes; all of them where it is left out. */
  columns?: readonly string[];
};

/** Writes a synthetic cohort as `npm run cohort` prints it. Throws when the generator fails. */
export async function writeCohortFile(
  { rows, format, seed, columns }: CohortFile,
  file: string,
): Promise<void> {
  const args = ['models/synthetic/main.ts', '--rows', String(rows), '--seed', seed, '--format', format];
  const generator = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(generator, 'exit');
  const target = createWriteStream(file);
  if (columns === undefined) await pipeline(generator.stdout, target);
  else await pipeline(createInterface({ input: generator.stdout }), only(columns), target);
  const [code] = await exited;
  if (code !== 0) throw new Error(`the cohort's generator ended with ${String(code)}`);
}

/** The lines with some of their columns; lines of remarks before the head stay out. */
function only(columns: readonly string[]) {
  return async function* (lines: AsyncIterable<string>): AsyncGenerator<string> {
    let places: number[] | undefined;
    let block = '';
    for await (const line of lines) {
      if (line.startsWith('#')) continue;
      const cells = line.split(',');
      places ??= columns.map((column) => cells.indexOf(column)).filter((place) => place >= 0);
      block += `${places.map((place) => cells[place]).join(',')}\n`;
      if (block.length < BLOCK_LENGTH) continue;
      yield block;
      block = '';
    }
    yield block;
  };
}
