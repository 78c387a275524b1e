/**
 * Scores blocks of rows by ranks. AssemblyScript, compiled to WASM with SIMD128.
 *
 * engine/fast/layout.ts names the fields of every record read here, and must agree with the offsets below.
 *
 * A block is 128 rows. `rankPiece` turns values into ranks among the model's own thresholds, a byte (or two) a
 * row and column. `sumTrees` finds each row's exit leaf. Leaves are numbered from left to right, so that every
 * leaf on the right of a node has a higher number than every leaf on its left, and a node's exit leaf is
 * max(left, right AND (rank > threshold)). Subtrees of up to four nodes take a shorter way: their outcomes
 * are the bits of an index into sixteen leaf numbers. One instruction serves 16 rows; no branch depends on data.
 *
 * Relaxed swizzle leaves only indices above 15 undefined, and there are none here.
 */

import { E_LINEAR, ENTRY_BYTES, LINEAR_BYTES, linearOutput } from './walk';

export { rankPiece } from './ranks';
export { addLinear, addLinearRow, prepareRows, walkLeaves, walkRow, walkTrees } from './walk';

const BLOCK: usize = 128;
const GROUP: usize = 8;

// Plan header, u32 words.
const P_TILE_BYTES: usize = 8;
const P_SLOTS: usize = 12;
const P_CODES: usize = 20;
const P_TILES: usize = 32;
const P_TREES: usize = 40;
const P_SINGLE: usize = 44;
const P_WEIGHTS: usize = 48;

// Tree record.
const TREE_BYTES: usize = 24;
const T_UNITS: usize = 0;
const T_UNIT_COUNTS: usize = 4;
const T_NODES: usize = 8;
const T_NODE_COUNT: usize = 12;
const T_LEAVES: usize = 16;
const T_WIDE: usize = 20;

// Unit records: columns (u32 each), four threshold bytes, then the leaf number by outcome.
const UNIT1_BYTES: usize = 12;
const UNIT2_BYTES: usize = 28;
const UNIT3_BYTES: usize = 32;
const UNIT4_BYTES: usize = 36;
const NODE_BYTES: usize = 20;
const WIDE_NODE_BYTES: usize = 24;

/**
 * Adds trees `first … last` of the plan's list to the sums of `rows` rows.
 * @param sums one f64 a row; where the plan says so each holds an f32, to which every addition is rounded
 */
export function sumTrees(
  plan: usize,
  scratch: usize,
  rows: usize,
  first: usize,
  last: usize,
  sums: usize,
): void {
  const tileBytes = <usize>load<u32>(plan, P_TILE_BYTES);
  let tile = scratch + load<u32>(plan, P_TILES);
  const codes = scratch + load<u32>(plan, P_CODES);
  const trees = <usize>load<u32>(plan, P_TREES);
  const end = trees + last * TREE_BYTES;
  const single = load<u32>(plan, P_SINGLE) != 0;
  for (let done: usize = 0; done < rows; done += BLOCK) {
    let tree = trees + first * TREE_BYTES;
    while (tree < end) {
      const group = tree;
      let to = codes;
      let wide: u32 = 0;
      for (; tree < end && to < codes + GROUP * BLOCK * 2; tree += TREE_BYTES) {
        wide |= load<u32>(tree, T_WIDE);
        if (load<u32>(tree, T_WIDE) != 0) {
          exitLeavesWide(tree, scratch, tile, to);
        } else {
          exitLeaves(tree, plan, scratch, tile, to);
        }
        to += BLOCK * 2;
      }
      if (single) {
        addSingles(group, tree, codes, sums);
      } else if (wide == 0 && tree == group + GROUP * TREE_BYTES) {
        addGroup(group, codes, sums);
      } else {
        for (let one = group, at = codes; one < tree; one += TREE_BYTES, at += BLOCK * 2) {
          addOne(one, at, sums);
        }
      }
    }
    tile += tileBytes;
    sums += BLOCK * 8;
  }
}

/**
 * Adds linear trees `first … last`, whose leaves are found by testing all nodes, to the sums of `rows` rows.
 * @param list entries of the walked trees, which name the linear leaves
 * @param slots prepared rows, in groups of `width` bytes
 */
