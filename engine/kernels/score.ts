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

const BLOCK: usize = 128;
const GROUP: usize = 8;

// Plan header, u32 words.
const P_FEATURES: usize = 0;
const P_FEATURE_COUNT: usize = 4;
const P_TILE_BYTES: usize = 8;
const P_SLOTS: usize = 12;
const P_WIDE_SLOTS: usize = 16;
const P_CODES: usize = 20;
const P_VALUES: usize = 24;
const P_RANKS: usize = 28;
const P_TILES: usize = 32;
const P_INPUT: usize = 36;
const P_TREES: usize = 40;
const P_WEIGHTS: usize = 48;

// Feature record.
const FEATURE_BYTES: usize = 80;
const F_INDEX: usize = 0;
const F_METHOD: usize = 4;
const F_THRESHOLDS: usize = 8;
const F_COUNT: usize = 12;
const F_TABLE: usize = 16;
const F_SHIFT: usize = 20;
const F_BASE: usize = 24;
const F_CAP: usize = 28;
const F_LOW: usize = 32;
const F_SCALE: usize = 40;
const F_CAP_F64: usize = 48;
const F_STEPS: usize = 56;
const F_VARIANTS: usize = 60;
const F_VARIANT_COUNT: usize = 64;
const F_FLAGS: usize = 68;
const FLAG_WIDE: u32 = 1;
const FLAG_SIGNED: u32 = 2;

const METHOD_COUNT: u32 = 0;
const METHOD_BITS: u32 = 1;
const METHOD_LINEAR: u32 = 2;
const METHOD_SEARCH: u32 = 3;
const METHOD_CATEGORY: u32 = 4;

// Variant record: how one column treats missing values.
const VARIANT_BYTES: usize = 16;
const V_COLUMN: usize = 0;
const V_FLAGS: usize = 4;
const V_SUBSTITUTE: usize = 8;
const V_SET: usize = 12;
const VARIANT_ZERO: u32 = 1;
const VARIANT_WIDE: u32 = 2;

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

const ZERO: f64 = <f64>(<f32>1e-35);
const ROUND: f64 = 4503599627370496.0;

/**
 * Ranks `rows` rows (a multiple of the block; surplus rows may hold anything).
 * @param input where the first row's first value lies
 * @param featureStride bytes between a row's values of two features
 * @param rowStride bytes between a feature's values of two rows
 */
export function rankPiece(
  plan: usize,
  scratch: usize,
  rows: usize,
  featureStride: usize,
  rowStride: usize,
): void {
  const tileBytes = <usize>load<u32>(plan, P_TILE_BYTES);
  let tile = scratch + load<u32>(plan, P_TILES);
  let input = scratch + load<u32>(plan, P_INPUT);
  const gathered = scratch + load<u32>(plan, P_VALUES);
  const ranks = scratch + load<u32>(plan, P_RANKS);
  const features = <usize>load<u32>(plan, P_FEATURES);
  const end = features + <usize>load<u32>(plan, P_FEATURE_COUNT) * FEATURE_BYTES;
  for (let done: usize = 0; done < rows; done += BLOCK) {
    for (let feature = features; feature < end; feature += FEATURE_BYTES) {
      let values = input + <usize>load<u32>(feature, F_INDEX) * featureStride;
      if (rowStride != 8) {
        gather(values, rowStride, gathered);
        values = gathered;
      }
      rankFeature(feature, values, ranks, tile);
    }
    tile += tileBytes;
    input += BLOCK * rowStride;
  }
}

function gather(from: usize, stride: usize, to: usize): void {
  for (const end = to + BLOCK * 8; to < end; to += 32) {
    const a = load<f64>(from);
    const b = load<f64>(from + stride);
    const c = load<f64>(from + 2 * stride);
    const d = load<f64>(from + 3 * stride);
    store<f64>(to, a);
    store<f64>(to, b, 8);
    store<f64>(to, c, 16);
    store<f64>(to, d, 24);
    from += 4 * stride;
  }
}

