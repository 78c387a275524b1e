import { EngineError } from '../errors.ts';
import type { Tree } from '../model/tree.ts';
import { DEFAULT_LEFT_BIT, missingTypeOf, MISSING_NAN, MISSING_ZERO } from '../model/tree.ts';
import { coverRatio } from '../reference/contributions.ts';
import {
  type Columns,
  inCategorySet,
  isCategorical,
  RANK_MODE,
  type RankMode,
  rankModeOf,
} from './columns.ts';

/**
 * One feature of one tree. Its values fall into atoms that no split of the tree tells apart; the atoms
 * 0 … orderedCount − 1 follow the ranks of `column`, the others are special values with a column of their own.
 */
export type TreeFeature = {
  readonly feature: number;
  readonly column: number;
  /** orderedCount − 1: ranks above cuts[a] lie beyond atom a. */
  readonly cuts: Int32Array;
  readonly orderedCount: number;
  readonly atomCount: number;
  /** A row whose `column` is set lies in `atom`, though its rank says `home`. */
  readonly specials: readonly { readonly column: number; readonly home: number; readonly atom: number }[];
  /** Which atoms go left (1), by node. */
  readonly goesLeft: ReadonlyMap<number, Uint8Array>;
  /** leaves: 1 where the feature is on the leaf's path. */
  readonly onPath: Uint8Array;
  /** leaves × atomCount: 1 where the atom meets all of the path's conditions on the feature. */
  readonly meets: Uint8Array;
  /** leaves: the product of the cover ratios of the feature's splits on the path (1 without any). */
  readonly ratio: Float64Array;
};

/** A tree as conditions: its leaves from left to right (position), and per feature what each leaf asks. */
export type TreeConditions = {
  readonly leafCount: number;
  /** Leaf number at each position. */
  readonly leafAt: Int32Array;
  readonly features: readonly TreeFeature[];
  /** Distinct features on the path of each position. */
  readonly distinct: Int32Array;
};

type Atoms = Omit<TreeFeature, 'onPath' | 'meets' | 'ratio'>;

/** Cuts a tree into per-feature conditions. Throws `contributions_unavailable` where the tree cannot be explained. */
export function treeConditions(tree: Tree, columns: Columns): TreeConditions {
  const nodesByFeature = new Map<number, number[]>();
  for (let node = 0; node < tree.leafCount - 1; node++) {
    const feature = tree.splitFeature[node]!;
    const nodes = nodesByFeature.get(feature);
    if (nodes === undefined) nodesByFeature.set(feature, [node]);
    else nodes.push(node);
  }
  const ordinal = new Map<number, number>();
  const features: TreeFeature[] = [];
  for (const [feature, nodes] of nodesByFeature) {
    const atoms = isCategorical(tree.decisionType[nodes[0]!]!)
      ? categoricalAtoms(tree, feature, nodes, columns)
      : numericalAtoms(tree, feature, nodes, columns);
    ordinal.set(feature, features.length);
    features.push({
      ...atoms,
      onPath: new Uint8Array(tree.leafCount),
      meets: new Uint8Array(tree.leafCount * atoms.atomCount).fill(1),
      ratio: new Float64Array(tree.leafCount).fill(1),
    });
  }

  const leafAt = new Int32Array(tree.leafCount);
  const distinct = new Int32Array(tree.leafCount);
  const path: { node: number; left: boolean; ratio: number; ordinal: number }[] = [];
  const pending: { child: number; depth: number; left: boolean; parent: number }[] = [
    { child: tree.leafCount > 1 ? 0 : -1, depth: 0, left: false, parent: -1 },
  ];
  let position = 0;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { child, depth, left, parent } = next;
    if (parent >= 0) {
      path.length = depth - 1;
      const ratio = coverRatio(tree, parent, child);
      path.push({
        node: parent,
        left,
        ratio,
        ordinal: ordinal.get(tree.splitFeature[parent]!)!,
      });
    }
    if (child >= 0) {
      pending.push(
        { child: tree.rightChild[child]!, depth: depth + 1, left: false, parent: child },
        { child: tree.leftChild[child]!, depth: depth + 1, left: true, parent: child },
      );
      continue;
    }
    leafAt[position] = ~child;
    for (const step of path) {
      const feature = features[step.ordinal]!;
      if (feature.onPath[position] === 0) distinct[position] = distinct[position]! + 1;
      feature.onPath[position] = 1;
      feature.ratio[position] = feature.ratio[position]! * step.ratio;
      const goesLeft = feature.goesLeft.get(step.node)!;
      const start = position * feature.atomCount;
      const wanted = step.left ? 1 : 0;
      for (let atom = 0; atom < feature.atomCount; atom++) {
        if (goesLeft[atom] !== wanted) feature.meets[start + atom] = 0;
      }
    }
    position++;
  }
  return { leafCount: tree.leafCount, leafAt, features, distinct };
}

