import type { Tree } from './tree.ts';

/** How raw scores become predictions, with the parameters that the objective line carries. */
export type Objective =
  | { readonly kind: 'identity'; readonly name: string }
  | { readonly kind: 'signed_square'; readonly name: string }
  | { readonly kind: 'exp'; readonly name: string }
  | { readonly kind: 'sigmoid'; readonly name: string; readonly sigmoid: number }
  | { readonly kind: 'softmax'; readonly name: string }
  | { readonly kind: 'log1p_exp'; readonly name: string };

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

/** A parsed LightGBM text model: plain data, nothing prepared for speed. */
export type Model = {
  readonly version: 'v2' | 'v3' | 'v4';
  readonly trees: readonly Tree[];
  readonly featureCount: number;
  readonly features: readonly ModelFeature[];
  /** Outputs a row: num_class. */
  readonly outputCount: number;
  /** Trees an iteration; equals outputCount. Tree `t` adds to output `t % treesPerIteration`. */
  readonly treesPerIteration: number;
  readonly iterationCount: number;
  /** Random forests: predictions (not raw scores) are divided by the number of iterations used. */
  readonly averageOutput: boolean;
  readonly objective: Objective;
};