export function sumLinearTrees(
  plan: usize,
  scratch: usize,
  rows: usize,
  first: usize,
  last: usize,
  list: usize,
  slots: usize,
  width: usize,
  sums: usize,
): void {
  const tileBytes = <usize>load<u32>(plan, P_TILE_BYTES);
  let tile = scratch + load<u32>(plan, P_TILES);
  const codes = scratch + load<u32>(plan, P_CODES);
  for (let done: usize = 0; done < rows; done += BLOCK) {
    for (let at = first; at < last; at++) {
      const tree = <usize>load<u32>(plan, P_TREES) + at * TREE_BYTES;
      const leaves = <usize>load<u32>(list + at * ENTRY_BYTES, E_LINEAR);
      const wide = load<u32>(tree, T_WIDE) != 0;
      if (wide) exitLeavesWide(tree, scratch, tile, codes);
      else exitLeaves(tree, plan, scratch, tile, codes);
      for (let row: usize = 0; row < BLOCK; row++) {
        const code = wide ? <usize>load<u16>(codes + (row << 1)) : <usize>load<u8>(codes + row);
        const slot = slots + (row >> 3) * width + ((row & 7) << 3);
        const to = sums + (row << 3);
        store<f64>(to, load<f64>(to) + linearOutput(leaves + code * LINEAR_BYTES, slot));
      }
    }
    tile += tileBytes;
    sums += BLOCK * 8;
    slots += (BLOCK >> 3) * width;
  }
}

/** Writes exit leaves (left to right numbers, u16) of one tree of the list: `rows` of them. */
export function leavesOf(plan: usize, scratch: usize, rows: usize, index: usize, to: usize): void {
  const tileBytes = <usize>load<u32>(plan, P_TILE_BYTES);
  let tile = scratch + load<u32>(plan, P_TILES);
  const codes = scratch + load<u32>(plan, P_CODES);
  const tree = <usize>load<u32>(plan, P_TREES) + index * TREE_BYTES;
  for (let done: usize = 0; done < rows; done += BLOCK) {
    if (load<u32>(tree, T_WIDE) != 0) {
      exitLeavesWide(tree, scratch, tile, to);
    } else {
      exitLeaves(tree, plan, scratch, tile, codes);
      for (let row: usize = 0; row < BLOCK; row++) {
        store<u16>(to + (row << 1), load<u8>(codes + row));
      }
    }
    tile += tileBytes;
    to += BLOCK * 2;
  }
}

// @ts-ignore: decorator
@inline
function joined(left: v128, right: v128, ranks: v128, threshold: v128): v128 {
  return v128.max<u8>(left, v128.and(right, v128.gt<i8>(ranks, threshold)));
}

// The offsets below are spelled out: as immediates they cost nothing, as sums an instruction each.

// @ts-ignore: decorator
@inline
function joinNode(node: usize, scratch: usize, tile: usize, to: usize): void {
  const c = tile + load<u32>(node);
  const t = v128.load8_splat(node, 4);
  const l = scratch + load<u32>(node, 8);
  const r = scratch + load<u32>(node, 12);
  v128.store(to, joined(v128.load(l), v128.load(r), v128.load(c), t));
  v128.store(to, joined(v128.load(l, 16), v128.load(r, 16), v128.load(c, 16), t), 16);
  v128.store(to, joined(v128.load(l, 32), v128.load(r, 32), v128.load(c, 32), t), 32);
  v128.store(to, joined(v128.load(l, 48), v128.load(r, 48), v128.load(c, 48), t), 48);
  v128.store(to, joined(v128.load(l, 64), v128.load(r, 64), v128.load(c, 64), t), 64);
  v128.store(to, joined(v128.load(l, 80), v128.load(r, 80), v128.load(c, 80), t), 80);
  v128.store(to, joined(v128.load(l, 96), v128.load(r, 96), v128.load(c, 96), t), 96);
  v128.store(to, joined(v128.load(l, 112), v128.load(r, 112), v128.load(c, 112), t), 112);
}

// @ts-ignore: decorator
@inline
function outcome(ranks: v128, threshold: v128, weight: v128): v128 {
  return v128.and(v128.gt<i8>(ranks, threshold), weight);
}

