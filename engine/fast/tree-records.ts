import type { Tree } from '../model/tree.ts';
import type { Arena } from './arena.ts';
import type { FeatureRecords } from './feature-records.ts';
import { BLOCK_ROWS, MOST_UNIT_NODES, NODE, TREE, unitLayout, WIDE_NODE, WIDE_SLOTS } from './layout.ts';

/** Leaves numbered from left to right: `codeOf[leaf]`, and nodes with children before parents. */
export type TreeOrder = { readonly codeOf: Int32Array; readonly nodes: Int32Array };

export function orderTree(tree: Tree): TreeOrder {
  const codeOf = new Int32Array(tree.leafCount);
  const nodes = new Int32Array(tree.leafCount - 1);
  let code = 0;
  let at = nodes.length;
  const waiting = [tree.leafCount > 1 ? 0 : -1];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next < 0) {
      codeOf[~next] = code;
      code += 1;
    } else {
      at -= 1;
      nodes[at] = next;
      waiting.push(tree.rightChild[next]!, tree.leftChild[next]!);
    }
  }
  return { codeOf, nodes };
}

/** Leaf values in the order of their numbers. */
export function leafTable(tree: Tree, order: TreeOrder): Float64Array {
  const values = new Float64Array(tree.leafCount);
  for (let leaf = 0; leaf < tree.leafCount; leaf++) {
    values[order.codeOf[leaf]!] = tree.leafValue[leaf]!;
  }
  return values;
}

/** Nodes of the subtree under each node, itself included. */
function subtreeSizes(tree: Tree, order: TreeOrder): Int32Array {
  const sizes = new Int32Array(order.nodes.length);
  const sizeOf = (child: number): number => (child < 0 ? 0 : sizes[child]!);
  for (const node of order.nodes) {
    sizes[node] = 1 + sizeOf(tree.leftChild[node]!) + sizeOf(tree.rightChild[node]!);
  }
  return sizes;
}

/** The nodes of a unit, its root first. */
function unitNodes(tree: Tree, root: number): number[] {
  const nodes = [root];
  for (const node of nodes) {
    nodes.push(...[tree.leftChild[node]!, tree.rightChild[node]!].filter((child) => child >= 0));
  }
  return nodes;
}

/** The leaf in which outcomes end: bit `i` says whether the row goes right at the unit's node `i`. */
function leafByOutcome(tree: Tree, nodes: readonly number[], outcomes: number): number {
  let node = nodes[0]!;
  while (node >= 0) {
    const right = (outcomes >> nodes.indexOf(node)) & 1;
    node = right === 1 ? tree.rightChild[node]! : tree.leftChild[node]!;
  }
  return ~node;
}

/**
 * Writes a tree of at most 256 leaves. Units (subtrees of up to four nodes) fill slots in turn; every other node
 * combines two places (slots, or the constant blocks of leaf numbers) into the slot of one of its children;
 * the root is last.
 */
export function writeNarrowTree(
  arena: Arena,
  record: number,
  tree: Tree,
  order: TreeOrder,
  features: FeatureRecords,
  slotsAt: number,
): void {
  const sizes = subtreeSizes(tree, order);
  const place = new Int32Array(order.nodes.length);
  const placeOf = (child: number): number => (child < 0 ? order.codeOf[~child]! * BLOCK_ROWS : place[child]!);
  // The root writes its answer elsewhere, so it is always a join.
  const joins = order.nodes.filter((node) => node === 0 || sizes[node]! > MOST_UNIT_NODES);
  const units = joins.reduce<number[]>((found, node) => {
    for (const child of [tree.leftChild[node]!, tree.rightChild[node]!]) {
      if (child >= 0 && sizes[child]! <= MOST_UNIT_NODES) {
        found.push(child);
      }
    }
    return found;
  }, []);
  units.sort((left, right) => sizes[left]! - sizes[right]!);
  let address = arena.take(units.reduce((bytes, root) => bytes + unitLayout(sizes[root]!).bytes, 0));
  arena.u32(record + TREE.units, address);
  const counts = new Uint8Array(MOST_UNIT_NODES + 1);
  for (const [at, root] of units.entries()) {
    const size = sizes[root]!;
    const layout = unitLayout(size);
    writeUnit(arena, address, tree, root, order, features, layout);
    counts[size] = counts[size]! + 1;
    arena.u8(record + TREE.unitCounts + size - 1, counts[size]);
    place[root] = slotsAt + at * BLOCK_ROWS;
    address += layout.bytes;
  }
  const joinsAt = arena.take(Math.max(1, joins.length) * NODE.bytes);
  for (const [at, node] of joins.entries()) {
    const address = joinsAt + at * NODE.bytes;
    const test = features.testOf(tree, node, false);
    const left = tree.leftChild[node]!;
    const right = tree.rightChild[node]!;
    place[node] = left >= 0 ? placeOf(left) : placeOf(right);
    arena.u32(address + NODE.column, test.column);
    arena.u8(address + NODE.threshold, test.threshold);
    arena.u32(address + NODE.left, placeOf(left));
    arena.u32(address + NODE.right, placeOf(right));
    arena.u32(address + NODE.out, place[node]);
  }
  arena.u32(record + TREE.nodes, joinsAt);
  // A tree of one leaf keeps its zeroed record: both places are leaf number 0.
  arena.u32(record + TREE.nodeCount, Math.max(1, joins.length));
}

