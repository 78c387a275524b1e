/**
 * Rows a second of the engine on one case: `npm run bench:engine -- CASE_DIR [--explain [--top K]] [--threads N]`.
 * The last line printed is JSON. Every pass is checked against LightGBM's raw scores.
 */
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';

import { attachModel, prepareModel } from '#engine/index.ts';

import { readBenchCase, type BenchCase } from './case.ts';
import { median } from '../median.ts';
import { makePass, type Mode, type Share } from './measure.ts';

const ROUNDS = 5;
const ROUND_MS = 400;
const WARM_UP_MS = 600;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    explain: { type: 'boolean', default: false },
    top: { type: 'string', default: '0' },
    threads: { type: 'string', default: '1' },
  },
});
const threads = Number(values.threads);
const top = Number(values.top);
const folder = positionals[0];
if (folder === undefined || !(threads >= 1) || !(top >= 0)) {
  console.error('usage: npm run bench:engine -- CASE_DIR [--explain [--top K]] [--threads N]');
  process.exit(2);
}

const mode: Mode = values.explain ? 'explain' : 'score';
const bench = readBenchCase(folder);
const started = performance.now();
const prepared = prepareModel(bench.modelText, { explain: mode === 'explain' });
console.log(`parsed and prepared in ${Math.round(performance.now() - started)} ms`);
const run = threads === 1 ? runHere(bench) : runInThreads(bench);

let mismatches = await run.passes(1);
const warmUp = performance.now();
let passes = 0;
while (performance.now() - warmUp < WARM_UP_MS) {
  mismatches += await run.passes(1);
  passes += 1;
}
const passesARound = Math.max(1, Math.round((passes * ROUND_MS) / (performance.now() - warmUp)));
const rates: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const before = performance.now();
  mismatches += await run.passes(passesARound);
  rates.push((bench.rowCount * passesARound * 1000) / (performance.now() - before));
}
await run.stop();
console.log(
  JSON.stringify({
    case: bench.name,
    rows_per_second: Math.round(median(rates)),
    threads,
    mode,
    mismatches,
  }),
);
process.exitCode = mismatches === 0 ? 0 : 1;

type Run = { passes(count: number): Promise<number>; stop(): Promise<void> };

function shareOf(bench: BenchCase, first: number, last: number): Share {
  const { featureCount, outputCount } = bench;
  return {
    rows: bench.rows.subarray(first * featureCount, last * featureCount),
    raw: bench.raw.subarray(first * outputCount, last * outputCount),
    featureCount,
    outputCount,
    mode,
    top,
  };
}

function runHere(bench: BenchCase): Run {
  const pass = makePass(attachModel(prepared), shareOf(bench, 0, bench.rowCount));
  return {
    async passes(count) {
      let different = 0;
      for (let made = 0; made < count; made++) {
        different += pass();
      }
      return different;
    },
    async stop() {},
  };
}

function runInThreads(bench: BenchCase): Run {
  const workers = Array.from({ length: threads }, (_, thread) => {
    const first = Math.floor((bench.rowCount * thread) / threads);
    const last = Math.floor((bench.rowCount * (thread + 1)) / threads);
    return new Worker(new URL('thread.ts', import.meta.url), {
      workerData: { prepared, share: shareOf(bench, first, last) },
    });
  });
  return {
    async passes(count) {
      const answers = workers.map(
        (worker) =>
          new Promise<number>((resolve, reject) => {
            const failed = (error: Error): void => reject(error);
            worker.once('error', failed);
            worker.once('message', (different: number) => {
              worker.off('error', failed);
              resolve(different);
            });
            worker.postMessage(count);
          }),
      );
      return (await Promise.all(answers)).reduce((sum, different) => sum + different, 0);
    },
    async stop() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
