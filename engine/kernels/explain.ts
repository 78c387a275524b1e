/**
 * Path-dependent TreeSHAP over blocks of rows. AssemblyScript, compiled to WASM with SIMD128.
 *
 * The plan that this program walks is written by engine/explain/prepare.ts, whose header has its words in the order
 * of the constants here. Everything lies in one shared memory: the plan (read only) and a workspace a call.
 * Over 400 lines because the compiler gets no other files: kernels stand alone.
 *
 * Per block of rows: values → ranks (one column a feature and way of treating missing values) → per tree the table
 * offsets of each run of leaves (byte comparisons, 16 rows at a time) → per pair of features the sum of the table
 * entries → for leaves too deep for a table, Gauss–Legendre quadrature along the pruned tree.
 */

// Header: u32 words.
const H_FEATURES: usize = 0;
const H_BLOCK: usize = 4;
const H_RANK_COUNT: usize = 8;
const H_RANKS: usize = 12;
const H_CODE_COUNT: usize = 16;
const H_CODES: usize = 20;
const H_TREES: usize = 24;
const H_OUTPUTS: usize = 28;
const H_PAIRS: usize = 32;
const H_SLOT_COUNT: usize = 36;
const H_SLOTS: usize = 40;
const H_WS_SCRATCH: usize = 44;
const H_WS_COLUMNS: usize = 48;
const H_WS_OFFSETS: usize = 52;
const H_WS_SUMS: usize = 56;
const H_WS_PRODUCTS: usize = 60;
const H_WS_SUBTREES: usize = 64;
const H_COLUMN_BYTES: usize = 68;
const H_SPAN: usize = 72;

// LightGBM's kZeroThreshold, 1e-35f widened: what lies within is zero to splits that miss zeros.
const ZERO: f64 = <f64>(<f32>1e-35);

const MODE_PLAIN: u32 = 0;
const MODE_ZERO_LOW: u32 = 1;
const MODE_ZERO_HIGH: u32 = 2;
const MODE_NAN_LOW: u32 = 3;
const MODE_NAN_HIGH: u32 = 4;
const MODE_IS_NAN: u32 = 5;

// Rows that go through the quadrature program together: their products stay in L1.
const SUB: usize = 64;

const OP_SUBTREE: u32 = 0;
const OP_DOWN: u32 = 1;
const OP_UP: u32 = 2;

// @ts-ignore: decorator
@inline
function step(base: usize, position: usize, width: usize, value: f64): usize {
  return position + (load<f64>(base + ((position + width - 1) << 3)) < value ? width : 0);
}

/** Ranks of all numerical columns for `n` rows (n ≤ block). */
function rankColumns(
  header: usize,
  ws: usize,
  columns: usize,
  rows: usize,
  rowStride: usize,
  featureStride: usize,
  n: usize,
): void {
  const block = <usize>load<u32>(header, H_BLOCK);
  const scratch = ws + load<u32>(header, H_WS_SCRATCH);
  const ranks = scratch;
  const values = scratch + (block << 1);
  let pc: usize = load<u32>(header, H_RANKS);
  for (let left = load<u32>(header, H_RANK_COUNT); left > 0; left--) {
    const column = rows + <usize>load<u32>(pc) * featureStride;
    const thresholds: usize = load<u32>(pc, 4);
    const width: usize = load<u32>(pc, 8);
    const count = load<u32>(pc, 12);
    const zeroRank = load<u32>(pc, 16);
    const outputs = load<u32>(pc, 20);
    pc += 24;
    for (let r: usize = 0; r < n; r++) {
      const v = load<f64>(column + r * rowStride);
      store<f64>(values + (r << 3), v);
    }
    // The lanes past n repeat stale values: harmless, never read back.
    for (let r: usize = 0; r < n; r += 4) {
      const v0 = load<f64>(values + (r << 3));
      const v1 = load<f64>(values + (r << 3), 8);
      const v2 = load<f64>(values + (r << 3), 16);
      const v3 = load<f64>(values + (r << 3), 24);
      let p0: usize = 0,
        p1: usize = 0,
        p2: usize = 0,
        p3: usize = 0;
      for (let w = width; w > 0; w >>= 1) {
        p0 = step(thresholds, p0, w, v0);
        p1 = step(thresholds, p1, w, v1);
        p2 = step(thresholds, p2, w, v2);
        p3 = step(thresholds, p3, w, v3);
      }
      store<u64>(ranks + (r << 1), <u64>p0 | (<u64>p1 << 16) | (<u64>p2 << 32) | (<u64>p3 << 48));
    }
    for (let o = outputs; o > 0; o--) {
      const mode = load<u32>(pc);
      const to = columns + load<u32>(pc, 4);
      const wide = load<u32>(pc, 8) != 0;
      pc += 12;
      for (let r: usize = 0; r < n; r++) {
        const v = load<f64>(values + (r << 3));
        let rank = <u32>load<u16>(ranks + (r << 1));
        const nan = v != v;
        const zero = Math.abs(v) <= ZERO;
        if (mode == MODE_NAN_LOW) rank = nan ? 0 : rank;
        else if (mode == MODE_NAN_HIGH) rank = nan ? count : rank;
        else if (mode == MODE_PLAIN) rank = nan ? zeroRank : rank;
        else if (mode == MODE_ZERO_LOW) rank = nan || zero ? 0 : rank;
        else if (mode == MODE_ZERO_HIGH) rank = nan || zero ? count : rank;
        else if (mode == MODE_IS_NAN) rank = nan ? 1 : 0;
        else rank = zero ? 1 : 0;
        if (wide) store<u16>(to + (r << 1), <u16>(rank ^ 0x8000));
        else store<u8>(to + r, <u8>(rank ^ 0x80));
      }
    }
  }
}

