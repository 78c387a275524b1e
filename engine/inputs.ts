import { EngineError } from './errors.ts';
import { pandasCategories } from './model/features.ts';
import type { Model, ModelFeature } from './model/model.ts';
import { columnSource, rowSource, type RowSource } from './rows.ts';

/** A value of a row: null and undefined are missing, as NaN is. Text only where the model knows the column's categories. */
export type Cell = number | bigint | boolean | string | null | undefined;
type NumberArray =
  | Float64Array
  | Float32Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;
/** A column that hands its values out one by one, as Apache Arrow's vectors do. */
type Vector = { readonly length: number; get(index: number): unknown };

/**
 * Rows: all values in one `Float64Array` or `Float32Array`, row-major; or an array with a row an element, each an array in
 * the order of the model's features or an object by their names.
 */
export type Rows =
  | Float64Array
  | Float32Array
  | readonly (ArrayLike<Cell> | Readonly<Record<string, Cell>>)[];
export type Column = NumberArray | readonly Cell[] | Vector;
/** Columns: one a feature in the model's order, or by name. */
export type ColumnsInput = readonly Column[] | Readonly<Record<string, Column>>;

const TYPED = [
  Float64Array,
  Float32Array,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
] as const;

/** Judges rows and columns, and turns them into what scorers read. Every refusal is an EngineError invalid_argument. */
export class InputReader {
  readonly #model: Model;
  readonly #features: () => readonly ModelFeature[];
  #byName: ReadonlyMap<string, number> | undefined;
  #labels: ReadonlyMap<number, ReadonlyMap<string, number>> | undefined;

  constructor(model: Model, features: () => readonly ModelFeature[]) {
    this.#model = model;
    this.#features = features;
  }

  rows(input: Rows): RowSource {
    const { featureCount } = this.#model;
    if (input instanceof Float64Array) return this.#gathered(rowSource(input, featureCount));
    if (input instanceof Float32Array) {
      return this.#gathered(rowSource(Float64Array.from(input), featureCount));
    }
    if (!Array.isArray(input)) throw refused(`rows are ${kindOf(input)}; ${ROWS_ARE}`);
    const { inputCount } = this.#model;
    const values = new Float64Array(input.length * inputCount);
    for (let row = 0; row < input.length; row++) {
      this.#row(input[row], row, values.subarray(row * inputCount, (row + 1) * inputCount));
    }
    return { layout: 'rows', values, rowCount: input.length };
  }

  columns(input: ColumnsInput): RowSource {
    const { featureCount, inputCount, used } = this.#model;
    if (Array.isArray(input)) {
      const columns = input.map((column, feature) => this.#column(column as Column, feature));
      const source = columnSource(columns, featureCount);
      return used === undefined
        ? source
        : {
            layout: 'columns',
            columns: Array.from(used, (feature) => columns[feature]!),
            rowCount: source.rowCount,
          };
    }
    if (typeof input !== 'object' || input === null || ArrayBuffer.isView(input)) {
      throw refused(`columns are ${kindOf(input)}, not an array or an object of columns`);
    }
    const entries = Object.entries(input).map(([name, column]) => [this.#featureOf(name), column] as const);
    const length = lengthOf(entries[0]?.[1]);
    const missing = new Float64Array(length).fill(Number.NaN);
    const columns = Array.from<unknown, Float64Array>({ length: inputCount }, () => missing);
    for (const [feature, column] of entries) {
      const values = this.#column(column, feature);
      if (values.length !== length) {
        throw refused(`column ${this.#nameOf(feature)} holds ${values.length} rows, others ${length}`);
      }
      const place = this.#inputPlace(feature);
      if (place >= 0) columns[place] = values;
    }
    if (entries.length === 0) throw refused('no column is given');
    return { layout: 'columns', columns, rowCount: length };
  }

  #row(row: unknown, number: number, out: Float64Array): void {
    if (Array.isArray(row) || TYPED.some((kind) => row instanceof kind && kind !== Uint8Array)) {
      const cells = row as ArrayLike<Cell>;
      const { featureCount, used } = this.#model;
      if (cells.length !== featureCount) {
        throw refused(`row ${number} holds ${cells.length} values, ${featureCount} are needed`);
      }
      for (let place = 0; place < out.length; place++) {
        const feature = used?.[place] ?? place;
        out[place] = this.#cell(cells[feature], feature, number);
      }
      return;
    }
    if (typeof row !== 'object' || row === null || ArrayBuffer.isView(row)) {
      throw refused(`row ${number} is ${kindOf(row)}; ${ROWS_ARE}`);
    }
    out.fill(Number.NaN);
    for (const [name, cell] of Object.entries(row)) {
      const feature = this.#featureOf(name);
      const value = this.#cell(cell as Cell, feature, number);
      const place = this.#inputPlace(feature);
      if (place >= 0) out[place] = value;
    }
  }

  #column(column: Column, place: number): Float64Array {
    if (column instanceof Float64Array) return column;
    if (isBuffer(column)) throw refused(`column ${this.#nameOf(place)} is a Buffer, not an array of numbers`);
    const length = lengthOf(column);
    const values = new Float64Array(length);
    if (ArrayBuffer.isView(column) || Array.isArray(column)) {
      const cells = column as ArrayLike<Cell>;
      for (let row = 0; row < length; row++) values[row] = this.#cell(cells[row], place, row);
    } else {
      const vector = column as Vector;
      for (let row = 0; row < length; row++) values[row] = this.#cell(vector.get(row) as Cell, place, row);
    }
    return values;
  }

  #cell(cell: Cell, place: number, row: number): number {
    if (typeof cell === 'number') return cell;
    if (cell === null || cell === undefined) return Number.NaN;
    if (typeof cell === 'boolean') return this.#label(place, String(cell)) ?? Number(cell);
    if (typeof cell === 'bigint') return Number(cell);
    if (typeof cell === 'string') {
      const labels = this.#labelsOf(place);
      // As pandas does: a category that training did not know is missing.
      if (labels !== undefined) return labels.get(cell) ?? Number.NaN;
    }
    throw refused(
      `row ${row} holds ${kindOf(cell)} for ${this.#nameOf(place)}, which is no number and no known category`,
    );
  }

