import fc from 'fast-check';
import { expect, test } from 'vitest';

import { loadModel } from '#engine/index.ts';
import { awkwardRows, randomForest, type ForestShape } from '#test/engine/random-forest.ts';

const shapes: fc.Arbitrary<ForestShape> = fc.record({
  seed: fc.integer(),
  features: fc.integer({ min: 1, max: 9 }),
  iterations: fc.integer({ min: 1, max: 20 }),
  outputs: fc.integer({ min: 1, max: 3 }),
  mostLeaves: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 40 }) },
    { weight: 2, arbitrary: fc.integer({ min: 200, max: 300 }) },
    { weight: 1, arbitrary: fc.constantFrom(900, 1200) },
  ),
  thresholds: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 60 }) },
    { weight: 2, arbitrary: fc.integer({ min: 240, max: 600 }) },
  ),
  categorical: fc.integer({ min: 0, max: 1 }),
  linear: fc.boolean(),
});

test('the fast scorer equals the reference bit for bit on random forests and awkward rows', () => {
  fc.assert(
    fc.property(shapes, fc.integer(), fc.integer({ min: 1, max: 400 }), (shape, rowSeed, rowCount) => {
      const forest = randomForest(shape);
      const rows = awkwardRows(forest, shape, rowCount, rowSeed);
      const reference = loadModel(forest.text, { scorer: 'reference' });
      const fast = loadModel(forest.text, { scorer: 'fast' });
      expect(fast.predictLeaf(rows)).toEqual(reference.predictLeaf(rows));
      expect(bitsOf(fast.predict(rows, { raw: true }))).toEqual(
        bitsOf(reference.predict(rows, { raw: true })),
      );
      const slice = { raw: true, startIteration: shape.iterations >> 1, numIteration: 3 };
      expect(bitsOf(fast.predict(rows, slice))).toEqual(bitsOf(reference.predict(rows, slice)));
      const columns = Array.from({ length: shape.features }, (_, feature) =>
        Float64Array.from({ length: rowCount }, (_, row) => rows[row * shape.features + feature]!),
      );
      expect(bitsOf(fast.predictColumns(columns))).toEqual(bitsOf(reference.predict(rows)));
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 60) },
  );
});

test('only trees that the fast form cannot take go to the reference', () => {
  const shape: ForestShape = {
    seed: 3,
    features: 4,
    iterations: 12,
    outputs: 1,
    mostLeaves: 20,
    thresholds: 30,
    categorical: 1,
    linear: false,
  };
  expect(loadModel(randomForest(shape).text).scorerName).toBe('fast');
  expect(loadModel(randomForest({ ...shape, linear: true, mostLeaves: 1200 }).text).scorerName).toBe('fast');
  const spoiled = randomForest(shape).text.replace(/^threshold=\S+/m, 'threshold=nan');
  expect(loadModel(spoiled).scorerName).toBe('mixed');
});

test('NaN of any sign and payload is missing', () => {
  const shape: ForestShape = {
    seed: 11,
    features: 3,
    iterations: 30,
    outputs: 1,
    mostLeaves: 16,
    thresholds: 40,
    categorical: 1,
    linear: false,
  };
  const { text } = randomForest(shape);
  const patterns = [0x7ff8000000000000n, 0xfff8000000000000n, 0x7ff0000000000001n, 0xffffffffffffffffn];
  const rows = new Float64Array(patterns.length * 3);
  new BigUint64Array(rows.buffer).set(patterns.flatMap((bits) => [bits, bits, bits]));
  const fast = loadModel(text).predict(rows, { raw: true });
  expect(bitsOf(fast)).toEqual(bitsOf(loadModel(text, { scorer: 'reference' }).predict(rows, { raw: true })));
  expect(new Set(bitsOf(fast)).size).toBe(1);
});

function bitsOf(values: Float64Array): BigUint64Array {
  return new BigUint64Array(values.buffer, values.byteOffset, values.length);
}