function numericalAtoms(tree: Tree, feature: number, nodes: readonly number[], columns: Columns): Atoms {
  const modes = new Set<RankMode>();
  const thresholds = new Set<number>();
  for (const node of nodes) {
    const type = tree.decisionType[node]!;
    if (isCategorical(type)) throw mixed(tree, feature);
    const threshold = tree.threshold[node]! + 0;
    modes.add(rankModeOf(type));
    thresholds.add(threshold);
  }
  const sorted = Float64Array.from(thresholds).sort();
  const orderedCount = sorted.length + 1;
  const specials: { column: number; home: number; atom: number; value: number }[] = [];
  let mode = rankModeOf(tree.decisionType[nodes[0]!]!);
  if (modes.size > 1) {
    const zeroIsMissing = modes.has(RANK_MODE.zeroLow) || modes.has(RANK_MODE.zeroHigh);
    mode = zeroIsMissing ? RANK_MODE.zeroLow : RANK_MODE.nanLow;
    const nan = columns.rank(feature, RANK_MODE.isNan);
    specials.push({ column: nan, home: 0, atom: orderedCount, value: Number.NaN });
    if (zeroIsMissing) {
      const zero = columns.rank(feature, RANK_MODE.isZero);
      specials.push({ column: zero, home: 0, atom: orderedCount + 1, value: 0 });
    }
  }
  const atomCount = orderedCount + specials.length;
  const goesLeft = new Map<number, Uint8Array>();
  for (const node of nodes) {
    const sides = new Uint8Array(atomCount);
    const threshold = tree.threshold[node]!;
    for (let atom = 0; atom < sorted.length; atom++) sides[atom] = sorted[atom]! <= threshold ? 1 : 0;
    for (const { atom, value } of specials) {
      sides[atom] = specialGoesLeft(tree.decisionType[node]!, threshold, value) ? 1 : 0;
    }
    goesLeft.set(node, sides);
  }
  return {
    feature,
    column: columns.rank(feature, mode),
    cuts: Int32Array.from(sorted, (threshold) => columns.rankOf(feature, threshold)),
    orderedCount,
    atomCount,
    specials: specials.map(({ column, home, atom }) => ({ column, home, atom })),
    goesLeft,
  };
}

/** LightGBM's NumericalDecision for NaN and for zero, which all values within its zero threshold are read as. Source: include/LightGBM/tree.h. */
function specialGoesLeft(decisionType: number, threshold: number, value: number): boolean {
  const missing = missingTypeOf(decisionType);
  const defaultLeft = (decisionType & DEFAULT_LEFT_BIT) !== 0;
  if (Number.isNaN(value))
    return missing === MISSING_NAN || missing === MISSING_ZERO ? defaultLeft : threshold >= 0;
  return missing === MISSING_ZERO ? defaultLeft : threshold >= 0;
}

/** Categories that all splits of the tree treat alike share an atom; everything outside the sets goes right. */
function categoricalAtoms(tree: Tree, feature: number, nodes: readonly number[], columns: Columns): Atoms {
  for (const node of nodes) if (!isCategorical(tree.decisionType[node]!)) throw mixed(tree, feature);
  const limit = columns.categoryLimit(feature);
  const known = new Map<string, number>([['0'.repeat(nodes.length), 0]]);
  const classes = new Uint8Array(limit + 1);
  const members: number[] = [limit];
  for (let category = 0; category < limit; category++) {
    const key = nodes.map((node) => (inCategorySet(tree, node, category) ? '1' : '0')).join('');
    let number = known.get(key);
    if (number === undefined) {
      number = known.size;
      known.set(key, number);
      members.push(category);
    }
    if (number > 255) {
      throw new EngineError(
        'contributions_unavailable',
        `tree ${tree.index} tells more than 256 classes of categories of feature ${feature} apart`,
      );
    }
    classes[category] = number;
  }
  const goesLeft = new Map<number, Uint8Array>();
  for (const node of nodes) {
    goesLeft.set(
      node,
      Uint8Array.from(members, (category) =>
        category < limit && inCategorySet(tree, node, category) ? 1 : 0,
      ),
    );
  }
  return {
    feature,
    column: columns.classes(feature, classes),
    cuts: Int32Array.from({ length: members.length - 1 }, (_, atom) => atom),
    orderedCount: members.length,
    atomCount: members.length,
    specials: [],
    goesLeft,
  };
}

function mixed(tree: Tree, feature: number): EngineError {
  return new EngineError(
    'contributions_unavailable',
    `tree ${tree.index} splits feature ${feature} in ways that exclude one another`,
  );
}
