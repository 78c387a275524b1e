import type { TreeConditions } from './tree-conditions.ts';

/** Above this many features the pairs are taken in order: the matching is quadratic. */
const MATCHED_FEATURES = 1024;

/**
 * Sums lie in pairs of features, one vector each; a table holds whole pairs. Features that meet on many paths are
 * paired, so that tables carry few idle lanes.
 */
export type Pairing = {
  readonly pairCount: number;
  /** By feature; −1 where no tree asks for it. */
  readonly slotOf: Int32Array;
  readonly pairOf: Int32Array;
};

/** Greedy matching by the number of leaves whose paths hold both features. */
export function pairFeatures(trees: readonly TreeConditions[], featureCount: number): Pairing {
  const used = new Uint8Array(featureCount);
  for (const tree of trees) for (const { feature } of tree.features) used[feature] = 1;
  const features = Array.from(used.keys()).filter((feature) => used[feature] === 1);
  const order = features.length <= MATCHED_FEATURES ? matched(trees, features, featureCount) : features;
  const slotOf = new Int32Array(featureCount).fill(-1);
  order.forEach((feature, slot) => (slotOf[feature] = slot));
  return { pairCount: (order.length + 1) >> 1, slotOf, pairOf: slotOf.map((slot) => slot >> 1) };
}

function matched(
  trees: readonly TreeConditions[],
  features: readonly number[],
  featureCount: number,
): number[] {
  const count = features.length;
  const ordinal = new Int32Array(featureCount);
  features.forEach((feature, i) => (ordinal[feature] = i));
  const together = new Float64Array(count * count);
  for (const tree of trees) {
    for (let leaf = 0; leaf < tree.leafCount; leaf++) {
      const path = tree.features.filter((feature) => feature.onPath[leaf] === 1);
      for (const a of path) {
        for (const b of path) {
          const at = ordinal[a.feature]! * count + ordinal[b.feature]!;
          together[at] = together[at]! + 1;
        }
      }
    }
  }
  const links: { a: number; b: number; weight: number }[] = [];
  for (let a = 0; a < count; a++) {
    for (let b = a + 1; b < count; b++) links.push({ a, b, weight: together[a * count + b]! });
  }
  links.sort((x, y) => y.weight - x.weight || x.a - y.a || x.b - y.b);
  const taken = new Uint8Array(count);
  const order: number[] = [];
  for (const { a, b } of links) {
    if (taken[a] === 1 || taken[b] === 1) continue;
    taken[a] = taken[b] = 1;
    order.push(features[a]!, features[b]!);
  }
  for (let i = 0; i < count; i++) if (taken[i] === 0) order.push(features[i]!);
  return order;
}