// @ts-ignore: decorator
@inline
function unit1(unit: usize, tile: usize, to: usize): void {
  const c = tile + load<u32>(unit);
  const t = v128.load8_splat(unit, 4);
  const code = v128.load8_splat(unit, 8);
  v128.store(to, v128.sub<i8>(code, v128.gt<i8>(v128.load(c), t)));
  v128.store(to, v128.sub<i8>(code, v128.gt<i8>(v128.load(c, 16), t)), 16);
  v128.store(to, v128.sub<i8>(code, v128.gt<i8>(v128.load(c, 32), t)), 32);
  v128.store(to, v128.sub<i8>(code, v128.gt<i8>(v128.load(c, 48), t)), 48);
  v128.store(to, v128.sub<i8>(code, v128.gt<i8>(v128.load(c, 64), t)), 64);
  v128.store(to, v128.sub<i8>(code, v128.gt<i8>(v128.load(c, 80), t)), 80);
  v128.store(to, v128.sub<i8>(code, v128.gt<i8>(v128.load(c, 96), t)), 96);
  v128.store(to, v128.sub<i8>(code, v128.gt<i8>(v128.load(c, 112), t)), 112);
}

// @ts-ignore: decorator
@inline
function unit2(unit: usize, tile: usize, to: usize, one: v128, two: v128): void {
  const a = tile + load<u32>(unit);
  const b = tile + load<u32>(unit, 4);
  const ta = v128.load8_splat(unit, 8);
  const tb = v128.load8_splat(unit, 9);
  const codes = v128.load(unit, 12);
  v128.store(to, v128.relaxed_swizzle(codes, v128.or(outcome(v128.load(a), ta, one), outcome(v128.load(b), tb, two))));
  v128.store(to, v128.relaxed_swizzle(codes, v128.or(outcome(v128.load(a, 16), ta, one), outcome(v128.load(b, 16), tb, two))), 16);
  v128.store(to, v128.relaxed_swizzle(codes, v128.or(outcome(v128.load(a, 32), ta, one), outcome(v128.load(b, 32), tb, two))), 32);
  v128.store(to, v128.relaxed_swizzle(codes, v128.or(outcome(v128.load(a, 48), ta, one), outcome(v128.load(b, 48), tb, two))), 48);
  v128.store(to, v128.relaxed_swizzle(codes, v128.or(outcome(v128.load(a, 64), ta, one), outcome(v128.load(b, 64), tb, two))), 64);
  v128.store(to, v128.relaxed_swizzle(codes, v128.or(outcome(v128.load(a, 80), ta, one), outcome(v128.load(b, 80), tb, two))), 80);
  v128.store(to, v128.relaxed_swizzle(codes, v128.or(outcome(v128.load(a, 96), ta, one), outcome(v128.load(b, 96), tb, two))), 96);
  v128.store(to, v128.relaxed_swizzle(codes, v128.or(outcome(v128.load(a, 112), ta, one), outcome(v128.load(b, 112), tb, two))), 112);
}

// @ts-ignore: decorator
@inline
function unit3(unit: usize, tile: usize, to: usize, one: v128, two: v128, four: v128): void {
  const a = tile + load<u32>(unit);
  const b = tile + load<u32>(unit, 4);
  const c = tile + load<u32>(unit, 8);
  const ta = v128.load8_splat(unit, 12);
  const tb = v128.load8_splat(unit, 13);
  const tc = v128.load8_splat(unit, 14);
  const codes = v128.load(unit, 16);
  v128.store(to, v128.relaxed_swizzle(codes, v128.or(v128.or(outcome(v128.load(a), ta, one), outcome(v128.load(b), tb, two)), outcome(v128.load(c), tc, four))));
  v128.store(to, v128.relaxed_swizzle(codes, v128.or(v128.or(outcome(v128.load(a, 16), ta, one), outcome(v128.load(b, 16), tb, two)), outcome(v128.load(c, 16), tc, four))), 16);
  v128.store(to, v128.relaxed_swizzle(codes, v128.or(v128.or(outcome(v128.load(a, 32), ta, one), outcome(v128.load(b, 32), tb, two)), outcome(v128.load(c, 32), tc, four))), 32);
  v128.store(to, v128.relaxed_swizzle(codes, v128.or(v128.or(outcome(v128.load(a, 48), ta, one), outcome(v128.load(b, 48), tb, two)), outcome(v128.load(c, 48), tc, four))), 48);
  v128.store(to, v128.relaxed_swizzle(codes, v128.or(v128.or(outcome(v128.load(a, 64), ta, one), outcome(v128.load(b, 64), tb, two)), outcome(v128.load(c, 64), tc, four))), 64);
  v128.store(to, v128.relaxed_swizzle(codes, v128.or(v128.or(outcome(v128.load(a, 80), ta, one), outcome(v128.load(b, 80), tb, two)), outcome(v128.load(c, 80), tc, four))), 80);
  v128.store(to, v128.relaxed_swizzle(codes, v128.or(v128.or(outcome(v128.load(a, 96), ta, one), outcome(v128.load(b, 96), tb, two)), outcome(v128.load(c, 96), tc, four))), 96);
  v128.store(to, v128.relaxed_swizzle(codes, v128.or(v128.or(outcome(v128.load(a, 112), ta, one), outcome(v128.load(b, 112), tb, two)), outcome(v128.load(c, 112), tc, four))), 112);
}

