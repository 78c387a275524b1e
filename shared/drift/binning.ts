import type { Histogram, ManifestFeature, ModelManifest } from '#shared/models/manifest.ts';

type ColumnBinning = {
  name: string;
  /** Column in the model; -1 for the score. */
  column: number;
  edges: Float64Array;
  /** Of a check: the columns that are added up, with their factors. */
  terms: readonly (readonly [column: number, factor: number])[];
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
  /** Of whom nothing is known of the facility's past: counted, since the score rests on it, and not judged. */
  facility: ColumnBinning | undefined;
  /** Length of a count array. */
  size: number;
  /** What the model was trained on, in the same layout. */
  expected: Float64Array;
};

/** What counting needs of a manifest. */
export type DriftBaseline = {
  drift: Pick<ModelManifest['drift'], 'features' | 'score' | 'checks'>;
  features: readonly Pick<ManifestFeature, 'name' | 'index'>[];
  facility_effect?: { feature: string } | undefined;
};

/** That part of a manifest alone: small enough to send to a thread with every chunk. */
export function driftBaseline(manifest: ModelManifest): DriftBaseline {
  const { drift, features, facility_effect: effect } = manifest;
  return {
    drift: {
      features: drift.features,
      score: drift.score,
      ...(drift.checks === undefined ? {} : { checks: drift.checks }),
    },
    features: features.map(({ name, index }) => ({ name, index })),
    ...(effect === undefined ? {} : { facility_effect: { feature: effect.feature } }),
  };
}

const TABLE_LIMIT = 4_096;

/** Prepares counting by the histograms of `manifest.drift`. A feature of more than 254 edges is refused with a RangeError. */
export function binningOf(manifest: DriftBaseline): Binning {
  const columns = new Map(manifest.features.map((feature) => [feature.name, feature.index]));
  let offset = 0;
  const expected: number[] = [];
  const prepare = (
    name: string,
    column: number,
    histogram: Histogram,
    terms: ColumnBinning['terms'] = [],
  ): ColumnBinning => {
    if (histogram.edges.length > 254) throw new RangeError(`${name} has more than 254 edges`);
    const binning = { name, column, terms, offset, ...integerTable(histogram.edges) };
    offset += histogram.edges.length + 2;
    expected.push(...histogram.counts, histogram.missing);
    return { ...binning, edges: Float64Array.from(histogram.edges) };
  };
  const features = Object.entries(manifest.drift.features)
    .map(([name, histogram]) => ({ name, histogram, column: columns.get(name) ?? -1 }))
    .filter(({ column }) => column >= 0)
    .toSorted((a, b) => a.column - b.column)
    .map(({ name, column, histogram }) => prepare(name, column, histogram));
  for (const [name, factors] of Object.entries(manifest.drift.checks ?? {})) {
    const histogram = manifest.drift.features[name];
    const terms = Object.entries(factors).map(
      ([feature, factor]) => [columns.get(feature) ?? -1, factor] as const,
    );
    if (histogram !== undefined) features.push(prepare(name, -1, histogram, terms));
  }
  const score = prepare('score', -1, manifest.drift.score);
  const facilityFeature = manifest.facility_effect?.feature ?? '';
  const facility = columns.has(facilityFeature)
    ? prepare(facilityFeature, columns.get(facilityFeature)!, { edges: [], counts: [0], missing: 0 })
    : undefined;
  return { features, score, facility, size: offset, expected: Float64Array.from(expected) };
}

/**
 * Counts rows of a chunk by bin, each into the counts of its own group: `groups[row]` is the group's number, below
 * `groupCount`, or negative for a row that is not counted. `columns` is one array a model feature, `risks` the predicted
 * risks. The answer holds `binning.size` counts a group.
 */
export function countByGroup(
  binning: Binning,
  columns: readonly Float64Array[],
  risks: Float64Array,
  groups: Int32Array,
  groupCount: number,
): Int32Array {
  const counts = new Int32Array(binning.size * groupCount);
  const bases = groups.map((group) => (group < 0 ? -1 : group * binning.size));
  for (const feature of [
    ...binning.features,
    ...(binning.facility === undefined ? [] : [binning.facility]),
  ]) {
    const values = feature.terms.length === 0 ? columns[feature.column] : sumOf(feature.terms, columns);
    if (values !== undefined) countColumn(feature, values, bases, counts);
  }
  countColumn(binning.score, risks, bases, counts);
  return counts;
}

function sumOf(terms: ColumnBinning['terms'], columns: readonly Float64Array[]): Float64Array {
  const sum = new Float64Array(columns[0]?.length ?? 0);
  for (const [column, factor] of terms)
    for (const [row, value] of (columns[column] ?? []).entries()) sum[row]! += factor * value;
  return sum;
}

function countColumn(
  column: ColumnBinning,
  values: Float64Array,
  bases: Int32Array,
  counts: Int32Array,
): void {
  const { edges, offset, table, tableStart } = column;
  const missing = offset + edges.length + 1;
  const tableLength = table.length;
  for (let row = 0; row < bases.length; row++) {
    const base = bases[row]!;
    if (base < 0) continue;
    const value = values[row]!;
    const whole = value | 0;
    const place = whole - tableStart;
    if (whole === value && place >= 0 && place < tableLength) counts[base + offset + table[place]!]!++;
    else if (value !== value) counts[base + missing]!++;
    else counts[base + offset + binOf(edges, value)]!++;
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
