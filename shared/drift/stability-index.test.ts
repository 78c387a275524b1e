import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Binning, binningOf, countByGroup, countsToBytes, jobCountsFromBytes } from './binning.ts';
import { findShift } from './judge-counts.ts';
import { stabilityIndex } from './stability-index.ts';

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

/** Counts of all rows as one group. */
function countHistograms(
  binning: Binning,
  columns: Float64Array[],
  risks: Float64Array,
  rows: number,
): Int32Array {
  return countByGroup(binning, columns, risks, new Int32Array(rows), 1);
}

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

test('rows are counted into their own groups, and those of none are not counted', () => {
  const binning = binningOf(manifestOf([10], [1, 1]));
  const values = Float64Array.of(5, 15, NaN, 15, 5);
  const counts = countByGroup(binning, [values], values, Int32Array.of(0, 1, 1, -1, 1), 2);
  expect([...counts]).toEqual([1, 0, 0, 1, 0, 0, 1, 1, 1, 1, 1, 1]);
});

test('counts survive storing', () => {
  const counts = Float64Array.of(1, 0, 2 ** 40);
  expect(jobCountsFromBytes(countsToBytes(counts), 3)).toEqual(counts);
  expect(jobCountsFromBytes(countsToBytes(counts), 4)).toBeUndefined();
});

const EDGES = [25, 30, 35, 40, 45, 50, 55, 60, 65, 70];
const ONE_PLACE = { spread: EDGES.map(() => 0), concentration: 0 };

function sharesOf(values: Float64Array): { shares: Float64Array; rows: number } {
  return {
    shares: Float64Array.from(ageCounts(values), (count) => count / values.length),
    rows: values.length,
  };
}

function ageCounts(values: Float64Array): Int32Array {
  const binning = binningOf(manifestOf(EDGES, Array(11).fill(0) as number[]));
  return countHistograms(binning, [values], values, values.length).subarray(0, 12);
}

test('samples of one distribution are no shift, whatever their sizes', () => {
  const most: number[] = [];
  for (let seed = 1; seed <= 300; seed++) {
    const rows = [200, 600, 5_000][seed % 3]!;
    const like = sharesOf(ages(seed + 1_000, [800, 10_000][seed % 2]!));
    most.push(findShift(ageCounts(ages(seed, rows)), rows, like, ONE_PLACE).deviations);
  }
  expect(Math.max(...most)).toBeLessThan(5);
  // A test that is never near its limit would find nothing either.
  expect(Math.max(...most)).toBeGreaterThan(2.5);
});

test('ten years more are a shift among 200 patients, and tell which bin', () => {
  const like = sharesOf(ages(1, 10_000));
  const shift = findShift(ageCounts(ages(2, 200, 10)), 200, like, ONE_PLACE);
  expect(shift.deviations).toBeGreaterThan(5.5);
  expect(shift.index).toBeGreaterThan(0.2);
  expect(shift.observed).not.toBeCloseTo(shift.expected, 2);
});

test('what facilities differ by is no shift of one facility, and is one of many', () => {
  const like = sharesOf(ages(1, 10_000));
  const spread = Array.from({ length: 12 }, () => 0.08 ** 2);
  const counts = ageCounts(ages(2, 2_000, 6));
  expect(findShift(counts, 2_000, like, { spread, concentration: 1 }).deviations).toBeLessThan(5);
  expect(findShift(counts, 2_000, like, { spread, concentration: 0.01 }).deviations).toBeGreaterThan(5.5);
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
