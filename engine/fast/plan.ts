import type { Model } from '../model/model.ts';
import { Arena } from './arena.ts';
import { NARROW_LEAVES, surveyFeatures, type TreeForm } from './columns.ts';
import { FeatureRecords } from './feature-records.ts';
import { layOutScratch, PLAN, TREE, WALK_TREE, type ScratchLayout } from './layout.ts';
import { SlotRecipes, writeLinearLeaves, writeWalkedTree } from './walk-records.ts';
import { leafTable, orderTree, writeNarrowTree, writeWideTree } from './tree-records.ts';

/** Tables of a model for the kernel, to lie at `base` of its memory. */
export type Plan = {
  readonly bytes: Uint8Array;
  readonly base: number;
  /** Address of the plan header. */
  readonly header: number;
  readonly scratch: ScratchLayout;
  /** By tree index: how it is evaluated. */
  readonly forms: readonly TreeForm[];
  /** By tree index: where its map from leaf numbers to leaves lies (i32 each). */
  readonly leafMaps: Int32Array;
  readonly walk: WalkPlan;
};

/** What walking needs: one entry a tree, in the order of the kernel's list, and how rows are prepared. */
export type WalkPlan = {
  readonly list: number;
  /** Address of the recipes, and how many there are. */
  readonly recipes: number;
  readonly recipeCount: number;
  /** Bytes of a group of prepared rows. */
  readonly groupBytes: number;
};

/**
 * Writes the kernel's tables. Trees are listed output by output, each output's in the order of the file, so
 * that sums run in LightGBM's order.
 */
export function makePlan(model: Model, base: number): Plan {
  const survey = surveyFeatures(model.trees);
  const features = new FeatureRecords(survey);
  const arena = new Arena(base);
  const header = arena.take(PLAN.bytes);
  const treesAt = arena.take(model.trees.length * TREE.bytes);
  const slotCount = NARROW_LEAVES / 2;
  // The slots' place does not depend on the columns, which only the trees' writing counts.
  const { inputCount: featureCount } = model;
  const early = layOutScratch({ featureCount, tileBytes: 1, slotCount, groupBytes: 8 });
  const leafMaps = new Int32Array(model.trees.length);
  const walkList = arena.take(model.trees.length * WALK_TREE.bytes);
  const slots = new SlotRecipes();
  const none = arena.take(16);
  for (const tree of model.trees) {
    const form = survey.forms[tree.index]!;
    if (form === 'reference') {
      continue;
    }
    const place = listPlace(model, tree.index);
    const entry = walkList + place * WALK_TREE.bytes;
    const order = orderTree(tree);
    // Linear leaves are looked up by the number that the tree's form gives.
    const coded = tree.linear !== undefined && form !== 'walk';
    const numberOf = (leaf: number): number => (coded ? order.codeOf[leaf]! : leaf);
    writeWalkedTree(arena, entry, tree, slots, none, numberOf);
    if (tree.linear !== undefined) {
      arena.u32(entry + WALK_TREE.linear, writeLinearLeaves(arena, tree, numberOf, slots));
    }
    if (form === 'walk') continue;
    const record = treesAt + place * TREE.bytes;
    if (form === 'narrow') {
      writeNarrowTree(arena, record, tree, order, features, early.slots);
    } else {
      writeWideTree(arena, record, tree, order, features, early.wideSlots);
    }
    const values = leafTable(tree, order);
    arena.u32(record + TREE.leaves, arena.put(model.singleSums ? Float32Array.from(values) : values));
    const leafOfCode = new Int32Array(tree.leafCount);
    for (let leaf = 0; leaf < tree.leafCount; leaf++) {
      leafOfCode[order.codeOf[leaf]!] = leaf;
    }
    leafMaps[tree.index] = arena.put(leafOfCode);
  }
  const records = features.write(arena);
  const { tileBytes } = features;
  const recipes = slots.write(arena);
  const groupBytes = slots.groupBytes;
  const scratch = layOutScratch({ featureCount, tileBytes, slotCount, groupBytes });
  arena.u32(header + PLAN.features, records.address);
  arena.u32(header + PLAN.featureCount, records.count);
  arena.u32(header + PLAN.tileBytes, tileBytes);
  arena.u32(header + PLAN.slots, scratch.slots);
  arena.u32(header + PLAN.wideSlots, scratch.wideSlots);
  arena.u32(header + PLAN.codes, scratch.codes);
  arena.u32(header + PLAN.values, scratch.values);
  arena.u32(header + PLAN.ranks, scratch.ranks);
  arena.u32(header + PLAN.tiles, scratch.tiles);
  arena.u32(header + PLAN.input, scratch.input);
  arena.u32(header + PLAN.trees, treesAt);
  for (let at = 0; at < 64; at++) {
    arena.u8(header + PLAN.weights + at, 1 << (at >> 4));
  }
  arena.u32(header + PLAN.single, model.singleSums ? 1 : 0);
  const walk = { list: walkList, recipes, recipeCount: slots.count, groupBytes };
  return { bytes: arena.bytes(), base, header, scratch, forms: survey.forms, leafMaps, walk };
}

/** A tree's place in the kernel's list. */
export function listPlace(model: Model, treeIndex: number): number {
  const { treesPerIteration } = model;
  return (treeIndex % treesPerIteration) * model.iterationCount + Math.floor(treeIndex / treesPerIteration);
}
