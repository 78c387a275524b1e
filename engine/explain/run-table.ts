import type { Arena } from './arena.ts';
import type { Columns } from './columns.ts';
import { type CellMap, cellsOfLeaves, indexRecord } from './index-records.ts';
import { leafPatterns, type LeafScratch } from './leaf-table.ts';
import type { LeafRun } from './leaf-runs.ts';
import type { Pairing } from './pairing.ts';
import type { TreeConditions, TreeFeature } from './tree-conditions.ts';

const ENTRY_BYTES = 16;

/** One run of leaves, laid out: how rows find their cell, and a table for each pair of features. */
export type RunTable = {
  readonly record: readonly number[];
  /** Pair of slots → address of its `cells` entries of two doubles. */
  readonly tables: readonly { readonly pair: number; readonly address: number }[];
};

type Axis = {
  readonly feature: TreeFeature;
  readonly cells: CellMap;
  readonly half: 'low' | 'high';
  stride: number;
};

/** Reserves a run's tables and writes the sums of its leaves' contributions under every combination of cells. */
export function layOutRun(
  run: LeafRun,
  tree: TreeConditions,
  leafValues: Float64Array,
  pairing: Pairing,
  columns: Columns,
  columnOffsets: ArrayLike<number>,
  arena: Arena,
  scratch: LeafScratch,
): RunTable {
  const { axes, lowCells, cells } = axesOf(run, tree);
  const record = indexRecord(
    axes,
    { low: ENTRY_BYTES, high: lowCells * ENTRY_BYTES },
    columns,
    columnOffsets,
  );
  const pairs = [...new Set(axes.map(({ feature }) => pairing.pairOf[feature.feature]!))].sort(
    (a, b) => a - b,
  );
  const first = arena.reserve(pairs.length * cells * ENTRY_BYTES, (buffer, address) => {
    const sums = new Float64Array(buffer, address, pairs.length * cells * 2);
    const order = new Map(pairs.map((pair, i) => [pair, i]));
    for (const leaf of run.leaves) {
      const value = leafValues[tree.leafAt[leaf]!]!;
      addLeaf(sums, leaf, value, axes, cells, scratch, (feature) => {
        const slot = pairing.slotOf[feature]!;
        return order.get(slot >> 1)! * cells * 2 + (slot & 1);
      });
    }
  });
  return {
    record,
    tables: pairs.map((pair, i) => ({ pair, address: first + i * cells * ENTRY_BYTES })),
  };
}

/** The run's features with their cells, spread over two bytes of the index so that neither overflows. */
function axesOf(run: LeafRun, tree: TreeConditions): { axes: Axis[]; lowCells: number; cells: number } {
  const found = tree.features
    .filter((feature) => run.leaves.some((leaf) => feature.onPath[leaf] === 1))
    .map((feature) => ({ feature, cells: cellsOfLeaves(feature, run.leaves) }))
    .sort((a, b) => b.cells.count - a.cells.count);
  let low = 1;
  let high = 1;
  const axes: Axis[] = [];
  for (const { feature, cells } of found) {
    if (low * cells.count <= 256) {
      axes.push({ feature, cells, half: 'low', stride: low });
      low *= cells.count;
    } else {
      axes.push({ feature, cells, half: 'high', stride: high });
      high *= cells.count;
    }
  }
  const ordered = [
    ...axes.filter(({ half }) => half === 'low'),
    ...axes.filter(({ half }) => half === 'high'),
  ];
  return { axes: ordered, lowCells: low, cells: low * high };
}

function addLeaf(
  sums: Float64Array,
  leaf: number,
  value: number,
  axes: readonly Axis[],
  cells: number,
  scratch: LeafScratch,
  offsetOf: (feature: number) => number,
): void {
  const path = axes.filter(({ feature }) => feature.onPath[leaf] === 1);
  const contributions = leafPatterns(
    value,
    path.map(({ feature }) => feature.ratio[leaf]!),
    scratch,
  );
  const patternOf = patternsByCell(leaf, axes, scratch.patterns(cells));
  const patterns = 1 << path.length;
  path.forEach(({ feature }, i) => {
    const own = contributions.subarray(i * patterns, (i + 1) * patterns);
    addByPattern(sums, offsetOf(feature.feature), own, patternOf);
  });
}

/** Which of the leaf's conditions each cell meets: bit j for the j-th axis on its path. Axes by ascending stride. */
function patternsByCell(leaf: number, axes: readonly Axis[], patternOf: Uint16Array): Uint16Array {
  patternOf[0] = 0;
  let size = 1;
  let bit = 1;
  for (const { feature, cells: map } of axes) {
    const onPath = feature.onPath[leaf] === 1;
    const bits = new Uint16Array(map.count);
    if (onPath) {
      for (let atom = 0; atom < feature.atomCount; atom++) {
        if (feature.meets[leaf * feature.atomCount + atom] === 1) bits[map.cellOf[atom]!] = bit;
      }
      bit <<= 1;
    }
    for (let cell = map.count - 1; cell >= 0; cell--) {
      const own = bits[cell]!;
      const start = cell * size;
      for (let i = 0; i < size; i++) patternOf[start + i] = patternOf[i]! | own;
    }
    size *= map.count;
  }
  return patternOf;
}

/** Adds to every second number from `to` on what its cell's pattern contributes. */
function addByPattern(
  sums: Float64Array,
  to: number,
  contributions: Float64Array,
  patternOf: Uint16Array,
): void {
  for (let cell = 0, at = to; cell < patternOf.length; cell++, at += 2) {
    sums[at] = sums[at]! + contributions[patternOf[cell]!]!;
  }
}
