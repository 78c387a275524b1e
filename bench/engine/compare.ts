/**
 * LightGBM (Python, one thread) beside this engine on the same rows, in turn and in fresh processes:
 * `npm run bench:engine:compare -- [CASE_DIR…] [--rounds 5] [--no-explain]`. Writes bench/results/engine.md between its markers.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { median } from '../median.ts';
import type { Mode } from './measure.ts';

const HERE = import.meta.dirname;
const RESULTS = join(HERE, '../results/engine.md');
const BEGIN = '<!-- figures: written by npm run bench:engine:compare -->';
const END = '<!-- end of figures -->';

type Rate = {
  case: string;
  rows_per_second: number;
  mismatches?: number;
  lightgbm?: string;
  python?: string;
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    'no-explain': { type: 'boolean', default: false },
  },
});
const folders = positionals.filter((folder) => existsSync(join(folder, 'case.json')));
const rounds = Number(values.rounds);
if (folders.length === 0 || folders.length !== positionals.length || !(rounds >= 1)) {
  console.error('usage: npm run bench:engine:compare -- CASE_DIR… [--rounds 5] [--no-explain]');
  process.exit(2);
}

const python = process.env['PYTHON'] ?? 'python3';
let versions = '';

function lastJson(command: string, args: string[]): Rate {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (error !== undefined || status !== 0) {
    console.error(`${command} ${args.join(' ')} failed: ${error?.message ?? stderr.trim()}`);
    console.error('LightGBM is needed for a comparison: pip install lightgbm==4.7.0 numpy, or set PYTHON.');
    process.exit(1);
  }
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Rate;
}

function theirs(folder: string, mode: Mode): number {
  const rate = lastJson(python, [join(HERE, 'lightgbm_rate.py'), folder, mode]);
  versions = `LightGBM ${rate.lightgbm}, Python ${rate.python}`;
  return rate.rows_per_second;
}

function ours(folder: string, mode: Mode, threads: number): number {
  const args = [join(HERE, 'main.ts'), folder, '--threads', String(threads)];
  return lastJson(process.execPath, mode === 'explain' ? [...args, '--explain'] : args).rows_per_second;
}

const lines = [
  '| case | mode | LightGBM, 1 thread | this engine, 1 thread | ratio | 2 threads | to 1 thread |',
  '|---|---|---:|---:|---:|---:|---:|',
];
for (const folder of folders) {
  for (const mode of values['no-explain'] ? (['score'] as const) : (['score', 'explain'] as const)) {
    const name = (JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as { name: string }).name;
    const rates = Array.from({ length: rounds }, () => ({
      theirs: theirs(folder, mode),
      one: ours(folder, mode, 1),
      two: ours(folder, mode, 2),
    }));
    const lightgbm = median(rates.map((rate) => rate.theirs));
    const one = median(rates.map((rate) => rate.one));
    const ratio = median(rates.map((rate) => rate.one / rate.theirs));
    const two = median(rates.map((rate) => rate.two));
    const scaling = median(rates.map((rate) => rate.two / rate.one));
    lines.push(
      `| ${name} | ${mode} | ${thousands(lightgbm)} | ${thousands(one)} | **${ratio.toFixed(1)} ×** | ${thousands(two)} | ${scaling.toFixed(2)} × |`,
    );
    console.log(lines.at(-1));
  }
}

const cpu = cpus();
const text = `${BEGIN}
Rows a second; medians of ${rounds} rounds, both in fresh processes and in turn. ${new Date().toISOString().slice(0, 10)}, ${cpu.length} cores of ${cpu[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB; Node ${process.version}, ${versions}.

${lines.join('\n')}
${END}`;
const before = existsSync(RESULTS) ? readFileSync(RESULTS, 'utf8') : `# Engine\n\n${BEGIN}${END}\n`;
const [head, tail] = [before.indexOf(BEGIN), before.indexOf(END)];
writeFileSync(RESULTS, before.slice(0, head) + text + before.slice(tail + END.length));

function thousands(value: number): string {
  return Math.round(value).toLocaleString('en');
}
