import type { Tree } from './tree.ts';

/** How raw scores become predictions, with the parameters that the objective line carries. */
export type Objective = {
  readonly name: string;
  /** XGBoost works its transforms out in single precision. */
  readonly single?: boolean;
} & (
  | { readonly kind: 'identity' }
  | { readonly kind: 'signed_square' }
  | { readonly kind: 'exp' }
  | { readonly kind: 'sigmoid'; readonly sigmoid: number }
  | { readonly kind: 'softmax' }
  | { readonly kind: 'log1p_exp' }
  | { readonly kind: 'sign' }
);

/** A feature column of the model, in the order in which rows carry them. */
export type ModelFeature = {
  readonly index: number;
  readonly name: string;
  /** `unused`: the training data held one value only, no tree asks for it. */
  readonly kind: 'numerical' | 'categorical' | 'unused';
  /** Training range of a numerical feature. */
  readonly min: number | undefined;
  readonly max: number | undefined;
  /** Categories seen in training, as the file lists them. */
  readonly categories: readonly number[] | undefined;
};

/** What a file says of its features, kept as text: models of millions of features use a few. */
export type FeatureText = {
  /** Names between separators; undefined where the file has none (`f0`, `f1` …). */
  readonly names: string | undefined;
  readonly separator: ' ' | '\n';
  /** LightGBM's `feature_infos`, or what XGBoost calls feature types; a word a feature. */
  readonly infos: string | undefined;
};

/** A parsed model: plain data, nothing prepared for speed. */
export type Model = {
  readonly library: 'lightgbm' | 'xgboost';
  /** Of the file format; `none` where the file does not say. */
  readonly version: string;
  readonly trees: readonly Tree[];
  readonly featureCount: number;
  /**
   * Features that some tree asks for, ascending, where most are not: splits and linear terms then count in places of
   * this list. Undefined where they count in features.
   */
  readonly used: Int32Array | undefined;
  /** Length of `used`, or the number of features: values a row that scorers see. */
  readonly inputCount: number;
  readonly featureText: FeatureText;
  /** Outputs a row: num_class. */
  readonly outputCount: number;
  /** Trees an iteration; equals outputCount. Tree `t` adds to output `t % treesPerIteration`. */
  readonly treesPerIteration: number;
  readonly iterationCount: number;
  /** Iterations of ours in one of the library's: XGBoost grows `num_parallel_tree` trees an output and round. */
  readonly iterationSpan: number;
  /** Random forests: predictions (not raw scores) are divided by the number of iterations used. */
  readonly averageOutput: boolean;
  /** By output: where sums start. */
  readonly baseScores: readonly number[];
  /** Whether each addition is rounded to single precision, as XGBoost's are. */
  readonly singleSums: boolean;
  readonly objective: Objective;
  /** The JSON that pandas' categories were saved as. */
  readonly pandasText: string | undefined;
};
