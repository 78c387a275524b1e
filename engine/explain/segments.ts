import type { Tree } from '../model/tree.ts';
import { coverRatio } from '../reference/contributions.ts';
import type { TreeConditions, TreeFeature } from './tree-conditions.ts';

/** How far a path has come with one feature: the atoms that met all its conditions so far, and its cover ratio. */
export type PathState = { readonly met: Uint8Array; readonly ratio: number };
export type PathStates = ReadonlyMap<TreeFeature, PathState>;

/**
 * A stretch of path without a branch in the tree pruned to some leaves; it ends in a leaf or in two segments.
 */
export type Segment = {
  /** States at its end; features not yet met on the path are absent. */
  readonly states: PathStates;
  /** Features that it splits on. */
  readonly touched: readonly TreeFeature[];
  /** Empty where it ends in a leaf. */
  readonly children: readonly Segment[];
  /** Positions of the leaves at its end and below. */
  readonly leaves: readonly number[];
  /** Features that it or anything below it splits on. */
  readonly touchedBelow: ReadonlySet<TreeFeature>;
};

/** Prunes a tree to the leaves at `positions` (at least one) and folds its unbranched stretches. */
export function prunedSegments(
  tree: Tree,
  conditions: TreeConditions,
  positions: readonly number[],
): Segment {
  const byFeature = new Map(conditions.features.map((feature) => [feature.feature, feature]));
  const positionOf = new Int32Array(tree.leafCount);
  conditions.leafAt.forEach((leaf, position) => (positionOf[leaf] = position));
  const wanted = wantedNodes(tree, positions, conditions.leafAt);
  const isWanted = (child: number): boolean =>
    (child >= 0 ? wanted.nodes[child] : wanted.leaves[~child]) === 1;

  /** Takes the step from a node to its child. */
  const enter = (
    node: number,
    child: number,
    states: Map<TreeFeature, PathState>,
    touched: Set<TreeFeature>,
  ): void => {
    const feature = byFeature.get(tree.splitFeature[node]!)!;
    const side = child === tree.leftChild[node] ? 1 : 0;
    const before = states.get(feature);
    const met = feature.goesLeft
      .get(node)!
      .map((value, atom) => (value === side && (before === undefined || before.met[atom] === 1) ? 1 : 0));
    states.set(feature, { met, ratio: (before?.ratio ?? 1) * coverRatio(tree, node, child) });
    touched.add(feature);
  };
  /** The segment whose first step, if any, led to `start`. */
  const descend = (
    start: number,
    states: Map<TreeFeature, PathState>,
    touched: Set<TreeFeature>,
  ): Segment => {
    let child = start;
    while (child >= 0) {
      const left = tree.leftChild[child]!;
      const right = tree.rightChild[child]!;
      if (isWanted(left) && isWanted(right)) break;
      const next = isWanted(left) ? left : right;
      enter(child, next, states, touched);
      child = next;
    }
    if (child < 0) {
      const leaves = [positionOf[~child]!];
      return { states, touched: [...touched], children: [], leaves, touchedBelow: touched };
    }
    const children = [tree.leftChild[child]!, tree.rightChild[child]!].map((next) => {
      const inner = new Map(states);
      const innerTouched = new Set<TreeFeature>();
      enter(child, next, inner, innerTouched);
      return descend(next, inner, innerTouched);
    });
    return {
      states,
      touched: [...touched],
      children,
      leaves: children.flatMap(({ leaves }) => leaves),
      touchedBelow: new Set([...touched, ...children.flatMap(({ touchedBelow }) => [...touchedBelow])]),
    };
  };
  return descend(0, new Map(), new Set());
}

/** Nodes and leaves above or at the given leaf positions. */
function wantedNodes(
  tree: Tree,
  positions: readonly number[],
  leafAt: Int32Array,
): { nodes: Uint8Array; leaves: Uint8Array } {
  const nodes = new Uint8Array(tree.leafCount - 1);
  const leaves = new Uint8Array(tree.leafCount);
  for (const position of positions) leaves[leafAt[position]!] = 1;
  const waiting = [0];
  const order: number[] = [];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    order.push(node);
    for (const child of [tree.leftChild[node]!, tree.rightChild[node]!]) if (child >= 0) waiting.push(child);
  }
  const isKept = (child: number): boolean => (child >= 0 ? nodes[child] : leaves[~child]) === 1;
  for (const node of order.reverse()) {
    nodes[node] = isKept(tree.leftChild[node]!) || isKept(tree.rightChild[node]!) ? 1 : 0;
  }
  return { nodes, leaves };
}