/** Category numbers, truncated toward zero; `limit` stands for every value outside 0 … limit − 1. */
function codeColumns(
  header: usize,
  columns: usize,
  rows: usize,
  rowStride: usize,
  featureStride: usize,
  n: usize,
): void {
  let pc: usize = load<u32>(header, H_CODES);
  for (let left = load<u32>(header, H_CODE_COUNT); left > 0; left--) {
    const column = rows + <usize>load<u32>(pc) * featureStride;
    const limit = load<u32>(pc, 4);
    const to = columns + load<u32>(pc, 8);
    pc += 12;
    for (let r: usize = 0; r < n; r++) {
      const v = load<f64>(column + r * rowStride);
      const known = v > -1.0 && v < <f64>limit;
      store<u16>(to + (r << 1), <u16>(known ? <u32>v : limit));
    }
  }
}

// @ts-ignore: decorator
@inline
function mask16(column: usize, threshold: v128): v128 {
  return i8x16.gt_s(v128.load(column), threshold);
}

// @ts-ignore: decorator
@inline
function wideMask16(column: usize, threshold: v128): v128 {
  return i8x16.narrow_i16x8_s(i16x8.gt_s(v128.load(column), threshold), i16x8.gt_s(v128.load(column, 16), threshold));
}

// @ts-ignore: decorator
@inline
function storeOffsets(to: usize, low: v128, high: v128, lowFactor: v128, highFactor: v128): void {
  v128.store(
    to,
    i16x8.add(
      i16x8.mul(i16x8.extend_low_i8x16_u(low), lowFactor),
      i16x8.mul(i16x8.extend_low_i8x16_u(high), highFactor),
    ),
  );
  v128.store(
    to,
    i16x8.add(
      i16x8.mul(i16x8.extend_high_i8x16_u(low), lowFactor),
      i16x8.mul(i16x8.extend_high_i8x16_u(high), highFactor),
    ),
    16,
  );
}

