import type { RowSource } from './rows.ts';

/** Iterations `start … end`, the end left out. */
export type IterationRange = { readonly start: number; readonly end: number };

/**
 * What computes a model's sums. Every scorer gives the same bits: each output's trees are added in the
 * order of the file, in double precision.
 */
export type Scorer = {
  /** How trees are evaluated; `mixed` where some of them take the reference path. */
  readonly name: 'reference' | 'fast' | 'mixed';
  /** Writes sums, `rowCount × outputCount` row-major, not averaged and not transformed. */
  score(source: RowSource, iterations: IterationRange, out: Float64Array): void;
  /** Writes exit leaves, `rowCount × trees of the range` row-major. */
  leaves(source: RowSource, iterations: IterationRange, out: Int32Array): void;
};
