/**
 * Walks trees without branches on data: for single rows, for trees too large to test whole, for thousands of categories
 * and for linear leaves (see score.ts for the others).
 *
 * Rows are prepared once, in groups of eight: a slot of eight times eight bytes for each feature and way of treating missing values. A value goes right unless
 * `value ≤ threshold`, so a missing one becomes −∞ to go left and NaN to go right. A category lies in the low word of
 * a NaN: 0 for NaN, the category + 1, or all ones for what is no category.
 *
 * A node is sixteen bytes: the threshold, the address of its left child, whose right sibling follows, and the slot's
 * offset. In trees with categories it is 32: where its set lies and how many bits count come behind, a byte of zero
 * where it has none. A leaf holds its value instead of the threshold and leads to itself: slot 0 is NaN, and NaN goes
 * right. Eight rows (or trees) walk at a time, so that their loads overlap.
 */

/** Eight rows of one slot: row r of a group lies at r × 8 in every slot. */
const SLOT: usize = 64;

// Recipe of a slot.
const RECIPE_BYTES: usize = 8;
const R_KIND: usize = 4;
const KIND_NAN_IS_ZERO: u32 = 0;
const KIND_NAN_LEFT: u32 = 1;
const KIND_NAN_RIGHT: u32 = 2;
const KIND_ZERO_LEFT: u32 = 3;
const KIND_ZERO_RIGHT: u32 = 4;
const KIND_CATEGORY: u32 = 5;
const KIND_SINGLE_CATEGORY: u32 = 6;
const KIND_LINEAR: u32 = 7;

// Node.
const N_CHILD: usize = 8;
const N_SLOT: usize = 12;
const N_SET: usize = 16;
const N_LIMIT: usize = 20;

// Entry of the list of walked trees.
export const ENTRY_BYTES: usize = 16;
const E_ROOT: usize = 0;
const E_SETS: usize = 4;
const E_LEAVES: usize = 8;
export const E_LINEAR: usize = 12;

// A linear leaf, and one of its terms.
export const LINEAR_BYTES: usize = 24;
const L_VALUE: usize = 8;
const L_TERMS: usize = 16;
const L_COUNT: usize = 20;
const TERM_BYTES: usize = 16;

const NAN: u64 = 0x7ff8000000000000;
const ZERO: f64 = <f64>(<f32>1e-35);
const MOST: f64 = 2147483647.0;

/**
 * Prepares `rows` rows; lanes beyond them keep what they held.
 * @param slots a group of (1 + count) slots for every eight rows
 */
export function prepareRows(
  recipes: usize,
  count: usize,
  input: usize,
  featureStride: usize,
  rowStride: usize,
  rows: usize,
  slots: usize,
): void {
  const width = (count + 1) * SLOT;
  for (let row: usize = 0; row < rows; row++) store<u64>(slots + (row >> 3) * width + ((row & 7) << 3), NAN);
  for (let at: usize = 0; at < count; at++) {
    const recipe = recipes + at * RECIPE_BYTES;
    const kind = load<u32>(recipe, R_KIND);
    let from = input + <usize>load<u32>(recipe) * featureStride;
    const slot = slots + (at + 1) * SLOT;
    for (let row: usize = 0; row < rows; row++) {
      const to = slot + (row >> 3) * width + ((row & 7) << 3);
      store<f64>(to, load<f64>(from));
      if (kind < KIND_CATEGORY) missing(to, kind);
      else if (kind != KIND_LINEAR) category(to, kind == KIND_SINGLE_CATEGORY);
      else if (Math.abs(load<f64>(to)) <= ZERO) store<f64>(to, 0);
      from += rowStride;
    }
  }
}

