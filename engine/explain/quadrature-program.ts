import type { Arena } from './arena.ts';
import type { Columns } from './columns.ts';
import { gaussLegendre, type QuadratureRule } from './gauss-legendre.ts';
import { cellMap, indexRecord } from './index-records.ts';
import type { Pairing } from './pairing.ts';
import type { Segment, SegmentFeature } from './segments.ts';

/** Rows that the kernel takes through the program together; SUB in the kernel. */
export const QUADRATURE_ROWS = 32;

/** Numbers of the kernel's operations. */
const OPERATION = { leaf: 0, down: 1, up: 2 } as const;
/** What an operation does with its sums: nothing at the root, else begin or extend the parent's. */
const KEEP = { drop: 0, store: 1, add: 2 } as const;

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

/**
 * Lays out the quadrature over a pruned tree whose longest path holds `distinct` features. `firstRecord` is the
 * number of index records that the tree already has; `offsetBytes` the distance between two records' offsets.
 */
export function layOutQuadrature(
  root: Segment,
  distinct: number,
  leafValueAt: (position: number) => number,
  firstRecord: number,
  offsetBytes: number,
  sumOffsetOf: (feature: number) => number,
  columns: Columns,
  columnOffsets: ArrayLike<number>,
  arena: Arena,
): QuadratureProgram {
  const rule = gaussLegendre((distinct + 1) >> 1);
  const vectors = (rule.nodes.length + 1) >> 1;
  const levelBytes = QUADRATURE_ROWS * vectors * 16;
  const records: (readonly number[])[] = [];
  const words: number[] = [];
  let operationCount = 0;
  let levels = 1;

  const operation = (
    kind: number,
    parent: number,
    own: number,
    keep: number,
    value: number,
    features: readonly number[],
  ): void => {
    operationCount++;
    words.push(kind, features.length / 3, parent * levelBytes, own * levelBytes, keep, value, ...features);
  };
  const lay = (segment: Segment, parent: number, keep: number): void => {
    const features: number[] = [];
    for (const feature of segment.features) {
      const { record, table } = stateTable(feature, rule, vectors, columns, columnOffsets, arena);
      features.push((firstRecord + records.length) * offsetBytes, table, sumOffsetOf(feature.of.feature));
      records.push(record);
    }
    if (segment.leaf !== undefined) {
      operation(OPERATION.leaf, parent, 0, keep, arena.doubles([leafValueAt(segment.leaf)]), features);
      return;
    }
    const own = parent + 1;
    levels = Math.max(levels, own + 1);
    operation(OPERATION.down, parent, own, KEEP.drop, 0, features);
    segment.children.forEach((child, i) => lay(child, own, i === 0 ? KEEP.store : KEEP.add));
    operation(OPERATION.up, parent, own, keep, 0, features);
  };
  lay(root, 0, KEEP.drop);
  const weights = new Float64Array(vectors * 2);
  weights.set(rule.weights);
  return { vectors, records, operationCount, words, weights: arena.doubles(weights), levels };
}

/**
 * Per state (met before + met after) and node t: the ratio of the feature's new factor to its old one, and the
 * difference of (o − z) / factor between the two. A factor is t·o + (1 − t)·z.
 */
function stateTable(
  segment: SegmentFeature,
  rule: QuadratureRule,
  vectors: number,
  columns: Columns,
  columnOffsets: ArrayLike<number>,
  arena: Arena,
): { record: readonly number[]; table: number } {
  const { of: feature, metBefore, metAfter, ratioBefore, ratioAfter } = segment;
  const stateOf = (atom: number): number => metBefore[atom]! + metAfter[atom]!;
  const cells = cellMap(feature.atomCount, (atom) => String(stateOf(atom)));
  const stateBytes = vectors * 32;
  const record = indexRecord(
    [{ feature, cells, stride: 1, half: 'low' }],
    { low: stateBytes, high: 0 },
    columns,
    columnOffsets,
  );
  const table = new Float64Array((stateBytes / 8) * cells.count);
  for (let atom = 0; atom < feature.atomCount; atom++) {
    const down = (cells.cellOf[atom]! * stateBytes) / 8;
    const up = down + vectors * 2;
    const state = stateOf(atom);
    for (let q = 0; q < rule.nodes.length; q++) {
      const t = rule.nodes[q]!;
      const s = 1 - t;
      const before = t + s * ratioBefore;
      const after = t + s * ratioAfter;
      const known = (1 - ratioBefore) / before;
      if (state === 2) {
        table[down + q] = after / before;
        table[up + q] = (1 - ratioAfter) / after - known;
      } else if (state === 1) {
        table[down + q] = (s * ratioAfter) / before;
        table[up + q] = -1 / s - known;
      } else {
        table[down + q] = ratioBefore === 0 ? 0 : ratioAfter / ratioBefore;
      }
    }
  }
  return { record, table: arena.doubles(table) };
}

export function sumOffset(pairing: Pairing, feature: number, blockRows: number): number {
  const slot = pairing.slotOf[feature]!;
  return (slot >> 1) * blockRows * 16 + (slot & 1) * 8;
}
