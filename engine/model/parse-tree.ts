import { EngineError } from '../errors.ts';
import { checkLimit, type ParseOptions } from './limits.ts';
import type { Field } from './lines.ts';
import { readDoubles, readInteger, readIntegers } from './numbers.ts';
import {
  actingThreshold,
  CATEGORICAL_BIT,
  DEFAULT_LEFT_BIT,
  depthOf,
  missingTypeOf,
  type LinearLeaves,
  type Tree,
} from './tree.ts';

const INT32_MAX = 2 ** 31 - 1;
const COUNT_MAX = 2 ** 53;
/** Terms of one leaf's linear model; a bound against sizes that no file means. */
const MOST_TERMS = 65_535;
/** Bits that LightGBM reads of a decision type; files may set others. */
const DECISION_BITS = 15;

/** The `key=value` lines of one tree. */
export type TreeBlock = {
  readonly bytes: Uint8Array;
  readonly index: number;
  /** 1-based line of `Tree=`. */
  readonly line: number;
  readonly fields: ReadonlyMap<string, Field>;
};

const NO_INTEGERS = new Int32Array(0);
const NO_WORDS = new Uint32Array(0);

/**
 * Reads one tree and proves that it is one: every node and leaf reached exactly once from node 0. Training counts,
 * which no score needs, are NaN where they cannot be read.
 * @throws EngineError with the line at fault
 */
export function parseTree(block: TreeBlock, featureCount: number, options: ParseOptions): Tree {
  const leafCount = readField(block, 'num_leaves', 1, INT32_MAX);
  checkLimit(options.limits, 'maxLeaves', leafCount, block.line);
  const nodeCount = leafCount - 1;
  const categoryCount = nodeCount > 0 ? readField(block, 'num_cat', 0, INT32_MAX) : 0;
  const isLinear = block.fields.has('is_linear') && readField(block, 'is_linear', 0, 1) === 1;
  requireLength(block, 'leaf_value', leafCount);
  if (nodeCount > 0) {
    for (const key of ['split_feature', 'threshold', 'left_child', 'right_child']) {
      requireLength(block, key, nodeCount);
    }
  }
  const catBoundaries =
    categoryCount > 0
      ? integers(block, 'cat_boundaries', categoryCount + 1, (count) => new Int32Array(count), 0, INT32_MAX)
      : NO_INTEGERS;
  const memory = new TreeMemory(leafCount);
  const { bytes } = block;
  const read = (key: string, out: Int32Array, low: number, high: number): Int32Array =>
    nodeCount > 0 ? readIntegers(bytes, requireField(block, key), out, low, high, key) : out;
  const decisions = block.fields.get('decision_type');
  const tree: Tree = {
    index: block.index,
    leafCount,
    threshold:
      nodeCount > 0
        ? readDoubles(bytes, requireField(block, 'threshold'), memory.threshold, 'threshold')
        : memory.threshold,
    leafValue: readDoubles(bytes, requireField(block, 'leaf_value'), memory.leafValue, 'leaf_value'),
    leafCover: nodeCount > 0 ? counts(block, 'leaf_count', memory.leafCover) : memory.leafCover,
    nodeCover: nodeCount > 0 ? counts(block, 'internal_count', memory.nodeCover) : memory.nodeCover,
    splitFeature: read('split_feature', memory.splitFeature, 0, featureCount - 1),
    leftChild: read('left_child', memory.leftChild, -leafCount, nodeCount - 1),
    rightChild: read('right_child', memory.rightChild, -leafCount, nodeCount - 1),
    decisionType:
      nodeCount > 0 && decisions !== undefined
        ? decisionTypes(bytes, decisions, memory.decisionType)
        : memory.decisionType,
    catBoundaries,
    catThreshold:
      categoryCount > 0
        ? integers(
            block,
            'cat_threshold',
            catBoundaries[categoryCount]!,
            (count) => new Uint32Array(count),
            0,
            2 ** 32 - 1,
          )
        : NO_WORDS,
    linear: isLinear ? parseLinear(block, leafCount, featureCount) : undefined,
    singleCategories: false,
    leafNames: undefined,
  };
  checkSplits(block, tree, categoryCount);
  checkShape(block, tree);
  if (options.limits?.maxDepth !== undefined) {
    checkLimit(options.limits, 'maxDepth', depthOf(tree), block.line);
  }
  if (options.nonFiniteLeaves === 'refuse') checkLeaves(block, tree);
  return tree;
}

