/** Rows that go through a tree before the next tree. The kernel is written for this number. */
export const BLOCK_ROWS = 128;
/** Trees whose leaf values are added in one pass over a block. */
export const GROUP_TREES = 8;

/** Byte offsets of the kernel's records; engine/kernels/score.ts reads the same ones. */
export const PLAN = {
  features: 0,
  featureCount: 4,
  tileBytes: 8,
  slots: 12,
  wideSlots: 16,
  codes: 20,
  values: 24,
  ranks: 28,
  tiles: 32,
  input: 36,
  trees: 40,
  /** 1 where sums are rounded to single precision. */
  single: 44,
  /** The weights 1, 2, 4 and 8 of a unit's outcomes, sixteen bytes each. */
  weights: 48,
  bytes: 112,
} as const;

export const FEATURE = {
  index: 0,
  method: 4,
  thresholds: 8,
  count: 12,
  table: 16,
  shift: 20,
  base: 24,
  cap: 28,
  low: 32,
  scale: 40,
  capDouble: 48,
  steps: 56,
  variants: 60,
  variantCount: 64,
  flags: 68,
  bytes: 80,
} as const;
export const FEATURE_FLAG = { wide: 1, signed: 2 } as const;

export const VARIANT = { column: 0, flags: 4, substitute: 8, set: 12, bytes: 16 } as const;
export const VARIANT_FLAG = { zero: 1, wide: 2 } as const;

export const TREE = {
  units: 0,
  /** Four bytes: units of one node, two, three and four. */
  unitCounts: 4,
  nodes: 8,
  nodeCount: 12,
  leaves: 16,
  wide: 20,
  bytes: 24,
} as const;
/** Nodes of the largest unit: a subtree whose outcomes, a bit a node, are looked up in one table. */
export const MOST_UNIT_NODES = 4;
/** A unit of `size` nodes: columns, four threshold bytes, then the table (one leaf number where size is 1). */
export function unitLayout(size: number): { thresholds: number; codes: number; bytes: number } {
  return { thresholds: size * 4, codes: size * 4 + 4, bytes: size * 4 + 4 + (size === 1 ? 4 : 16) };
}
export const NODE = { column: 0, threshold: 4, left: 8, right: 12, out: 16, bytes: 20 } as const;
export const WIDE_NODE = {
  column: 0,
  threshold: 4,
  leftCode: 6,
  rightCode: 8,
  left: 12,
  right: 16,
  out: 20,
  bytes: 24,
} as const;

/** Rows that are prepared and walk together. */
export const GROUP_ROWS = 8;
/** A prepared slot of eight rows, and how it is made of a value; the numbers are the kernel's. */
export const SLOT_BYTES = 8 * GROUP_ROWS;
export const RECIPE = { feature: 0, kind: 4, bytes: 8 } as const;
export const SLOT_KIND = {
  nan_is_zero: 0,
  nan_left: 1,
  nan_right: 2,
  zero_left: 3,
  zero_right: 4,
  category: 5,
  single_category: 6,
  linear: 7,
} as const;
/** Nodes of trees with categories take `setBytes`. */
export const WALK_NODE = {
  threshold: 0,
  child: 8,
  slot: 12,
  bytes: 16,
  set: 16,
  limit: 20,
  setBytes: 32,
} as const;
export const WALK_TREE = { root: 0, sets: 4, leaves: 8, linear: 12, bytes: 16 } as const;
export const LINEAR_LEAF = { constant: 0, value: 8, terms: 16, count: 20, bytes: 24 } as const;
export const LINEAR_TERM = { coefficient: 0, slot: 8, bytes: 16 } as const;

/** Where things lie in a thread's scratch, in bytes from its start. */
export type ScratchLayout = {
  readonly slots: number;
  readonly wideSlots: number;
  readonly codes: number;
  readonly values: number;
  readonly ranks: number;
  readonly leaves: number;
  readonly sums: number;
  readonly tiles: number;
  readonly input: number;
  /** Prepared slots of a piece's rows. */
  readonly prepared: number;
  readonly bytes: number;
  /** Rows that are ranked and scored in one crossing, a multiple of BLOCK_ROWS. */
  readonly pieceRows: number;
};

const INPUT_BYTES = 2 ** 20;
const TILE_BYTES_A_PIECE = 2 ** 20;
const MOST_PIECE_ROWS = 1024;
/** Slots of the 16-bit form: enough for the deepest evaluation stack of 2^15 leaves, and the slot of zeros. */
export const WIDE_SLOTS = 18;

export function layOutScratch(sizes: {
  readonly featureCount: number;
  readonly tileBytes: number;
  readonly slotCount: number;
  /** Bytes of eight prepared rows. */
  readonly groupBytes: number;
}): ScratchLayout {
  const pieceRows = pieceRowsFor(sizes.featureCount, sizes.tileBytes);
  let at = 0;
  const take = (bytes: number): number => {
    const start = at;
    at += Math.ceil(bytes / 64) * 64;
    return start;
  };
  // The constants of leaf numbers come first: one block a number, see fillConstants.
  take(256 * BLOCK_ROWS);
  const slots = take(sizes.slotCount * BLOCK_ROWS);
  const wideSlots = take(WIDE_SLOTS * BLOCK_ROWS * 2);
  const codes = take(GROUP_TREES * BLOCK_ROWS * 2);
  const values = take(BLOCK_ROWS * 8);
  const ranks = take(BLOCK_ROWS * 2 + BLOCK_ROWS * 4);
  const leaves = take(pieceRows * 4);
  const sums = take(pieceRows * 8);
  const tiles = take((pieceRows / BLOCK_ROWS) * sizes.tileBytes);
  const input = take(pieceRows * sizes.featureCount * 8);
  const prepared = take((pieceRows / GROUP_ROWS) * sizes.groupBytes);
  return {
    slots,
    wideSlots,
    codes,
    values,
    ranks,
    leaves,
    sums,
    tiles,
    input,
    prepared,
    bytes: at,
    pieceRows,
  };
}

function pieceRowsFor(featureCount: number, tileBytes: number): number {
  const byInput = INPUT_BYTES / (featureCount * 8);
  const byTiles = (TILE_BYTES_A_PIECE / tileBytes) * BLOCK_ROWS;
  const rows = Math.min(MOST_PIECE_ROWS, byInput, byTiles);
  return Math.max(1, Math.floor(rows / BLOCK_ROWS)) * BLOCK_ROWS;
}

/** Fills the blocks of leaf numbers 0 … 255 and the slot of zeros of a fresh scratch. */
export function fillConstants(bytes: Uint8Array, layout: ScratchLayout): void {
  for (let code = 0; code < 256; code++) {
    bytes.fill(code, code * BLOCK_ROWS, (code + 1) * BLOCK_ROWS);
  }
  bytes.fill(0, layout.wideSlots, layout.wideSlots + BLOCK_ROWS * 2);
}
