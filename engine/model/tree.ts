/** Bits of a node's `decisionType`, as LightGBM writes them. At a categorical node, default left sends NaN left. */
export const CATEGORICAL_BIT = 1;
export const DEFAULT_LEFT_BIT = 2;

/** What counts as missing at a node: bits 2–3 of `decisionType`. */
export const MISSING_NONE = 0;
export const MISSING_ZERO = 1;
export const MISSING_NAN = 2;

/**
 * Values no further from zero than this are zero to LightGBM: the float literal 1e-35f widened to double.
 * Source: LightGBM include/LightGBM/meta.h, kZeroThreshold.
 */
export const ZERO_THRESHOLD = Math.fround(1e-35);

/**
 * Linear models at a tree's leaves. The terms of leaf `l` lie at `offsets[l] … offsets[l + 1]` of
 * `features` and `coefficients`. A row with a NaN among a leaf's features takes the plain leaf value instead.
 */
export type LinearLeaves = {
  /** leafCount */
  readonly constants: Float64Array;
  /** leafCount + 1 */
  readonly offsets: Int32Array;
  readonly features: Int32Array;
  readonly coefficients: Float64Array;
};

/**
 * One decision tree, as in the model file. Node 0 is the root; a child ≥ 0 is a node, a child < 0 is the
 * leaf `~child`. A tree of one leaf has no nodes.
 */
export type Tree = {
  /** Position in the model file, 0-based. */
  readonly index: number;
  readonly leafCount: number;
  /** leafCount − 1 */
  readonly splitFeature: Int32Array;
  /**
   * leafCount − 1; a value no higher goes left. As `actingThreshold` gives them, so that values compare as they are.
   * At a categorical node, the index into `catBoundaries`.
   */
  readonly threshold: Float64Array;
  /** leafCount − 1; bit 0 categorical, bit 1 default left, bits 2–3 the missing type. */
  readonly decisionType: Uint8Array;
  /** leafCount − 1 */
  readonly leftChild: Int32Array;
  /** leafCount − 1 */
  readonly rightChild: Int32Array;
  /** leafCount */
  readonly leafValue: Float64Array;
  /** leafCount; training rows that ended in the leaf: zeros where the file does not say, NaN where it cannot be read. */
  readonly leafCover: Float64Array;
  /** leafCount − 1; training rows that passed the node, likewise. */
  readonly nodeCover: Float64Array;
  /** Words of category set `c`: `catThreshold[catBoundaries[c] … catBoundaries[c + 1]]`; empty without categories. */
  readonly catBoundaries: Int32Array;
  /** Bit sets of 32 categories a word. */
  readonly catThreshold: Uint32Array;
  readonly linear: LinearLeaves | undefined;
  /** Whether categories are rounded to single precision before they are cut to integers, and −0.5 is none (XGBoost). */
  readonly singleCategories: boolean;
  /** leafCount; what `predictLeaf` calls each leaf, where that is not its number. */
  readonly leafNames: Int32Array | undefined;
};

/** The missing type of a node from its decision type. */
export function missingTypeOf(decisionType: number): number {
  return (decisionType >> 2) & 3;
}

/** The largest double below −ZERO_THRESHOLD. */
const BELOW_ZEROS = -1.0000000180025096e-35;

/**
 * LightGBM reads everything within the zero threshold as 0. A threshold inside that band is moved to the edge
 * that it acts like, after which plain comparisons give the same answers.
 */
export function actingThreshold(threshold: number): number {
  if (!(Math.abs(threshold) <= ZERO_THRESHOLD)) return threshold;
  return threshold >= 0 ? ZERO_THRESHOLD : BELOW_ZEROS;
}

/** Whether a category, an integer from 0 on, is in one of a tree's sets. */
export function setHas(tree: Tree, set: number, category: number): boolean {
  const word = tree.catBoundaries[set]! + (category >>> 5);
  return word < tree.catBoundaries[set + 1]! && ((tree.catThreshold[word]! >>> (category & 31)) & 1) === 1;
}

/** Steps from the root to the deepest leaf. */
export function depthOf(tree: Tree): number {
  if (tree.leafCount === 1) return 0;
  const depth = new Int32Array(tree.leafCount - 1);
  const waiting = new Int32Array(tree.leafCount);
  let deepest = 0;
  let count = 1;
  while (count > 0) {
    count -= 1;
    const node = waiting[count]!;
    const below = depth[node]! + 1;
    if (below > deepest) deepest = below;
    for (const child of [tree.leftChild[node]!, tree.rightChild[node]!]) {
      if (child >= 0) {
        depth[child] = below;
        waiting[count] = child;
        count += 1;
      }
    }
  }
  return deepest;
}
