import { gaussLegendre } from '../explain/gauss-legendre.ts';
import type { Model } from '../model/model.ts';
import type { Tree } from '../model/tree.ts';
import { goesLeft } from './leaf.ts';

/** Doubles of products that are held at once: nodes of the rule are taken in groups that fit. */
const PRODUCT_DOUBLES = 1 << 20;

/**
 * Contributions of a row's features (path-dependent TreeSHAP) by quadrature, for trees of any size, depth and kind.
 *
 * A leaf of value v adds v·(oᵢ − zᵢ)·∫₀¹ ∏_{j≠i} (t·oⱼ + (1 − t)·zⱼ) dt to feature i of its path: o says whether the row
 * meets the feature's conditions, z is the share of training rows that do. ⌈d/2⌉ Gauss–Legendre nodes integrate d
 * features exactly. At each node the products are carried down the tree and sums over leaves up; every factor only
 * shrinks on the way down, so nothing cancels. No recursion: edges lie in one list, parents before children.
 * Source: Yu, Xu, Liu, "Linear TreeShap", NeurIPS 2022, in the quadrature form.
 *
 * @param rows row-major, `rowCount × model.inputCount`
 * @param out `rowCount × outputCount × (inputCount + 1)`; the last of each output is the expected value
 * @param take which trees take part, by index; all by default
 */
export function contributionsByReference(
  model: Model,
  rows: Float64Array,
  rowCount: number,
  iterations: { readonly start: number; readonly end: number },
  out: Float64Array,
  take: (index: number) => boolean = () => true,
): void {
  const { inputCount: featureCount, treesPerIteration } = model;
  const width = featureCount + 1;
  for (
    let index = iterations.start * treesPerIteration;
    index < iterations.end * treesPerIteration;
    index++
  ) {
    if (!take(index)) continue;
    const tree = model.trees[index]!;
    const expected = expectedValue(tree);
    const walk = tree.leafCount > 1 ? new TreeQuadrature(tree) : undefined;
    const output = index % treesPerIteration;
    for (let row = 0; row < rowCount; row++) {
      const base = (row * treesPerIteration + output) * width;
      out[base + featureCount] = out[base + featureCount]! + expected;
      walk?.add(rows, row * featureCount, out, base);
    }
  }
}