// @ts-ignore: decorator
@inline
function rankFeature(feature: usize, values: usize, ranks: usize, tile: usize): void {
  const method = load<u32>(feature, F_METHOD);
  if (method == METHOD_CATEGORY) {
    rankCategories(feature, values, ranks);
    testCategories(feature, ranks, tile);
    return;
  }
  const wide = (load<u32>(feature, F_FLAGS) & FLAG_WIDE) != 0;
  if (method == METHOD_COUNT) {
    rankByCount(feature, values, ranks);
  } else if (method == METHOD_SEARCH) {
    rankBySearch(feature, values, ranks, wide);
  } else {
    const steps = load<u32>(feature, F_STEPS);
    if (method == METHOD_BITS) {
      keysByBits(feature, values, ranks + BLOCK * 2);
    } else {
      keysByScale(feature, values, ranks + BLOCK * 2);
    }
    if (wide) {
      rankWideByTable(feature, values, ranks, steps);
    } else if (steps == 1) {
      rankByTable1(feature, values, ranks);
    } else {
      rankByTable(feature, values, ranks, steps);
    }
  }
  if (wide) {
    storeWide(feature, values, ranks, tile);
  } else {
    storeNarrow(feature, values, ranks, tile);
  }
}

// @ts-ignore: decorator
@inline
function narrow8(a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, g: v128, h: v128): v128 {
  const ab = v128.shuffle<i32>(a, b, 0, 2, 4, 6);
  const cd = v128.shuffle<i32>(c, d, 0, 2, 4, 6);
  const ef = v128.shuffle<i32>(e, f, 0, 2, 4, 6);
  const gh = v128.shuffle<i32>(g, h, 0, 2, 4, 6);
  return v128.narrow<i16>(v128.narrow<i32>(ab, cd), v128.narrow<i32>(ef, gh));
}

/** A byte a row: all ones where the value is NaN. */
// @ts-ignore: decorator
@inline
function nanMask(at: usize): v128 {
  const a = v128.load(at);
  const b = v128.load(at, 16);
  const c = v128.load(at, 32);
  const d = v128.load(at, 48);
  const e = v128.load(at, 64);
  const f = v128.load(at, 80);
  const g = v128.load(at, 96);
  const h = v128.load(at, 112);
  return narrow8(
    v128.ne<f64>(a, a),
    v128.ne<f64>(b, b),
    v128.ne<f64>(c, c),
    v128.ne<f64>(d, d),
    v128.ne<f64>(e, e),
    v128.ne<f64>(f, f),
    v128.ne<f64>(g, g),
    v128.ne<f64>(h, h),
  );
}

// @ts-ignore: decorator
@inline
function isZero(at: usize): v128 {
  return v128.le<f64>(v128.abs<f64>(v128.load(at)), v128.splat<f64>(ZERO));
}

// @ts-ignore: decorator
@inline
function zeroMask(at: usize): v128 {
  return narrow8(
    isZero(at),
    isZero(at + 16),
    isZero(at + 32),
    isZero(at + 48),
    isZero(at + 64),
    isZero(at + 80),
    isZero(at + 96),
    isZero(at + 112),
  );
}

// @ts-ignore: decorator
@inline
function above(at: usize, threshold: v128): v128 {
  return v128.lt<f64>(threshold, v128.load(at));
}

/** Few thresholds: compare with each. */
function rankByCount(feature: usize, values: usize, ranks: usize): void {
  const thresholds = <usize>load<u32>(feature, F_THRESHOLDS);
  const end = thresholds + (<usize>load<u32>(feature, F_COUNT) << 3);
  for (let row: usize = 0; row < BLOCK; row += 16) {
    const at = values + (row << 3);
    let rank = v128.splat<i8>(0);
    for (let threshold = thresholds; threshold < end; threshold += 8) {
      const t = v128.load64_splat(threshold);
      rank = v128.sub<i8>(
        rank,
        narrow8(
          above(at, t),
          above(at + 16, t),
          above(at + 32, t),
          above(at + 48, t),
          above(at + 64, t),
          above(at + 80, t),
          above(at + 96, t),
          above(at + 112, t),
        ),
      );
    }
    v128.store(ranks + row, rank);
  }
}

