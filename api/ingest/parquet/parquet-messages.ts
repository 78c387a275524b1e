import type { ErrorCode } from '#shared/errors/errors.ts';
import type { ParquetLimits } from './limits.ts';

/** What a column holds, as far as a cohort is concerned; `unreadable` with the reason as a predicate. */
export type ColumnShape = { holds: 'numbers' | 'texts' | 'days' } | { holds: 'unreadable'; why: string };
export type ParquetColumn = { name: string } & ColumnShape;

/** A column to read, by its place among the file's, as numbers (NaN where missing) or as texts. */
export type WantedColumn = { index: number; as: 'number' | 'text' };

/** Texts of a column, one after the other; text n ends at `ends[n]`. Empty where missing. */
export type TextColumn = { bytes: Uint8Array<ArrayBuffer>; ends: Uint32Array<ArrayBuffer> };

/**
 * Rows on their way from the reading thread. `numbers` has the columns wanted as numbers, in the order in which they were
 * asked for, one after the other; `texts` the others.
 */
export type ParquetBatch = {
  /** Of the file, from 0. */
  firstRow: number;
  rowCount: number;
  numbers: Float64Array<ArrayBuffer>;
  texts: TextColumn[];
};

export type ParquetInput = {
  /** Of the whole file, open for reading until the thread has ended. */
  fileDescriptor: number;
  fileBytes: number;
  limits: ParquetLimits;
};

/** The thread tells of the columns and waits for `read`; it then sends rows, at most as many batches as it has credit for. */
export type FromParquet =
  | { kind: 'columns'; columns: ParquetColumn[] }
  | { kind: 'rows'; batch: ParquetBatch }
  | { kind: 'done' }
  | {
      kind: 'failed';
      code: ErrorCode;
      message: string;
      field: string | undefined;
      stack: string | undefined;
    };

export type ToParquet = { kind: 'read'; columns: WantedColumn[] } | { kind: 'credit' };

export const BATCHES_AHEAD = 2;
