import type { Model } from '../model/model.ts';
import type { Tree } from '../model/tree.ts';
import { goesLeft, seenValue } from './leaf.ts';

/**
 * Contributions of a row's features by path-dependent TreeSHAP, plainly: one walk over the whole tree a row.
 * Source: Lundberg, Erion, Lee, "Consistent Individualized Feature Attribution for Tree Ensembles",
 * arXiv:1802.03888, algorithm 2.
 *
 * @param rows row-major, `rowCount × model.featureCount`
 * @param out `rowCount × outputCount × (featureCount + 1)`; the last of each output is the expected value
 */
export function contributionsByReference(
  model: Model,
  rows: Float64Array,
  rowCount: number,
  iterations: { readonly start: number; readonly end: number },
  out: Float64Array,
): void {
  const { featureCount, treesPerIteration } = model;
  const width = featureCount + 1;
  out.fill(0, 0, rowCount * treesPerIteration * width);
  const first = iterations.start * treesPerIteration;
  const last = iterations.end * treesPerIteration;
  for (let index = first; index < last; index++) {
    const tree = model.trees[index]!;
    const expected = expectedValue(tree);
    const walk = new Walk(tree);
    const output = index % treesPerIteration;
    for (let row = 0; row < rowCount; row++) {
      const base = (row * treesPerIteration + output) * width;
      out[base + featureCount] = out[base + featureCount]! + expected;
      if (tree.leafCount > 1) {
        walk.run(rows, row * featureCount, out, base);
      }
    }
  }
}

/** A tree's mean output over its training rows. */
export function expectedValue(tree: Tree): number {
  if (tree.leafCount === 1) {
    return tree.leafValue[0]!;
  }
  const total = tree.nodeCover[0]!;
  let expected = 0;
  for (let leaf = 0; leaf < tree.leafCount; leaf++) {
    expected += (tree.leafCover[leaf]! / total) * tree.leafValue[leaf]!;
  }
  return expected;
}

function depthOf(tree: Tree): number {
  let deepest = 0;
  const waiting: [number, number][] = [[0, 0]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [node, depth] = next;
    deepest = Math.max(deepest, depth);
    if (node >= 0) {
      waiting.push([tree.leftChild[node]!, depth + 1], [tree.rightChild[node]!, depth + 1]);
    }
  }
  return deepest;
}

/**
 * The unique features met on the way to a node: how much of the training rows (`zero`) and of this row
 * (`one`) gets past their conditions, and the weight of the subsets of each size. Every level copies its
 * parent's, so that undoing is free; the copies lie one after another in four flat arrays.
 */
class Walk {
  readonly #tree: Tree;
  readonly #feature: Int32Array;
  readonly #zero: Float64Array;
  readonly #one: Float64Array;
  readonly #weight: Float64Array;
  #rows: Float64Array = new Float64Array(0);
  #rowOffset = 0;
  #out: Float64Array = this.#rows;
  #outOffset = 0;

  constructor(tree: Tree) {
    this.#tree = tree;
    const depth = (tree.leafCount > 1 ? depthOf(tree) : 0) + 2;
    const size = (depth * (depth + 1)) / 2;
    this.#feature = new Int32Array(size);
    this.#zero = new Float64Array(size);
    this.#one = new Float64Array(size);
    this.#weight = new Float64Array(size);
  }

  run(rows: Float64Array, rowOffset: number, out: Float64Array, outOffset: number): void {
    this.#rows = rows;
    this.#rowOffset = rowOffset;
    this.#out = out;
    this.#outOffset = outOffset;
    this.#descend(0, 0, 0, 1, 1, -1);
  }

  #descend(node: number, parent: number, length: number, zero: number, one: number, feature: number): void {
    const base = parent + length;
    this.#feature.copyWithin(base, parent, parent + length);
    this.#zero.copyWithin(base, parent, parent + length);
    this.#one.copyWithin(base, parent, parent + length);
    this.#weight.copyWithin(base, parent, parent + length);
    this.#extend(base, length, zero, one, feature);
    const tree = this.#tree;
    if (node < 0) {
      const value = tree.leafValue[~node]!;
      for (let at = 1; at <= length; at++) {
        const share =
          this.#unwoundSum(base, length, at) * (this.#one[base + at]! - this.#zero[base + at]!) * value;
        const slot = this.#outOffset + this.#feature[base + at]!;
        this.#out[slot] = this.#out[slot]! + share;
      }
      return;
    }
    const split = tree.splitFeature[node]!;
    const left = goesLeft(tree, node, seenValue(this.#rows[this.#rowOffset + split]!));
    const hot = left ? tree.leftChild[node]! : tree.rightChild[node]!;
    const cold = left ? tree.rightChild[node]! : tree.leftChild[node]!;
    const cover = tree.nodeCover[node]!;
    let incomingZero = 1;
    let incomingOne = 1;
    let depth = length;
    const known = this.#feature.subarray(base, base + length + 1).indexOf(split);
    if (known > 0) {
      incomingZero = this.#zero[base + known]!;
      incomingOne = this.#one[base + known]!;
      this.#unwind(base, depth, known);
      depth -= 1;
    }
    const hotZero = (coverOf(tree, hot) / cover) * incomingZero;
    const coldZero = (coverOf(tree, cold) / cover) * incomingZero;
    this.#descend(hot, base, depth + 1, hotZero, incomingOne, split);
    this.#descend(cold, base, depth + 1, coldZero, 0, split);
  }

  #extend(base: number, length: number, zero: number, one: number, feature: number): void {
    const weight = this.#weight;
    this.#feature[base + length] = feature;
    this.#zero[base + length] = zero;
    this.#one[base + length] = one;
    weight[base + length] = length === 0 ? 1 : 0;
    for (let at = length - 1; at >= 0; at--) {
      const current = weight[base + at]!;
      weight[base + at + 1] = weight[base + at + 1]! + (one * current * (at + 1)) / (length + 1);
      weight[base + at] = (zero * current * (length - at)) / (length + 1);
    }
  }

  #unwind(base: number, length: number, position: number): void {
    const weight = this.#weight;
    const one = this.#one[base + position]!;
    const zero = this.#zero[base + position]!;
    let next = weight[base + length]!;
    for (let at = length - 1; at >= 0; at--) {
      if (one === 0) {
        weight[base + at] = (weight[base + at]! * (length + 1)) / (zero * (length - at));
      } else {
        const current = weight[base + at]!;
        weight[base + at] = (next * (length + 1)) / ((at + 1) * one);
        next = current - (weight[base + at]! * zero * (length - at)) / (length + 1);
      }
    }
    this.#feature.copyWithin(base + position, base + position + 1, base + length + 1);
    this.#zero.copyWithin(base + position, base + position + 1, base + length + 1);
    this.#one.copyWithin(base + position, base + position + 1, base + length + 1);
  }

  #unwoundSum(base: number, length: number, position: number): number {
    const weight = this.#weight;
    const one = this.#one[base + position]!;
    const zero = this.#zero[base + position]!;
    let next = weight[base + length]!;
    let total = 0;
    for (let at = length - 1; at >= 0; at--) {
      if (one === 0) {
        total += weight[base + at]! / zero / ((length - at) / (length + 1));
      } else {
        const share = (next * (length + 1)) / ((at + 1) * one);
        total += share;
        next = weight[base + at]! - share * zero * ((length - at) / (length + 1));
      }
    }
    return total;
  }
}

function coverOf(tree: Tree, child: number): number {
  return child >= 0 ? tree.nodeCover[child]! : tree.leafCover[~child]!;
}