/** One u16 table offset a row, for each index record of the tree. Returns the program counter behind them. */
function tableOffsets(start: usize, count: u32, columns: usize, offsets: usize, n: usize, block: usize): usize {
  let pc = start;
  let to = offsets;
  for (let left = count; left > 0; left--) {
    const narrowLow: u32 = load<u16>(pc);
    const narrowHigh: u32 = load<u16>(pc, 2);
    const wideLow: u32 = load<u16>(pc, 4);
    const wideHigh: u32 = load<u16>(pc, 6);
    const lowFactor = v128.load16_splat(pc, 8);
    const highFactor = v128.load16_splat(pc, 10);
    pc += 12;
    const tests = pc;
    for (let r: usize = 0; r < n; r += 64) {
      let l0 = i8x16.splat(0),
        l1 = l0,
        l2 = l0,
        l3 = l0;
      let h0 = l0,
        h1 = l0,
        h2 = l0,
        h3 = l0;
      pc = tests;
      for (let i = narrowLow; i > 0; i--) {
        const column = columns + load<u32>(pc) + r;
        const threshold = v128.load8_splat(pc, 4);
        const delta = v128.load8_splat(pc, 6);
        pc += 8;
        l0 = i8x16.add(l0, v128.and(mask16(column, threshold), delta));
        l1 = i8x16.add(l1, v128.and(mask16(column + 16, threshold), delta));
        l2 = i8x16.add(l2, v128.and(mask16(column + 32, threshold), delta));
        l3 = i8x16.add(l3, v128.and(mask16(column + 48, threshold), delta));
      }
      for (let i = narrowHigh; i > 0; i--) {
        const column = columns + load<u32>(pc) + r;
        const threshold = v128.load8_splat(pc, 4);
        const delta = v128.load8_splat(pc, 6);
        pc += 8;
        h0 = i8x16.add(h0, v128.and(mask16(column, threshold), delta));
        h1 = i8x16.add(h1, v128.and(mask16(column + 16, threshold), delta));
        h2 = i8x16.add(h2, v128.and(mask16(column + 32, threshold), delta));
        h3 = i8x16.add(h3, v128.and(mask16(column + 48, threshold), delta));
      }
      for (let i = wideLow; i > 0; i--) {
        const column = columns + load<u32>(pc) + (r << 1);
        const threshold = v128.load16_splat(pc, 4);
        const delta = v128.load8_splat(pc, 6);
        pc += 8;
        l0 = i8x16.add(l0, v128.and(wideMask16(column, threshold), delta));
        l1 = i8x16.add(l1, v128.and(wideMask16(column + 32, threshold), delta));
        l2 = i8x16.add(l2, v128.and(wideMask16(column + 64, threshold), delta));
        l3 = i8x16.add(l3, v128.and(wideMask16(column + 96, threshold), delta));
      }
      for (let i = wideHigh; i > 0; i--) {
        const column = columns + load<u32>(pc) + (r << 1);
        const threshold = v128.load16_splat(pc, 4);
        const delta = v128.load8_splat(pc, 6);
        pc += 8;
        h0 = i8x16.add(h0, v128.and(wideMask16(column, threshold), delta));
        h1 = i8x16.add(h1, v128.and(wideMask16(column + 32, threshold), delta));
        h2 = i8x16.add(h2, v128.and(wideMask16(column + 64, threshold), delta));
        h3 = i8x16.add(h3, v128.and(wideMask16(column + 96, threshold), delta));
      }
      const at = to + (r << 1);
      storeOffsets(at, l0, h0, lowFactor, highFactor);
      storeOffsets(at + 32, l1, h1, lowFactor, highFactor);
      storeOffsets(at + 64, l2, h2, lowFactor, highFactor);
      storeOffsets(at + 96, l3, h3, lowFactor, highFactor);
    }
    to += block << 1;
  }
  return pc;
}

// @ts-ignore: decorator
@inline
function entry(table: usize, offsets: usize, row: usize): v128 {
  return v128.load(table + <usize>load<u16>(offsets + (row << 1)));
}

/** Adds, for each pair of features, the table entries of all runs that hold one of them. */
function addTables(start: usize, count: u32, offsets: usize, sums: usize, n: usize): usize {
  let pc = start;
  for (let left = count; left > 0; left--) {
    const sum = sums + load<u32>(pc);
    const entries = load<u32>(pc, 4);
    pc += 8;
    const first = pc;
    for (let r: usize = 0; r < n; r += 8) {
      const at = sum + (r << 4);
      let s0 = v128.load(at);
      let s1 = v128.load(at, 16);
      let s2 = v128.load(at, 32);
      let s3 = v128.load(at, 48);
      let s4 = v128.load(at, 64);
      let s5 = v128.load(at, 80);
      let s6 = v128.load(at, 96);
      let s7 = v128.load(at, 112);
      pc = first;
      for (let i = entries; i > 0; i--) {
        const from = offsets + load<u32>(pc) + (r << 1);
        const table: usize = load<u32>(pc, 4);
        pc += 8;
        s0 = f64x2.add(s0, entry(table, from, 0));
        s1 = f64x2.add(s1, entry(table, from, 1));
        s2 = f64x2.add(s2, entry(table, from, 2));
        s3 = f64x2.add(s3, entry(table, from, 3));
        s4 = f64x2.add(s4, entry(table, from, 4));
        s5 = f64x2.add(s5, entry(table, from, 5));
        s6 = f64x2.add(s6, entry(table, from, 6));
        s7 = f64x2.add(s7, entry(table, from, 7));
      }
      v128.store(at, s0);
      v128.store(at, s1, 16);
      v128.store(at, s2, 32);
      v128.store(at, s3, 48);
      v128.store(at, s4, 64);
      v128.store(at, s5, 80);
      v128.store(at, s6, 96);
      v128.store(at, s7, 112);
    }
  }
  return pc;
}

