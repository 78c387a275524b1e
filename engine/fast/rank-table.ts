/** How a feature's values become ranks; the numbers are the kernel's. */
export const RANK_METHOD = { count: 0, bits: 1, linear: 2, search: 3, category: 4 } as const;

/**
 * A recipe for `rank(value) = number of thresholds below value`.
 *
 * `count` compares with each threshold; `search` halves the range. `bits` and `linear` cut the line into cells,
 * by the leading bits of the double or evenly; a table gives the number of thresholds below the cell, and
 * at most `steps` comparisons finish the work. Any monotone cutting is exact, since the same arithmetic cuts
 * values and thresholds.
 */
export type RankTable =
  | { readonly method: typeof RANK_METHOD.count }
  | { readonly method: typeof RANK_METHOD.search; readonly firstWidth: number }
  | {
      readonly method: typeof RANK_METHOD.bits;
      readonly steps: number;
      readonly shift: number;
      readonly base: number;
      readonly cap: number;
      readonly signed: boolean;
      readonly table: Uint16Array;
    }
  | {
      readonly method: typeof RANK_METHOD.linear;
      readonly steps: number;
      readonly low: number;
      readonly scale: number;
      readonly cap: number;
      readonly table: Uint16Array;
    };

/** Up to here comparing with every threshold is cheaper than a table. */
const COUNT_LIMIT = 6;
/** The most cells that a table may have, by how many comparisons are left to do. */
const CELL_LIMITS: readonly (readonly [steps: number, cells: number])[] = [
  [1, 4096],
  [2, 4096],
  [3, 4096],
  [4, 8192],
  [6, 8192],
];
const WIDE_CELL_LIMITS: typeof CELL_LIMITS = [
  [1, 32_768],
  [2, 32_768],
  [4, 32_768],
  [6, 65_536],
];
const ROUND = 2 ** 52;

const scratch = new DataView(new ArrayBuffer(8));

function leadingBits(value: number, signed: boolean): number {
  scratch.setFloat64(0, value);
  const word = scratch.getInt32(0);
  return signed && word < 0 ? word ^ 0x7f_ff_ff_ff : word;
}

/** @param all ascending, distinct; the last may be infinite, which no value is above */
export function makeRankTable(all: Float64Array): RankTable {
  const thresholds = all.at(-1) === Infinity ? all.subarray(0, -1) : all;
  const count = thresholds.length;
  if (count <= COUNT_LIMIT) {
    return { method: RANK_METHOD.count };
  }
  const limits = all.length > 255 ? WIDE_CELL_LIMITS : CELL_LIMITS;
  for (const [steps, cells] of limits) {
    const candidates = [tryBits(thresholds, steps, cells), tryLinear(thresholds, steps, cells)].filter(
      (candidate) => candidate !== undefined,
    );
    const best = candidates.sort((left, right) => left.table.length - right.table.length)[0];
    if (best !== undefined) {
      return best;
    }
  }
  return { method: RANK_METHOD.search, firstWidth: 2 ** Math.floor(Math.log2(count)) };
}

/** The table for given cells of the thresholds, or undefined where one holds more than `steps` of them. */
function tabulate(cellOf: Int32Array, cellCount: number, steps: number): Uint16Array | undefined {
  const table = new Uint16Array(cellCount);
  let next = 0;
  for (let cell = 0; cell < cellCount; cell++) {
    table[cell] = next;
    while (next < cellOf.length && cellOf[next] === cell) {
      next += 1;
    }
    if (next - table[cell]! > steps) {
      return undefined;
    }
  }
  return table;
}

function tryBits(
  thresholds: Float64Array,
  steps: number,
  cellLimit: number,
): (RankTable & { table: Uint16Array }) | undefined {
  const signed = thresholds[0]! < 0;
  const words = Int32Array.from(thresholds, (threshold) => leadingBits(threshold, signed));
  const last = words.length - 1;
  for (let shift = 20; shift >= 0; shift--) {
    const base = words[Math.min(steps, last) - 1]! >> shift;
    const cap = (words[Math.max(0, last - steps + 1)]! >> shift) - base;
    if (cap + 1 > cellLimit) {
      return undefined;
    }
    if (cap < 1) {
      continue;
    }
    const cellOf = words.map((word) => Math.min(Math.max((word >> shift) - base, 0), cap));
    const table = tabulate(cellOf, cap + 1, steps);
    if (table !== undefined) {
      return { method: RANK_METHOD.bits, steps, shift, base, cap, signed, table };
    }
  }
  return undefined;
}

function tryLinear(
  thresholds: Float64Array,
  steps: number,
  cellLimit: number,
): (RankTable & { table: Uint16Array }) | undefined {
  const last = thresholds.length - 1;
  const low = thresholds[Math.min(steps, last) - 1]!;
  const high = thresholds[Math.max(0, last - steps + 1)]!;
  if (!(high > low) || !Number.isFinite(high - low)) {
    return undefined;
  }
  for (let cap = 64; cap < cellLimit; cap *= 2) {
    const scale = cap / (high - low);
    if (!Number.isFinite(scale) || scale === 0) {
      return undefined;
    }
    const cellOf = Int32Array.from(thresholds, (threshold) => {
      const cell = Math.min(Math.max((threshold - low) * scale, 0), cap);
      return cell + ROUND - ROUND;
    });
    const table = tabulate(cellOf, cap + 1, steps);
    if (table !== undefined) {
      return { method: RANK_METHOD.linear, steps, low, scale, cap, table };
    }
  }
  return undefined;
}
