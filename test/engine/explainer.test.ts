import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { EngineError } from '#engine/errors.ts';
import { createFastExplainer } from '#engine/explain/explainer.ts';
import { prepareExplainer } from '#engine/explain/prepare.ts';
import { loadModel } from '#engine/index.ts';
import type { Model } from '#engine/model/model.ts';
import { parseModel } from '#engine/model/parse.ts';
import type { Tree } from '#engine/model/tree.ts';
import { contributionsByReference } from '#engine/reference/contributions.ts';
import { goesLeft } from '#engine/reference/leaf.ts';
import { awkwardRows, randomForest, type ForestShape } from '#test/engine/random-forest.ts';

const runs = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 40) };

const shapes: fc.Arbitrary<ForestShape> = fc.record({
  seed: fc.integer(),
  features: fc.integer({ min: 1, max: 14 }),
  iterations: fc.integer({ min: 1, max: 6 }),
  outputs: fc.integer({ min: 1, max: 3 }),
  mostLeaves: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 40 }) },
    { weight: 1, arbitrary: fc.constant(150) },
  ),
  thresholds: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 60 }) },
    { weight: 1, arbitrary: fc.constant(600) },
  ),
  categorical: fc.integer({ min: 0, max: 1 }),
  linear: fc.constant(false),
});

/** No tables at all, hardly any, and as many as there may be. */
const tableBudgets = fc.constantFrom(0, 20_000, 64 * 2 ** 20);

function explain(model: Model, rows: Float64Array, tableBytes: number): Float64Array {
  const rowCount = rows.length / model.featureCount;
  const out = new Float64Array(rowCount * model.outputCount * (model.featureCount + 1));
  const explainer = createFastExplainer(prepareExplainer(model, { tableBytes }), model);
  explainer.contributions(
    { layout: 'rows', values: rows, rowCount },
    { start: 0, end: model.iterationCount },
    out,
  );
  return out;
}

/** Largest difference; NaN counts as infinite. */
function furthest(found: Float64Array, wanted: Float64Array): number {
  expect(found.length).toBe(wanted.length);
  return found.reduce((worst, value, at) => {
    const difference = Math.abs(value - wanted[at]!);
    return Number.isNaN(difference) ? Infinity : Math.max(worst, difference);
  }, 0);
}

describe('contributions', () => {
  test('equal the plain quadrature on random forests and awkward rows, whatever the tables may take', () => {
    fc.assert(
      fc.property(
        shapes,
        fc.integer(),
        fc.integer({ min: 1, max: 150 }),
        tableBudgets,
        (shape, seed, count, bytes) => {
          const forest = randomForest(shape);
          const model = parseModel(forest.text);
          const rows = awkwardRows(forest, shape, count, seed);
          const wanted = new Float64Array(count * model.outputCount * (model.featureCount + 1));
          const all = { start: 0, end: model.iterationCount };
          contributionsByReference(model, rows, count, all, wanted);
          expect(furthest(explain(model, rows, bytes), wanted)).toBeLessThan(1e-10);
        },
      ),
      runs,
    );
  });

  test('are Shapley values of the tree with absent features averaged over its training rows', () => {
    const small = shapes.map((shape) => ({
      ...shape,
      features: Math.min(shape.features, 7),
      mostLeaves: Math.min(shape.mostLeaves, 24),
      outputs: 1,
    }));
    fc.assert(
      fc.property(small, fc.integer(), tableBudgets, fc.boolean(), (shape, seed, bytes, starve) => {
        const forest = randomForest(shape);
        const parsed = parseModel(forest.text);
        // Leaves that no training row reached are legal; covers above them stay positive.
        const model = starve ? { ...parsed, trees: parsed.trees.map(withoutEveryThirdLeaf) } : parsed;
        const rows = awkwardRows(forest, shape, 12, seed);
        expect(furthest(explain(model, rows, bytes), shapleyByEnumeration(model, rows))).toBeLessThan(1e-10);
      }),
      runs,
    );
  });

  test('and the expected value sum to the raw score, on paths of more than thirty features too', () => {
    const shape: ForestShape = {
      seed: 5,
      features: 60,
      iterations: 8,
      outputs: 1,
      mostLeaves: 300,
      thresholds: 40,
      categorical: 1,
      linear: false,
    };
    const forest = randomForest(shape);
    const model = parseModel(forest.text);
    const rows = awkwardRows(forest, shape, 300, 9);
    const raw = loadModel(forest.text).predict(rows, { raw: true });
    for (const bytes of [0, 64 * 2 ** 20]) {
      const found = explain(model, rows, bytes);
      const sums = raw.map((_, row) =>
        found.subarray(row * 61, (row + 1) * 61).reduce((sum, one) => sum + one, 0),
      );
      expect(furthest(sums, raw)).toBeLessThan(1e-10);
    }
  });

  test('of a slice are those of its trees alone, and columns give what rows give', () => {
    const shape: ForestShape = {
      seed: 21,
      features: 6,
      iterations: 9,
      outputs: 2,
      mostLeaves: 20,
      thresholds: 30,
      categorical: 1,
      linear: false,
    };
    const forest = randomForest(shape);
    const rows = awkwardRows(forest, shape, 90, 2);
    const columns = Array.from({ length: 6 }, (_, feature) =>
      Float64Array.from({ length: 90 }, (_, row) => rows[row * 6 + feature]!),
    );
    const fast = loadModel(forest.text, { explainer: 'fast' });
    const reference = loadModel(forest.text, { explainer: 'reference' });
    const slice = { startIteration: 2, numIteration: 4 };
    expect(furthest(fast.predictContrib(rows, slice), reference.predictContrib(rows, slice))).toBeLessThan(
      1e-10,
    );
    expect(fast.predictContribColumns(columns)).toEqual(fast.predictContrib(rows));
  });
});

