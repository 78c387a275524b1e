import { EngineError } from '../errors.ts';
import { allocateBytes } from '../fast/memory.ts';
import type { Model } from './model.ts';
import type { LinearLeaves, Tree } from './tree.ts';

/** A parsed model whose arrays lie in one SharedArrayBuffer, so that posting it to a thread copies no tree. */
export type PackedModel = {
  readonly head: Omit<Model, 'trees'>;
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  /** ARRAYS numbers a tree: where each of its arrays starts, in bytes, and `-1` for what it does not have. */
  readonly starts: Int32Array;
  /** Leaves, category boundaries, category words, linear terms (−1 where it is not linear) and flags of each tree. */
  readonly sizes: Int32Array;
};

const ARRAYS = 14;
const SIZES = 5;
/** Bits of a tree's fifth size. */
const SINGLE_CATEGORIES = 1;
const NAMED_LEAVES = 2;
const LARGEST = 2 ** 31 - 1;

export function packModel(model: Model): PackedModel {
  const { trees, ...head } = model;
  const starts = new Int32Array(allocateBytes(trees.length * ARRAYS * 4)).fill(-1);
  const sizes = new Int32Array(allocateBytes(trees.length * SIZES * 4));
  let at = 0;
  for (const tree of trees) {
    sizes.set(
      [
        tree.leafCount,
        tree.catBoundaries.length,
        tree.catThreshold.length,
        tree.linear?.features.length ?? -1,
        (tree.singleCategories ? SINGLE_CATEGORIES : 0) | (tree.leafNames ? NAMED_LEAVES : 0),
      ],
      tree.index * SIZES,
    );
    for (const [place, array] of arraysOf(tree).entries()) {
      if (array !== undefined) {
        starts[tree.index * ARRAYS + place] = at;
        at += Math.ceil(array.byteLength / 8) * 8;
      }
    }
    if (at > LARGEST) {
      throw new EngineError('out_of_memory', `the trees up to ${tree.index} take more than 2 GB`);
    }
  }
  const buffer = allocateBytes(Math.max(8, at));
  const bytes = new Uint8Array(buffer);
  for (const tree of trees) {
    for (const [place, array] of arraysOf(tree).entries()) {
      if (array !== undefined) {
        bytes.set(
          new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
          starts[tree.index * ARRAYS + place],
        );
      }
    }
  }
  return { head, buffer, starts, sizes };
}

/** The model over the shared arrays: nothing is copied. */
export function unpackModel(packed: PackedModel): Model {
  const count = packed.sizes.length / SIZES;
  return { ...packed.head, trees: Array.from({ length: count }, (_, index) => unpackTree(packed, index)) };
}

function arraysOf(tree: Tree): (Float64Array | Int32Array | Uint32Array | Uint8Array | undefined)[] {
  return [
    tree.splitFeature,
    tree.threshold,
    tree.decisionType,
    tree.leftChild,
    tree.rightChild,
    tree.leafValue,
    tree.leafCover,
    tree.nodeCover,
    tree.leafNames,
    tree.catBoundaries,
    tree.catThreshold,
    tree.linear?.constants,
    tree.linear?.offsets,
    tree.linear && concatTerms(tree.linear),
  ];
}

/** Features, as doubles, and then coefficients. */
function concatTerms(linear: LinearLeaves): Float64Array {
  const terms = new Float64Array(linear.features.length * 2);
  terms.set(linear.features);
  terms.set(linear.coefficients, linear.features.length);
  return terms;
}

function unpackTree(packed: PackedModel, index: number): Tree {
  const { buffer, starts, sizes } = packed;
  const [leafCount, boundaryCount, wordCount, termCount, flags] = sizes.subarray(
    index * SIZES,
    (index + 1) * SIZES,
  ) as unknown as [number, number, number, number, number];
  const start = (place: number): number => starts[index * ARRAYS + place]!;
  const doubles = (place: number, count: number): Float64Array =>
    new Float64Array(buffer, start(place), count);
  const integers = (place: number, count: number): Int32Array => new Int32Array(buffer, start(place), count);
  const nodeCount = leafCount - 1;
  return {
    index,
    leafCount,
    splitFeature: integers(0, nodeCount),
    threshold: doubles(1, nodeCount),
    decisionType: new Uint8Array(buffer, start(2), nodeCount),
    leftChild: integers(3, nodeCount),
    rightChild: integers(4, nodeCount),
    leafValue: doubles(5, leafCount),
    leafCover: doubles(6, leafCount),
    nodeCover: doubles(7, nodeCount),
    catBoundaries: integers(9, boundaryCount),
    catThreshold: new Uint32Array(buffer, start(10), wordCount),
    linear:
      termCount < 0
        ? undefined
        : {
            constants: doubles(11, leafCount),
            offsets: integers(12, leafCount + 1),
            features: Int32Array.from(doubles(13, termCount)),
            coefficients: doubles(13, termCount * 2).subarray(termCount),
          },
    singleCategories: (flags & SINGLE_CATEGORIES) !== 0,
    leafNames: (flags & NAMED_LEAVES) !== 0 ? integers(8, leafCount) : undefined,
  };
}