function keysByBits(feature: usize, values: usize, keys: usize): void {
  const shift = load<i32>(feature, F_SHIFT);
  const base = v128.splat<i32>(load<i32>(feature, F_BASE));
  const cap = v128.splat<i32>(load<i32>(feature, F_CAP));
  const none = v128.splat<i32>(0);
  const magnitude = v128.splat<i32>((load<u32>(feature, F_FLAGS) & FLAG_SIGNED) != 0 ? 0x7fffffff : 0);
  for (const end = values + BLOCK * 8; values < end; values += 64) {
    let h = v128.shuffle<i32>(v128.load(values), v128.load(values, 16), 1, 3, 5, 7);
    h = v128.xor(h, v128.and(v128.shr<i32>(h, 31), magnitude));
    h = v128.sub<i32>(v128.shr<i32>(h, shift), base);
    v128.store(keys, v128.min<i32>(v128.max<i32>(h, none), cap));
    let g = v128.shuffle<i32>(v128.load(values, 32), v128.load(values, 48), 1, 3, 5, 7);
    g = v128.xor(g, v128.and(v128.shr<i32>(g, 31), magnitude));
    g = v128.sub<i32>(v128.shr<i32>(g, shift), base);
    v128.store(keys, v128.min<i32>(v128.max<i32>(g, none), cap), 16);
    keys += 32;
  }
}

// @ts-ignore: decorator
@inline
function scaled(at: usize, low: v128, scale: v128, cap: v128): v128 {
  const x = v128.mul<f64>(v128.sub<f64>(v128.load(at), low), scale);
  const clamped = v128.pmin<f64>(cap, v128.pmax<f64>(v128.splat<f64>(0), x));
  return v128.add<f64>(clamped, v128.splat<f64>(ROUND));
}

function keysByScale(feature: usize, values: usize, keys: usize): void {
  const low = v128.splat<f64>(load<f64>(feature, F_LOW));
  const scale = v128.splat<f64>(load<f64>(feature, F_SCALE));
  const cap = v128.splat<f64>(load<f64>(feature, F_CAP_F64));
  for (const end = values + BLOCK * 8; values < end; values += 64) {
    v128.store(
      keys,
      v128.shuffle<i32>(scaled(values, low, scale, cap), scaled(values + 16, low, scale, cap), 0, 2, 4, 6),
    );
    v128.store(
      keys,
      v128.shuffle<i32>(scaled(values + 32, low, scale, cap), scaled(values + 48, low, scale, cap), 0, 2, 4, 6),
      16,
    );
    keys += 32;
  }
}

// @ts-ignore: decorator
@inline
function step(thresholds: usize, rank: u32, value: f64): u32 {
  return rank + u32(load<f64>(thresholds + (<usize>rank << 3)) < value);
}

/** The table gives the rank of the cell's lower end; at most one threshold lies in a cell. */
function rankByTable1(feature: usize, values: usize, ranks: usize): void {
  const thresholds = <usize>load<u32>(feature, F_THRESHOLDS);
  const table = <usize>load<u32>(feature, F_TABLE);
  let keys = ranks + BLOCK * 2;
  for (const end = ranks + BLOCK; ranks < end; ranks += 4) {
    const a = step(thresholds, load<u8>(table + load<u32>(keys)), load<f64>(values));
    const b = step(thresholds, load<u8>(table + load<u32>(keys, 4)), load<f64>(values, 8));
    const c = step(thresholds, load<u8>(table + load<u32>(keys, 8)), load<f64>(values, 16));
    const d = step(thresholds, load<u8>(table + load<u32>(keys, 12)), load<f64>(values, 24));
    store<u8>(ranks, a);
    store<u8>(ranks, b, 1);
    store<u8>(ranks, c, 2);
    store<u8>(ranks, d, 3);
    keys += 16;
    values += 32;
  }
}

