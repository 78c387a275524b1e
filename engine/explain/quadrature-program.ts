import type { Arena } from './arena.ts';
import type { Columns } from './columns.ts';
import { gaussLegendre } from './gauss-legendre.ts';
import { cellMap, type CellMap, indexRecord } from './index-records.ts';
import type { Pairing } from './pairing.ts';
import type { PathState, PathStates, Segment } from './segments.ts';
import type { TreeConditions, TreeFeature } from './tree-conditions.ts';

/** Rows that the kernel takes through the program together; SUB in the kernel. */
export const QUADRATURE_ROWS = 64;
/** A subtree whose features have more cells, or whose table takes more bytes, is walked instead of tabled. */
const MAX_CELLS = 64;
const MAX_TABLE_BYTES = 8192;

/** Numbers of the kernel's operations. */
const OPERATION = { subtree: 0, down: 1, up: 2 } as const;
/** What an operation does with its sums: nothing at the root, else begin or extend the parent's. */
const KEEP = { drop: 0, store: 1, add: 2 } as const;
type Keep = (typeof KEEP)[keyof typeof KEEP];

/** The program of a pruned tree. */
export type QuadratureProgram = {
  /** Vectors of two nodes. */
  readonly vectors: number;
  readonly records: readonly (readonly number[])[];
  readonly operationCount: number;
  readonly words: readonly number[];
  readonly weights: number;
  /** Levels of products that are held at once, the root's included. */
  readonly levels: number;
};

export type QuadratureContext = {
  readonly conditions: TreeConditions;
  readonly leafValueAt: (position: number) => number;
  /** Index records that the tree has already, and the bytes of one record's offsets. */
  readonly firstRecord: number;
  readonly offsetBytes: number;
  readonly sumOffsetOf: (feature: number) => number;
  readonly columns: Columns;
  readonly columnOffsets: ArrayLike<number>;
  readonly arena: Arena;
};

const UNTOUCHED: PathState = { met: new Uint8Array(0), ratio: 1 };
const isMet = ({ met }: PathState, atom: number): boolean => met.length === 0 || met[atom] === 1;

/**
 * Lays out the quadrature over a pruned tree whose longest path holds `distinct` features.
 *
 * At each node t of the rule the products ∏ (t·o + (1 − t)·z) are carried down the tree, and sums over leaves up
 * (Linear TreeSHAP, Yu et al. 2022, in the quadrature form). Small subtrees need not be walked: what they return
 * depends on the cells of their features only, and is tabled as vectors over the nodes.
 */
export function layOutQuadrature(
  root: Segment,
  distinct: number,
  context: QuadratureContext,
): QuadratureProgram {
  const rule = gaussLegendre((distinct + 1) >> 1);
  const layout = new ProgramLayout(rule.nodes, context);
  layout.lay(root, new Map(), root.touched, 0, KEEP.drop);
  const weights = new Float64Array(layout.vectors * 2);
  weights.set(rule.weights);
  const { vectors, records, operationCount, words, levels } = layout;
  return { vectors, records, operationCount, words, weights: context.arena.doubles(weights), levels };
}

type Axis = { readonly feature: TreeFeature; readonly cells: CellMap; readonly stride: number };

class ProgramLayout {
  readonly vectors: number;
  readonly records: (readonly number[])[] = [];
  readonly words: number[] = [];
  operationCount = 0;
  levels = 1;
  readonly #nodes: Float64Array;
  readonly #context: QuadratureContext;

  constructor(nodes: Float64Array, context: QuadratureContext) {
    this.#nodes = nodes;
    this.#context = context;
    this.vectors = (nodes.length + 1) >> 1;
  }

