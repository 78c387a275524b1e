import type { Columns } from './columns.ts';
import type { TreeFeature } from './tree-conditions.ts';

/** The number of a cell by atom, numbered in order of first appearance: atom 0 is in cell 0. */
export type CellMap = { readonly cellOf: Uint16Array; readonly count: number };

/** Merges the atoms whose keys agree. */
export function cellMap(atomCount: number, keyOf: (atom: number) => string): CellMap {
  const known = new Map<string, number>();
  const cellOf = Uint16Array.from({ length: atomCount }, (_, atom) => {
    const key = keyOf(atom);
    let cell = known.get(key);
    if (cell === undefined) known.set(key, (cell = known.size));
    return cell;
  });
  return { cellOf, count: known.size };
}

/** Merges the atoms that meet the conditions of the same leaves. */
export function cellsOfLeaves(feature: TreeFeature, leaves: readonly number[]): CellMap {
  const { atomCount, meets, onPath } = feature;
  const cellOf = new Uint16Array(atomCount);
  let count = 1;
  for (const leaf of leaves) {
    if (onPath[leaf] === 0) continue;
    const renamed = new Int32Array(count * 2).fill(-1);
    count = 0;
    for (let atom = 0; atom < atomCount; atom++) {
      const key = cellOf[atom]! * 2 + meets[leaf * atomCount + atom]!;
      if (renamed[key]! < 0) renamed[key] = count++;
      cellOf[atom] = renamed[key]!;
    }
  }
  return { cellOf, count };
}

/**
 * Words of an index record: how the kernel finds each row's table offset,
 * low × lowFactor + high × highFactor, low and high being sums (mod 256) of the deltas of the tests that a row passes.
 */
export function indexRecord(
  parts: readonly { feature: TreeFeature; cells: CellMap; stride: number; half: 'low' | 'high' }[],
  factors: { low: number; high: number },
  columns: Columns,
  columnOffsets: ArrayLike<number>,
): number[] {
  const lists: number[][] = [[], [], [], []];
  for (const { feature, cells, stride, half } of parts) {
    const test = (column: number, threshold: number, step: number): void => {
      const delta = (step * stride) & 255;
      if (delta === 0) return;
      const known = columns.list[column];
      const wide = known?.kind === 'rank' && known.wide;
      const biased = wide ? (threshold ^ 0x8000) & 0xff_ff : (threshold ^ 0x80) & 0xff;
      const list = lists[(wide ? 2 : 0) + (half === 'low' ? 0 : 1)]!;
      list.push(columnOffsets[column]!, biased | (delta << 16));
    };
    const { cellOf } = cells;
    for (let atom = 1; atom < feature.orderedCount; atom++) {
      test(feature.column, feature.cuts[atom - 1]!, cellOf[atom]! - cellOf[atom - 1]!);
    }
    for (const { column, home, atom } of feature.specials) {
      test(column, 0, cellOf[atom]! - cellOf[home]!);
    }
  }
  const [narrowLow, narrowHigh, wideLow, wideHigh] = lists.map((list) => list.length / 2) as [
    number,
    number,
    number,
    number,
  ];
  return [
    (narrowLow | (narrowHigh << 16)) >>> 0,
    (wideLow | (wideHigh << 16)) >>> 0,
    (factors.low | (factors.high << 16)) >>> 0,
    ...lists.flat(),
  ];
}