function rankByTable(feature: usize, values: usize, ranks: usize, steps: u32): void {
  const thresholds = <usize>load<u32>(feature, F_THRESHOLDS);
  const table = <usize>load<u32>(feature, F_TABLE);
  let keys = ranks + BLOCK * 2;
  for (const end = ranks + BLOCK; ranks < end; ranks += 4) {
    const va = load<f64>(values);
    const vb = load<f64>(values, 8);
    const vc = load<f64>(values, 16);
    const vd = load<f64>(values, 24);
    let a = <u32>load<u8>(table + load<u32>(keys));
    let b = <u32>load<u8>(table + load<u32>(keys, 4));
    let c = <u32>load<u8>(table + load<u32>(keys, 8));
    let d = <u32>load<u8>(table + load<u32>(keys, 12));
    let left = steps;
    do {
      a = step(thresholds, a, va);
      b = step(thresholds, b, vb);
      c = step(thresholds, c, vc);
      d = step(thresholds, d, vd);
    } while (--left != 0);
    store<u8>(ranks, a);
    store<u8>(ranks, b, 1);
    store<u8>(ranks, c, 2);
    store<u8>(ranks, d, 3);
    keys += 16;
    values += 32;
  }
}

function rankWideByTable(feature: usize, values: usize, ranks: usize, steps: u32): void {
  const thresholds = <usize>load<u32>(feature, F_THRESHOLDS);
  const table = <usize>load<u32>(feature, F_TABLE);
  let keys = ranks + BLOCK * 2;
  for (const end = ranks + BLOCK * 2; ranks < end; ranks += 4) {
    const va = load<f64>(values);
    const vb = load<f64>(values, 8);
    let a = <u32>load<u16>(table + (<usize>load<u32>(keys) << 1));
    let b = <u32>load<u16>(table + (<usize>load<u32>(keys, 4) << 1));
    let left = steps;
    do {
      a = step(thresholds, a, va);
      b = step(thresholds, b, vb);
    } while (--left != 0);
    store<u16>(ranks, a);
    store<u16>(ranks, b, 2);
    keys += 8;
    values += 16;
  }
}

/** Thresholds too crowded for a table: a branchless binary search, four rows interleaved. */
function rankBySearch(feature: usize, values: usize, ranks: usize, wide: bool): void {
  const thresholds = <usize>load<u32>(feature, F_THRESHOLDS);
  const first = load<u32>(feature, F_STEPS);
  for (let row: usize = 0; row < BLOCK; row += 4) {
    const at = values + (row << 3);
    const va = load<f64>(at);
    const vb = load<f64>(at, 8);
    const vc = load<f64>(at, 16);
    const vd = load<f64>(at, 24);
    let a: u32 = 0;
    let b: u32 = 0;
    let c: u32 = 0;
    let d: u32 = 0;
    for (let width = first; width != 0; width >>= 1) {
      const probe = thresholds + (<usize>(width - 1) << 3);
      a += load<f64>(probe + (<usize>a << 3)) < va ? width : 0;
      b += load<f64>(probe + (<usize>b << 3)) < vb ? width : 0;
      c += load<f64>(probe + (<usize>c << 3)) < vc ? width : 0;
      d += load<f64>(probe + (<usize>d << 3)) < vd ? width : 0;
    }
    if (wide) {
      const to = ranks + (row << 1);
      store<u16>(to, a);
      store<u16>(to, b, 2);
      store<u16>(to, c, 4);
      store<u16>(to, d, 6);
    } else {
      const to = ranks + row;
      store<u8>(to, a);
      store<u8>(to, b, 1);
      store<u8>(to, c, 2);
      store<u8>(to, d, 3);
    }
  }
}

