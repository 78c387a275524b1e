import { FieldFault } from './patient-input.ts';
import { radetKey, type RadetRow } from './radet.ts';

/** A patient's rows, with the line of the first. */
export interface JoinedRows {
  readonly line: number;
  readonly rows: RadetRow[];
}

const DEFAULT_MAX_ROWS = 2_000_000;

/**
 * Joins the rows of stacked snapshots by DatimId and Unique Id, wherever in the file they stand. Holds all rows
 * (about 300 bytes each) until they are asked for; more than `maxRows` are refused with `FieldFault`.
 */
export class RadetJoin {
  readonly #maxRows: number;
  readonly #patients = new Map<string, JoinedRows>();
  #rows = 0;

  constructor(maxRows: number = DEFAULT_MAX_ROWS) {
    this.#maxRows = maxRows;
  }

  add(row: RadetRow, line: number): void {
    if (++this.#rows > this.#maxRows)
      throw new FieldFault('', 'bad_value', `more than ${this.#maxRows} rows of stacked snapshots`);
    const key = radetKey(row);
    const joined = this.#patients.get(key);
    if (joined) joined.rows.push(row);
    else this.#patients.set(key, { line, rows: [row] });
  }

  /** The patients in the order in which they first appeared. */
  patients(): IterableIterator<JoinedRows> {
    return this.#patients.values();
  }
}
