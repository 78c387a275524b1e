import { EngineError } from '../errors.ts';
import { checkLimit, type ParseOptions } from '../model/limits.ts';
import { CATEGORICAL_BIT, DEFAULT_LEFT_BIT, depthOf, MISSING_NAN, type Tree } from '../model/tree.ts';
import { child, integerOf, numbersOf, optional } from './fields.ts';
import { thresholdBelow } from './single.ts';
import type { Json } from './ubjson.ts';

/** XGBoost counts categories up to here; its sets are as wide. */
const MOST_CATEGORIES = 1 << 24;
/** Words of one tree's sets, at most. */
const MOST_WORDS = 1 << 24;
const NAN_MISSING = MISSING_NAN << 2;

/**
 * Turns a tree of XGBoost's into one of ours: nodes apart from leaves, comparisons by doubles that answer as its single
 * precision does, sides of category sets swapped (there, categories of the set go right).
 * @param place the tree's number in the file, for messages
 * @param weight what leaf values are multiplied by, in single precision
 * @throws EngineError naming the field at fault
 */
export function buildTree(
  document: Json,
  index: number,
  place: number,
  featureCount: number,
  weight: number,
  options: ParseOptions,
): Tree {
  const left = numbersOf(document, 'left_children');
  const size = left.length;
  const right = numbersOf(document, 'right_children', size);
  const conditions = numbersOf(document, 'split_conditions', size);
  const features = numbersOf(document, 'split_indices', size);
  const defaults = numbersOf(document, 'default_left', size);
  const covers = coversOf(document, size);
  const types =
    optional(document, 'split_type') === undefined ? undefined : numbersOf(document, 'split_type', size);
  const parameters = child(document, 'tree_param');
  if (integerOf(parameters, 'size_leaf_vector', 0, 2 ** 31, 0) > 1) {
    throw new EngineError('unsupported_output_count', `tree ${place} has vectors for leaves`);
  }
  const { order, slot, nodeCount } = shapeOf(left, right, place);
  const leafCount = nodeCount + 1;
  checkLimit(options.limits, 'maxLeaves', leafCount);
  const tree = emptyTree(index, leafCount);
  const sets = new CategorySets(document, place);
  const childOf = (node: number): number => (left[node] === -1 ? ~slot[node]! : slot[node]!);
  for (const node of order) {
    const at = slot[node]!;
    if (left[node] === -1) {
      tree.leafValue[at] = Math.fround(Math.fround(conditions[node]!) * weight);
      tree.leafCover[at] = covers[node]!;
      tree.leafNames![at] = node;
      continue;
    }
    const feature = features[node]!;
    if (!Number.isInteger(feature) || feature < 0 || feature >= featureCount) {
      throw new EngineError('out_of_range', `tree ${place} splits on feature ${feature} of ${featureCount}`);
    }
    const defaultLeft = defaults[node] !== 0;
    const categorical = types !== undefined && types[node] === 1;
    tree.splitFeature[at] = feature;
    tree.nodeCover[at] = covers[node]!;
    if (categorical) {
      tree.decisionType[at] = CATEGORICAL_BIT | NAN_MISSING | (defaultLeft ? 0 : DEFAULT_LEFT_BIT);
      tree.threshold[at] = sets.add(node);
      tree.leftChild[at] = childOf(right[node]!);
      tree.rightChild[at] = childOf(left[node]!);
    } else {
      const condition = Math.fround(conditions[node]!);
      if (!(condition > -Infinity)) {
        throw new EngineError(
          'unsupported_split',
          `node ${node} of tree ${place} compares with ${condition}`,
        );
      }
      tree.decisionType[at] = NAN_MISSING | (defaultLeft ? DEFAULT_LEFT_BIT : 0);
      tree.threshold[at] = thresholdBelow(condition);
      tree.leftChild[at] = childOf(left[node]!);
      tree.rightChild[at] = childOf(right[node]!);
    }
  }
  if (options.nonFiniteLeaves === 'refuse' && !tree.leafValue.every(Number.isFinite)) {
    throw new EngineError('non_finite_leaf', `tree ${place} has a leaf that is no finite number`);
  }
  const whole = { ...tree, catBoundaries: sets.boundaries(), catThreshold: sets.words() };
  if (options.limits?.maxDepth !== undefined) checkLimit(options.limits, 'maxDepth', depthOf(whole));
  return whole;
}