  /** `touched` are the segment's features whose change is not in `above` yet. */
  lay(segment: Segment, above: PathStates, touched: readonly TreeFeature[], level: number, keep: Keep): void {
    if (this.#laySubtree(segment, above, touched, level, keep)) return;
    if (touched.length === 0) {
      segment.children.forEach((child, i) => {
        this.lay(child, above, child.touched, level, i > 0 && keep === KEEP.store ? KEEP.add : keep);
      });
      return;
    }
    const { part, axes } = this.#stretch(segment, above, touched);
    const own = level + 1;
    this.levels = Math.max(this.levels, own + 1);
    const features = axes.map(({ feature }) => feature);
    const { table, offsets } = this.#stretchTable(segment, above, axes);
    this.#operation(OPERATION.down, level, own, KEEP.drop, offsets, table, []);
    const next = new Map(above);
    for (const feature of features) next.set(feature, segment.states.get(feature)!);
    this.lay(segment, next, touched.slice(part), own, KEEP.store);
    this.#operation(OPERATION.up, level, own, keep, offsets, table, features);
  }

  #operation(
    kind: number,
    parent: number,
    own: number,
    keep: number,
    offsets: number,
    table: number,
    features: readonly TreeFeature[],
  ): void {
    const levelBytes = QUADRATURE_ROWS * this.vectors * 16;
    this.operationCount++;
    this.words.push(kind, features.length, parent * levelBytes, own * levelBytes, keep, offsets, table);
    this.words.push(...features.map(({ feature }) => this.#context.sumOffsetOf(feature)));
  }

  /** As many of the touched features as one table may hold. */
  #stretch(
    segment: Segment,
    above: PathStates,
    touched: readonly TreeFeature[],
  ): { part: number; axes: readonly Axis[] } {
    const axes: Axis[] = [];
    let count = 1;
    for (const feature of touched) {
      const before = above.get(feature) ?? UNTOUCHED;
      const after = segment.states.get(feature)!;
      const cells = cellMap(feature.atomCount, (atom) =>
        isMet(before, atom) ? (isMet(after, atom) ? '2' : '1') : '0',
      );
      if (axes.length > 0 && !this.#fits(count * cells.count, axes.length + 1)) break;
      axes.push({ feature, cells, stride: count });
      count *= cells.count;
    }
    return { part: axes.length, axes };
  }

  #fits(cells: number, features: number): boolean {
    return cells <= MAX_CELLS && cells * (features + 1) * this.vectors * 16 <= MAX_TABLE_BYTES;
  }

  /** Per cell: the product of the factors' ratios, then per feature the change of (o − z) / factor. */
  #stretchTable(
    segment: Segment,
    above: PathStates,
    axes: readonly Axis[],
  ): { table: number; offsets: number } {
    const width = this.vectors * 2;
    return this.#table(axes, (data, start, atoms) => {
      for (let q = 0; q < this.#nodes.length; q++) {
        const t = this.#nodes[q]!;
        let product = 1;
        axes.forEach(({ feature }, i) => {
          const before = above.get(feature) ?? UNTOUCHED;
          const after = segment.states.get(feature)!;
          const atom = atoms[i]!;
          product *= ratioOf(t, isMet(before, atom), before.ratio, isMet(after, atom), after.ratio);
          data[start + (i + 1) * width + q] = changeOf(
            t,
            isMet(before, atom),
            before.ratio,
            isMet(after, atom),
            after.ratio,
          );
        });
        data[start + q] = product;
      }
    });
  }

  /** Tables everything from here down where that is small; false where it is not. */
  #laySubtree(
    segment: Segment,
    above: PathStates,
    touched: readonly TreeFeature[],
    level: number,
    keep: Keep,
  ): boolean {
    const { leaves } = segment;
    const inTouched = new Set(touched);
    const features = [...segment.touchedBelow].filter(
      (feature) =>
        inTouched.has(feature) || segment.children.some(({ touchedBelow }) => touchedBelow.has(feature)),
    );
    if (!this.#fits(1 << Math.min(features.length, 20), features.length)) return false;
    const axes: Axis[] = [];
    let count = 1;
    for (const feature of features) {
      const before = above.get(feature) ?? UNTOUCHED;
      const cells = cellMap(feature.atomCount, (atom) => {
        if (!isMet(before, atom)) return '';
        return leaves.map((leaf) => feature.meets[leaf * feature.atomCount + atom]).join('');
      });
      axes.push({ feature, cells, stride: count });
      count *= cells.count;
      if (!this.#fits(count, features.length)) return false;
    }
    const { table, offsets } = this.#subtreeTable(leaves, above, axes);
    this.#operation(OPERATION.subtree, level, 0, keep, offsets, table, features);
    return true;
  }

  /** Per cell, over the leaves: the sum of value × ratios, then per feature of value × ratios × change. */
  #subtreeTable(
    leaves: readonly number[],
    above: PathStates,
    axes: readonly Axis[],
  ): { table: number; offsets: number } {
    const width = this.vectors * 2;
    const changes = new Float64Array(axes.length);
    return this.#table(axes, (data, start, atoms) => {
      for (const leaf of leaves) {
        const value = this.#context.leafValueAt(leaf);
        for (let q = 0; q < this.#nodes.length; q++) {
          const t = this.#nodes[q]!;
          let product = value;
          for (let i = 0; i < axes.length; i++) {
            const { feature } = axes[i]!;
            const before = above.get(feature) ?? UNTOUCHED;
            const atom = atoms[i]!;
            const met = feature.meets[leaf * feature.atomCount + atom] === 1;
            const ratio = feature.ratio[leaf]!;
            product *= ratioOf(t, isMet(before, atom), before.ratio, met, ratio);
            changes[i] = changeOf(t, isMet(before, atom), before.ratio, met, ratio);
          }
          data[start + q] = data[start + q]! + product;
          for (let i = 0; i < axes.length; i++) {
            const at = start + (i + 1) * width + q;
            data[at] = data[at]! + product * changes[i]!;
          }
        }
      }
    });
  }

  /** Reserves a table over the axes' cells and its index record; `fill` gets one atom of each axis' cell. */
  #table(
    axes: readonly Axis[],
    fill: (data: Float64Array, start: number, atoms: Int32Array) => void,
  ): { table: number; offsets: number } {
    const { columns, columnOffsets, arena, firstRecord, offsetBytes } = this.#context;
    const cellDoubles = (axes.length + 1) * this.vectors * 2;
    const cellCount = axes.reduce((count, { cells }) => count * cells.count, 1);
    const record = indexRecord(
      axes.map((axis) => ({ ...axis, half: 'low' as const })),
      { low: cellDoubles * 8, high: 0 },
      columns,
      columnOffsets,
    );
    const table = arena.reserve(cellCount * cellDoubles * 8, (buffer, address) => {
      const data = new Float64Array(buffer, address, cellCount * cellDoubles);
      const representatives = axes.map(({ cells }) =>
        Int32Array.from({ length: cells.count }, (_, cell) => cells.cellOf.indexOf(cell)),
      );
      const atoms = new Int32Array(axes.length);
      for (let cell = 0; cell < cellCount; cell++) {
        axes.forEach(({ cells, stride }, i) => {
          atoms[i] = representatives[i]![Math.floor(cell / stride) % cells.count]!;
        });
        fill(data, cell * cellDoubles, atoms);
      }
    });
    this.records.push(record);
    return { table, offsets: (firstRecord + this.records.length - 1) * offsetBytes };
  }
}

/** New factor over old, a factor being t·o + (1 − t)·z; what no training row and no row reaches stays 0. */
function ratioOf(t: number, wasMet: boolean, before: number, met: boolean, after: number): number {
  const s = 1 - t;
  if (wasMet) return ((met ? t : 0) + s * after) / (t + s * before);
  return before === 0 ? 0 : after / before;
}

/** Change of (o − z) / factor. */
function changeOf(t: number, wasMet: boolean, before: number, met: boolean, after: number): number {
  if (!wasMet) return 0;
  const s = 1 - t;
  const known = (1 - before) / (t + s * before);
  return met ? (1 - after) / (t + s * after) - known : -1 / s - known;
}

export function sumOffset(pairing: Pairing, feature: number, blockRows: number): number {
  const slot = pairing.slotOf[feature]!;
  return (slot >> 1) * blockRows * 16 + (slot & 1) * 8;
}
