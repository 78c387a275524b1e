import type { ModelManifest, ReferenceRows } from '#shared/models/manifest.ts';
import type { Binning } from './binning.ts';

/** By feature the bins to which a list is confined, where it is a chosen group: `{ age: [2, 3] }`. Empty for all patients. */
export type Population = Readonly<Record<string, readonly number[]>>;

/** Shares of the bins, missing values last, among patients of the reference like those of a job, and of how many rows. */
export type LikeShares = { shares: Float64Array; rows: number };

/** What a job is, as far as it decides with whom it is compared. */
export type JobKind = {
  /** 1–12, of the date that the rows describe. */
  month: number;
  /** Kind of input as the reference names its scores: `records`; undefined where it has none. */
  format: string | undefined;
  /** Share of the rows of whose facility's past nothing is known. */
  unknownFacility: number;
};

/** A chosen group leaves out at least this share of the reference … */
const LEAST_LEFT_OUT = 0.25;
/** … and has no more than this share of its rows there. */
const MOST_STRAY = 0.02;
/** A bin with a smaller share of the rows is no part of the group. */
const LEAST_IN_BIN = 0.005;
/** Rows of the season are taken alone where there are so many. */
const LEAST_SEASON_ROWS = 500;
const RAKING_ROUNDS = 4;

/**
 * The rows of a model's reference, from which those like a job's patients are taken: of the same season, and weighted to
 * the job's own shares of what its list was chosen by. Without reference rows the histograms of the manifest serve for all.
 */
export class DriftReference {
  readonly binning: Binning;
  readonly #columns = new Map<string, Uint8Array>();
  readonly #rowCount: number;
  readonly #selects: readonly string[];
  readonly #seasons: NonNullable<ReferenceRows['seasons']>;
  readonly #plain = new Map<string, LikeShares>();

