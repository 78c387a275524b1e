import type { Tree } from '../model/tree.ts';
import {
  CATEGORICAL_BIT,
  DEFAULT_LEFT_BIT,
  missingTypeOf,
  MISSING_NAN,
  MISSING_ZERO,
} from '../model/tree.ts';

/** How a column of ranks treats missing values; the numbers are the kernel's. */
export const RANK_MODE = {
  /** NaN is read as 0. */
  plain: 0,
  /** Zero and NaN rank below every threshold. */
  zeroLow: 1,
  zeroHigh: 2,
  /** NaN ranks below every threshold, zero is a number. */
  nanLow: 3,
  nanHigh: 4,
  /** 1 where the value is NaN. */
  isNan: 5,
  /** 1 where the value is zero (and not NaN). */
  isZero: 6,
} as const;
export type RankMode = (typeof RANK_MODE)[keyof typeof RANK_MODE];

/** Ranks above this need 16 bits. */
const NARROW_RANKS = 255;
const WIDE_RANKS = 65_535;

/** One byte or two a row: the rank of a feature's value among all of the model's thresholds on it. */
export type RankColumn = {
  readonly kind: 'rank';
  readonly feature: number;
  readonly mode: RankMode;
  readonly wide: boolean;
};
/** Two bytes a row: the category number, or `limit` for every value outside 0 … limit − 1. */
export type CodeColumn = { readonly kind: 'code'; readonly feature: number; readonly limit: number };
/** One byte a row: the class of the category under one tree's splits. `classes` has code.limit + 1 entries. */
export type ClassColumn = { readonly kind: 'class'; readonly code: number; readonly classes: Uint8Array };
export type Column = RankColumn | CodeColumn | ClassColumn;

/** The distinct columns that a plan's tests read, numbered as they are asked for. */
export class Columns {
  readonly list: Column[] = [];
  readonly thresholds: ReadonlyMap<number, Float64Array>;
  readonly #categoryLimits: ReadonlyMap<number, number>;
  readonly #numbers = new Map<string, number>();

  constructor(trees: readonly Tree[]) {
    this.thresholds = thresholdsByFeature(trees);
    this.#categoryLimits = categoryLimits(trees);
  }

  /** Whether ranks and categories of a feature fit columns: trees that ask for another are explained elsewhere. */
  fits(feature: number): boolean {
    return this.#thresholdsOf(feature).length <= WIDE_RANKS && this.categoryLimit(feature) <= WIDE_RANKS;
  }

  rank(feature: number, mode: RankMode): number {
    const indicator = mode === RANK_MODE.isNan || mode === RANK_MODE.isZero;
    const wide = !indicator && this.#thresholdsOf(feature).length > NARROW_RANKS;
    return this.#number(`r${feature}.${mode}`, () => ({ kind: 'rank', feature, mode, wide }));
  }

  code(feature: number): number {
    return this.#number(`c${feature}`, () => ({ kind: 'code', feature, limit: this.categoryLimit(feature) }));
  }

  /** A fresh column: classes belong to one tree. */
  classes(feature: number, classes: Uint8Array): number {
    const code = this.code(feature);
    return this.list.push({ kind: 'class', code, classes }) - 1;
  }

  /** One more than the highest category that any split of the feature names. */
  categoryLimit(feature: number): number {
    return this.#categoryLimits.get(feature) ?? 0;
  }

  /** Number of the model's thresholds on the feature below `value`: a row passes `value ≤ t` iff its rank ≤ rankOf(t). */
  rankOf(feature: number, value: number): number {
    const thresholds = this.#thresholdsOf(feature);
    let low = 0;
    let high = thresholds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (thresholds[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #thresholdsOf(feature: number): Float64Array {
    return this.thresholds.get(feature) ?? new Float64Array(0);
  }

  #number(key: string, make: () => Column): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.list.push(make()) - 1;
    this.#numbers.set(key, number);
    return number;
  }
}

/** The rank mode of a numerical node. */
export function rankModeOf(decisionType: number): RankMode {
  const low = (decisionType & DEFAULT_LEFT_BIT) !== 0;
  switch (missingTypeOf(decisionType)) {
    case MISSING_ZERO:
      return low ? RANK_MODE.zeroLow : RANK_MODE.zeroHigh;
    case MISSING_NAN:
      return low ? RANK_MODE.nanLow : RANK_MODE.nanHigh;
    default:
      return RANK_MODE.plain;
  }
}

export function isCategorical(decisionType: number): boolean {
  return (decisionType & CATEGORICAL_BIT) !== 0;
}

function thresholdsByFeature(trees: readonly Tree[]): Map<number, Float64Array> {
  const found = new Map<number, Set<number>>();
  for (const tree of trees) {
    for (let node = 0; node < tree.splitFeature.length; node++) {
      if (isCategorical(tree.decisionType[node]!)) continue;
      const feature = tree.splitFeature[node]!;
      let set = found.get(feature);
      if (set === undefined) found.set(feature, (set = new Set()));
      // −0 and 0 compare alike; a Set would too, but sort must not see both.
      set.add(tree.threshold[node]! + 0);
    }
  }
  const sorted = new Map<number, Float64Array>();
  for (const [feature, set] of found) {
    sorted.set(feature, Float64Array.from(set).sort());
  }
  return sorted;
}

function categoryLimits(trees: readonly Tree[]): Map<number, number> {
  const limits = new Map<number, number>();
  for (const tree of trees) {
    for (let node = 0; node < tree.splitFeature.length; node++) {
      if (!isCategorical(tree.decisionType[node]!)) continue;
      const feature = tree.splitFeature[node]!;
      const set = tree.threshold[node]!;
      const words = tree.catBoundaries[set + 1]! - tree.catBoundaries[set]!;
      const limit = Math.max(limits.get(feature) ?? 0, words * 32);
      limits.set(feature, limit);
    }
  }
  return limits;
}

/** Whether the category set of a categorical node holds `category`. */
export function inCategorySet(tree: Tree, node: number, category: number): boolean {
  const set = tree.threshold[node]!;
  const start = tree.catBoundaries[set]!;
  const word = start + (category >>> 5);
  if (word >= tree.catBoundaries[set + 1]!) return false;
  return ((tree.catThreshold[word]! >>> (category & 31)) & 1) !== 0;
}
