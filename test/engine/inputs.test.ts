import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { EngineError, loadModel, loadModelFrom, type PredictOptions, type Rows } from '#engine/index.ts';
import { readCase, readDoubleFile } from '#test/golden/cases.ts';

const golden = readCase(join(import.meta.dirname, '../golden/binary_nan'));
const values = readDoubleFile(golden.folder, 'rows.f64');
const model = loadModel(golden.modelText);
const width = golden.features;
const raw = model.predict(values, { raw: true });
const names = model.features.map(({ name }) => name);
const arrays = Array.from({ length: golden.rows }, (_, row) => [
  ...values.subarray(row * width, (row + 1) * width),
]);
const columns = names.map((_, feature) => Float64Array.from(arrays, (row) => row[feature]!));

function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return error instanceof EngineError ? error.code : String(error);
  }
  return 'an answer';
}

describe('rows give the same bits however they come', () => {
  test.each<[string, Rows]>([
    ['arrays of numbers', arrays],
    ['typed arrays', arrays.map((row) => Float64Array.from(row))],
    [
      'objects by name, missing values left out',
      arrays.map((row) =>
        Object.fromEntries(
          row
            .map((value, at) => [names[at]!, value] as const)
            .filter(([, value]) => !Number.isNaN(value))
            .toReversed(),
        ),
      ),
    ],
    ['arrays with null for missing', arrays.map((row) => row.map((one) => (Number.isNaN(one) ? null : one)))],
  ])('%s', (_, rows) => {
    expect(model.predict(rows, { raw: true })).toEqual(raw);
  });

  test('columns as arrays, by name, and as vectors that hand values out', () => {
    const vectors = columns.map((column) => ({
      length: column.length,
      get: (at: number) => (Number.isNaN(column[at]) ? null : column[at]),
    }));
    expect(model.predictColumns(columns, { raw: true })).toEqual(raw);
    expect(model.predictColumns(vectors, { raw: true })).toEqual(raw);
    const byName = Object.fromEntries(names.map((name, at) => [name, columns[at]!]));
    expect(model.predictColumns(byName, { raw: true })).toEqual(raw);
  });

  test('one row and a few rows equal the same rows among many', () => {
    for (const count of [1, 2, 5, 6, 7, 8, 9]) {
      const some = model.predict(values.subarray(0, count * width), { raw: true });
      expect(some).toEqual(raw.subarray(0, count));
    }
  });
});

test.each<[string, () => unknown]>([
  ['a Buffer of doubles', () => model.predict(Buffer.from(values.buffer) as never)],
  ['bytes', () => model.predict(new Uint8Array(width) as never)],
  ['a DataView', () => model.predict(new DataView(values.buffer) as never)],
  ['numbers without rows', () => model.predict([1, 2, 3] as never)],
  ['a row too short', () => model.predict([[1, 2]])],
  ['a row of bytes', () => model.predict([Buffer.alloc(width)] as never)],
  ['a feature that is not there', () => model.predict([{ astrology: 1 }])],
  ['text for a number', () => model.predict([{ [names[0]!]: 'many' }])],
  ['nothing', () => model.predict(undefined as never)],
  ['a Float32Array to write to', () => model.predict(values, { out: new Float32Array(999) as never })],
  ['an array to write to', () => model.predict(values, { out: [] as never })],
  ['options that are none', () => model.predict(values, 'raw' as never)],
  ['raw that is no boolean', () => model.predict(values, { raw: 'yes' as never })],
  ['NaN where it is refused', () => model.predict(values, { nan: 'refuse' })],
  ['a Buffer column', () => model.predictColumns(columns.map(() => Buffer.alloc(8)) as never)],
  ['a direction that is none', () => model.topReasons(values, { direction: 'up' as never })],
  ['raw scores that are no doubles', () => model.transform([1] as never)],
  ['a model of numbers', () => loadModel(7 as never)],
  ['half a frequency', () => model.predict(values, { earlyStop: { frequency: 0.5, margin: 1 } })],
])('%s: refused as an invalid argument', (_, call) => {
  expect(codeOf(call)).toBe('invalid_argument');
});

