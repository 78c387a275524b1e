import {
  CATEGORICAL_BIT,
  DEFAULT_LEFT_BIT,
  MISSING_ZERO,
  missingTypeOf,
  setHas,
  ZERO_THRESHOLD,
  type Tree,
} from '../model/tree.ts';

/** What LightGBM's linear leaves see of a value: everything within the zero threshold is +0, NaN stays. */
export function seenValue(value: number): number {
  return Math.abs(value) <= ZERO_THRESHOLD ? 0 : value;
}

/**
 * Whether a value goes left at a node.
 * Source: Tree::NumericalDecision and Tree::CategoricalDecision of LightGBM's include/LightGBM/tree.h.
 */
export function goesLeft(tree: Tree, node: number, value: number): boolean {
  const type = tree.decisionType[node]!;
  if ((type & CATEGORICAL_BIT) !== 0) {
    if (value !== value) return (type & DEFAULT_LEFT_BIT) !== 0;
    const category = categoryOf(tree, value);
    return category >= 0 && setHas(tree, tree.threshold[node]!, category);
  }
  const missing = missingTypeOf(type);
  const isNaN = value !== value;
  if (isNaN ? missing !== 0 : missing === MISSING_ZERO && Math.abs(value) <= ZERO_THRESHOLD) {
    return (type & DEFAULT_LEFT_BIT) !== 0;
  }
  return (isNaN ? 0 : value) <= tree.threshold[node]!;
}

/** Categories are cut toward zero; −1 for NaN, negative ones and those beyond an int, which are in no set. */
function categoryOf(tree: Tree, value: number): number {
  const seen = tree.singleCategories ? Math.fround(value) : value;
  return (tree.singleCategories ? seen >= 0 : seen > -1) && seen < 2 ** 31 ? Math.trunc(seen) : -1;
}

/**
 * The leaf in which a row ends.
 * @param rows row-major values; the row starts at `offset`
 */
export function leafOf(tree: Tree, rows: Float64Array, offset: number): number {
  if (tree.leafCount === 1) {
    return 0;
  }
  let node = 0;
  while (node >= 0) {
    const value = rows[offset + tree.splitFeature[node]!]!;
    node = goesLeft(tree, node, value) ? tree.leftChild[node]! : tree.rightChild[node]!;
  }
  return ~node;
}

/** What a leaf adds to a row's score: its value, or its linear model unless one of that model's features is NaN. */
export function leafOutput(tree: Tree, leaf: number, rows: Float64Array, offset: number): number {
  const linear = tree.linear;
  if (linear === undefined) {
    return tree.leafValue[leaf]!;
  }
  let output = linear.constants[leaf]!;
  for (let term = linear.offsets[leaf]!; term < linear.offsets[leaf + 1]!; term++) {
    const value = seenValue(rows[offset + linear.features[term]!]!);
    if (value !== value) {
      return tree.leafValue[leaf]!;
    }
    output += linear.coefficients[term]! * value;
  }
  return output;
}