/**
 * One chunk of up to four vectors (eight nodes) of one quadrature operation, for `rows` rows.
 * Operation words: kind, feature count, parent level offset, own level offset, keep (0 nothing, 1 store, 2 add),
 * offsets, table, then per feature the offset of its sum. A table cell holds one vector set for the products and
 * one for each feature.
 */
// @ts-ignore: decorator
@inline
function quadratureOp(
  lanes: u32,
  pc: usize,
  chunk: usize,
  rowBytes: usize,
  rows: usize,
  row0: usize,
  offsets: usize,
  sums: usize,
  products: usize,
  subtrees: usize,
): void {
  const kind = load<u32>(pc);
  const parent: usize = load<u32>(pc, 8);
  const own: usize = load<u32>(pc, 12);
  const keep = load<u32>(pc, 16);
  const rowOffsets = offsets + load<u32>(pc, 20) + (row0 << 1);
  const tables = <usize>load<u32>(pc, 24) + chunk;
  const list = pc + 28;
  const end = list + (<usize>load<u32>(pc, 4) << 2);
  const from = (kind == OP_UP ? subtrees + own : products + parent) + chunk;
  if (kind == OP_DOWN) {
    const to = products + own + chunk;
    for (let r: usize = 0; r < rows; r++) {
      const table = tables + load<u16>(rowOffsets + (r << 1));
      const at = r * rowBytes;
      v128.store(to + at, f64x2.mul(v128.load(from + at), v128.load(table)));
      if (lanes > 1) v128.store(to + at, f64x2.mul(v128.load(from + at, 16), v128.load(table, 16)), 16);
      if (lanes > 2) v128.store(to + at, f64x2.mul(v128.load(from + at, 32), v128.load(table, 32)), 32);
      if (lanes > 3) v128.store(to + at, f64x2.mul(v128.load(from + at, 48), v128.load(table, 48)), 48);
    }
    return;
  }
  const above = subtrees + parent + chunk;
  const rowSums = sums + (row0 << 4);
  for (let r: usize = 0; r < rows; r++) {
    const at = r * rowBytes;
    const a = v128.load(from + at);
    const b = lanes > 1 ? v128.load(from + at, 16) : a;
    const c = lanes > 2 ? v128.load(from + at, 32) : a;
    const d = lanes > 3 ? v128.load(from + at, 48) : a;
    let table = tables + load<u16>(rowOffsets + (r << 1));
    if (keep != 0) {
      let x = a,
        y = b,
        z = c,
        w = d;
      if (kind == OP_SUBTREE) {
        x = f64x2.mul(x, v128.load(table));
        if (lanes > 1) y = f64x2.mul(y, v128.load(table, 16));
        if (lanes > 2) z = f64x2.mul(z, v128.load(table, 32));
        if (lanes > 3) w = f64x2.mul(w, v128.load(table, 48));
      }
      const to = above + at;
      if (keep == 2) {
        x = f64x2.add(x, v128.load(to));
        if (lanes > 1) y = f64x2.add(y, v128.load(to, 16));
        if (lanes > 2) z = f64x2.add(z, v128.load(to, 32));
        if (lanes > 3) w = f64x2.add(w, v128.load(to, 48));
      }
      v128.store(to, x);
      if (lanes > 1) v128.store(to, y, 16);
      if (lanes > 2) v128.store(to, z, 32);
      if (lanes > 3) v128.store(to, w, 48);
    }
    const rowSum = rowSums + (r << 4);
    for (let f = list; f < end; f += 4) {
      table += rowBytes;
      let t = f64x2.mul(a, v128.load(table));
      if (lanes > 1) t = f64x2.add(t, f64x2.mul(b, v128.load(table, 16)));
      if (lanes > 2) t = f64x2.add(t, f64x2.mul(c, v128.load(table, 32)));
      if (lanes > 3) t = f64x2.add(t, f64x2.mul(d, v128.load(table, 48)));
      const sum = rowSum + load<u32>(f);
      store<f64>(sum, load<f64>(sum) + (f64x2.extract_lane(t, 0) + f64x2.extract_lane(t, 1)));
    }
  }
}