// @ts-ignore: decorator
@inline
function unit4(unit: usize, tile: usize, to: usize, one: v128, two: v128, four: v128, eight: v128): void {
  const a = tile + load<u32>(unit);
  const b = tile + load<u32>(unit, 4);
  const c = tile + load<u32>(unit, 8);
  const d = tile + load<u32>(unit, 12);
  const ta = v128.load8_splat(unit, 16);
  const tb = v128.load8_splat(unit, 17);
  const tc = v128.load8_splat(unit, 18);
  const td = v128.load8_splat(unit, 19);
  const codes = v128.load(unit, 20);
  v128.store(to, v128.relaxed_swizzle(codes, v128.or(v128.or(outcome(v128.load(a), ta, one), outcome(v128.load(b), tb, two)), v128.or(outcome(v128.load(c), tc, four), outcome(v128.load(d), td, eight)))));
  v128.store(to, v128.relaxed_swizzle(codes, v128.or(v128.or(outcome(v128.load(a, 16), ta, one), outcome(v128.load(b, 16), tb, two)), v128.or(outcome(v128.load(c, 16), tc, four), outcome(v128.load(d, 16), td, eight)))), 16);
  v128.store(to, v128.relaxed_swizzle(codes, v128.or(v128.or(outcome(v128.load(a, 32), ta, one), outcome(v128.load(b, 32), tb, two)), v128.or(outcome(v128.load(c, 32), tc, four), outcome(v128.load(d, 32), td, eight)))), 32);
  v128.store(to, v128.relaxed_swizzle(codes, v128.or(v128.or(outcome(v128.load(a, 48), ta, one), outcome(v128.load(b, 48), tb, two)), v128.or(outcome(v128.load(c, 48), tc, four), outcome(v128.load(d, 48), td, eight)))), 48);
  v128.store(to, v128.relaxed_swizzle(codes, v128.or(v128.or(outcome(v128.load(a, 64), ta, one), outcome(v128.load(b, 64), tb, two)), v128.or(outcome(v128.load(c, 64), tc, four), outcome(v128.load(d, 64), td, eight)))), 64);
  v128.store(to, v128.relaxed_swizzle(codes, v128.or(v128.or(outcome(v128.load(a, 80), ta, one), outcome(v128.load(b, 80), tb, two)), v128.or(outcome(v128.load(c, 80), tc, four), outcome(v128.load(d, 80), td, eight)))), 80);
  v128.store(to, v128.relaxed_swizzle(codes, v128.or(v128.or(outcome(v128.load(a, 96), ta, one), outcome(v128.load(b, 96), tb, two)), v128.or(outcome(v128.load(c, 96), tc, four), outcome(v128.load(d, 96), td, eight)))), 96);
  v128.store(to, v128.relaxed_swizzle(codes, v128.or(v128.or(outcome(v128.load(a, 112), ta, one), outcome(v128.load(b, 112), tb, two)), v128.or(outcome(v128.load(c, 112), tc, four), outcome(v128.load(d, 112), td, eight)))), 112);
}

/**
 * Exit leaves of a block, a byte a row. First the units, subtrees of one to four nodes whose outcomes are looked up
 * in a table of sixteen leaf numbers; then the nodes above them, children first.
 */
