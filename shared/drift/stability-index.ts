import type { Binning } from './binning.ts';

export type DriftThresholds = {
  /** Index from which a feature counts as drifted: 0.1 is "look at it", 0.25 "changed", by common usage. */
  featurePsi: number;
  scorePsi: number;
  /** Fewer rows than this are not judged. */
  minimumRows: number;
};

export type Drift = {
  rowCount: number;
  /** Population stability index by feature, sampling noise taken off. */
  features: Record<string, number>;
  score: number;
  /** Names of features at or above the threshold, and `score`; empty where there are too few rows. */
  drifted: string[];
};

/** Half a row in every bin, on both sides, keeps an empty bin finite. */
const PRIOR = 0.5;

/**
 * Population stability index Σ (a − e) ln(a / e) between the shares of two histograms, less what sampling alone makes
 * of it. For two samples of n and m rows of one distribution over k bins, PSI × nm/(n + m) follows χ² with k − 1 degrees
 * of freedom (Yurdakul & Naranjo 2020, "Statistical properties of the population stability index"): its mean,
 * (k − 1)(1/n + 1/m), is taken off, and what does not exceed the mean by three standard deviations is 0.
 */
export function stabilityIndex(expected: ArrayLike<number>, actual: ArrayLike<number>): number {
  const bins = expected.length;
  let expectedTotal = 0;
  let actualTotal = 0;
  for (let i = 0; i < bins; i++) {
    expectedTotal += expected[i]!;
    actualTotal += actual[i]!;
  }
  if (expectedTotal === 0 || actualTotal === 0) return 0;
  let index = 0;
  let used = 0;
  for (let i = 0; i < bins; i++) {
    if (expected[i] === 0 && actual[i] === 0) continue;
    used++;
    const e = (expected[i]! + PRIOR) / (expectedTotal + PRIOR * bins);
    const a = (actual[i]! + PRIOR) / (actualTotal + PRIOR * bins);
    index += (a - e) * Math.log(a / e);
  }
  const scale = 1 / expectedTotal + 1 / actualTotal;
  const mean = (used - 1) * scale;
  const deviation = Math.sqrt(2 * (used - 1)) * scale;
  return index <= mean + 3 * deviation ? 0 : index - mean;
}

/**
 * Every feature's index and the score's, judged by the thresholds. Features that the source could not know (`absent`)
 * are left out; the score then rests on fewer features than in training and is shown, not judged.
 */
export function measureDrift(
  binning: Binning,
  counts: ArrayLike<number>,
  thresholds: DriftThresholds,
  absent: readonly string[] = [],
): Drift {
  const slice = (from: ArrayLike<number>, offset: number, length: number) =>
    Array.from({ length }, (_, i) => from[offset + i] ?? 0);
  const indexOf = (column: { offset: number; edges: Float64Array }) =>
    stabilityIndex(
      slice(binning.expected, column.offset, column.edges.length + 2),
      slice(counts, column.offset, column.edges.length + 2),
    );
  const scoreCounts = slice(counts, binning.score.offset, binning.score.edges.length + 2);
  const rowCount = scoreCounts.reduce((sum, count) => sum + count, 0);
  const features = Object.fromEntries(
    binning.features
      .filter((column) => !absent.includes(column.name))
      .map((column) => [column.name, indexOf(column)]),
  );
  const score = indexOf(binning.score);
  const judged = rowCount >= thresholds.minimumRows;
  const drifted = judged
    ? [
        ...Object.keys(features).filter((name) => features[name]! >= thresholds.featurePsi),
        ...(absent.length === 0 && score >= thresholds.scorePsi ? ['score'] : []),
      ]
    : [];
  return { rowCount, features, score, drifted };
}
