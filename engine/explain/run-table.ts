import type { Arena } from './arena.ts';
import type { Columns } from './columns.ts';
import { cellMap, type CellMap, indexRecord } from './index-records.ts';
import { leafPatterns } from './leaf-table.ts';
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
      addLeaf(sums, leaf, value, axes, lowCells, cells, (feature) => {
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
    .map((feature) => ({
      feature,
      cells: cellMap(feature.atomCount, (atom) =>
        run.leaves.map((leaf) => feature.meets[leaf * feature.atomCount + atom]).join(''),
      ),
    }))
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
  return { axes, lowCells: low, cells: low * high };
}

function addLeaf(
  sums: Float64Array,
  leaf: number,
  value: number,
  axes: readonly Axis[],
  lowCells: number,
  cells: number,
  offsetOf: (feature: number) => number,
): void {
  const path = axes.filter(({ feature }) => feature.onPath[leaf] === 1);
  const contributions = leafPatterns(
    value,
    path.map(({ feature }) => feature.ratio[leaf]!),
  );
  const patternOf = new Uint16Array(cells);
  path.forEach(({ feature, cells: map, half, stride }, bit) => {
    const met = new Uint8Array(map.count);
    for (let atom = 0; atom < feature.atomCount; atom++) {
      met[map.cellOf[atom]!] = feature.meets[leaf * feature.atomCount + atom]!;
    }
    const step = half === 'low' ? stride : stride * lowCells;
    const period = step * map.count;
    for (let cell = 0; cell < map.count; cell++) {
      if (met[cell] === 0) continue;
      for (let start = cell * step; start < cells; start += period) {
        for (let i = start; i < start + step; i++) patternOf[i] = patternOf[i]! | (1 << bit);
      }
    }
  });
  const patterns = 1 << path.length;
  path.forEach(({ feature }, i) => {
    const start = i * patterns;
    let to = offsetOf(feature.feature);
    for (let cell = 0; cell < cells; cell++, to += 2) {
      sums[to] = sums[to]! + contributions[start + patternOf[cell]!]!;
    }
  });
}
