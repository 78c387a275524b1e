/**
 * Turns blocks of 128 rows of values into ranks among the model's own thresholds (see score.ts).
 *
 * Few thresholds are compared with one by one, two rows an instruction. For more, the value's cell (by the leading
 * bits of the double, or by even cutting) gives the rank of the cell's lower end from a table, and as many
 * comparisons as a cell holds thresholds finish it. NaN and zeros are replaced as each column wants them.
 *
 * Longer than most files: one loop a method and width, spelled out because a kernel has no closures.
 */

const BLOCK: usize = 128;

// Plan header, u32 words.
const P_FEATURES: usize = 0;
const P_FEATURE_COUNT: usize = 4;
const P_TILE_BYTES: usize = 8;
const P_VALUES: usize = 24;
const P_RANKS: usize = 28;
const P_TILES: usize = 32;
const P_INPUT: usize = 36;

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