// @ts-ignore: decorator
@inline
function missing(to: usize, kind: u32): void {
  const value = load<f64>(to);
  if (value != value) {
    if (kind == KIND_NAN_IS_ZERO) store<f64>(to, 0);
    else if (kind == KIND_NAN_LEFT || kind == KIND_ZERO_LEFT) store<f64>(to, -Infinity);
    else store<u64>(to, NAN);
  } else if (kind >= KIND_ZERO_LEFT && Math.abs(value) <= ZERO) {
    if (kind == KIND_ZERO_LEFT) store<f64>(to, -Infinity);
    else store<u64>(to, NAN);
  }
}

// @ts-ignore: decorator
@inline
function category(to: usize, single: bool): void {
  const value = load<f64>(to);
  let code: u32 = 0;
  if (value == value) {
    const seen = single ? <f64>(<f32>value) : value;
    const known = (single ? seen >= 0 : seen > -1) && seen < MOST;
    code = known ? <u32>seen + 1 : 0xffffffff;
  }
  store<u64>(to, NAN | <u64>code);
}

// @ts-ignore: decorator
@inline
function step(p: usize, value: f64): usize {
  return load<u32>(p, N_CHILD) + (<usize>(value <= load<f64>(p) ? 0 : 1) << 4);
}

/** A step in a tree with categories. */
// @ts-ignore: decorator
@inline
function setStep(p: usize, value: f64, low: u32): usize {
  const limit = load<u32>(p, N_LIMIT);
  const code = select<u32>(low, limit, low < limit);
  const inSet = load<u32>(<usize>load<u32>(p, N_SET) + ((code >> 5) << 2)) >> code;
  const right = <u32>(value <= load<f64>(p) ? 0 : 1) & (inSet ^ 1);
  return load<u32>(p, N_CHILD) + (right << 5);
}

// @ts-ignore: decorator
@inline
function isNode(p: usize): u32 {
  return load<u32>(p, N_SLOT);
}

let p0: usize = 0;
let p1: usize = 0;
let p2: usize = 0;
let p3: usize = 0;
let p4: usize = 0;
let p5: usize = 0;
let p6: usize = 0;
let p7: usize = 0;

/** Eight rows of a group, down one tree. */
// @ts-ignore: decorator
@inline
function walkGroup(entry: usize, group: usize): void {
  const root = <usize>load<u32>(entry, E_ROOT);
  let a = root;
  let b = root;
  let c = root;
  let d = root;
  let e = root;
  let f = root;
  let g = root;
  let h = root;
  if (load<u32>(entry, E_SETS) != 0) {
    do {
      a = setStep(a, load<f64>(group + load<u32>(a, N_SLOT)), load<u32>(group + load<u32>(a, N_SLOT)));
      b = setStep(b, load<f64>(group + load<u32>(b, N_SLOT), 8), load<u32>(group + load<u32>(b, N_SLOT), 8));
      c = setStep(c, load<f64>(group + load<u32>(c, N_SLOT), 16), load<u32>(group + load<u32>(c, N_SLOT), 16));
      d = setStep(d, load<f64>(group + load<u32>(d, N_SLOT), 24), load<u32>(group + load<u32>(d, N_SLOT), 24));
      e = setStep(e, load<f64>(group + load<u32>(e, N_SLOT), 32), load<u32>(group + load<u32>(e, N_SLOT), 32));
      f = setStep(f, load<f64>(group + load<u32>(f, N_SLOT), 40), load<u32>(group + load<u32>(f, N_SLOT), 40));
      g = setStep(g, load<f64>(group + load<u32>(g, N_SLOT), 48), load<u32>(group + load<u32>(g, N_SLOT), 48));
      h = setStep(h, load<f64>(group + load<u32>(h, N_SLOT), 56), load<u32>(group + load<u32>(h, N_SLOT), 56));
    } while ((isNode(a) | isNode(b) | isNode(c) | isNode(d) | isNode(e) | isNode(f) | isNode(g) | isNode(h)) != 0);
  } else {
    do {
      for (let left = 3; left != 0; left--) {
        a = step(a, load<f64>(group + load<u32>(a, N_SLOT)));
        b = step(b, load<f64>(group + load<u32>(b, N_SLOT), 8));
        c = step(c, load<f64>(group + load<u32>(c, N_SLOT), 16));
        d = step(d, load<f64>(group + load<u32>(d, N_SLOT), 24));
        e = step(e, load<f64>(group + load<u32>(e, N_SLOT), 32));
        f = step(f, load<f64>(group + load<u32>(f, N_SLOT), 40));
        g = step(g, load<f64>(group + load<u32>(g, N_SLOT), 48));
        h = step(h, load<f64>(group + load<u32>(h, N_SLOT), 56));
      }
    } while ((isNode(a) | isNode(b) | isNode(c) | isNode(d) | isNode(e) | isNode(f) | isNode(g) | isNode(h)) != 0);
  }
  p0 = a;
  p1 = b;
  p2 = c;
  p3 = d;
  p4 = e;
  p5 = f;
  p6 = g;
  p7 = h;
}

