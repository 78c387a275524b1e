import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  binningOf,
  chunkCountsFromBytes,
  countHistograms,
  countingStride,
  countsToBytes,
} from './binning.ts';
import { measureDrift, stabilityIndex } from './stability-index.ts';

const feature = (name: string, index: number) => ({
  name,
  index,
  kind: 'numeric' as const,
  unit: '',
  min: -1e9,
  max: 1e9,
  required: true,
  missing: '',
  description: '',
});

const THRESHOLDS = { featurePsi: 0.2, scorePsi: 0.2, minimumRows: 500 };

/** A small deterministic generator: mulberry32. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function ages(seed: number, rows: number, years = 0): Float64Array {
  const next = random(seed);
  return Float64Array.from({ length: rows }, () => Math.round(18 + 22 * (next() + next() + next()) + years));
}

function manifestOf(edges: number[], counts: number[], missing = 0) {
  const histogram = { edges, counts, missing };
  return { features: [feature('age', 0)], drift: { features: { age: histogram }, score: histogram } };
}

test('a value lies in the bin that is open below and closed above; a missing one is counted apart', () => {
  const binning = binningOf(manifestOf([0, 10, 20.5], [1, 1, 1, 1]));
  const values = Float64Array.of(-1, 0, 0.5, 10, 10.5, 20.5, 21, 1e12, NaN, -0);
  expect([...countHistograms(binning, [values], values, 10)]).toEqual([3, 2, 2, 2, 1, 3, 2, 2, 2, 1]);
});

test('every value is counted once, and the table and the search agree', () => {
  const number = fc.oneof(fc.integer({ min: -3_000, max: 3_000 }), fc.double({ noDefaultInfinity: true }));
  fc.assert(
    fc.property(
      fc.uniqueArray(number.filter(Number.isFinite), { minLength: 1, maxLength: 20 }),
      fc.array(number),
      (given, list) => {
        const edges = given.toSorted((a, b) => a - b).filter((edge, i, all) => edge !== all[i - 1]);
        const binning = binningOf(manifestOf(edges, Array(edges.length + 1).fill(1) as number[]));
        const counts = countHistograms(binning, [Float64Array.from(list)], new Float64Array(0), list.length);
        const own = Array.from({ length: edges.length + 2 }, () => 0);
        for (const value of list) {
          const bin = Number.isNaN(value) ? edges.length + 1 : edges.filter((edge) => value > edge).length;
          own[bin]!++;
        }
        expect(Array.from(counts.subarray(0, edges.length + 2))).toEqual(own);
      },
    ),
  );
});

test('a stride counts every so many rows, a small chunk whole', () => {
  const binning = binningOf(manifestOf([10], [1, 1]));
  const values = new Float64Array(10_000);
  expect(countingStride(2_600)).toBe(1);
  expect(countHistograms(binning, [values], values, 10_000, countingStride(10_000))[0]).toBe(2_500);
});

test('counts survive storing', () => {
  const counts = Int32Array.of(1, 0, 2_000_000_000);
  expect(chunkCountsFromBytes(countsToBytes(counts), 3)).toEqual(counts);
  expect(chunkCountsFromBytes(countsToBytes(counts), 4)).toBeUndefined();
});

test('samples of one distribution have no drift, whatever their size', () => {
  const edges = [25, 30, 35, 40, 45, 50, 55, 60, 65, 70];
  for (let seed = 1; seed <= 40; seed++) {
    const rows = [600, 5_000, 100_000][seed % 3]!;
    const training = binningOf(manifestOf(edges, Array(11).fill(0) as number[]));
    const expected = countHistograms(
      training,
      [ages(seed + 1_000, 100_000)],
      ages(seed + 1_000, 100_000),
      100_000,
    );
    const binning = binningOf(manifestOf(edges, Array.from(expected.subarray(0, 11))));
    const now = ages(seed, rows);
    expect(measureDrift(binning, countHistograms(binning, [now], now, rows), THRESHOLDS).drifted).toEqual([]);
  }
});

test('ten years more are a drift, also among 600 patients', () => {
  const edges = [25, 30, 35, 40, 45, 50, 55, 60, 65, 70];
  const empty = binningOf(manifestOf(edges, Array(11).fill(0) as number[]));
  const training = countHistograms(empty, [ages(1, 100_000)], ages(1, 100_000), 100_000);
  const binning = binningOf(manifestOf(edges, Array.from(training.subarray(0, 11))));
  for (const rows of [600, 100_000]) {
    const now = ages(2, rows, 10);
    const drift = measureDrift(binning, countHistograms(binning, [now], now, rows), THRESHOLDS);
    expect(drift.drifted).toEqual(['age', 'score']);
    expect(drift.rowCount).toBe(rows);
  }
});

test('too few rows are measured and not judged; what the source cannot know is not judged either', () => {
  const binning = binningOf(manifestOf([10], [1_000, 1_000]));
  const shifted = Float64Array.from({ length: 499 }, () => 50);
  const few = measureDrift(binning, countHistograms(binning, [shifted], shifted, 499), THRESHOLDS);
  expect(few.drifted).toEqual([]);
  expect(few.features['age']).toBeGreaterThan(1);
  const many = Float64Array.from({ length: 5_000 }, () => NaN);
  const absent = measureDrift(binning, countHistograms(binning, [many], many, 5_000), THRESHOLDS, ['age']);
  expect(absent).toMatchObject({ features: {}, drifted: [] });
});

test('the index is never negative and stays finite with empty bins', () => {
  const counts = fc.array(fc.nat(100_000), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(counts, counts, (a, b) => {
      const index = stabilityIndex(a, b);
      expect(index).toBeGreaterThanOrEqual(0);
      expect(index).toBeLessThan(30);
    }),
  );
});