/** The leaves beyond the tables: products down and sums up the pruned tree, at all nodes of the rule. */
function quadrature(
  start: usize,
  vectors: u32,
  operations: u32,
  weights: usize,
  offsets: usize,
  sums: usize,
  products: usize,
  subtrees: usize,
  n: usize,
): void {
  const rowBytes = <usize>vectors << 4;
  for (let row0: usize = 0; row0 < n; row0 += SUB) {
    const rows = min(SUB, n - row0);
    for (let r: usize = 0; r < rows; r++) memory.copy(products + r * rowBytes, weights, rowBytes);
    let pc = start;
    for (let o = operations; o > 0; o--) {
      let chunk: usize = 0;
      let left = vectors;
      while (left > 0) {
        // Chunks of at most four, as even as they come: 5 = 3 + 2, not 4 + 1.
        const lanes = left <= 4 ? left : left < 8 ? (left + 1) >> 1 : 4;
        if (lanes == 4)
          quadratureOp(4, pc, chunk, rowBytes, rows, row0, offsets, sums, products, subtrees);
        else if (lanes == 3)
          quadratureOp(3, pc, chunk, rowBytes, rows, row0, offsets, sums, products, subtrees);
        else if (lanes == 2)
          quadratureOp(2, pc, chunk, rowBytes, rows, row0, offsets, sums, products, subtrees);
        else quadratureOp(1, pc, chunk, rowBytes, rows, row0, offsets, sums, products, subtrees);
        chunk += <usize>lanes << 4;
        left -= lanes;
      }
      pc += 28 + (<usize>load<u32>(pc, 4) << 2);
    }
  }
}

let touched: u64 = 0;

/**
 * Reads a tree's tables once from end to end, which memory serves faster than the scattered reads of many rows
 * (measured: twice as fast in all). A few rows do better without.
 */
function touch(start: usize, bytes: usize): void {
  let a: u64 = 0;
  for (let at = start; at < start + bytes; at += 64) a |= load<u64>(at);
  touched = a;
}

/** One tree's share of one block. `program` begins behind the tree's tables and output. */
function explainTree(
  program: usize,
  columns: usize,
  offsets: usize,
  sums: usize,
  products: usize,
  subtrees: usize,
  n: usize,
  block: usize,
): void {
  const derived = load<u32>(program);
  const indices = load<u32>(program, 4);
  const pairs = load<u32>(program, 8);
  const vectors = load<u32>(program, 12);
  const operations = load<u32>(program, 16);
  const weights: usize = load<u32>(program, 20);
  let pc = program + 24;
  for (let i = derived; i > 0; i--) {
    const codes = columns + load<u32>(pc);
    const classes: usize = load<u32>(pc, 4);
    const to = columns + load<u32>(pc, 8);
    pc += 12;
    for (let r: usize = 0; r < n; r++) store<u8>(to + r, load<u8>(classes + load<u16>(codes + (r << 1))));
  }
  pc = tableOffsets(pc, indices, columns, offsets, n, block);
  pc = addTables(pc, pairs, offsets, sums, n);
  if (operations != 0) quadrature(pc, vectors, operations, weights, offsets, sums, products, subtrees, n);
}

/**
 * Sums of up to `span` rows, without the expected value: sums[block][output][pair][row of the block][2].
 * Each tree goes over all blocks before the next: its tables come from main memory once a span.
 */
