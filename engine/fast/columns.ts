import {
  CATEGORICAL_BIT,
  DEFAULT_LEFT_BIT,
  MISSING_NAN,
  MISSING_ZERO,
  missingTypeOf,
  type Tree,
} from '../model/tree.ts';

/** Thresholds of one feature whose ranks fit a byte; beyond the second, the feature's trees go elsewhere. */
export const NARROW_THRESHOLDS = 255;
export const WIDE_THRESHOLDS = 65_535;
/** Leaves that a byte can number; and the most that the 16-bit form takes: beyond, walking is faster. */
export const NARROW_LEAVES = 256;
export const WIDE_LEAVES = 256;
/** Distinct categories of one feature that a byte can number, and the highest category in a table. */
const CATEGORY_CODES = 255;
const CATEGORY_LIMIT = 65_536;

/** Where missing values go: what a column puts in their place. */
export type MissingRule = 'nan_is_zero' | 'nan_left' | 'nan_right' | 'zero_left' | 'zero_right';

export function missingRuleOf(decisionType: number): MissingRule {
  const left = (decisionType & DEFAULT_LEFT_BIT) !== 0;
  switch (missingTypeOf(decisionType)) {
    case MISSING_NAN:
      return left ? 'nan_left' : 'nan_right';
    case MISSING_ZERO:
      return left ? 'zero_left' : 'zero_right';
    default:
      return 'nan_is_zero';
  }
}

/** How a row's leaf is found in one tree: by testing all nodes in bytes or 16-bit lanes, by walking, or in plain TypeScript. */
export type TreeForm = 'narrow' | 'wide' | 'walk' | 'reference';

export type NumericalFeature = {
  readonly kind: 'numerical';
  readonly feature: number;
  /** Ascending, distinct, as `actingThreshold` gives them; the last may be infinite (every number goes left). */
  readonly thresholds: Float64Array;
};
export type CategoricalFeature = {
  readonly kind: 'categorical';
  readonly feature: number;
  /** Categories that some split names, ascending; the place of one is its code. */
  readonly categories: Int32Array;
};

/** What the model's splits ask of its features, and which trees the fast form can take. */
export type FeatureSurvey = {
  readonly numerical: ReadonlyMap<number, NumericalFeature>;
  readonly categorical: ReadonlyMap<number, CategoricalFeature>;
  /** By tree index. */
  readonly forms: readonly TreeForm[];
};

/** Collects thresholds and categories, then declares for each tree which form takes it. */
export function surveyFeatures(trees: readonly Tree[]): FeatureSurvey {
  const thresholds = new Map<number, number[]>();
  const categories = new Map<number, Set<number>>();
  for (const tree of trees) {
    for (let node = 0; node < tree.leafCount - 1; node++) {
      const feature = tree.splitFeature[node]!;
      if ((tree.decisionType[node]! & CATEGORICAL_BIT) === 0) {
        const list = thresholds.get(feature);
        const threshold = tree.threshold[node]!;
        if (list === undefined) {
          thresholds.set(feature, [threshold]);
        } else {
          list.push(threshold);
        }
      } else {
        let set = categories.get(feature);
        if (set === undefined) {
          set = new Set();
          categories.set(feature, set);
        }
        for (const category of categoriesOf(tree, tree.threshold[node]!)) {
          set.add(category);
        }
      }
    }
  }
  const numerical = new Map<number, NumericalFeature>();
  for (const [feature, list] of thresholds) {
    const sorted = Float64Array.from(list.filter((threshold) => threshold > -Infinity)).sort();
    const distinct = sorted.filter((threshold, at) => at === 0 || threshold !== sorted[at - 1]);
    numerical.set(feature, { kind: 'numerical', feature, thresholds: distinct });
  }
  const categorical = new Map<number, CategoricalFeature>();
  for (const [feature, set] of categories) {
    categorical.set(feature, { kind: 'categorical', feature, categories: Int32Array.from(set).sort() });
  }
  return { numerical, categorical, forms: trees.map((tree) => formOf(tree, numerical, categorical)) };
}

function formOf(
  tree: Tree,
  numerical: ReadonlyMap<number, NumericalFeature>,
  categorical: ReadonlyMap<number, CategoricalFeature>,
): TreeForm {
  let wide = tree.leafCount > NARROW_LEAVES;
  let walk = tree.leafCount > WIDE_LEAVES;
  for (let node = 0; node < tree.leafCount - 1; node++) {
    const feature = tree.splitFeature[node]!;
    if ((tree.decisionType[node]! & CATEGORICAL_BIT) === 0) {
      const count = numerical.get(feature)!.thresholds.length;
      const threshold = tree.threshold[node]!;
      if (threshold !== threshold) return 'reference';
      walk ||= threshold === -Infinity || count > WIDE_THRESHOLDS;
      wide ||= count > NARROW_THRESHOLDS;
    } else {
      const { categories } = categorical.get(feature)!;
      walk ||=
        tree.singleCategories ||
        (tree.decisionType[node]! & DEFAULT_LEFT_BIT) !== 0 ||
        categories.length > CATEGORY_CODES ||
        (categories.at(-1) ?? 0) >= CATEGORY_LIMIT;
    }
  }
  return walk ? 'walk' : wide ? 'wide' : 'narrow';
}

/** The categories that go left under one of a tree's sets, ascending. */
export function categoriesOf(tree: Tree, set: number): number[] {
  const found: number[] = [];
  const first = tree.catBoundaries[set]!;
  for (let word = first; word < tree.catBoundaries[set + 1]!; word++) {
    const bits = tree.catThreshold[word]!;
    for (let bit = 0; bit < 32; bit++) {
      if (((bits >>> bit) & 1) === 1) {
        found.push((word - first) * 32 + bit);
      }
    }
  }
  return found;
}