function writeUnit(
  arena: Arena,
  address: number,
  tree: Tree,
  root: number,
  order: TreeOrder,
  features: FeatureRecords,
  layout: { readonly thresholds: number; readonly codes: number },
): void {
  const nodes = unitNodes(tree, root);
  for (const [at, node] of nodes.entries()) {
    const test = features.testOf(tree, node, false);
    arena.u32(address + at * 4, test.column);
    arena.u8(address + layout.thresholds + at, test.threshold);
  }
  for (let outcomes = 0; outcomes < (nodes.length === 1 ? 1 : 1 << nodes.length); outcomes++) {
    arena.u8(address + layout.codes + outcomes, order.codeOf[leafByOutcome(tree, nodes, outcomes)]!);
  }
}

/** Writes a tree with 16-bit ranks and leaf numbers; the child that needs more slots goes first. */
export function writeWideTree(
  arena: Arena,
  record: number,
  tree: Tree,
  order: TreeOrder,
  features: FeatureRecords,
  wideSlotsAt: number,
): void {
  const nodesAt = arena.take(order.nodes.length * WIDE_NODE.bytes);
  const need = new Uint8Array(order.nodes.length);
  for (const node of order.nodes) {
    const left = tree.leftChild[node]!;
    const right = tree.rightChild[node]!;
    const onLeft = left < 0 ? 0 : need[left]!;
    const onRight = right < 0 ? 0 : need[right]!;
    need[node] = Math.max(1, onLeft === onRight ? onLeft + (onLeft > 0 ? 1 : 0) : Math.max(onLeft, onRight));
  }
  const slotOf = new Uint8Array(order.nodes.length);
  const free = Array.from({ length: WIDE_SLOTS - 1 }, (_, slot) => WIDE_SLOTS - 1 - slot);
  const zeros = wideSlotsAt;
  const placeOf = (child: number): number =>
    child < 0 ? zeros : wideSlotsAt + slotOf[child]! * BLOCK_ROWS * 2;
  let address = nodesAt;
  const waiting: { node: number; ready: boolean }[] = [{ node: 0, ready: false }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node } = next;
    const left = tree.leftChild[node]!;
    const right = tree.rightChild[node]!;
    if (!next.ready) {
      waiting.push({ node, ready: true });
      const leftFirst = left >= 0 && (right < 0 || need[left]! >= need[right]!);
      for (const child of leftFirst ? [right, left] : [left, right]) {
        if (child >= 0) {
          waiting.push({ node: child, ready: false });
        }
      }
      continue;
    }
    for (const child of [left, right]) {
      if (child >= 0) {
        free.push(slotOf[child]!);
      }
    }
    slotOf[node] = free.pop()!;
    const test = features.testOf(tree, node, true);
    arena.u32(address + WIDE_NODE.column, test.column);
    arena.u16(address + WIDE_NODE.threshold, test.threshold);
    arena.u16(address + WIDE_NODE.leftCode, left < 0 ? order.codeOf[~left]! : 0);
    arena.u16(address + WIDE_NODE.rightCode, right < 0 ? order.codeOf[~right]! : 0);
    arena.u32(address + WIDE_NODE.left, placeOf(left));
    arena.u32(address + WIDE_NODE.right, placeOf(right));
    arena.u32(address + WIDE_NODE.out, placeOf(node));
    address += WIDE_NODE.bytes;
  }
  arena.u32(record + TREE.nodes, nodesAt);
  arena.u32(record + TREE.nodeCount, order.nodes.length);
  arena.u32(record + TREE.wide, 1);
}