/** Adds where the sums start to the expected values. */
export function addBaseScores(model: Model, rowCount: number, out: Float64Array): void {
  const { baseScores, outputCount, inputCount: featureCount } = model;
  for (let output = 0; output < outputCount; output++) {
    if (baseScores[output] === 0) continue;
    for (let row = 0; row < rowCount; row++) {
      const at = (row * outputCount + output) * (featureCount + 1) + featureCount;
      out[at] = out[at]! + baseScores[output]!;
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

/** Share of a node's training rows that went to `child`; 0 under a node that no row reached. */
export function coverRatio(tree: Tree, node: number, child: number): number {
  const cover = tree.nodeCover[node]!;
  const own = child >= 0 ? tree.nodeCover[child]! : tree.leafCover[~child]!;
  return cover === 0 ? 0 : own / cover;
}

/** One tree as a list of edges, each from a node to a child, parents before children. */
class TreeQuadrature {
  readonly #tree: Tree;
  readonly #edgeCount: number;
  /** By edge: its node, twice, plus 1 where it leads left. */
  readonly #nodeSide: Int32Array;
  /** By edge: the edge above it; −1 at the root. */
  readonly #above: Int32Array;
  /** By edge: the nearest edge above that splits on the same feature; −1 without one. */
  readonly #earlier: Int32Array;
  /** By edge: the feature's cover ratio, all its splits on the path included, and what it was before the edge. */
  readonly #ratio: Float64Array;
  readonly #ratioBefore: Float64Array;
  /** By edge: the leaf it ends in; −1 where it ends in a node. */
  readonly #leaf: Int32Array;
  readonly #nodes: Float64Array;
  readonly #weights: Float64Array;
  readonly #met: Uint8Array;
  readonly #group: number;
  readonly #products: Float64Array;
  readonly #sums: Float64Array;

  constructor(tree: Tree) {
    const count = 2 * (tree.leafCount - 1);
    this.#tree = tree;
    this.#edgeCount = count;
    this.#nodeSide = new Int32Array(count);
    this.#above = new Int32Array(count);
    this.#earlier = new Int32Array(count);
    this.#ratio = new Float64Array(count);
    this.#ratioBefore = new Float64Array(count);
    this.#leaf = new Int32Array(count);
    this.#met = new Uint8Array(count);
    const distinct = this.#listEdges();
    const { nodes, weights } = gaussLegendre((distinct + 1) >> 1);
    this.#nodes = nodes;
    this.#weights = weights;
    this.#group = Math.max(1, Math.min(nodes.length, Math.floor(PRODUCT_DOUBLES / count)));
    this.#products = new Float64Array(count * this.#group);
    this.#sums = new Float64Array(count * this.#group);
  }

  /** Fills the list in the order of a walk. @returns the most distinct features of a path */
  #listEdges(): number {
    const tree = this.#tree;
    const ordinal = new Map<number, number>();
    for (const feature of tree.splitFeature) {
      if (!ordinal.has(feature)) ordinal.set(feature, ordinal.size);
    }
    /** By feature: its last edge on the path that is being walked. */
    const last = new Int32Array(ordinal.size).fill(-1);
    // Two numbers an entry: a node and a side, and the edge above; −1 takes that edge off the path again.
    const waiting: number[] = [];
    let distinct = 0;
    let most = 0;
    let edge = 0;
    const push = (node: number, side: number, above: number): void => {
      waiting.push(node * 2 + side, above);
    };
    push(0, 0, -1);
    push(0, 1, -1);
    while (waiting.length > 0) {
      const above = waiting.pop()!;
      const entry = waiting.pop()!;
      if (entry < 0) {
        const feature = ordinal.get(tree.splitFeature[this.#nodeSide[above]! >> 1]!)!;
        last[feature] = this.#earlier[above]!;
        if (last[feature] < 0) distinct -= 1;
        continue;
      }
      const node = entry >> 1;
      const child = (entry & 1) === 1 ? tree.leftChild[node]! : tree.rightChild[node]!;
      const feature = ordinal.get(tree.splitFeature[node]!)!;
      const earlier = last[feature]!;
      const before = earlier < 0 ? 1 : this.#ratio[earlier]!;
      this.#nodeSide[edge] = entry;
      this.#above[edge] = above;
      this.#earlier[edge] = earlier;
      this.#ratioBefore[edge] = before;
      this.#ratio[edge] = before * coverRatio(tree, node, child);
      this.#leaf[edge] = child < 0 ? ~child : -1;
      if (earlier < 0) distinct += 1;
      if (distinct > most) most = distinct;
      if (child >= 0) {
        last[feature] = edge;
        waiting.push(-1, edge);
        push(child, 0, edge);
        push(child, 1, edge);
      } else if (earlier < 0) {
        distinct -= 1;
      }
      edge += 1;
    }
    return most;
  }

  /** Adds a row's contributions to `out[base + feature]`. */
  add(rows: Float64Array, rowOffset: number, out: Float64Array, base: number): void {
    this.#meet(rows, rowOffset);
    for (let first = 0; first < this.#nodes.length; first += this.#group) {
      const count = Math.min(this.#group, this.#nodes.length - first);
      this.#carryDown(first, count);
      this.#carryUp(first, count, out, base);
    }
  }

  /** Whether the row meets all conditions of an edge's feature down to the edge. */
  #meet(rows: Float64Array, rowOffset: number): void {
    const tree = this.#tree;
    for (let edge = 0; edge < this.#edgeCount; edge++) {
      const entry = this.#nodeSide[edge]!;
      const node = entry >> 1;
      const left = goesLeft(tree, node, rows[rowOffset + tree.splitFeature[node]!]!);
      const earlier = this.#earlier[edge]!;
      this.#met[edge] = left === ((entry & 1) === 1) && (earlier < 0 || this.#met[earlier] === 1) ? 1 : 0;
    }
  }

  #carryDown(first: number, count: number): void {
    const products = this.#products;
    for (let edge = 0; edge < this.#edgeCount; edge++) {
      const earlier = this.#earlier[edge]!;
      const above = this.#above[edge]! * count;
      const wasMet = earlier < 0 || this.#met[earlier] === 1;
      const met = this.#met[edge]!;
      const ratio = this.#ratio[edge]!;
      const before = this.#ratioBefore[edge]!;
      for (let at = 0; at < count; at++) {
        const t = this.#nodes[first + at]!;
        const s = 1 - t;
        // New factor over old; where the row met neither, both hold 1 − t.
        const change = wasMet ? (met * t + s * ratio) / (t + s * before) : before === 0 ? 0 : ratio / before;
        products[edge * count + at] = (above < 0 ? 1 : products[above + at]!) * change;
      }
    }
  }

  #carryUp(first: number, count: number, out: Float64Array, base: number): void {
    const tree = this.#tree;
    const sums = this.#sums;
    sums.fill(0, 0, this.#edgeCount * count);
    for (let edge = this.#edgeCount - 1; edge >= 0; edge--) {
      const leaf = this.#leaf[edge]!;
      const own = edge * count;
      if (leaf >= 0) {
        const value = tree.leafValue[leaf]!;
        for (let at = 0; at < count; at++) sums[own + at] = value * this.#products[own + at]!;
      }
      const above = this.#above[edge]! * count;
      const earlier = this.#earlier[edge]!;
      const wasMet = earlier < 0 || this.#met[earlier] === 1;
      const met = this.#met[edge] === 1;
      const ratio = this.#ratio[edge]!;
      const before = this.#ratioBefore[edge]!;
      let share = 0;
      for (let at = 0; at < count; at++) {
        const sum = sums[own + at]!;
        if (above >= 0) sums[above + at] = sums[above + at]! + sum;
        if (!wasMet) continue;
        const t = this.#nodes[first + at]!;
        const s = 1 - t;
        // (o − z) / factor, less what the edge before has counted already.
        const known = (1 - before) / (t + s * before);
        const now = met ? (1 - ratio) / (t + s * ratio) : -1 / s;
        share += this.#weights[first + at]! * sum * (now - known);
      }
      const slot = base + tree.splitFeature[this.#nodeSide[edge]! >> 1]!;
      out[slot] = out[slot]! + share;
    }
  }
}
