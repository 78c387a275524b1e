import type { BoundedTree } from './model-bounds.ts';

const CATEGORICAL = 1;
/** Larger than any threshold of a feature that this service gives, and exact. */
const FAR = 1e9;

type Target = { tree: number; path: readonly (readonly [node: number, goesLeft: boolean])[] };

/**
 * Rows that aim at the leaves of all trees, evenly, `most` of them: on the way to its leaf a row has a value on the right
 * side of each split, as far as the splits before leave one. Row-major, `rows × width`, NaN where no split asks.
 */
export function leafRows(trees: readonly BoundedTree[], width: number, most: number): Float64Array {
  const leafCount = trees.reduce((sum, tree) => sum + tree.left.length + 1, 0);
  const step = Math.max(1, Math.ceil(leafCount / most));
  const rows: number[][] = [];
  let seen = 0;
  for (const [number, tree] of trees.entries()) {
    for (const target of leavesOf(tree, number)) {
      if (seen++ % step === 0) rows.push(rowTo(tree, target, width));
    }
  }
  return Float64Array.from(rows.flat());
}

function* leavesOf(tree: BoundedTree, number: number): Generator<Target> {
  if (tree.left.length === 0) return;
  const open: { node: number; path: Target['path'] }[] = [{ node: 0, path: [] }];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const goesLeft of [true, false]) {
      const child = (goesLeft ? tree.left : tree.right)[at.node] ?? -1;
      const path = [...at.path, [at.node, goesLeft] as const];
      if (child < 0) yield { tree: number, path };
      else open.push({ node: child, path });
    }
  }
}

function rowTo(tree: BoundedTree, { path }: Target, width: number): number[] {
  const low = Array.from({ length: width }, () => -Infinity);
  const high = Array.from({ length: width }, () => Infinity);
  const row = Array.from({ length: width }, () => NaN);
  for (const [node, goesLeft] of path) {
    const feature = tree.splitFeature[node] ?? 0;
    const threshold = tree.threshold[node] ?? 0;
    if (((tree.decisionType[node] ?? 0) & CATEGORICAL) !== 0) {
      row[feature] = goesLeft ? 0 : FAR;
      continue;
    }
    if (goesLeft) high[feature] = Math.min(high[feature] ?? Infinity, threshold);
    else low[feature] = Math.max(low[feature] ?? -Infinity, threshold);
    const least = low[feature] ?? -Infinity;
    const greatest = high[feature] ?? Infinity;
    row[feature] = Number.isFinite(greatest) ? greatest : least + Math.max(1, Math.abs(least) * 1e-9);
  }
  return row.slice(0, width);
}
