import type { Histogram, ReferenceRows } from '#shared/models/manifest.ts';
import type { Matrix } from './init-model.ts';

const QUANTILES = [0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98];
const REFERENCE_ROWS = 5_000;

/** Bins at tenths and in the tails, with edges halfway between neighbouring values. */
export function histogramOf(values: Float64Array): Histogram {
  const known = values.filter((value) => !Number.isNaN(value)).toSorted();
  const edges: number[] = [];
  for (const quantile of QUANTILES) {
    const at = Math.min(known.length - 1, Math.floor(quantile * known.length));
    const next = known.subarray(at).find((value) => value > known[at]!);
    if (next === undefined) continue;
    const edge = (known[at]! + next) / 2;
    if (edge > (edges.at(-1) ?? -Infinity)) edges.push(edge);
  }
  const counts = Array.from({ length: edges.length + 1 }, () => 0);
  for (const value of known) counts[binOf(edges, value)]!++;
  return { edges, counts, missing: values.length - known.length };
}

/** Rows of the sample, taken evenly, as bins alone. The histograms are those of the features, then of the score. */
export function referenceOf(
  histograms: readonly Histogram[],
  matrix: Matrix,
  scores: Float64Array,
  names: readonly string[],
): ReferenceRows {
  const columns = [...names.map((_, feature) => matrix.column(feature)), scores];
  const step = Math.ceil(matrix.rowCount / REFERENCE_ROWS);
  const rows: string[] = [];
  for (let row = 0; row < matrix.rowCount; row += step) {
    rows.push(
      histograms
        .map(({ edges }, column) => {
          const value = columns[column]![row]!;
          return (Number.isNaN(value) ? edges.length + 1 : binOf(edges, value)).toString(36);
        })
        .join(''),
    );
  }
  return { columns: [...names, 'score:table'], rows };
}

function binOf(edges: readonly number[], value: number): number {
  const at = edges.findIndex((edge) => value <= edge);
  return at < 0 ? edges.length : at;
}
