/** Bits of a node's `decisionType`, as LightGBM writes them. */
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
  /** leafCount − 1; at a categorical node, the index into `catBoundaries`. */
  readonly threshold: Float64Array;
  /** leafCount − 1; bit 0 categorical, bit 1 default left, bits 2–3 the missing type. */
  readonly decisionType: Uint8Array;
  /** leafCount − 1 */
  readonly leftChild: Int32Array;
  /** leafCount − 1 */
  readonly rightChild: Int32Array;
  /** leafCount */
  readonly leafValue: Float64Array;
  /** leafCount; training rows that ended in the leaf (zeros where the file does not say). */
  readonly leafCover: Float64Array;
  /** leafCount − 1; training rows that passed the node (zeros where the file does not say). */
  readonly nodeCover: Float64Array;
  /** leafCount − 1; the node's own output, in the file's six digits. */
  readonly nodeValue: Float64Array;
  /** Words of category set `c`: `catThreshold[catBoundaries[c] … catBoundaries[c + 1]]`; empty without categories. */
  readonly catBoundaries: Int32Array;
  /** Bit sets of 32 categories a word. */
  readonly catThreshold: Uint32Array;
  readonly linear: LinearLeaves | undefined;
};

/** The missing type of a node from its decision type. */
export function missingTypeOf(decisionType: number): number {
  return (decisionType >> 2) & 3;
}
