import {
  CATEGORICAL_BIT,
  DEFAULT_LEFT_BIT,
  MISSING_NAN,
  MISSING_ZERO,
  missingTypeOf,
  ZERO_THRESHOLD,
  type Tree,
} from '../model/tree.ts';

/** What LightGBM's prediction sees of a value: everything within the zero threshold is +0, NaN stays. */
export function seenValue(value: number): number {
  return Math.abs(value) <= ZERO_THRESHOLD ? 0 : value;
}

/**
 * Whether a value goes left at a node. `value` must have passed `seenValue`.
 * Source: Tree::NumericalDecision and Tree::CategoricalDecision of LightGBM's include/LightGBM/tree.h.
 */
export function goesLeft(tree: Tree, node: number, value: number): boolean {
  const type = tree.decisionType[node]!;
  if ((type & CATEGORICAL_BIT) !== 0) {
    return inCategorySet(tree, tree.threshold[node]!, value);
  }
  const missing = missingTypeOf(type);
  const isNaN = value !== value;
  if (isNaN ? missing !== 0 : missing === MISSING_ZERO && value === 0) {
    if (missing === MISSING_ZERO || missing === MISSING_NAN) {
      return (type & DEFAULT_LEFT_BIT) !== 0;
    }
  }
  return (isNaN ? 0 : value) <= tree.threshold[node]!;
}

/** Categories are truncated toward zero; NaN, negative ones and those beyond an int are in no set. */
function inCategorySet(tree: Tree, set: number, value: number): boolean {
  if (!(value > -1 && value < 2 ** 31)) {
    return false;
  }
  const category = Math.trunc(value);
  const word = tree.catBoundaries[set]! + (category >>> 5);
  return word < tree.catBoundaries[set + 1]! && ((tree.catThreshold[word]! >>> (category & 31)) & 1) === 1;
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
    const value = seenValue(rows[offset + tree.splitFeature[node]!]!);
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
