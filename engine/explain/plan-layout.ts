import type { Model } from '../model/model.ts';
import { align, type Arena } from './arena.ts';
import type { Column, Columns } from './columns.ts';
import type { Pairing } from './pairing.ts';
import { QUADRATURE_ROWS, type QuadratureProgram, sumOffset } from './quadrature-program.ts';

/** Rows, and answers, of one crossing into WASM. */
const CROSSING_BYTES = 1 << 23;

/** What a call needs of the memory, as offsets from the start of its scratch. */
export type ScratchLayout = {
  readonly bytes: number;
  /** Rows that cross into WASM together. */
  readonly rowCount: number;
  readonly rows: number;
  readonly bias: number;
  readonly out: number;
  readonly outBytes: number;
};

export function placeColumns(
  columns: readonly Column[],
  blockRows: number,
): { columnOffsets: number[]; columnBytes: number } {
  let end = 0;
  const columnOffsets = columns.map((column) => {
    const offset = end;
    const wide = column.kind === 'code' || (column.kind === 'rank' && column.wide);
    end += blockRows * (wide ? 2 : 1);
    return offset;
  });
  return { columnOffsets, columnBytes: end };
}

export function rankWords(
  columns: Columns,
  columnOffsets: ArrayLike<number>,
  arena: Arena,
): { count: number; words: number[] } {
  const byFeature = new Map<number, number[]>();
  columns.list.forEach((column, number) => {
    if (column.kind !== 'rank') return;
    const outputs = [column.mode, columnOffsets[number]!, column.wide ? 1 : 0];
    const known = byFeature.get(column.feature);
    if (known === undefined) byFeature.set(column.feature, outputs);
    else known.push(...outputs);
  });
  const words: number[] = [];
  for (const [feature, outputs] of byFeature) {
    const thresholds = columns.thresholds.get(feature) ?? new Float64Array(0);
    let width = 0;
    while (width * 2 - 1 < thresholds.length) width = width === 0 ? 1 : width * 2;
    const padded = new Float64Array(Math.max(0, width * 2 - 1)).fill(Number.POSITIVE_INFINITY);
    padded.set(thresholds);
    words.push(feature, arena.doubles(padded), width, thresholds.length, columns.rankOf(feature, 0));
    words.push(outputs.length / 3, ...outputs);
  }
  return { count: byFeature.size, words };
}

export function codeWords(
  columns: Columns,
  columnOffsets: ArrayLike<number>,
): { count: number; words: number[] } {
  const words: number[] = [];
  columns.list.forEach((column, number) => {
    if (column.kind === 'code') words.push(column.feature, column.limit, columnOffsets[number]!);
  });
  return { count: words.length / 3, words };
}

export function slotWords(pairing: Pairing, blockRows: number): { count: number; words: number[] } {
  const words: number[] = [];
  pairing.slotOf.forEach((slot, feature) => {
    if (slot >= 0) words.push(feature, sumOffset(pairing, feature, blockRows));
  });
  return { count: words.length / 2, words };
}

/** A scratch: the kernel's workspace, then rows, expected values and answers on their way across. */
export function scratchLayout(model: Model, workspaceBytes: number, spanRows: number): ScratchLayout {
  const rowBytes = model.inputCount * 8;
  const answerBytes = model.outputCount * (model.inputCount + 1) * 8;
  const rowCount = Math.max(
    1,
    Math.min(spanRows, Math.floor(CROSSING_BYTES / Math.max(rowBytes, answerBytes))),
  );
  const rows = align(workspaceBytes);
  const bias = rows + align(rowCount * rowBytes);
  const out = bias + align(model.outputCount * 8);
  // The reasons of one row may be as many as its features.
  const outBytes = align(Math.max(rowCount * answerBytes, model.inputCount * 12));
  return { bytes: out + outBytes, rowCount, rows, bias, out, outBytes };
}

/** Offsets of a workspace's parts, in the header's order, and its size. */
export function workspaceLayout(
  trees: readonly { readonly runs: readonly unknown[]; readonly quadrature: QuadratureProgram | undefined }[],
  pairBytes: number,
  blockRows: number,
  spanRows: number,
  columnBytes: number,
): { offsets: number[]; bytes: number } {
  const blocks = spanRows / blockRows;
  let records = 0;
  let products = 0;
  for (const { runs, quadrature } of trees) {
    records = Math.max(records, runs.length + (quadrature?.records.length ?? 0));
    if (quadrature === undefined) continue;
    products = Math.max(products, quadrature.levels * quadrature.vectors * QUADRATURE_ROWS * 16);
  }
  const offsets: number[] = [];
  let end = 0;
  for (const bytes of [
    blockRows * 10,
    columnBytes * blocks,
    records * blockRows * 2,
    pairBytes * spanRows,
    products,
    products,
  ]) {
    offsets.push(end);
    end = align(end + bytes);
  }
  return { offsets, bytes: end };
}
