import { CATEGORICAL_BIT, DEFAULT_LEFT_BIT, type Tree } from '../model/tree.ts';
import type { Arena } from './arena.ts';
import { missingRuleOf } from './columns.ts';
import { LINEAR_LEAF, LINEAR_TERM, RECIPE, SLOT_BYTES, SLOT_KIND, WALK_NODE, WALK_TREE } from './layout.ts';

/** Hands out the slots that prepared rows have, and writes how they are made. */
export class SlotRecipes {
  readonly #offsets = new Map<number, number>();
  readonly #recipes: { feature: number; kind: number }[] = [];

  /** Bytes of a group of prepared rows; the first slot is nobody's. */
  get groupBytes(): number {
    return (this.#recipes.length + 1) * SLOT_BYTES;
  }

  get count(): number {
    return this.#recipes.length;
  }

  offsetOf(feature: number, kind: number): number {
    const key = feature * 8 + kind;
    let offset = this.#offsets.get(key);
    if (offset === undefined) {
      this.#recipes.push({ feature, kind });
      offset = this.#recipes.length * SLOT_BYTES;
      this.#offsets.set(key, offset);
    }
    return offset;
  }

  /** @returns the recipes' address */
  write(arena: Arena): number {
    const address = arena.take(this.#recipes.length * RECIPE.bytes);
    for (const [at, { feature, kind }] of this.#recipes.entries()) {
      arena.u32(address + at * RECIPE.bytes + RECIPE.feature, feature);
      arena.u32(address + at * RECIPE.bytes + RECIPE.kind, kind);
    }
    return address;
  }
}

/**
 * Writes a tree's nodes for walking, siblings side by side, and its entry in the list.
 * @param entry address of the entry
 * @param none address of a word of zero
 * @param numberOf what the entry's table calls a leaf
 */
export function writeWalkedTree(
  arena: Arena,
  entry: number,
  tree: Tree,
  slots: SlotRecipes,
  none: number,
  numberOf: (leaf: number) => number,
): void {
  const { leafCount } = tree;
  const hasSets = tree.decisionType.some((type) => (type & CATEGORICAL_BIT) !== 0);
  const bytes = hasSets ? WALK_NODE.setBytes : WALK_NODE.bytes;
  // The root stands alone in the first pair.
  const root = arena.take(2 * leafCount * bytes);
  const leafAt = new Int32Array(2 * leafCount);
  const placeOf = new Int32Array(Math.max(1, leafCount - 1));
  const waiting = leafCount > 1 ? [0] : [];
  let next = 2;
  const writeLeaf = (place: number, leaf: number): void => {
    const address = root + place * bytes;
    arena.f64(address + WALK_NODE.threshold, tree.leafValue[leaf]!);
    arena.u32(address + WALK_NODE.child, address - bytes);
    if (hasSets) arena.u32(address + WALK_NODE.set, none);
    leafAt[place] = numberOf(leaf);
  };
  if (leafCount === 1) writeLeaf(0, 0);
  for (let at = 0; at < waiting.length; at++) {
    const node = waiting[at]!;
    const address = root + placeOf[node]! * bytes;
    if ((tree.decisionType[node]! & CATEGORICAL_BIT) !== 0) {
      writeSet(arena, address, tree, node);
    } else {
      arena.f64(address + WALK_NODE.threshold, tree.threshold[node]!);
      if (hasSets) arena.u32(address + WALK_NODE.set, none);
    }
    arena.u32(address + WALK_NODE.child, root + next * bytes);
    arena.u32(address + WALK_NODE.slot, slotOf(tree, node, slots));
    for (const child of [tree.leftChild[node]!, tree.rightChild[node]!]) {
      if (child >= 0) {
        placeOf[child] = next;
        waiting.push(child);
      } else {
        writeLeaf(next, ~child);
      }
      next += 1;
    }
  }
  arena.u32(entry + WALK_TREE.root, root);
  arena.u32(entry + WALK_TREE.sets, hasSets ? 1 : 0);
  arena.u32(entry + WALK_TREE.leaves, arena.put(leafAt));
}

function slotOf(tree: Tree, node: number, slots: SlotRecipes): number {
  const type = tree.decisionType[node]!;
  const kind =
    (type & CATEGORICAL_BIT) === 0
      ? SLOT_KIND[missingRuleOf(type)]
      : tree.singleCategories
        ? SLOT_KIND.single_category
        : SLOT_KIND.category;
  return slots.offsetOf(tree.splitFeature[node]!, kind);
}

/** Bits of a set: first NaN's, then the categories', then one of zero for all that are beyond. */
function writeSet(arena: Arena, address: number, tree: Tree, node: number): void {
  const set = tree.threshold[node]!;
  const first = tree.catBoundaries[set]!;
  const words = tree.catThreshold.subarray(first, tree.catBoundaries[set + 1]);
  const shifted = new Uint32Array(words.length + 1);
  shifted[0] = (tree.decisionType[node]! & DEFAULT_LEFT_BIT) !== 0 ? 1 : 0;
  for (let word = 0; word < words.length; word++) {
    shifted[word] = shifted[word]! | (words[word]! << 1);
    shifted[word + 1] = words[word]! >>> 31;
  }
  arena.u32(address + WALK_NODE.set, arena.put(shifted));
  arena.u32(address + WALK_NODE.limit, words.length * 32 + 1);
}

/**
 * Writes a linear tree's leaves.
 * @param numberOf by leaf: its number in the table
 * @returns the table's address
 */
export function writeLinearLeaves(
  arena: Arena,
  tree: Tree,
  numberOf: (leaf: number) => number,
  slots: SlotRecipes,
): number {
  const linear = tree.linear!;
  const table = arena.take(tree.leafCount * LINEAR_LEAF.bytes);
  const terms = arena.take(linear.features.length * LINEAR_TERM.bytes);
  for (let term = 0; term < linear.features.length; term++) {
    const address = terms + term * LINEAR_TERM.bytes;
    arena.f64(address + LINEAR_TERM.coefficient, linear.coefficients[term]!);
    arena.u32(address + LINEAR_TERM.slot, slots.offsetOf(linear.features[term]!, SLOT_KIND.linear));
  }
  for (let leaf = 0; leaf < tree.leafCount; leaf++) {
    const address = table + numberOf(leaf) * LINEAR_LEAF.bytes;
    const first = linear.offsets[leaf]!;
    arena.f64(address + LINEAR_LEAF.constant, linear.constants[leaf]!);
    arena.f64(address + LINEAR_LEAF.value, tree.leafValue[leaf]!);
    arena.u32(address + LINEAR_LEAF.terms, terms + first * LINEAR_TERM.bytes);
    arena.u32(address + LINEAR_LEAF.count, linear.offsets[leaf + 1]! - first);
  }
  return table;
}
