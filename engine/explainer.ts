import type { RowSource } from './rows.ts';
import type { IterationRange } from './scorer.ts';

/** Which contributions count as reasons: the largest either way, those that raise the score, those that lower it. */
export type ReasonDirection = 'either' | 'raising' | 'lowering';

export type ReasonRequest = {
  readonly k: number;
  readonly output: number;
  readonly direction: ReasonDirection;
  readonly iterations: IterationRange;
};

/** `rowCount × k` each. */
export type ReasonArrays = { readonly features: Int32Array; readonly contributions: Float64Array };

/** What computes a model's contributions. Every explainer agrees within 1e-10 × max(1, |raw score|). */
export type Explainer = {
  /** `mixed` where some trees are explained by the reference. */
  readonly name: 'reference' | 'fast' | 'mixed';
  /** Writes `rowCount × outputCount × (featureCount + 1)`; the last of each output is the expected value. */
  contributions(source: RowSource, iterations: IterationRange, out: Float64Array): void;
  /**
   * Writes the `k` contributions of one output that count most, largest first; feature −1 and contribution 0
   * where fewer features contribute. Absent where the caller should select from `contributions`.
   */
  topReasons?(source: RowSource, request: ReasonRequest, out: ReasonArrays): void;
};