function explainSpan(
  header: usize,
  ws: usize,
  rows: usize,
  rowStride: usize,
  featureStride: usize,
  count: usize,
  firstTree: u32,
  endTree: u32,
  firstOutput: u32,
  endOutput: u32,
): void {
  const block = <usize>load<u32>(header, H_BLOCK);
  const columns = ws + load<u32>(header, H_WS_COLUMNS);
  const columnBytes = <usize>load<u32>(header, H_COLUMN_BYTES);
  const offsets = ws + load<u32>(header, H_WS_OFFSETS);
  const sums = ws + load<u32>(header, H_WS_SUMS);
  const products = ws + load<u32>(header, H_WS_PRODUCTS);
  const subtrees = ws + load<u32>(header, H_WS_SUBTREES);
  const outputBytes = <usize>load<u32>(header, H_PAIRS) * (block << 4);
  const sumBytes = <usize>load<u32>(header, H_OUTPUTS) * outputBytes;
  const trees: usize = load<u32>(header, H_TREES);
  let blockColumns = columns;
  let blockSums = sums;
  for (let begin: usize = 0; begin < count; begin += block) {
    const n = min(block, count - begin);
    const blockRows = rows + begin * rowStride;
    memory.fill(blockSums, 0, sumBytes);
    rankColumns(header, ws, blockColumns, blockRows, rowStride, featureStride, n);
    codeColumns(header, blockColumns, blockRows, rowStride, featureStride, n);
    blockColumns += columnBytes;
    blockSums += sumBytes;
  }
  for (let tree = firstTree; tree < endTree; tree++) {
    const program: usize = load<u32>(trees + (<usize>tree << 2));
    const output = load<u32>(program, 8);
    if (output < firstOutput || output >= endOutput) continue;
    const tableBytes = <usize>load<u32>(program);
    if (tableBytes < count << 12) touch(load<u32>(program, 4), tableBytes);
    blockColumns = columns;
    blockSums = sums + output * outputBytes;
    for (let begin: usize = 0; begin < count; begin += block) {
      const n = min(block, count - begin);
      explainTree(program + 12, blockColumns, offsets, blockSums, products, subtrees, n, block);
      blockColumns += columnBytes;
      blockSums += sumBytes;
    }
  }
}

/**
 * Contributions of `count` rows (f64, by the strides in bytes of a row and of a feature) to `out`: f64, rows × outputs × (features + 1),
 * the last of each output being `bias[output]`.
 */
