import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import { expect, test } from 'vitest';

import type { FastImage } from '#engine/fast/scorer.ts';
import { attachModel, EngineError, loadModel, prepareModel, type LightGbmModel } from '#engine/index.ts';
import { differences, readCase, readDoubleFile } from '#test/golden/cases.ts';

const GOLDEN = join(import.meta.dirname, '../golden');
const binary = readCase(join(GOLDEN, 'binary_nan'));
const rows = readDoubleFile(binary.folder, 'rows.f64');

function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof EngineError) {
      return error.code;
    }
    throw error;
  }
  return 'none';
}

test.each(['binary_nan', 'categorical', 'linear_tree', 'multiclass_3', 'wide_ranks'])(
  '%s: a prepared model answers as a loaded one',
  (name) => {
    const golden = readCase(join(GOLDEN, name));
    expect(differences(attachModel(prepareModel(golden.modelText)), golden)).toEqual([]);
  },
);

test('threads share one prepared model at the same time, and get the same bits', async () => {
  const prepared = prepareModel(binary.modelText);
  const source = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(workerData.engine).then(({ attachModel }) => {
      const model = attachModel(workerData.prepared);
      let raw;
      for (let pass = 0; pass < 200; pass++) raw = model.predict(workerData.rows, { raw: true });
      const top = model.topReasons(workerData.rows, { k: 2 });
      parentPort.postMessage({ raw, features: top.features });
    });`;
  const answers = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const worker = new Worker(source, {
        eval: true,
        workerData: { prepared, rows, engine: new URL('../../engine/index.ts', import.meta.url).href },
      });
      try {
        return await new Promise<{ raw: Float64Array; features: Int32Array }>((resolve, reject) => {
          worker.once('message', resolve);
          worker.once('error', reject);
        });
      } finally {
        await worker.terminate();
      }
    }),
  );
  const here = loadModel(binary.modelText);
  for (const answer of answers) {
    expect(answer.raw).toEqual(readDoubleFile(binary.folder, 'raw.f64'));
    expect(answer.features).toEqual(here.topReasons(rows, { k: 2 }).features);
  }
});

test('working memory is given back: many calls do not grow the shared memory', () => {
  const prepared = prepareModel(binary.modelText, { explain: false });
  const model = attachModel(prepared);
  model.predict(rows);
  const { memory } = prepared.fast as FastImage;
  const before = memory.buffer.byteLength;
  for (let call = 0; call < 50; call++) {
    model.predict(rows);
    attachModel(prepared).predict(rows);
  }
  expect(memory.buffer.byteLength).toBe(before);
});

test('anything but a prepared model is refused', () => {
  expect(codeOf(() => attachModel({} as never))).toBe('image_invalid');
});

test('predictions go where the caller says', () => {
  const model = loadModel(binary.modelText);
  const out = new Float64Array(binary.rows + 5).fill(7);
  expect(model.predict(rows, { out })).toBe(out);
  expect([...out.subarray(binary.rows)]).toEqual([7, 7, 7, 7, 7]);
});

test('no rows give no answers', () => {
  const model = loadModel(binary.modelText);
  const none = new Float64Array(0);
  expect(model.predict(none)).toHaveLength(0);
  expect(model.predictLeaf(none)).toHaveLength(0);
  expect(model.predictContrib(none)).toHaveLength(0);
  expect(model.topReasons(none).features).toHaveLength(0);
});

test.each<[string, (model: LightGbmModel) => unknown]>([
  ['rows that are not whole', (model) => model.predict(new Float64Array(binary.features + 1))],
  ['a column too few', (model) => model.predictColumns([new Float64Array(3)])],
  ['columns of unequal length', (model) => model.predictColumns(columnsOf([4, 4, 4, 4, 4, 4, 4, 5]))],
  ['out that is too short', (model) => model.predict(rows, { out: new Float64Array(3) })],
  ['half an iteration', (model) => model.predict(rows, { numIteration: 1.5 })],
  ['no reasons', (model) => model.topReasons(rows, { k: 0 })],
  ['an output that is not there', (model) => model.topReasons(rows, { output: 1 })],
])('%s: refused as an invalid argument', (_, call) => {
  expect(codeOf(() => call(loadModel(binary.modelText)))).toBe('invalid_argument');
});

test('linear trees have no contributions, and say so', () => {
  const linear = readCase(join(GOLDEN, 'linear_tree'));
  expect(codeOf(() => loadModel(linear.modelText).predictContrib(rows))).toBe('contributions_unavailable');
});

test.each(['auto', 'reference'] as const)(
  'reasons of the %s explainer are the largest contributions',
  (explainer) => {
    const model = loadModel(binary.modelText, { explainer });
    const width = model.featureCount + 1;
    const contributions = model.predictContrib(rows);
    for (const direction of ['either', 'raising', 'lowering'] as const) {
      const top = model.topReasons(rows, { k: 3, direction });
      const size = (value: number): number =>
        direction === 'either' ? Math.abs(value) : direction === 'raising' ? value : -value;
      for (let row = 0; row < binary.rows; row++) {
        const sizes = [...contributions.subarray(row * width, row * width + model.featureCount)].map(size);
        const largest = sizes.toSorted((left, right) => right - left).slice(0, 3);
        const found = [...top.contributions.subarray(row * 3, row * 3 + 3)].map(size);
        for (let place = 0; place < 3; place++) {
          const expected = Math.max(0, largest[place]!);
          expect(Math.abs(found[place]! - expected)).toBeLessThan(1e-10);
          const feature = top.features[row * 3 + place]!;
          expect(feature === -1 ? 0 : Math.abs(sizes[feature]! - found[place]!)).toBeLessThan(1e-10);
        }
      }
    }
  },
);

function columnsOf(lengths: readonly number[]): Float64Array[] {
  return lengths.map((length) => new Float64Array(length));
}