function emptyTree(index: number, leafCount: number): Tree {
  const nodeCount = leafCount - 1;
  return {
    index,
    leafCount,
    splitFeature: new Int32Array(nodeCount),
    threshold: new Float64Array(nodeCount),
    decisionType: new Uint8Array(nodeCount),
    leftChild: new Int32Array(nodeCount),
    rightChild: new Int32Array(nodeCount),
    leafValue: new Float64Array(leafCount),
    leafCover: new Float64Array(leafCount),
    nodeCover: new Float64Array(nodeCount),
    catBoundaries: new Int32Array(0),
    catThreshold: new Uint32Array(0),
    linear: undefined,
    singleCategories: true,
    leafNames: new Int32Array(leafCount),
  };
}

/** Sums of hessians; zeros where the file has none. */
function coversOf(document: Json, size: number): ArrayLike<number> {
  return optional(document, 'sum_hessian') === undefined
    ? new Float64Array(size)
    : numbersOf(document, 'sum_hessian', size);
}

/** Nodes in the order of a walk, and each one's number among nodes or leaves. Proves that each is reached once. */
function shapeOf(
  left: ArrayLike<number>,
  right: ArrayLike<number>,
  place: number,
): { order: number[]; slot: Int32Array; nodeCount: number } {
  const slot = new Int32Array(left.length).fill(-1);
  const order: number[] = [];
  const waiting = [0];
  let nodeCount = 0;
  let leafCount = 0;
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (!Number.isInteger(node) || node < 0 || node >= left.length || slot[node] !== -1) {
      throw new EngineError(
        'malformed_tree',
        `tree ${place} leads to node ${node}, which it has not or twice`,
      );
    }
    order.push(node);
    if (left[node] === -1) {
      slot[node] = leafCount;
      leafCount += 1;
    } else {
      slot[node] = nodeCount;
      nodeCount += 1;
      waiting.push(right[node]!, left[node]!);
    }
  }
  return { order, slot, nodeCount };
}

/** Collects the sets of categories that nodes ask for. */
class CategorySets {
  readonly #document: Json;
  readonly #place: number;
  readonly #sets: Uint32Array[] = [];
  #segments: ReadonlyMap<number, readonly [first: number, count: number]> | undefined;
  #categories: ArrayLike<number> = [];
  #wordCount = 0;

  constructor(document: Json, place: number) {
    this.#document = document;
    this.#place = place;
  }

  /** @returns the number of the set */
  add(node: number): number {
    this.#segments ??= this.#readSegments();
    const [first, count] = this.#segments.get(node) ?? [0, 0];
    let highest = -1;
    for (let at = first; at < first + count; at++) {
      const category = this.#categories[at]!;
      if (!Number.isInteger(category) || category < 0 || category > MOST_CATEGORIES) {
        throw new EngineError('out_of_range', `tree ${this.#place} names category ${category}`);
      }
      highest = Math.max(highest, category);
    }
    const words = new Uint32Array((highest >>> 5) + 1);
    this.#wordCount += words.length;
    if (this.#wordCount > MOST_WORDS) {
      throw new EngineError('limit_exceeded', `tree ${this.#place} has too many categories`);
    }
    for (let at = first; at < first + count; at++) {
      const category = this.#categories[at]!;
      words[category >>> 5] = words[category >>> 5]! | (1 << (category & 31));
    }
    return this.#sets.push(words) - 1;
  }

  boundaries(): Int32Array {
    const boundaries = new Int32Array(this.#sets.length === 0 ? 0 : this.#sets.length + 1);
    for (const [at, set] of this.#sets.entries()) boundaries[at + 1] = boundaries[at]! + set.length;
    return boundaries;
  }

  words(): Uint32Array {
    const words = new Uint32Array(this.#wordCount);
    let at = 0;
    for (const set of this.#sets) {
      words.set(set, at);
      at += set.length;
    }
    return words;
  }

  #readSegments(): ReadonlyMap<number, readonly [number, number]> {
    const nodes = numbersOf(this.#document, 'categories_nodes');
    const firsts = numbersOf(this.#document, 'categories_segments', nodes.length);
    const counts = numbersOf(this.#document, 'categories_sizes', nodes.length);
    this.#categories = numbersOf(this.#document, 'categories');
    const segments = new Map<number, readonly [number, number]>();
    for (let at = 0; at < nodes.length; at++) {
      const [first, count] = [firsts[at]!, counts[at]!];
      if (!(first >= 0 && count >= 0 && first + count <= this.#categories.length)) {
        throw new EngineError(
          'out_of_range',
          `tree ${this.#place} has category segments beyond its categories`,
        );
      }
      segments.set(nodes[at]!, [first, count]);
    }
    return segments;
  }
}