export function contributions(
  header: usize,
  ws: usize,
  rows: usize,
  rowStride: usize,
  featureStride: usize,
  count: u32,
  firstTree: u32,
  endTree: u32,
  bias: usize,
  out: usize,
): void {
  const features = <usize>load<u32>(header, H_FEATURES);
  const block = <usize>load<u32>(header, H_BLOCK);
  const outputs = <usize>load<u32>(header, H_OUTPUTS);
  const outputBytes = <usize>load<u32>(header, H_PAIRS) * (block << 4);
  const sums = ws + load<u32>(header, H_WS_SUMS);
  const slots: usize = load<u32>(header, H_SLOTS);
  const slotCount = <usize>load<u32>(header, H_SLOT_COUNT);
  const span = <usize>load<u32>(header, H_SPAN);
  for (let begin: usize = 0; begin < count; begin += span) {
    const n = min(span, <usize>count - begin);
    explainSpan(header, ws, rows + begin * rowStride, rowStride, featureStride, n, firstTree, endTree, 0, <u32>outputs);
    for (let r: usize = 0; r < n; r++) {
      const rowSums = sums + (r / block) * outputs * outputBytes + ((r % block) << 4);
      for (let o: usize = 0; o < outputs; o++) {
        const to = out + ((begin + r) * outputs + o) * ((features + 1) << 3);
        const sum = rowSums + o * outputBytes;
        if (slotCount < features) memory.fill(to, 0, features << 3);
        for (let s: usize = 0; s < slotCount; s++) {
          const slot = slots + (s << 3);
          store<f64>(to + (<usize>load<u32>(slot) << 3), load<f64>(sum + load<u32>(slot, 4)));
        }
        store<f64>(to + (features << 3), load<f64>(bias + (o << 3)));
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function merit(direction: u32, contribution: f64): f64 {
  return direction == 0 ? Math.abs(contribution) : direction == 1 ? contribution : -contribution;
}

/** The k best features of one row and output, best first; ties go to the lower feature. */
function select(
  direction: u32,
  k: usize,
  sum: usize,
  slots: usize,
  slotCount: usize,
  features: usize,
  values: usize,
): void {
  for (let i: usize = 0; i < k; i++) {
    store<i32>(features + (i << 2), -1);
    store<f64>(values + (i << 3), 0);
  }
  let least: f64 = 0;
  for (let s: usize = 0; s < slotCount; s++) {
    const slot = slots + (s << 3);
    const contribution = load<f64>(sum + load<u32>(slot, 4));
    const rank = merit(direction, contribution);
    if (!(rank > least)) continue;
    let i = k - 1;
    while (i > 0 && merit(direction, load<f64>(values + ((i - 1) << 3))) < rank) {
      store<f64>(values + (i << 3), load<f64>(values + ((i - 1) << 3)));
      store<i32>(features + (i << 2), load<i32>(features + ((i - 1) << 2)));
      i--;
    }
    store<f64>(values + (i << 3), contribution);
    store<i32>(features + (i << 2), load<i32>(slot));
    least = merit(direction, load<f64>(values + ((k - 1) << 3)));
  }
}

/**
 * The strongest features of `count` rows for one output, by magnitude (direction 0), raising (1) or lowering (2).
 * Features i32 and contributions f64, rows × k; −1 and 0 where fewer features contribute.
 */
export function reasons(
  header: usize,
  ws: usize,
  rows: usize,
  rowStride: usize,
  featureStride: usize,
  count: u32,
  firstTree: u32,
  endTree: u32,
  output: u32,
  k: u32,
  direction: u32,
  outFeatures: usize,
  outValues: usize,
): void {
  const block = <usize>load<u32>(header, H_BLOCK);
  const outputs = <usize>load<u32>(header, H_OUTPUTS);
  const outputBytes = <usize>load<u32>(header, H_PAIRS) * (block << 4);
  const sums = ws + load<u32>(header, H_WS_SUMS);
  const slots: usize = load<u32>(header, H_SLOTS);
  const slotCount = <usize>load<u32>(header, H_SLOT_COUNT);
  let toFeatures = outFeatures;
  let toValues = outValues;
  const span = <usize>load<u32>(header, H_SPAN);
  for (let begin: usize = 0; begin < count; begin += span) {
    const n = min(span, <usize>count - begin);
    explainSpan(
      header,
      ws,
      rows + begin * rowStride,
      rowStride,
      featureStride,
      n,
      firstTree,
      endTree,
      output,
      output + 1,
    );
    for (let r: usize = 0; r < n; r++) {
      const rowSums = sums + (r / block) * outputs * outputBytes + ((r % block) << 4);
      const sum = rowSums + <usize>output * outputBytes;
      select(direction, k, sum, slots, slotCount, toFeatures, toValues);
      toFeatures += <usize>k << 2;
      toValues += <usize>k << 3;
    }
  }
}

/**
 * Preparing a table: spreads the patterns of the axes so far (`size` of them, u16) over an axis of `count` cells, each of
 * which adds its own bits (u16 at `bits`). In place, from behind.
 */
export function spreadPatterns(patterns: usize, size: usize, bits: usize, count: usize): void {
  for (let cell = count; cell > 0; cell--) {
    const own = load<u16>(bits + ((cell - 1) << 1));
    const to = patterns + (((cell - 1) * size) << 1);
    let i: usize = 0;
    if (cell > 1) {
      const owns = i16x8.splat(own);
      for (; i + 8 <= size; i += 8) v128.store(to + (i << 1), v128.or(v128.load(patterns + (i << 1)), owns));
    }
    for (; i < size; i++) store<u16>(to + (i << 1), load<u16>(patterns + (i << 1)) | own);
  }
}

/** Preparing a table: adds to each of its cells, two doubles a cell, the two doubles of the cell's pattern. */
export function addPatterns(cells: usize, patterns: usize, values: usize, count: usize): void {
  for (let cell: usize = 0; cell < count; cell++) {
    const to = cells + (cell << 4);
    const pattern = <usize>load<u16>(patterns + (cell << 1));
    v128.store(to, f64x2.add(v128.load(to), v128.load(values + (pattern << 4))));
  }
}