/** Ranks to columns: biased to be signed, missing values replaced as each column wants it. */
function storeNarrow(feature: usize, values: usize, ranks: usize, tile: usize): void {
  const variants = <usize>load<u32>(feature, F_VARIANTS);
  const end = variants + <usize>load<u32>(feature, F_VARIANT_COUNT) * VARIANT_BYTES;
  const bias = v128.splat<i8>(-128);
  for (let row: usize = 0; row < BLOCK; row += 16) {
    const at = values + (row << 3);
    const nan = nanMask(at);
    const rank = v128.xor(v128.load(ranks + row), bias);
    for (let variant = variants; variant < end; variant += VARIANT_BYTES) {
      const flags = load<u32>(variant, V_FLAGS);
      const mask = (flags & VARIANT_ZERO) != 0 ? v128.or(nan, zeroMask(at)) : nan;
      const out = v128.bitselect(v128.splat<i8>(load<i8>(variant, V_SUBSTITUTE)), rank, mask);
      const column = tile + load<u32>(variant, V_COLUMN);
      if ((flags & VARIANT_WIDE) != 0) {
        v128.store(column + (row << 1), v128.extend_low<i8>(out));
        v128.store(column + (row << 1), v128.extend_high<i8>(out), 16);
      } else {
        v128.store(column + row, out);
      }
    }
  }
}

function storeWide(feature: usize, values: usize, ranks: usize, tile: usize): void {
  const variants = <usize>load<u32>(feature, F_VARIANTS);
  const end = variants + <usize>load<u32>(feature, F_VARIANT_COUNT) * VARIANT_BYTES;
  const bias = v128.splat<i16>(-32768);
  for (let row: usize = 0; row < BLOCK; row += 16) {
    const at = values + (row << 3);
    const nan = nanMask(at);
    const low = v128.xor(v128.load(ranks + (row << 1)), bias);
    const high = v128.xor(v128.load(ranks + (row << 1), 16), bias);
    for (let variant = variants; variant < end; variant += VARIANT_BYTES) {
      const mask = (load<u32>(variant, V_FLAGS) & VARIANT_ZERO) != 0 ? v128.or(nan, zeroMask(at)) : nan;
      const substitute = v128.splat<i16>(load<i16>(variant, V_SUBSTITUTE));
      const column = tile + load<u32>(variant, V_COLUMN) + (row << 1);
      v128.store(column, v128.bitselect(substitute, low, v128.extend_low<i8>(mask)));
      v128.store(column, v128.bitselect(substitute, high, v128.extend_high<i8>(mask)), 16);
    }
  }
}

/** Categories to codes; everything that no split names is code 255. */
function rankCategories(feature: usize, values: usize, ranks: usize): void {
  const table = <usize>load<u32>(feature, F_TABLE);
  const cap = load<u32>(feature, F_CAP);
  const limit = load<f64>(feature, F_CAP_F64);
  for (let row: usize = 0; row < BLOCK; row++) {
    const value = load<f64>(values + (row << 3));
    const known = value > -1 && value < limit;
    store<u8>(ranks + row, load<u8>(table + (known ? <u32>value : cap)));
  }
}

/** One column a category set: −1 for members, 0 for the rest. */
function testCategories(feature: usize, ranks: usize, tile: usize): void {
  let variant = <usize>load<u32>(feature, F_VARIANTS);
  const end = variant + <usize>load<u32>(feature, F_VARIANT_COUNT) * VARIANT_BYTES;
  const bits = v128(1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128);
  for (; variant < end; variant += VARIANT_BYTES) {
    const set = <usize>load<u32>(variant, V_SET);
    const low = v128.load(set);
    const high = v128.load(set, 16);
    const column = tile + load<u32>(variant, V_COLUMN);
    const wide = (load<u32>(variant, V_FLAGS) & VARIANT_WIDE) != 0;
    for (let row: usize = 0; row < BLOCK; row += 16) {
      const code = v128.load(ranks + row);
      const byte = v128.shr<u8>(code, 3);
      const members = v128.or(
        v128.swizzle(low, byte),
        v128.swizzle(high, v128.sub<i8>(byte, v128.splat<i8>(16))),
      );
      const bit = v128.swizzle(bits, v128.and(code, v128.splat<i8>(7)));
      const inside = v128.ne<i8>(v128.and(members, bit), v128.splat<i8>(0));
      if (wide) {
        v128.store(column + (row << 1), v128.extend_low<i8>(inside));
        v128.store(column + (row << 1), v128.extend_high<i8>(inside), 16);
      } else {
        v128.store(column + row, inside);
      }
    }
  }
}