// @ts-ignore: decorator
@inline
function exitLeaves(tree: usize, plan: usize, scratch: usize, tile: usize, to: usize): void {
  let slot = scratch + load<u32>(plan, P_SLOTS);
  const one = v128.load(plan, P_WEIGHTS);
  const two = v128.load(plan, P_WEIGHTS + 16);
  const four = v128.load(plan, P_WEIGHTS + 32);
  const eight = v128.load(plan, P_WEIGHTS + 48);
  let unit = <usize>load<u32>(tree, T_UNITS);
  let end = unit + <usize>load<u8>(tree, T_UNIT_COUNTS) * UNIT1_BYTES;
  for (; unit < end; unit += UNIT1_BYTES, slot += BLOCK) {
    unit1(unit, tile, slot);
  }
  end = unit + <usize>load<u8>(tree, T_UNIT_COUNTS + 1) * UNIT2_BYTES;
  for (; unit < end; unit += UNIT2_BYTES, slot += BLOCK) {
    unit2(unit, tile, slot, one, two);
  }
  end = unit + <usize>load<u8>(tree, T_UNIT_COUNTS + 2) * UNIT3_BYTES;
  for (; unit < end; unit += UNIT3_BYTES, slot += BLOCK) {
    unit3(unit, tile, slot, one, two, four);
  }
  end = unit + <usize>load<u8>(tree, T_UNIT_COUNTS + 3) * UNIT4_BYTES;
  for (; unit < end; unit += UNIT4_BYTES, slot += BLOCK) {
    unit4(unit, tile, slot, one, two, four, eight);
  }
  let node = <usize>load<u32>(tree, T_NODES);
  const root = node + (<usize>load<u32>(tree, T_NODE_COUNT) - 1) * NODE_BYTES;
  for (; node < root; node += NODE_BYTES) {
    joinNode(node, scratch, tile, scratch + load<u32>(node, 16));
  }
  joinNode(root, scratch, tile, to);
}

// @ts-ignore: decorator
@inline
function joinedWide(left: v128, right: v128, ranks: v128, threshold: v128, leftCode: v128, rightCode: v128): v128 {
  const onRight = v128.and(v128.or(right, rightCode), v128.gt<i16>(ranks, threshold));
  return v128.max<u16>(v128.or(left, leftCode), onRight);
}

/** The same with 16-bit ranks and leaf numbers. A child that is a leaf is a constant over the slot of zeros. */
function exitLeavesWide(tree: usize, scratch: usize, tile: usize, to: usize): void {
  let node = <usize>load<u32>(tree, T_NODES);
  const root = node + (<usize>load<u32>(tree, T_NODE_COUNT) - 1) * WIDE_NODE_BYTES;
  for (; node <= root; node += WIDE_NODE_BYTES) {
    let c = tile + load<u32>(node);
    let l = scratch + load<u32>(node, 12);
    let r = scratch + load<u32>(node, 16);
    let out = node == root ? to : scratch + load<u32>(node, 20);
    const t = v128.load16_splat(node, 4);
    const lc = v128.load16_splat(node, 6);
    const rc = v128.load16_splat(node, 8);
    for (const end = c + BLOCK * 2; c < end; c += 64, l += 64, r += 64, out += 64) {
      v128.store(out, joinedWide(v128.load(l), v128.load(r), v128.load(c), t, lc, rc));
      v128.store(out, joinedWide(v128.load(l, 16), v128.load(r, 16), v128.load(c, 16), t, lc, rc), 16);
      v128.store(out, joinedWide(v128.load(l, 32), v128.load(r, 32), v128.load(c, 32), t, lc, rc), 32);
      v128.store(out, joinedWide(v128.load(l, 48), v128.load(r, 48), v128.load(c, 48), t, lc, rc), 48);
    }
  }
}

// @ts-ignore: decorator
@inline
function leafAt(leaves: usize, code: u32): f64 {
  return load<f64>(leaves + (<usize>code << 3));
}