describe('top reasons', () => {
  test('are the contributions that count most, largest first, ties to the lower feature', () => {
    fc.assert(
      fc.property(
        shapes,
        fc.integer(),
        fc.constantFrom('either' as const, 'raising' as const, 'lowering' as const),
        fc.integer({ min: 1, max: 14 }),
        (shape, seed, direction, most) => {
          const forest = randomForest(shape);
          const model = parseModel(forest.text);
          const rows = awkwardRows(forest, shape, 70, seed);
          const k = Math.min(most, shape.features);
          const output = shape.outputs - 1;
          const all = explain(model, rows, 64 * 2 ** 20);
          const merit = { either: Math.abs, raising: (one: number) => one, lowering: (one: number) => -one }[
            direction
          ];
          const width = shape.features + 1;
          const wanted = Array.from({ length: 70 }, (_, row) => {
            const base = (row * shape.outputs + output) * width;
            const ranked = Array.from(all.subarray(base, base + shape.features), (value, feature) => ({
              feature,
              value,
            }))
              .filter(({ value }) => merit(value) > 0)
              .sort((a, b) => merit(b.value) - merit(a.value) || a.feature - b.feature)
              .slice(0, k);
            return Array.from({ length: k }, (_, at) => ranked[at] ?? { feature: -1, value: 0 });
          }).flat();
          const out = { features: new Int32Array(70 * k), contributions: new Float64Array(70 * k) };
          createFastExplainer(prepareExplainer(model), model).topReasons!(
            { layout: 'rows', values: rows, rowCount: 70 },
            { k, output, direction, iterations: { start: 0, end: model.iterationCount } },
            out,
          );
          expect([...out.features]).toEqual(wanted.map(({ feature }) => feature));
          expect([...out.contributions]).toEqual(wanted.map(({ value }) => value));
        },
      ),
      runs,
    );
  });
});

describe('preparation', () => {
  test('keeps the tables within their budget', () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 0, max: 200_000 }), (shape, tableBytes) => {
        const { figures } = prepareExplainer(parseModel(randomForest(shape).text), { tableBytes });
        expect(figures.tableBytes).toBeLessThanOrEqual(tableBytes);
      }),
      runs,
    );
  });

  test('refuses linear trees and trees without covers by name', () => {
    const shape: ForestShape = {
      seed: 3,
      features: 4,
      iterations: 12,
      outputs: 1,
      mostLeaves: 20,
      thresholds: 30,
      categorical: 1,
      linear: true,
    };
    expect(() => prepareExplainer(parseModel(randomForest(shape).text))).toThrow(/is linear/);
    const model = parseModel(randomForest({ ...shape, linear: false }).text);
    const bare = model.trees.map((tree) => ({ ...tree, nodeCover: tree.nodeCover.map(() => 0) }));
    const attempt = (): unknown => prepareExplainer({ ...model, trees: bare });
    expect(attempt).toThrow(EngineError);
    expect(attempt).toThrow(/training rows/);
  });
});

function withoutEveryThirdLeaf(tree: Tree): Tree {
  if (tree.leafCount < 4) return tree;
  const leafCover = tree.leafCover.map((cover, leaf) => (leaf % 3 === 0 ? 0 : cover));
  const nodeCover = new Float64Array(tree.nodeCover.length);
  const fill = (child: number): number => {
    if (child < 0) return leafCover[~child]!;
    nodeCover[child] = fill(tree.leftChild[child]!) + fill(tree.rightChild[child]!);
    return nodeCover[child];
  };
  return fill(0) > 0 ? { ...tree, leafCover, nodeCover } : tree;
}

/** Shapley values from their definition: every subset of the features, weighted. */
function shapleyByEnumeration(model: Model, rows: Float64Array): Float64Array {
  const { featureCount } = model;
  const rowCount = rows.length / featureCount;
  const out = new Float64Array(rowCount * (featureCount + 1));
  const weights = Array.from(
    { length: featureCount },
    (_, size) => (factorial(size) * factorial(featureCount - size - 1)) / factorial(featureCount),
  );
  for (let row = 0; row < rowCount; row++) {
    const values = rows.subarray(row * featureCount, (row + 1) * featureCount);
    const mean = Array.from({ length: 1 << featureCount }, (_, subset) =>
      model.trees.reduce((sum, tree) => sum + expectation(tree, values, subset), 0),
    );
    const base = row * (featureCount + 1);
    out[base + featureCount] = mean[0]!;
    for (let feature = 0; feature < featureCount; feature++) {
      for (let subset = 0; subset < mean.length; subset++) {
        if ((subset >> feature) & 1) continue;
        const size = subset.toString(2).replaceAll('0', '').length;
        const gain = mean[subset | (1 << feature)]! - mean[subset]!;
        out[base + feature] = out[base + feature]! + weights[size]! * gain;
      }
    }
  }
  return out;
}

/** The tree's mean where the features outside `subset` are unknown: both ways, by cover. */
function expectation(tree: Tree, values: Float64Array, subset: number): number {
  const visit = (child: number): number => {
    if (child < 0) return tree.leafValue[~child]!;
    const feature = tree.splitFeature[child]!;
    const left = tree.leftChild[child]!;
    const right = tree.rightChild[child]!;
    if ((subset >> feature) & 1) return visit(goesLeft(tree, child, values[feature]!) ? left : right);
    const total = tree.nodeCover[child]!;
    const share = (next: number): number =>
      total === 0 ? 0 : (next >= 0 ? tree.nodeCover[next]! : tree.leafCover[~next]!) / total;
    return share(left) * visit(left) + share(right) * visit(right);
  };
  return tree.leafCount === 1 ? tree.leafValue[0]! : visit(0);
}

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}