  constructor(
    binning: Binning,
    drift: Pick<ModelManifest['drift'], 'selects'>,
    reference: ReferenceRows | undefined,
  ) {
    this.binning = binning;
    this.#seasons = reference?.seasons ?? [];
    this.#rowCount = reference?.rows.length ?? 0;
    this.#selects = this.#rowCount === 0 ? [] : (drift.selects ?? []);
    for (const [at, name] of (reference?.columns ?? []).entries())
      this.#columns.set(
        name,
        Uint8Array.from(reference!.rows, (row) => Number.parseInt(row[at]!, 36)),
      );
  }

  /** Kinds of input of which the reference has scores. */
  get formats(): string[] {
    return [...this.#columns.keys()].flatMap((name) => /^score:([^:]+)$/u.exec(name)?.[1] ?? []);
  }

  /**
   * The group to which rows are confined. A list is chosen by a feature where its rows lie in some bins alone and a good
   * part of the reference does not. Whatever is confined so is not judged by that feature: nobody can tell a list of
   * adolescents from a fault by the ages alone.
   */
  populationOf(counts: ArrayLike<number>): Population {
    const confined = this.binning.features
      .filter(({ name }) => this.#selects.includes(name))
      .flatMap(({ name, offset, edges }) => {
        const bins = edges.length + 1;
        const own = Array.from({ length: bins }, (_, bin) => counts[offset + bin] ?? 0);
        const total = own.reduce((sum, count) => sum + count, 0) + (counts[offset + bins] ?? 0);
        const inside = own.flatMap((count, bin) => (count > LEAST_IN_BIN * total ? [bin] : []));
        const held = inside.reduce((sum, bin) => sum + own[bin]!, 0);
        const { shares } = this.#sharesOf(name, undefined, bins + 1);
        const reference = inside.reduce((sum, bin) => sum + shares[bin]!, 0);
        return total > 0 && held >= (1 - MOST_STRAY) * total && reference <= 1 - LEAST_LEFT_OUT
          ? [[name, inside] as const]
          : [];
      });
    return Object.fromEntries(confined);
  }

  /** By feature, and `score`. The job's own counts say how its chosen group is made up. */
  like(counts: ArrayLike<number>, population: Population, kind: JobKind): (name: string) => LikeShares {
    const weights = this.#weightsOf(counts, population, kind.month);
    return (name) => {
      const { score, features } = this.binning;
      const { offset, edges } = name === 'score' ? score : features.find((one) => one.name === name)!;
      const bins = edges.length + 2;
      const sharesOf = (key: string): LikeShares => {
        if (!this.#columns.has(key)) return this.#histogramShares(offset, bins);
        if (Object.keys(population).length > 0) return this.#sharesOf(key, weights, bins);
        const known =
          this.#plain.get(`${kind.month} ${key}`) ??
          this.#seasonShares(key, kind.month, bins) ??
          this.#sharesOf(key, weights, bins);
        this.#plain.set(`${kind.month} ${key}`, known);
        return known;
      };
      if (name !== 'score') return sharesOf(name);
      const known = sharesOf(`score:${kind.format}`);
      const unknownKey = `score:${kind.format}:no_facility`;
      if (kind.unknownFacility === 0 || !this.#columns.has(unknownKey)) return known;
      return mixed(known, sharesOf(unknownKey), kind.unknownFacility);
    };
  }

  #histogramShares(offset: number, bins: number): LikeShares {
    const counts = this.binning.expected.subarray(offset, offset + bins);
    const rows = counts.reduce((sum, count) => sum + count, 0);
    return { shares: counts.map((count) => count / Math.max(1, rows)), rows };
  }

  /** Of everybody in the dates of the season. */
  #seasonShares(key: string, month: number, bins: number): LikeShares | undefined {
    const near = this.#seasons.filter(
      (season) => isNear(season.month, month) && season.counts[key] !== undefined,
    );
    const seasons = near.length === 0 ? this.#seasons : near;
    const rows = seasons.reduce((sum, season) => sum + season.rows, 0);
    if (rows === 0) return undefined;
    const shares = Float64Array.from({ length: bins }, (_, bin) =>
      seasons.reduce((sum, season) => sum + (season.counts[key]?.[bin] ?? 0) / rows, 0),
    );
    return { shares, rows };
  }

  #sharesOf(name: string, weights: Float64Array | undefined, bins: number): LikeShares {
    const column = this.#columns.get(name);
    const shares = new Float64Array(bins);
    let total = 0;
    let squares = 0;
    for (let row = 0; row < (column?.length ?? 0); row++) {
      const weight = weights === undefined ? 1 : weights[row]!;
      const bin = column![row]!;
      if (bin < bins) shares[bin]! += weight;
      total += weight;
      squares += weight ** 2;
    }
    if (total > 0) for (let bin = 0; bin < bins; bin++) shares[bin]! /= total;
    return { shares, rows: squares === 0 ? 0 : total ** 2 / squares };
  }

  #weightsOf(counts: ArrayLike<number>, population: Population, month: number): Float64Array {
    const weights = this.#seasonWeights(month);
    for (let round = 0; round < RAKING_ROUNDS && Object.keys(population).length > 0; round++) {
      for (const [name, inside] of Object.entries(population)) {
        const { offset, edges } = this.binning.features.find((one) => one.name === name)!;
        const { shares } = this.#sharesOf(name, weights, edges.length + 2);
        const total = inside.reduce((sum, bin) => sum + counts[offset + bin]!, 0);
        const factors = new Float64Array(edges.length + 2);
        for (const bin of inside)
          factors[bin] = shares[bin] === 0 ? 0 : counts[offset + bin]! / total / shares[bin]!;
        const column = this.#columns.get(name)!;
        for (let row = 0; row < weights.length; row++) weights[row]! *= factors[column[row]!]!;
      }
    }
    return weights;
  }

  #seasonWeights(month: number): Float64Array {
    const months = this.#columns.get('month');
    const weights = new Float64Array(this.#rowCount).fill(1);
    if (months === undefined) return weights;
    const near = Float64Array.from(months, (other) => (isNear(other, month) ? 1 : 0));
    return near.reduce((sum, weight) => sum + weight, 0) >= LEAST_SEASON_ROWS ? near : weights;
  }
}

/** The same month, the one before or the one after. */
function isNear(month: number, other: number): boolean {
  return Math.abs(((month - other + 18) % 12) - 6) <= 1;
}

function mixed(some: LikeShares, others: LikeShares, part: number): LikeShares {
  const shares = some.shares.map((share, bin) => (1 - part) * share + part * others.shares[bin]!);
  return { shares, rows: Math.min(some.rows, others.rows) };
}
