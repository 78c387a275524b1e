import { EngineError } from '../errors.ts';
import { readDoubles, readInteger, readIntegers } from './numbers.ts';
import { CATEGORICAL_BIT, missingTypeOf, type LinearLeaves, type Tree } from './tree.ts';

const INT32_MAX = 2 ** 31 - 1;
const COUNT_MAX = 2 ** 53;
/** Terms of one leaf's linear model; a bound against sizes that no file means. */
const MOST_TERMS = 65_535;

/** The `key=value` lines of one tree. */
export type TreeBlock = {
  readonly index: number;
  /** 1-based line of `Tree=`. */
  readonly line: number;
  readonly fields: ReadonlyMap<string, { readonly text: string; readonly line: number }>;
};

/**
 * Reads one tree and proves that it is one: every node and leaf reached exactly once from node 0.
 * @throws EngineError with the line at fault
 */
export function parseTree(block: TreeBlock, featureCount: number): Tree {
  const leafCount = readField(block, 'num_leaves', 1, INT32_MAX);
  const categoryCount = readField(block, 'num_cat', 0, INT32_MAX);
  const isLinear = block.fields.has('is_linear') && readField(block, 'is_linear', 0, 1) === 1;
  const nodeCount = leafCount - 1;
  const integers = <T extends Int32Array | Uint32Array | Uint8Array | Float64Array>(
    key: string,
    out: T,
    low: number,
    high: number,
  ): T => {
    const field = requireField(block, key);
    return readIntegers(field.text, out, low, high, key, field.line);
  };
  const doubles = (key: string, count: number): Float64Array => {
    const field = requireField(block, key);
    return readDoubles(field.text, count, key, field.line);
  };
  const counts = (key: string, count: number): Float64Array =>
    block.fields.has(key) && count > 0
      ? integers(key, new Float64Array(count), 0, COUNT_MAX)
      : new Float64Array(count);

  const hasNodes = nodeCount > 0;
  const hasCategories = hasNodes && categoryCount > 0;
  const catBoundaries = hasCategories
    ? integers('cat_boundaries', new Int32Array(categoryCount + 1), 0, INT32_MAX)
    : new Int32Array(0);
  const tree: Tree = {
    index: block.index,
    leafCount,
    splitFeature: hasNodes
      ? integers('split_feature', new Int32Array(nodeCount), 0, featureCount - 1)
      : new Int32Array(0),
    threshold: hasNodes ? doubles('threshold', nodeCount) : new Float64Array(0),
    decisionType:
      hasNodes && block.fields.has('decision_type')
        ? integers('decision_type', new Uint8Array(nodeCount), 0, 15)
        : new Uint8Array(nodeCount),
    leftChild: hasNodes
      ? integers('left_child', new Int32Array(nodeCount), -leafCount, nodeCount - 1)
      : new Int32Array(0),
    rightChild: hasNodes
      ? integers('right_child', new Int32Array(nodeCount), -leafCount, nodeCount - 1)
      : new Int32Array(0),
    leafValue: doubles('leaf_value', leafCount),
    leafCover: counts('leaf_count', leafCount),
    nodeCover: counts('internal_count', nodeCount),
    nodeValue:
      hasNodes && block.fields.has('internal_value')
        ? doubles('internal_value', nodeCount)
        : new Float64Array(nodeCount),
    catBoundaries,
    catThreshold: hasCategories
      ? integers('cat_threshold', new Uint32Array(catBoundaries[categoryCount]!), 0, 2 ** 32 - 1)
      : new Uint32Array(0),
    linear: isLinear ? parseLinear(block, leafCount, featureCount) : undefined,
  };
  checkSplits(block, tree, hasCategories ? categoryCount : 0);
  checkShape(block, tree);
  return tree;
}

function parseLinear(block: TreeBlock, leafCount: number, featureCount: number): LinearLeaves {
  const constField = block.fields.get('leaf_const');
  const constants =
    constField === undefined
      ? new Float64Array(leafCount)
      : readDoubles(constField.text, leafCount, 'leaf_const', constField.line);
  const offsets = new Int32Array(leafCount + 1);
  const countField = block.fields.get('num_features');
  if (countField !== undefined) {
    const counts = readIntegers(
      countField.text,
      new Int32Array(leafCount),
      0,
      MOST_TERMS,
      'num_features',
      countField.line,
    );
    for (let leaf = 0; leaf < leafCount; leaf++) {
      offsets[leaf + 1] = offsets[leaf]! + counts[leaf]!;
    }
  }
  const termCount = offsets[leafCount]!;
  if (termCount === 0) {
    return { constants, offsets, features: new Int32Array(0), coefficients: new Float64Array(0) };
  }
  const features = requireField(block, 'leaf_features');
  const coefficients = requireField(block, 'leaf_coeff');
  return {
    constants,
    offsets,
    features: readIntegers(
      features.text,
      new Int32Array(termCount),
      0,
      featureCount - 1,
      'leaf_features',
      features.line,
    ),
    coefficients: readDoubles(coefficients.text, termCount, 'leaf_coeff', coefficients.line),
  };
}

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
    if ((type & CATEGORICAL_BIT) !== 0 && !(Number.isInteger(set) && set >= 0 && set < categoryCount)) {
      throw new EngineError(
        'malformed_tree',
        `node ${node} asks for category set ${set} of ${categoryCount}`,
        lineOf(block, 'threshold'),
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
  const field = requireField(block, key);
  return readInteger(field.text, low, high, key, field.line);
}

function requireField(block: TreeBlock, key: string): { readonly text: string; readonly line: number } {
  const field = block.fields.get(key);
  if (field === undefined) {
    throw new EngineError('missing_field', `Tree=${block.index} has no ${key}`, block.line);
  }
  return field;
}

function lineOf(block: TreeBlock, key: string): number {
  return block.fields.get(key)?.line ?? block.line;
}
