import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { createFastExplainer } from '#engine/explain/explainer.ts';
import { prepareExplainer } from '#engine/explain/prepare.ts';
import { loadModel } from '#engine/index.ts';
import type { Model } from '#engine/model/model.ts';
import { parseModel } from '#engine/model/parse.ts';
import { contributionsByReference } from '#engine/reference/contributions.ts';
import { exactContributions } from './exact-contributions.ts';
import { chainText } from './chain-model.ts';
import { awkwardRows, randomForest, type ForestShape } from './random-forest.ts';

const runs = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 25) };

/** Distance from exact arithmetic, in units of the trees' largest leaf values added up. */
const BOUND = 1e-14;

const shapes: fc.Arbitrary<ForestShape> = fc.record({
  seed: fc.integer(),
  features: fc.integer({ min: 1, max: 10 }),
  iterations: fc.integer({ min: 1, max: 3 }),
  outputs: fc.constant(1),
  mostLeaves: fc.integer({ min: 1, max: 24 }),
  thresholds: fc.integer({ min: 1, max: 30 }),
  categorical: fc.integer({ min: 0, max: 2 }),
  linear: fc.constant(false),
});

function leafSize(model: Model): number {
  return model.trees.reduce(
    (sum, tree) => sum + tree.leafValue.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
    0,
  );
}

function byFastForm(model: Model, rows: Float64Array, rowCount: number, tableBytes: number): Float64Array {
  const out = new Float64Array(rowCount * (model.featureCount + 1));
  createFastExplainer(prepareExplainer(model, { tableBytes }), model).contributions(
    { layout: 'rows', values: rows, rowCount },
    { start: 0, end: model.iterationCount },
    out,
  );
  return out;
}

function byReference(model: Model, rows: Float64Array, rowCount: number): Float64Array {
  const out = new Float64Array(rowCount * (model.featureCount + 1));
  contributionsByReference(model, rows, rowCount, { start: 0, end: model.iterationCount }, out);
  return out;
}

describe('contributions lie within 1e-14 of the leaves of exact rationals', () => {
  test('on random forests, by tables, by quadrature in WASM and by quadrature in TypeScript', () => {
    fc.assert(
      fc.property(shapes, fc.integer(), (shape, seed) => {
        const forest = randomForest(shape);
        const model = parseModel(forest.text);
        const rows = awkwardRows(forest, shape, 4, seed);
        const bound = BOUND * leafSize(model);
        const width = shape.features + 1;
        const exact = Array.from({ length: 4 }, (_, row) =>
          exactContributions(model, rows.subarray(row * shape.features, (row + 1) * shape.features)),
        );
        for (const found of [
          byReference(model, rows, 4),
          byFastForm(model, rows, 4, 0),
          byFastForm(model, rows, 4, 64 * 2 ** 20),
        ]) {
          for (let at = 0; at < found.length; at++) {
            const wanted = exact[Math.floor(at / width)]![at % width]!;
            expect(Math.abs(found[at]! - wanted)).toBeLessThanOrEqual(bound);
          }
        }
      }),
      runs,
    );
  });

  test('on a path of a hundred features, where products span 300 orders of magnitude', () => {
    const features = 100;
    const model = parseModel(chainText({ features, nodes: features, ratio: 0.999 }));
    const row = Float64Array.from({ length: features }, (_, at) => (at % 3 === 0 ? 0 : 1));
    const wanted = [0, 1, 50, 99];
    const exact = exactContributions(model, row, wanted);
    for (const found of [byReference(model, row, 1), byFastForm(model, row, 1, 0)]) {
      for (const feature of [...wanted, features]) {
        expect(Math.abs(found[feature]! - exact[feature]!)).toBeLessThanOrEqual(BOUND * leafSize(model));
      }
    }
  });
});

test.each([
  ['a path of 200 features', { features: 200, nodes: 200, ratio: 0.5 }],
  ['a chain of 5,000 nodes over 60 features', { features: 60, nodes: 5000, ratio: 0.99 }],
  ['a chain of 3,000 features', { features: 3000, nodes: 3000, ratio: 0.999 }],
])('%s: contributions add up to the score, whichever explainer is asked for', (_, shape) => {
  const text = chainText(shape);
  const rows = Float64Array.from({ length: 2 * shape.features }, (_, at) => (at % 7 === 0 ? 0 : 1));
  for (const explainer of ['auto', 'reference'] as const) {
    const model = loadModel(text, { explainer });
    const raw = model.predict(rows, { raw: true });
    const found = model.predictContrib(rows);
    const width = shape.features + 1;
    for (let row = 0; row < 2; row++) {
      const sum = found.subarray(row * width, (row + 1) * width).reduce((total, value) => total + value, 0);
      expect(Math.abs(sum - raw[row]!)).toBeLessThan(1e-11);
    }
  }
});
