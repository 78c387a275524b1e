import { EngineError } from './errors.ts';

/**
 * Rows to be scored, by whichever way they lie in memory:
 * row-major (`rows × features` in one array) or a column a feature.
 */
export type RowSource =
  | { readonly layout: 'rows'; readonly values: Float64Array; readonly rowCount: number }
  | { readonly layout: 'columns'; readonly columns: readonly Float64Array[]; readonly rowCount: number };

/** @throws EngineError invalid_argument where the length is no multiple of the model's features */
export function rowSource(values: Float64Array, featureCount: number): RowSource {
  if (values.length % featureCount !== 0) {
    throw new EngineError(
      'invalid_argument',
      `${values.length} values are no whole rows of ${featureCount} features`,
    );
  }
  return { layout: 'rows', values, rowCount: values.length / featureCount };
}

/** @throws EngineError invalid_argument where columns are missing, surplus or of unequal length */
export function columnSource(columns: readonly Float64Array[], featureCount: number): RowSource {
  if (columns.length !== featureCount) {
    throw new EngineError('invalid_argument', `${columns.length} columns for ${featureCount} features`);
  }
  const rowCount = columns[0]!.length;
  const odd = columns.findIndex((column) => column.length !== rowCount);
  if (odd >= 0) {
    throw new EngineError(
      'invalid_argument',
      `column ${odd} holds ${columns[odd]!.length} rows, column 0 ${rowCount}`,
    );
  }
  return { layout: 'columns', columns, rowCount };
}

/** Rows `first … first + count` of a source, without a copy. */
export function sliceSource(source: RowSource, first: number, count: number): RowSource {
  if (source.layout === 'columns') {
    const columns = source.columns.map((column) => column.subarray(first, first + count));
    return { layout: 'columns', columns, rowCount: count };
  }
  const width = source.rowCount === 0 ? 0 : source.values.length / source.rowCount;
  return {
    layout: 'rows',
    values: source.values.subarray(first * width, (first + count) * width),
    rowCount: count,
  };
}

/** The source in row-major order; columns are copied, rows are handed on as they are. */
export function asRows(source: RowSource): Float64Array {
  if (source.layout === 'rows') {
    return source.values;
  }
  const { columns, rowCount } = source;
  const featureCount = columns.length;
  const rows = new Float64Array(rowCount * featureCount);
  for (let feature = 0; feature < featureCount; feature++) {
    const column = columns[feature]!;
    for (let row = 0; row < rowCount; row++) {
      rows[row * featureCount + feature] = column[row]!;
    }
  }
  return rows;
}
