import type { RowSource } from './rows.ts';
import type { IterationRange } from './scorer.ts';

/** What computes a model's contributions. Every explainer agrees within 1e-10 × max(1, |raw score|). */
export type Explainer = {
  readonly name: string;
  /** Writes `rowCount × outputCount × (featureCount + 1)`; the last of each output is the expected value. */
  contributions(source: RowSource, iterations: IterationRange, out: Float64Array): void;
  /**
   * Writes the `k` contributions of one output that are largest in size, largest first, each `rowCount × k`.
   * Ties go to the lower feature index. Absent where the face should select from `contributions`.
   */
  topReasons?(
    source: RowSource,
    output: number,
    k: number,
    features: Int32Array,
    contributions: Float64Array,
    expected: Float64Array,
  ): void;
};