test('text is encoded by the categories that pandas kept; what training did not know is missing', () => {
  const text = readCase(join(import.meta.dirname, '../golden/categorical')).modelText;
  const plain = loadModel(text);
  const categorical = plain.features.filter(({ kind }) => kind === 'categorical');
  const lists = categorical.map(({ index }) => Array.from({ length: 200 }, (_, code) => `c${index}-${code}`));
  const labelled = loadModel(
    text.replace(/pandas_categorical:.*/, '') + `\npandas_categorical:${JSON.stringify(lists)}\n`,
  );
  expect(labelled.pandasCategories).toEqual(lists);
  const rows = Array.from({ length: 40 }, (_, row) => plain.features.map((_, at) => (row * 7 + at * 3) % 12));
  const told = rows.map((row) =>
    row.map((value, at) => (categorical.some(({ index }) => index === at) ? `c${at}-${value}` : value)),
  );
  expect(labelled.predict(told)).toEqual(plain.predict(rows));
  const unknown = rows.map((row) => row.map((value, at) => (at === categorical[0]!.index ? NaN : value)));
  const strange = told.map((row) =>
    row.map((value, at) => (at === categorical[0]!.index ? 'elsewhere' : value)),
  );
  expect(labelled.predict(strange)).toEqual(plain.predict(unknown));
});

test('bytes, a Blob and streams load the same model', async () => {
  const bytes = new TextEncoder().encode(golden.modelText);
  const pieces = (): ReadableStream<Uint8Array> =>
    new ReadableStream({
      start(controller) {
        for (let at = 0; at < bytes.length; at += 999) controller.enqueue(bytes.subarray(at, at + 999));
        controller.close();
      },
    });
  for (const source of [bytes, new Blob([bytes]), pieces(), new Response(pieces())]) {
    expect((await loadModelFrom(source)).predict(values, { raw: true })).toEqual(raw);
  }
  await expect(loadModelFrom(pieces(), { limits: { maxBytes: 2000 } })).rejects.toThrow(/maxBytes/);
});

test.each<[string, Parameters<typeof loadModel>[1]]>([
  ['maxBytes', { limits: { maxBytes: 100 } }],
  ['maxTrees', { limits: { maxTrees: 2 } }],
  ['maxLeaves', { limits: { maxLeaves: 3 } }],
  ['maxTotalLeaves', { limits: { maxTotalLeaves: 20 } }],
  ['maxDepth', { limits: { maxDepth: 2 } }],
  ['maxFeatures', { limits: { maxFeatures: 3 } }],
])('%s: a model beyond the limit is refused before it is built', (name, options) => {
  expect(codeOf(() => loadModel(golden.modelText, options))).toBe('limit_exceeded');
  expect(() => loadModel(golden.modelText, options)).toThrow(name);
});

test('a leaf that is no finite number is refused by name where the caller wants that', () => {
  const spoiled = golden.modelText.replace(/^leaf_value=\S+/m, 'leaf_value=nan');
  expect(codeOf(() => loadModel(spoiled, { nonFiniteLeaves: 'refuse' }))).toBe('non_finite_leaf');
  expect(codeOf(() => loadModel(spoiled))).toBe('an answer');
});

test('a count that the text has no room for asks for no memory', () => {
  const huge = golden.modelText.replace(/^num_leaves=\d+/m, 'num_leaves=2147483647');
  expect(codeOf(() => loadModel(huge))).toBe('wrong_length');
});

test('a row stops early where LightGBM stops it', () => {
  const stopped = (earlyStop: PredictOptions['earlyStop']): Float64Array =>
    model.predict(values, { raw: true, ...(earlyStop && { earlyStop }) });
  expect(stopped({ frequency: 1, margin: Infinity })).toEqual(raw);
  const after = model.predict(values, { raw: true, numIteration: 3 });
  expect(stopped({ frequency: 3, margin: 0 })).toEqual(after);
});

test('features that no tree asks for cost no memory', () => {
  const count = 300_000;
  const wide = golden.modelText
    .replace(/^max_feature_idx=.*$/m, `max_feature_idx=${count - 1}`)
    .replace(/^feature_names=(.*)$/m, (_, known: string) => {
      const more = Array.from({ length: count - width }, (_, at) => `w${at}`);
      return `feature_names=${known} ${more.join(' ')}`;
    })
    .replace(/^feature_infos=.*\n/m, '');
  const loaded = loadModel(wide);
  const before = process.memoryUsage().arrayBuffers;
  const rows = arrays.map((row) => Object.fromEntries(row.map((value, at) => [names[at]!, value])));
  expect(loaded.predict(rows, { raw: true })).toEqual(raw);
  const row = new Float64Array(count);
  row.set(arrays[3]!);
  expect(loaded.predict(row, { raw: true })).toEqual(raw.subarray(3, 4));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 2 ** 20);
  const top = loaded.topReasons(row, { k: 3 });
  expect(top.features).toEqual(model.topReasons(values.subarray(3 * width, 4 * width), { k: 3 }).features);
});
