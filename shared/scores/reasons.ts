/**
 * As the engine gives them: rows × k, row-major, the largest contribution first; feature −1 where a row has fewer. `values` of the
 * features in the same order where they were read back; without it they are the rows' own.
 */
export type Reasons = {
  k: number;
  features: Int32Array;
  contributions: Float64Array;
  values?: Float64Array | undefined;
};