/** Adds eight trees' leaf values, tree after tree in each row. */
// @ts-ignore: decorator
@inline
function addGroup(tree: usize, codes: usize, sums: usize): void {
  const l0 = <usize>load<u32>(tree, T_LEAVES);
  const l1 = <usize>load<u32>(tree, 1 * TREE_BYTES + T_LEAVES);
  const l2 = <usize>load<u32>(tree, 2 * TREE_BYTES + T_LEAVES);
  const l3 = <usize>load<u32>(tree, 3 * TREE_BYTES + T_LEAVES);
  const l4 = <usize>load<u32>(tree, 4 * TREE_BYTES + T_LEAVES);
  const l5 = <usize>load<u32>(tree, 5 * TREE_BYTES + T_LEAVES);
  const l6 = <usize>load<u32>(tree, 6 * TREE_BYTES + T_LEAVES);
  const l7 = <usize>load<u32>(tree, 7 * TREE_BYTES + T_LEAVES);
  for (const end = codes + BLOCK; codes < end; codes += 4, sums += 32) {
    let a = load<f64>(sums);
    let b = load<f64>(sums, 8);
    let c = load<f64>(sums, 16);
    let d = load<f64>(sums, 24);
    a += leafAt(l0, load<u8>(codes));
    b += leafAt(l0, load<u8>(codes, 1));
    c += leafAt(l0, load<u8>(codes, 2));
    d += leafAt(l0, load<u8>(codes, 3));
    a += leafAt(l1, load<u8>(codes, 256));
    b += leafAt(l1, load<u8>(codes, 257));
    c += leafAt(l1, load<u8>(codes, 258));
    d += leafAt(l1, load<u8>(codes, 259));
    a += leafAt(l2, load<u8>(codes, 512));
    b += leafAt(l2, load<u8>(codes, 513));
    c += leafAt(l2, load<u8>(codes, 514));
    d += leafAt(l2, load<u8>(codes, 515));
    a += leafAt(l3, load<u8>(codes, 768));
    b += leafAt(l3, load<u8>(codes, 769));
    c += leafAt(l3, load<u8>(codes, 770));
    d += leafAt(l3, load<u8>(codes, 771));
    a += leafAt(l4, load<u8>(codes, 1024));
    b += leafAt(l4, load<u8>(codes, 1025));
    c += leafAt(l4, load<u8>(codes, 1026));
    d += leafAt(l4, load<u8>(codes, 1027));
    a += leafAt(l5, load<u8>(codes, 1280));
    b += leafAt(l5, load<u8>(codes, 1281));
    c += leafAt(l5, load<u8>(codes, 1282));
    d += leafAt(l5, load<u8>(codes, 1283));
    a += leafAt(l6, load<u8>(codes, 1536));
    b += leafAt(l6, load<u8>(codes, 1537));
    c += leafAt(l6, load<u8>(codes, 1538));
    d += leafAt(l6, load<u8>(codes, 1539));
    a += leafAt(l7, load<u8>(codes, 1792));
    b += leafAt(l7, load<u8>(codes, 1793));
    c += leafAt(l7, load<u8>(codes, 1794));
    d += leafAt(l7, load<u8>(codes, 1795));
    store<f64>(sums, a);
    store<f64>(sums, b, 8);
    store<f64>(sums, c, 16);
    store<f64>(sums, d, 24);
  }
}

/** Adds leaf values in single precision, tree after tree in each row; leaf tables hold f32. */
function addSingles(tree: usize, end: usize, codes: usize, sums: usize): void {
  const stop = sums + BLOCK * 8;
  for (let at = codes; sums < stop; sums += 32, at += 8) {
    let a = <f32>load<f64>(sums);
    let b = <f32>load<f64>(sums, 8);
    let c = <f32>load<f64>(sums, 16);
    let d = <f32>load<f64>(sums, 24);
    let from = at;
    for (let one = tree; one < end; one += TREE_BYTES, from += BLOCK * 2) {
      const leaves = <usize>load<u32>(one, T_LEAVES);
      if (load<u32>(one, T_WIDE) != 0) {
        a += load<f32>(leaves + (<usize>load<u16>(from) << 2));
        b += load<f32>(leaves + (<usize>load<u16>(from, 2) << 2));
        c += load<f32>(leaves + (<usize>load<u16>(from, 4) << 2));
        d += load<f32>(leaves + (<usize>load<u16>(from, 6) << 2));
      } else {
        const narrow = from - ((at - codes) >> 1);
        a += load<f32>(leaves + (<usize>load<u8>(narrow) << 2));
        b += load<f32>(leaves + (<usize>load<u8>(narrow, 1) << 2));
        c += load<f32>(leaves + (<usize>load<u8>(narrow, 2) << 2));
        d += load<f32>(leaves + (<usize>load<u8>(narrow, 3) << 2));
      }
    }
    store<f64>(sums, <f64>a);
    store<f64>(sums, <f64>b, 8);
    store<f64>(sums, <f64>c, 16);
    store<f64>(sums, <f64>d, 24);
  }
}

function addOne(tree: usize, codes: usize, sums: usize): void {
  const leaves = <usize>load<u32>(tree, T_LEAVES);
  const wide = load<u32>(tree, T_WIDE) != 0;
  for (let row: usize = 0; row < BLOCK; row++) {
    const code = wide ? <usize>load<u16>(codes + (row << 1)) : <usize>load<u8>(codes + row);
    const to = sums + (row << 3);
    store<f64>(to, load<f64>(to) + load<f64>(leaves + (code << 3)));
  }
}