/** The arrays of a tree, in one piece of memory. */
class TreeMemory {
  readonly threshold: Float64Array;
  readonly leafValue: Float64Array;
  readonly leafCover: Float64Array;
  readonly nodeCover: Float64Array;
  readonly splitFeature: Int32Array;
  readonly leftChild: Int32Array;
  readonly rightChild: Int32Array;
  readonly decisionType: Uint8Array;

  constructor(leafCount: number) {
    const nodeCount = leafCount - 1;
    const buffer = new ArrayBuffer(16 * leafCount + 29 * nodeCount);
    let at = 0;
    const doubles = (count: number): Float64Array => {
      at += count * 8;
      return new Float64Array(buffer, at - count * 8, count);
    };
    const words = (): Int32Array => {
      at += nodeCount * 4;
      return new Int32Array(buffer, at - nodeCount * 4, nodeCount);
    };
    this.threshold = doubles(nodeCount);
    this.leafValue = doubles(leafCount);
    this.leafCover = doubles(leafCount);
    this.nodeCover = doubles(nodeCount);
    this.splitFeature = words();
    this.leftChild = words();
    this.rightChild = words();
    this.decisionType = new Uint8Array(buffer, at, nodeCount);
  }
}

/** Training counts; all NaN where the field does not hold whole counts, zeros where it is absent. */
function counts(block: TreeBlock, key: string, out: Float64Array): Float64Array {
  const field = block.fields.get(key);
  if (field === undefined) return out;
  try {
    return readIntegers(block.bytes, field, out, 0, COUNT_MAX, key);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return out.fill(Number.NaN);
  }
}

function decisionTypes(bytes: Uint8Array, field: Field, out: Uint8Array): Uint8Array {
  const wide = readIntegers(bytes, field, new Int32Array(out.length), -128, 255, 'decision_type');
  for (let node = 0; node < out.length; node++) out[node] = wide[node]! & DECISION_BITS;
  return out;
}

/** As many integers as the field's text has room for, so that no count can ask for memory that is not there. */
function integers<T extends Int32Array | Uint32Array>(
  block: TreeBlock,
  key: string,
  count: number,
  make: (count: number) => T,
  low: number,
  high: number,
): T {
  requireLength(block, key, count);
  return readIntegers(block.bytes, requireField(block, key), make(count), low, high, key);
}

function requireLength(block: TreeBlock, key: string, count: number): void {
  const { start, end, line } = requireField(block, key);
  if (end - start < 2 * count - 1) {
    throw new EngineError('wrong_length', `${key} has no room for ${count} numbers`, line);
  }
}

function parseLinear(block: TreeBlock, leafCount: number, featureCount: number): LinearLeaves {
  const { bytes } = block;
  const constants = new Float64Array(leafCount);
  const constField = block.fields.get('leaf_const');
  if (constField !== undefined) readDoubles(bytes, constField, constants, 'leaf_const');
  const offsets = new Int32Array(leafCount + 1);
  const countField = block.fields.get('num_features');
  if (countField !== undefined) {
    const counts = new Int32Array(leafCount);
    readIntegers(bytes, countField, counts, 0, MOST_TERMS, 'num_features');
    let total = 0;
    for (let leaf = 0; leaf < leafCount; leaf++) {
      total += counts[leaf]!;
      if (total > INT32_MAX) {
        throw new EngineError('out_of_range', 'num_features adds up to too many terms', countField.line);
      }
      offsets[leaf + 1] = total;
    }
  }
  const termCount = offsets[leafCount]!;
  if (termCount === 0) {
    return { constants, offsets, features: NO_INTEGERS, coefficients: new Float64Array(0) };
  }
  requireLength(block, 'leaf_features', termCount);
  requireLength(block, 'leaf_coeff', termCount);
  return {
    constants,
    offsets,
    features: readIntegers(
      bytes,
      requireField(block, 'leaf_features'),
      new Int32Array(termCount),
      0,
      featureCount - 1,
      'leaf_features',
    ),
    coefficients: readDoubles(
      bytes,
      requireField(block, 'leaf_coeff'),
      new Float64Array(termCount),
      'leaf_coeff',
    ),
  };
}