  #label(place: number, text: string): number | undefined {
    return this.#labelsOf(place)?.get(text);
  }

  /** Codes by category text, where the file keeps as many lists as it has categorical features. */
  #labelsOf(place: number): ReadonlyMap<string, number> | undefined {
    if (this.#labels === undefined) {
      const lists = pandasCategories(this.#model.pandasText) ?? [];
      const categorical = lists.length === 0 ? [] : this.#features().filter(isCategorical);
      this.#labels = new Map(
        lists.length === categorical.length
          ? categorical.map(({ index }, at) => [
              index,
              new Map(lists[at]!.map((label, code) => [String(label), code])),
            ])
          : [],
      );
    }
    return this.#labels.get(place);
  }

  /** Where scorers see a feature; −1 where no tree asks for it. */
  #inputPlace(feature: number): number {
    const { used } = this.#model;
    if (used === undefined) return feature;
    let low = 0;
    let high = used.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (used[middle]! < feature) low = middle + 1;
      else high = middle;
    }
    return used[low] === feature ? low : -1;
  }

  /** The columns of the features that trees ask for, where most are not. */
  #gathered(source: RowSource): RowSource {
    const { used, featureCount } = this.#model;
    if (used === undefined || source.layout !== 'rows') return source;
    const { values, rowCount } = source;
    const columns = Array.from(used, (feature) => {
      const column = new Float64Array(rowCount);
      for (let row = 0; row < rowCount; row++) column[row] = values[row * featureCount + feature]!;
      return column;
    });
    return { layout: 'columns', columns, rowCount };
  }

  #featureOf(name: string): number {
    this.#byName ??= new Map(this.#features().map((feature) => [feature.name, feature.index]));
    const feature = this.#byName.get(name);
    if (feature === undefined) throw refused(`the model has no feature "${name.slice(0, 80)}"`);
    return feature;
  }

  #nameOf(place: number): string {
    return this.#features()[place]?.name ?? String(place);
  }
}

const ROWS_ARE =
  'rows are a Float64Array of all values, or an array of rows, each an array of numbers or an object by feature names';

function isCategorical({ kind }: ModelFeature): boolean {
  return kind === 'categorical';
}

/** Whether bytes come as Node's Buffer, which holds numbers of a byte whatever it was made of. */
function isBuffer(value: unknown): boolean {
  return value instanceof Uint8Array && Object.getPrototypeOf(value) !== Uint8Array.prototype;
}

function lengthOf(column: unknown): number {
  const known =
    Array.isArray(column) ||
    TYPED.some((kind) => column instanceof kind) ||
    (typeof column === 'object' && column !== null && typeof (column as Vector).get === 'function');
  const length = known ? (column as ArrayLike<unknown>).length : undefined;
  if (typeof length !== 'number' || !Number.isInteger(length) || length < 0) {
    throw refused(`a column is ${kindOf(column)}, not an array of numbers`);
  }
  return length;
}

/** The kind of a value for messages, never the value. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  const name: unknown = (value as { constructor?: { name?: unknown } }).constructor?.name;
  return typeof name === 'string' && name !== '' ? `a ${name.slice(0, 40)}` : 'an object';
}

function refused(message: string): EngineError {
  return new EngineError('invalid_argument', message);
}
