import type { Arena } from './arena.ts';
import type { Columns } from './columns.ts';
import { type CellMap, cellsOfLeaves, indexRecord } from './index-records.ts';
import type { ExplainKernel } from './kernel.ts';
import { leafPatterns, LeafScratch } from './leaf-table.ts';
import { type LeafRun, MAX_CELLS } from './leaf-runs.ts';
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

/** Reserves a run's tables, which `filler` writes once the memory is there. */
export function layOutRun(
  run: LeafRun,
  tree: TreeConditions,
  leafValues: Float64Array,
  pairing: Pairing,
  columns: Columns,
  columnOffsets: ArrayLike<number>,
  arena: Arena,
  filler: TableFiller,
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
  const first = arena.reserve(pairs.length * cells * ENTRY_BYTES, (_, address) => {
    for (const leaf of run.leaves)
      filler.addLeaf(leaf, leafValues[tree.leafAt[leaf]!]!, axes, pairing, (pair) => {
        return address + pairs.indexOf(pair) * cells * ENTRY_BYTES;
      });
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

/** No leaf of a table has more features on its path: each of them parts the cells at least in two. */
const MOST_PATTERNS = MAX_CELLS;
const PATTERNS_BYTES = MAX_CELLS * 2;
const BITS_BYTES = 256 * 2;

/** Writes what leaves contribute into tables, by the kernel: in memory that the tables lie in themselves. */
export class TableFiller {
  readonly #scratch = new LeafScratch();
  readonly #patternsAt: number;
  readonly #bitsAt: number;
  readonly #valuesAt: number;
  #kernel!: ExplainKernel;
  #bits!: Uint16Array;
  #patterns!: Uint16Array;
  #values!: Float64Array;

  /** Reserves what it works in; to be made before any table. */
  constructor(arena: Arena) {
    this.#patternsAt = arena.reserve(PATTERNS_BYTES, () => undefined);
    this.#bitsAt = arena.reserve(BITS_BYTES, () => undefined);
    this.#valuesAt = arena.reserve(MOST_PATTERNS * ENTRY_BYTES, () => undefined);
  }

  /** The memory is there; called before any table is filled. */
  open(memory: WebAssembly.Memory, kernel: WebAssembly.Module): void {
    this.#kernel = new WebAssembly.Instance(kernel, { env: { memory } }).exports as unknown as ExplainKernel;
    this.#patterns = new Uint16Array(memory.buffer, this.#patternsAt, MAX_CELLS);
    this.#bits = new Uint16Array(memory.buffer, this.#bitsAt, 256);
    this.#values = new Float64Array(memory.buffer, this.#valuesAt, MOST_PATTERNS * 2);
  }

  /** @param tableOf address of the run's table of a pair of features */
  addLeaf(
    leaf: number,
    value: number,
    axes: readonly Axis[],
    pairing: Pairing,
    tableOf: (pair: number) => number,
  ): void {
    const path = axes.filter(({ feature }) => feature.onPath[leaf] === 1);
    const ratios = path.map(({ feature }) => feature.ratio[leaf]!);
    const contributions = leafPatterns(value, ratios, this.#scratch);
    const cells = this.#patternsByCell(leaf, axes);
    const patterns = 1 << path.length;
    const slots = path.map(({ feature }) => pairing.slotOf[feature.feature]!);
    slots.forEach((slot, i) => {
      const other = slots.indexOf(slot ^ 1);
      // A pair that is whole is added once, with the first of the two.
      if (other >= 0 && other < i) return;
      this.#values.fill(0, 0, patterns * 2);
      this.#interleave(contributions, i * patterns, patterns, slot & 1);
      if (other >= 0) this.#interleave(contributions, other * patterns, patterns, (slot & 1) ^ 1);
      this.#kernel.addPatterns(tableOf(slot >> 1), this.#patternsAt, this.#valuesAt, cells);
    });
  }

  #interleave(from: Float64Array, start: number, count: number, lane: number): void {
    const values = this.#values;
    for (let i = 0, at = lane; i < count; i++, at += 2) values[at] = from[start + i]!;
  }

  /** Which of the leaf's conditions each cell meets: bit j for the j-th axis on its path. Axes by ascending stride. */
  #patternsByCell(leaf: number, axes: readonly Axis[]): number {
    this.#patterns[0] = 0;
    let size = 1;
    let bit = 1;
    for (const { feature, cells } of axes) {
      const bits = this.#bits.fill(0, 0, cells.count);
      if (feature.onPath[leaf] === 1) {
        const start = leaf * feature.atomCount;
        for (let atom = 0; atom < feature.atomCount; atom++)
          if (feature.meets[start + atom] === 1) bits[cells.cellOf[atom]!] = bit;
        bit <<= 1;
      }
      this.#kernel.spreadPatterns(this.#patternsAt, size, this.#bitsAt, cells.count);
      size *= cells.count;
    }
    return size;
  }
}
