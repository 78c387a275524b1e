import type { ModelManifest } from '#shared/models/manifest.ts';
import type { Counted } from './facility-counts.ts';
import { estimatePerformance, type Estimated } from './estimated-performance.ts';
import type { DriftReference, JobKind, LikeShares, Population } from './like-patients.ts';
import { stabilityIndex } from './stability-index.ts';

export type DriftThresholds = {
  /** Least stability index of a feature that counts: smaller shifts may be certain and matter to nobody. */
  featurePsi: number;
  scorePsi: number;
  /** Standard deviations beyond which a bin's share is held for no accident, all tests of a job together. */
  deviations: number;
  /** Fewer patients than these are not judged. */
  minimumRows: number;
};

/** How one feature, or the score, of some rows lies against patients like them. */
export type Finding = {
  /** Stability index, sampling noise taken off. */
  index: number;
  /** Of the bin that moved most: standard deviations, its number, its share then and now. */
  deviations: number;
  bin: number;
  expected: number;
  observed: number;
};

export type Judgement = {
  rows: number;
  population: Population;
  findings: Record<string, Finding>;
  /** Names of features, and `score`; empty where there are too few rows. */
  drifted: string[];
  estimated: Estimated | null;
};

export type Judged = {
  counted: Counted;
  kind: JobKind;
  /** 1 for rows of one facility: `concentrationOf`. */
  concentration: number;
  /** Features that the source could not know. */
  absent: readonly string[];
};

/** Where a manifest does not say how much facilities differ: a tenth of a share, one standard deviation. */
const SPREAD_UNKNOWN = 0.1;
const PRIOR = 0.5;

/**
 * Holds counted rows against patients like them. A patient who was scored every night is one: counts are scaled to as many
 * rows as there are patients. A share may differ by what sampling makes of it on both sides, and by as much as facilities
 * differ, the less the more facilities there are; what lies `deviations` beyond that, and is no trifle, has drifted.
 * Features by which the list was chosen, and those that the source cannot know, are left out; the score never is.
 */
export function judgeCounts(
  reference: DriftReference,
  drift: Pick<ModelManifest['drift'], 'spread' | 'trend' | 'score' | 'checks'>,
  judged: Judged,
  thresholds: DriftThresholds,
): Judgement {
  const { counted, kind, concentration, absent } = judged;
  const { binning } = reference;
  const population = reference.populationOf(counted.counts);
  const like = reference.like(counted.counts, population, kind);
  const patients = Math.min(counted.rows, Math.round(counted.sketch.count()));
  // A sketch is an eighth off: what hardly repeats is taken as it is.
  const rows = patients > 0.75 * counted.rows ? counted.rows : patients;
  const unknown = Object.entries(drift.checks ?? {})
    .filter(([, terms]) => Object.keys(terms).some((feature) => absent.includes(feature)))
    .map(([name]) => name);
  const left = new Set([...absent, ...unknown, ...Object.keys(population)]);
  const findings: Record<string, Finding> = {};
  const drifted: string[] = [];
  for (const column of [...binning.features, binning.score]) {
    if (column.name !== 'score' && left.has(column.name)) continue;
    const { offset, edges } = column;
    const own = counted.counts.subarray(offset, offset + edges.length + 2);
    const finding = findShift(own, rows, like(column.name), {
      spread: drift.spread?.[column.name],
      trend: drift.trend?.[column.name],
      concentration,
    });
    findings[column.name] = finding;
    const least = column.name === 'score' ? thresholds.scorePsi : thresholds.featurePsi;
    if (
      rows >= thresholds.minimumRows &&
      finding.deviations >= thresholds.deviations &&
      finding.index >= least
    )
      drifted.push(column.name);
  }
  const { offset, edges } = binning.score;
  const scores = counted.counts.subarray(offset, offset + edges.length + 1);
  const estimated = estimatePerformance(
    scores,
    like('score').shares.subarray(0, edges.length + 1),
    drift.score.means,
  );
  return { rows, population, findings, drifted, estimated };
}

export type Tolerance = {
  /** Variance of each bin's share between facilities; a tenth of the share squared where it is not known. */
  spread: readonly number[] | undefined;
  /** The same from date to date; none where it is not known. */
  trend?: readonly number[] | undefined;
  concentration: number;
};

/**
 * The bin of a histogram whose share moved most against the shares of others. Bins are looked at one by one, and all those
 * from one on together: a fault that doubles a rare result moves its bins one way.
 */
export function findShift(
  counts: ArrayLike<number>,
  rows: number,
  { shares, rows: likeRows }: LikeShares,
  tolerance: Tolerance,
): Finding {
  const bins = counts.length;
  let total = 0;
  for (let bin = 0; bin < bins; bin++) total += counts[bin]!;
  const none: Finding = { index: 0, deviations: 0, bin: 0, expected: 0, observed: 0 };
  if (total === 0 || rows === 0 || likeRows === 0) return none;
  let most = none;
  const look = (bin: number, observed: number, share: number, between: number) => {
    if (observed === 0 && share === 0) return;
    const expected = (share * likeRows + PRIOR) / (likeRows + 2 * PRIOR);
    const inflation = 1 + rows / likeRows + (rows * between) / (expected * (1 - expected));
    const deviations = Math.sqrt(deviance(observed, expected, rows) / inflation);
    if (deviations > most.deviations) most = { index: 0, deviations, bin, expected: share, observed };
  };
  const tail = { observed: 0, share: 0, between: 0, deviation: 0 };
  for (let bin = bins - 1; bin >= 0; bin--) {
    const observed = counts[bin]! / total;
    const share = shares[bin] ?? 0;
    const { spread, trend, concentration } = tolerance;
    const between = (spread?.[bin] ?? (SPREAD_UNKNOWN * share) ** 2) * concentration + (trend?.[bin] ?? 0);
    look(bin, observed, share, between);
    // Missing values are no part of those above.
    if (bin === bins - 1) continue;
    tail.observed += observed;
    tail.share += share;
    tail.between += between;
    tail.deviation += Math.sqrt(between);
    // The bins of one facility move together; those of many make up for one another.
    const together = concentration * tail.deviation ** 2 + (1 - concentration) * tail.between;
    if (bin < bins - 2 && bin > 0) look(bin, tail.observed, Math.min(1, tail.share), together);
  }
  const scaled = Float64Array.from({ length: bins }, (_, bin) => (counts[bin]! / total) * rows);
  const likeCounts = Float64Array.from({ length: bins }, (_, bin) => (shares[bin] ?? 0) * likeRows);
  return { ...most, index: stabilityIndex(likeCounts, scaled) };
}

/** Twice the log of how much likelier the observed share is than the expected one: a square that keeps its tail at small counts. */
function deviance(observed: number, expected: number, rows: number): number {
  const part = (share: number, against: number) => (share === 0 ? 0 : share * Math.log(share / against));
  return Math.max(0, 2 * rows * (part(observed, expected) + part(1 - observed, 1 - expected)));
}
