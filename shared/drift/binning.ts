import type { Histogram, ManifestFeature, ModelManifest } from '#shared/models/manifest.ts';

type ColumnBinning = {
  name: string;
  /** Column in the model; -1 for the score. */
  column: number;
  edges: Float64Array;
  /** First of its `edges.length + 2` counts: the bins ascending, then the missing ones. */
  offset: number;
  /** Bin of each integer from `tableStart` on: most columns are small integers, and a table needs no search. */
  table: Uint8Array;
  tableStart: number;
};

/** A manifest's histograms, ready to count by. */
export type Binning = {
  features: readonly ColumnBinning[];
  score: ColumnBinning;
  /** Length of a count array. */
  size: number;
  /** What the model was trained on, in the same layout. */
  expected: Float64Array;
};

/** What counting needs of a manifest. */
export type DriftBaseline = {
  drift: ModelManifest['drift'];
  features: readonly Pick<ManifestFeature, 'name' | 'index'>[];
};

/** That part of a manifest alone: small enough to send to a thread with every chunk. */
export function driftBaseline(manifest: ModelManifest): DriftBaseline {
  return { drift: manifest.drift, features: manifest.features.map(({ name, index }) => ({ name, index })) };
}

const TABLE_LIMIT = 4_096;

/** Prepares counting by the histograms of `manifest.drift`. A feature of more than 254 edges is refused with a RangeError. */
export function binningOf(manifest: DriftBaseline): Binning {
  const columns = new Map(manifest.features.map((feature) => [feature.name, feature.index]));
  let offset = 0;
  const expected: number[] = [];
  const prepare = (name: string, column: number, histogram: Histogram): ColumnBinning => {
    if (histogram.edges.length > 254) throw new RangeError(`${name} has more than 254 edges`);
    const binning = { name, column, offset, ...integerTable(histogram.edges) };
    offset += histogram.edges.length + 2;
    expected.push(...histogram.counts, histogram.missing);
    return { ...binning, edges: Float64Array.from(histogram.edges) };
  };
  const features = Object.entries(manifest.drift.features)
    .map(([name, histogram]) => ({ name, histogram, column: columns.get(name) ?? -1 }))
    .filter(({ column }) => column >= 0)
    .toSorted((a, b) => a.column - b.column)
    .map(({ name, column, histogram }) => prepare(name, column, histogram));
  const score = prepare('score', -1, manifest.drift.score);
  return { features, score, size: offset, expected: Float64Array.from(expected) };
}

/**
 * Counts the rows of a chunk by bin.
 *
 * `columns` is one array a model feature, `risks` the predicted risks, both at least `rowCount` long; `stride` 4 counts
 * every fourth row. The result has
 * `binning.size` counts and is what `chunk_histograms.counts` stores, little-endian.
 */
export function countHistograms(
  binning: Binning,
  columns: readonly Float64Array[],
  risks: Float64Array,
  rowCount: number,
  stride = 1,
): Int32Array {
  const counts = new Int32Array(binning.size);
  for (const feature of binning.features) {
    const values = columns[feature.column];
    if (values !== undefined) countColumn(feature, values, rowCount, stride, counts);
  }
  countColumn(binning.score, risks, rowCount, stride, counts);
  return counts;
}

const ROWS_A_CHUNK = 2_500;

/**
 * Every how many rows of a chunk to count: all of a small one, 2,500 or more of a large one. Of 10,000 rows that costs
 * 0.7 ms in place of 3, and ten chunks still tell a shift of a hundredth of the threshold from noise.
 */
export function countingStride(rowCount: number): number {
  return Math.max(1, Math.floor(rowCount / ROWS_A_CHUNK));
}

function countColumn(
  column: ColumnBinning,
  values: Float64Array,
  rowCount: number,
  stride: number,
  counts: Int32Array,
): void {
  const { edges, offset, table, tableStart } = column;
  const missing = offset + edges.length + 1;
  const tableLength = table.length;
  for (let row = 0; row < rowCount; row += stride) {
    const value = values[row]!;
    const whole = value | 0;
    const place = whole - tableStart;
    if (whole === value && place >= 0 && place < tableLength) counts[offset + table[place]!]!++;
    else if (value !== value) counts[missing]!++;
    else counts[offset + binOf(edges, value)]!++;
  }
}

/** Index of the bin `(edges[i - 1], edges[i]]` that holds `value`. */
function binOf(edges: Float64Array, value: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value <= edges[middle]!) high = middle;
    else low = middle + 1;
  }
  return low;
}

function integerTable(edges: readonly number[]): Pick<ColumnBinning, 'table' | 'tableStart'> {
  const first = Math.floor(edges[0] ?? 0) - 1;
  const last = Math.ceil(edges.at(-1) ?? 0) + 256;
  if (!(last - first < TABLE_LIMIT) || Math.abs(first) > 2 ** 30)
    return { table: new Uint8Array(0), tableStart: 0 };
  const sorted = Float64Array.from(edges);
  return {
    table: Uint8Array.from({ length: last - first + 1 }, (_, place) => binOf(sorted, first + place)),
    tableStart: first,
  };
}

/** Adds `counts` to `total`; arrays of one layout. */
export function addCounts(total: Float64Array, counts: ArrayLike<number>): void {
  for (let i = 0; i < total.length; i++) total[i] = total[i]! + (counts[i] ?? 0);
}

export function countsToBytes(counts: Int32Array | Float64Array): Buffer {
  return Buffer.from(counts.buffer, counts.byteOffset, counts.byteLength);
}

/** Counts of one chunk as stored; undefined where the length is not the binning's. */
export function chunkCountsFromBytes(bytes: Uint8Array, size: number): Int32Array | undefined {
  if (bytes.byteLength !== size * 4) return undefined;
  return new Int32Array(Uint8Array.from(bytes).buffer);
}

/** Counts of a whole job as stored (float64, exact beyond 2^31); undefined where the length is not the binning's. */
export function jobCountsFromBytes(bytes: Uint8Array, size: number): Float64Array | undefined {
  if (bytes.byteLength !== size * 8) return undefined;
  return new Float64Array(Uint8Array.from(bytes).buffer);
}