/**
 * Adds trees `first … last` of a list to the sums of `rows` rows, a multiple of eight.
 * @param sums one f64 a row; each addition is rounded to f32 where `single`
 */
export function walkTrees(
  list: usize,
  first: usize,
  last: usize,
  rows: usize,
  slots: usize,
  width: usize,
  sums: usize,
  single: u32,
): void {
  const end = list + last * ENTRY_BYTES;
  for (let done: usize = 0; done < rows; done += 1024) {
    const stop = min<usize>(rows, done + 1024);
    for (let entry = list + first * ENTRY_BYTES; entry < end; entry += ENTRY_BYTES) {
      for (let row = done; row < stop; row += 8) {
        walkGroup(entry, slots + (row >> 3) * width);
        const to = sums + (row << 3);
        if (single != 0) {
          addSingle(to, p0);
          addSingle(to + 8, p1);
          addSingle(to + 16, p2);
          addSingle(to + 24, p3);
          addSingle(to + 32, p4);
          addSingle(to + 40, p5);
          addSingle(to + 48, p6);
          addSingle(to + 56, p7);
        } else {
          store<f64>(to, load<f64>(to) + load<f64>(p0));
          store<f64>(to, load<f64>(to, 8) + load<f64>(p1), 8);
          store<f64>(to, load<f64>(to, 16) + load<f64>(p2), 16);
          store<f64>(to, load<f64>(to, 24) + load<f64>(p3), 24);
          store<f64>(to, load<f64>(to, 32) + load<f64>(p4), 32);
          store<f64>(to, load<f64>(to, 40) + load<f64>(p5), 40);
          store<f64>(to, load<f64>(to, 48) + load<f64>(p6), 48);
          store<f64>(to, load<f64>(to, 56) + load<f64>(p7), 56);
        }
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function addSingle(to: usize, leaf: usize): void {
  store<f64>(to, <f64>(<f32>load<f64>(to) + <f32>load<f64>(leaf)));
}

/** The sum of trees `first … last` of a list for one row, in their order from `start` on. */
export function walkRow(
  list: usize,
  first: usize,
  last: usize,
  row: usize,
  start: f64,
  single: u32,
): f64 {
  let sum = start;
  let entry = list + first * ENTRY_BYTES;
  const end = list + last * ENTRY_BYTES;
  for (; entry + 7 * ENTRY_BYTES < end; entry += 8 * ENTRY_BYTES) {
    let sets: u32 = 0;
    for (let at: usize = 0; at < 8 * ENTRY_BYTES; at += ENTRY_BYTES) sets += load<u32>(entry + at, E_SETS);
    if (sets != 0 && sets != 8) {
      for (let at: usize = 0; at < 8 * ENTRY_BYTES; at += ENTRY_BYTES) sum = walkOne(entry + at, row, sum, single);
      continue;
    }
    let p = <usize>load<u32>(entry, E_ROOT);
    let q = <usize>load<u32>(entry, E_ROOT + ENTRY_BYTES);
    let r = <usize>load<u32>(entry, E_ROOT + 2 * ENTRY_BYTES);
    let s = <usize>load<u32>(entry, E_ROOT + 3 * ENTRY_BYTES);
    let t = <usize>load<u32>(entry, E_ROOT + 4 * ENTRY_BYTES);
    let u = <usize>load<u32>(entry, E_ROOT + 5 * ENTRY_BYTES);
    let v = <usize>load<u32>(entry, E_ROOT + 6 * ENTRY_BYTES);
    let w = <usize>load<u32>(entry, E_ROOT + 7 * ENTRY_BYTES);
    if (sets != 0) {
      do {
        p = setStep(p, load<f64>(row + load<u32>(p, N_SLOT)), load<u32>(row + load<u32>(p, N_SLOT)));
        q = setStep(q, load<f64>(row + load<u32>(q, N_SLOT)), load<u32>(row + load<u32>(q, N_SLOT)));
        r = setStep(r, load<f64>(row + load<u32>(r, N_SLOT)), load<u32>(row + load<u32>(r, N_SLOT)));
        s = setStep(s, load<f64>(row + load<u32>(s, N_SLOT)), load<u32>(row + load<u32>(s, N_SLOT)));
        t = setStep(t, load<f64>(row + load<u32>(t, N_SLOT)), load<u32>(row + load<u32>(t, N_SLOT)));
        u = setStep(u, load<f64>(row + load<u32>(u, N_SLOT)), load<u32>(row + load<u32>(u, N_SLOT)));
        v = setStep(v, load<f64>(row + load<u32>(v, N_SLOT)), load<u32>(row + load<u32>(v, N_SLOT)));
        w = setStep(w, load<f64>(row + load<u32>(w, N_SLOT)), load<u32>(row + load<u32>(w, N_SLOT)));
      } while ((isNode(p) | isNode(q) | isNode(r) | isNode(s) | isNode(t) | isNode(u) | isNode(v) | isNode(w)) != 0);
    } else {
      do {
        for (let left = 3; left != 0; left--) {
          p = step(p, load<f64>(row + load<u32>(p, N_SLOT)));
          q = step(q, load<f64>(row + load<u32>(q, N_SLOT)));
          r = step(r, load<f64>(row + load<u32>(r, N_SLOT)));
          s = step(s, load<f64>(row + load<u32>(s, N_SLOT)));
          t = step(t, load<f64>(row + load<u32>(t, N_SLOT)));
          u = step(u, load<f64>(row + load<u32>(u, N_SLOT)));
          v = step(v, load<f64>(row + load<u32>(v, N_SLOT)));
          w = step(w, load<f64>(row + load<u32>(w, N_SLOT)));
        }
      } while ((isNode(p) | isNode(q) | isNode(r) | isNode(s) | isNode(t) | isNode(u) | isNode(v) | isNode(w)) != 0);
    }
    if (single != 0) {
      sum = <f64>(<f32>sum + <f32>load<f64>(p) + <f32>load<f64>(q) + <f32>load<f64>(r) + <f32>load<f64>(s) +
        <f32>load<f64>(t) + <f32>load<f64>(u) + <f32>load<f64>(v) + <f32>load<f64>(w));
    } else {
      sum = sum + load<f64>(p) + load<f64>(q) + load<f64>(r) + load<f64>(s) + load<f64>(t) + load<f64>(u) +
        load<f64>(v) + load<f64>(w);
    }
  }
  for (; entry < end; entry += ENTRY_BYTES) sum = walkOne(entry, row, sum, single);
  return sum;
}

// @ts-ignore: decorator
@inline
function exitOf(entry: usize, row: usize): usize {
  let p = <usize>load<u32>(entry, E_ROOT);
  if (load<u32>(entry, E_SETS) != 0) {
    while (isNode(p) != 0) p = setStep(p, load<f64>(row + load<u32>(p, N_SLOT)), load<u32>(row + load<u32>(p, N_SLOT)));
  } else {
    while (isNode(p) != 0) p = step(p, load<f64>(row + load<u32>(p, N_SLOT)));
  }
  return p;
}

function walkOne(entry: usize, row: usize, sum: f64, single: u32): f64 {
  const p = exitOf(entry, row);
  return single != 0 ? <f64>(<f32>sum + <f32>load<f64>(p)) : sum + load<f64>(p);
}

/** One row's sum with one linear tree added. */
export function addLinearRow(entry: usize, table: usize, row: usize, sum: f64): f64 {
  const shift: usize = load<u32>(entry, E_SETS) != 0 ? 3 : 2;
  const at = (exitOf(entry, row) - load<u32>(entry, E_ROOT)) >> shift;
  const leaf = <usize>load<i32>(<usize>load<u32>(entry, E_LEAVES) + at);
  return sum + linearOutput(table + leaf * LINEAR_BYTES, row);
}

/** Leaves, as the entry's table numbers them, in which `rows` rows (a multiple of eight) end: an i32 each. */
export function walkLeaves(entry: usize, rows: usize, slots: usize, width: usize, out: usize): void {
  const root = <usize>load<u32>(entry, E_ROOT);
  const leaves = <usize>load<u32>(entry, E_LEAVES);
  const shift: usize = load<u32>(entry, E_SETS) != 0 ? 3 : 2;
  for (let row: usize = 0; row < rows; row += 8) {
    walkGroup(entry, slots + (row >> 3) * width);
    const to = out + (row << 2);
    store<i32>(to, load<i32>(leaves + ((p0 - root) >> shift)));
    store<i32>(to, load<i32>(leaves + ((p1 - root) >> shift)), 4);
    store<i32>(to, load<i32>(leaves + ((p2 - root) >> shift)), 8);
    store<i32>(to, load<i32>(leaves + ((p3 - root) >> shift)), 12);
    store<i32>(to, load<i32>(leaves + ((p4 - root) >> shift)), 16);
    store<i32>(to, load<i32>(leaves + ((p5 - root) >> shift)), 20);
    store<i32>(to, load<i32>(leaves + ((p6 - root) >> shift)), 24);
    store<i32>(to, load<i32>(leaves + ((p7 - root) >> shift)), 28);
  }
}

/** Adds the outputs of one linear tree that was walked; `leaves` holds an i32 a row. */
export function addLinear(table: usize, leaves: usize, rows: usize, slots: usize, width: usize, sums: usize): void {
  for (let row: usize = 0; row < rows; row++) {
    const leaf = <usize>load<i32>(leaves + (row << 2));
    const to = sums + (row << 3);
    const slot = slots + (row >> 3) * width + ((row & 7) << 3);
    store<f64>(to, load<f64>(to) + linearOutput(table + leaf * LINEAR_BYTES, slot));
  }
}

/** A linear leaf's output for a prepared row. */
// @ts-ignore: decorator
@inline
export function linearOutput(leaf: usize, row: usize): f64 {
  let output = load<f64>(leaf);
  const terms = <usize>load<u32>(leaf, L_TERMS);
  const end = terms + <usize>load<u32>(leaf, L_COUNT) * TERM_BYTES;
  for (let term = terms; term < end; term += TERM_BYTES) {
    output += load<f64>(term) * load<f64>(row + <usize>load<u32>(term, 8));
  }
  if (output == output) return output;
  // Infinities may make NaN too: only a missing value takes the plain leaf.
  for (let term = terms; term < end; term += TERM_BYTES) {
    const value = load<f64>(row + <usize>load<u32>(term, 8));
    if (value != value) return load<f64>(leaf, L_VALUE);
  }
  return output;
}