/**
 * Adds trees `first … last` of the plan's list to the sums of `rows` rows.
 * @param sums one f64 a row
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
  for (let done: usize = 0; done < rows; done += BLOCK) {
    let tree = trees + first * TREE_BYTES;
    while (tree < end) {
      const group = tree;
      let to = codes;
      let wide: u32 = 0;
      for (; tree < end && to < codes + GROUP * BLOCK * 2; tree += TREE_BYTES) {
        wide |= load<u32>(tree, T_WIDE);
        if (load<u32>(tree, T_WIDE) != 0) {
          exitLeavesWide(tree, plan, scratch, tile, to);
        } else {
          exitLeaves(tree, plan, scratch, tile, to);
        }
        to += BLOCK * 2;
      }
      if (wide == 0 && tree == group + GROUP * TREE_BYTES) {
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

/** Writes exit leaves (left to right numbers, u16) of one tree of the list: `rows` of them. */
export function leavesOf(plan: usize, scratch: usize, rows: usize, index: usize, to: usize): void {
  const tileBytes = <usize>load<u32>(plan, P_TILE_BYTES);
  let tile = scratch + load<u32>(plan, P_TILES);
  const codes = scratch + load<u32>(plan, P_CODES);
  const tree = <usize>load<u32>(plan, P_TREES) + index * TREE_BYTES;
  for (let done: usize = 0; done < rows; done += BLOCK) {
    if (load<u32>(tree, T_WIDE) != 0) {
      exitLeavesWide(tree, plan, scratch, tile, to);
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

/** The same with 16-bit ranks and leaf numbers. A child that is a leaf is a constant over the slot of zeros. */
function exitLeavesWide(tree: usize, plan: usize, scratch: usize, tile: usize, to: usize): void {
  let node = <usize>load<u32>(tree, T_NODES);
  const root = node + (<usize>load<u32>(tree, T_NODE_COUNT) - 1) * WIDE_NODE_BYTES;
  for (; node <= root; node += WIDE_NODE_BYTES) {
    const column = tile + load<u32>(node);
    const threshold = v128.load16_splat(node, 4);
    const leftCode = v128.load16_splat(node, 6);
    const rightCode = v128.load16_splat(node, 8);
    const left = scratch + load<u32>(node, 12);
    const right = scratch + load<u32>(node, 16);
    const out = node == root ? to : scratch + load<u32>(node, 20);
    for (let at: usize = 0; at < BLOCK * 2; at += 16) {
      const passed = v128.gt<i16>(v128.load(column + at), threshold);
      const onLeft = v128.or(v128.load(left + at), leftCode);
      const onRight = v128.or(v128.load(right + at), rightCode);
      v128.store(out + at, v128.max<u16>(onLeft, v128.and(onRight, passed)));
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

function addOne(tree: usize, codes: usize, sums: usize): void {
  const leaves = <usize>load<u32>(tree, T_LEAVES);
  const wide = load<u32>(tree, T_WIDE) != 0;
  for (let row: usize = 0; row < BLOCK; row++) {
    const code = wide ? <usize>load<u16>(codes + (row << 1)) : <usize>load<u8>(codes + row);
    const to = sums + (row << 3);
    store<f64>(to, load<f64>(to) + load<f64>(leaves + (code << 3)));
  }
}
