import type { Tree } from '../model/tree.ts';
import { coverRatio, type TreeConditions, type TreeFeature } from './tree-conditions.ts';

/** How one feature's factor changes along a segment: from (metBefore, ratioBefore) to (metAfter, ratioAfter). */
export type SegmentFeature = {
  readonly of: TreeFeature;
  /** By atom; a feature new to the path counts as met before, with ratio 1. */
  readonly metBefore: Uint8Array;
  readonly metAfter: Uint8Array;
  readonly ratioBefore: number;
  readonly ratioAfter: number;
};

/**
 * A stretch of path without a branch in the tree pruned to some leaves; it ends in a leaf (its position is given)
 * or in two more segments.
 */
export type Segment = {
  readonly features: readonly SegmentFeature[];
  readonly leaf: number | undefined;
  readonly children: readonly Segment[];
};

type PathState = { readonly met: Uint8Array; readonly ratio: number };

/** Prunes a tree to the leaves at `positions` (ascending, at least one) and folds its unbranched stretches. */
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

  const enter = (node: number, child: number, state: Map<TreeFeature, PathState>): number => {
    const feature = byFeature.get(tree.splitFeature[node]!)!;
    const sides = feature.goesLeft.get(node)!;
    const side = child === tree.leftChild[node] ? 1 : 0;
    const before = state.get(feature);
    const met = Uint8Array.from(sides, (value, atom) =>
      value === side && (before === undefined || before.met[atom] === 1) ? 1 : 0,
    );
    state.set(feature, { met, ratio: (before?.ratio ?? 1) * coverRatio(tree, node, child) });
    return child;
  };
  const finish = (
    above: ReadonlyMap<TreeFeature, PathState>,
    state: Map<TreeFeature, PathState>,
    child: number,
  ): Segment => {
    const features: SegmentFeature[] = [];
    for (const [feature, { met, ratio }] of state) {
      const before = above.get(feature);
      if (before?.met === met) continue;
      features.push({
        of: feature,
        metBefore: before?.met ?? new Uint8Array(feature.atomCount).fill(1),
        metAfter: met,
        ratioBefore: before?.ratio ?? 1,
        ratioAfter: ratio,
      });
    }
    if (child < 0) return { features, leaf: positionOf[~child]!, children: [] };
    const children = [tree.leftChild[child]!, tree.rightChild[child]!].map((next) => {
      const inner = new Map(state);
      enter(child, next, inner);
      return descend(state, inner, next);
    });
    return { features, leaf: undefined, children };
  };
  /** The segment from `above` on; `state` holds the steps already taken, `start` is where they led. */
  const descend = (
    above: ReadonlyMap<TreeFeature, PathState>,
    state: Map<TreeFeature, PathState>,
    start: number,
  ): Segment => {
    let child = start;
    while (child >= 0) {
      const left = isWanted(tree.leftChild[child]!);
      const right = isWanted(tree.rightChild[child]!);
      if (left && right) break;
      child = enter(child, (left ? tree.leftChild[child] : tree.rightChild[child]) as number, state);
    }
    return finish(above, state, child);
  };
  return descend(new Map(), new Map(), 0);
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
  const visit = [0];
  const order: number[] = [];
  for (let node = visit.pop(); node !== undefined; node = visit.pop()) {
    order.push(node);
    for (const child of [tree.leftChild[node]!, tree.rightChild[node]!]) {
      if (child >= 0) visit.push(child);
    }
  }
  for (const node of order.reverse()) {
    const left = tree.leftChild[node]!;
    const right = tree.rightChild[node]!;
    const kept = (child: number): boolean => (child >= 0 ? nodes[child] : leaves[~child]) === 1;
    nodes[node] = kept(left) || kept(right) ? 1 : 0;
  }
  return { nodes, leaves };
}