/** Checks categories' sets and missing types, and turns thresholds into acting ones. */
function checkSplits(block: TreeBlock, tree: Tree, categoryCount: number): void {
  for (let set = 0; set < categoryCount; set++) {
    if (tree.catBoundaries[set]! > tree.catBoundaries[set + 1]!) {
      throw new EngineError(
        'malformed_tree',
        'cat_boundaries must not fall',
        lineOf(block, 'cat_boundaries'),
      );
    }
  }
  for (let node = 0; node < tree.leafCount - 1; node++) {
    const type = tree.decisionType[node]!;
    if (missingTypeOf(type) === 3) {
      throw new EngineError(
        'unsupported_split',
        `node ${node} has decision type ${type}, whose missing type is unknown`,
        lineOf(block, 'decision_type'),
      );
    }
    const set = tree.threshold[node]!;
    if ((type & CATEGORICAL_BIT) === 0) {
      tree.threshold[node] = actingThreshold(set);
    } else if (Number.isInteger(set) && set >= 0 && set < categoryCount) {
      // LightGBM does not look at it here.
      tree.decisionType[node] = type & ~DEFAULT_LEFT_BIT;
    } else {
      throw new EngineError(
        'malformed_tree',
        `node ${node} asks for category set ${set} of ${categoryCount}`,
        lineOf(block, 'threshold'),
      );
    }
  }
}

function checkLeaves(block: TreeBlock, tree: Tree): void {
  const { linear } = tree;
  for (const [key, values] of [
    ['leaf_value', tree.leafValue],
    ['leaf_const', linear?.constants],
    ['leaf_coeff', linear?.coefficients],
  ] as const) {
    const at = values?.findIndex((value) => !Number.isFinite(value)) ?? -1;
    if (at >= 0) {
      throw new EngineError(
        'non_finite_leaf',
        `${key} of Tree=${block.index} holds ${values![at]} at place ${at}`,
        lineOf(block, key),
      );
    }
  }
}

function checkShape(block: TreeBlock, tree: Tree): void {
  const nodeCount = tree.leafCount - 1;
  if (nodeCount === 0) {
    return;
  }
  const seenNode = new Uint8Array(nodeCount);
  const seenLeaf = new Uint8Array(tree.leafCount);
  const waiting = [0];
  let reached = 0;
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    const seen = node >= 0 ? seenNode : seenLeaf;
    const slot = node >= 0 ? node : ~node;
    if (seen[slot] === 1) {
      throw new EngineError(
        'malformed_tree',
        `${node >= 0 ? 'node' : 'leaf'} ${slot} is reached twice`,
        lineOf(block, 'left_child'),
      );
    }
    seen[slot] = 1;
    reached += 1;
    if (node >= 0) {
      waiting.push(tree.rightChild[node]!, tree.leftChild[node]!);
    }
  }
  if (reached !== nodeCount + tree.leafCount) {
    throw new EngineError(
      'malformed_tree',
      `${nodeCount + tree.leafCount - reached} nodes or leaves are never reached`,
      lineOf(block, 'left_child'),
    );
  }
}

function readField(block: TreeBlock, key: string, low: number, high: number): number {
  return readInteger(block.bytes, requireField(block, key), low, high, key);
}

function requireField(block: TreeBlock, key: string): Field {
  const field = block.fields.get(key);
  if (field === undefined) {
    throw new EngineError('missing_field', `Tree=${block.index} has no ${key}`, block.line);
  }
  return field;
}

function lineOf(block: TreeBlock, key: string): number {
  return block.fields.get(key)?.line ?? block.line;
}
