import { EngineError } from './errors.ts';
import type { Explainer, ReasonDirection } from './explainer.ts';
import type { Model, ModelFeature } from './model/model.ts';
import { transformInPlace } from './objective/transform.ts';
import { expectedValue } from './reference/contributions.ts';
import { selectTop } from './reference/top.ts';
import { columnSource, rowSource, type RowSource } from './rows.ts';
import type { IterationRange, Scorer } from './scorer.ts';

/** Which iterations take part; LightGBM's own meaning. */
export type SliceOptions = {
  /** First iteration, default 0; beyond the end counts as the end. */
  readonly startIteration?: number;
  /** How many iterations, default and ≤ 0: all that are left. */
  readonly numIteration?: number;
};

export type PredictOptions = SliceOptions & {
  /** Raw scores (sums of leaf values) instead of predictions. Default false. */
  readonly raw?: boolean;
  /** Where to write, at least `rowCount × outputCount` long; made anew by default. */
  readonly out?: Float64Array;
};

export type TopReasonsOptions = {
  /** Reasons a row, 1 … featureCount. Default 3. */
  readonly k?: number;
  /** Which output is explained. Default 0. */
  readonly output?: number;
  /** Default `either`. */
  readonly direction?: ReasonDirection;
};

/** The features that moved a row's raw score most, for `rowCount` rows. */
export type TopReasons = {
  readonly k: number;
  /** `rowCount × k`, row-major, largest first; feature indices, −1 where fewer features contribute. */
  readonly features: Int32Array;
  /** `rowCount × k`, in raw score units (log-odds for a binary model); 0 where features hold −1. */
  readonly contributions: Float64Array;
};

export type ModelParts = {
  readonly model: Model;
  readonly scorer: Scorer;
  /** Made on first use. Throws where the model has no contributions. */
  readonly explainer: () => Explainer;
};

/** A LightGBM model, ready to score. Rows carry `features.length` doubles each; NaN is missing. */
export class LightGbmModel {
  readonly features: readonly ModelFeature[];
  readonly featureCount: number;
  readonly outputCount: number;
  readonly iterationCount: number;
  readonly treeCount: number;
  readonly version: string;
  /** LightGBM's name of the objective, `none` where the file has none. */
  readonly objective: string;
  /** How trees are evaluated. */
  readonly scorerName: Scorer['name'];
  readonly #model: Model;
  readonly #scorer: Scorer;
  readonly #makeExplainer: () => Explainer;
  #explainer: Explainer | undefined;

  constructor(parts: ModelParts) {
    const { model } = parts;
    this.features = model.features;
    this.featureCount = model.featureCount;
    this.outputCount = model.outputCount;
    this.iterationCount = model.iterationCount;
    this.treeCount = model.trees.length;
    this.version = model.version;
    this.objective = model.objective.name;
    this.scorerName = parts.scorer.name;
    this.#model = model;
    this.#scorer = parts.scorer;
    this.#makeExplainer = parts.explainer;
  }

  /** How contributions are computed. @throws EngineError contributions_unavailable */
  get explainerName(): string {
    return this.#explain().name;
  }

  /**
   * Predictions, or raw scores equal to LightGBM's bit for bit.
   * @param rows row-major, `rowCount × featureCount`
   * @returns `rowCount × outputCount`, row-major; `out` where it was given
   * @throws EngineError invalid_argument
   */
  predict(rows: Float64Array, options: PredictOptions = {}): Float64Array {
    return this.#predict(rowSource(rows, this.featureCount), options);
  }

  /** `predict` over one array a feature, all of `rowCount`: no transposition is needed. */
  predictColumns(columns: readonly Float64Array[], options: PredictOptions = {}): Float64Array {
    return this.#predict(columnSource(columns, this.featureCount), options);
  }

  /**
   * The leaf in which each row ends, tree by tree.
   * @returns `rowCount × trees of the slice`, row-major
   */
  predictLeaf(rows: Float64Array, options: SliceOptions = {}): Int32Array {
    const source = rowSource(rows, this.featureCount);
    const iterations = this.#slice(options);
    const width = (iterations.end - iterations.start) * this.outputCount;
    const out = new Int32Array(source.rowCount * width);
    this.#scorer.leaves(source, iterations, out);
    return out;
  }

  /**
   * What each feature adds to the raw score (path-dependent TreeSHAP), LightGBM's `pred_contrib`
   * within 1e-10 × max(1, |raw score|).
   * @returns `rowCount × outputCount × (featureCount + 1)`; the last of each output is the expected value
   * @throws EngineError contributions_unavailable for linear trees and models without training counts
   */
  predictContrib(
    rows: Float64Array,
    options: SliceOptions & { readonly out?: Float64Array } = {},
  ): Float64Array {
    return this.#contributions(rowSource(rows, this.featureCount), options);
  }

  /** `predictContrib` over one array a feature. */
  predictContribColumns(
    columns: readonly Float64Array[],
    options: SliceOptions & { readonly out?: Float64Array } = {},
  ): Float64Array {
    return this.#contributions(columnSource(columns, this.featureCount), options);
  }

  /**
   * The `k` features that moved each row's raw score most, either way.
   * @throws EngineError contributions_unavailable, invalid_argument
   */
  topReasons(rows: Float64Array, options: TopReasonsOptions = {}): TopReasons {
    return this.#topReasons(rowSource(rows, this.featureCount), options);
  }

  /** `topReasons` over one array a feature. */
  topReasonsColumns(columns: readonly Float64Array[], options: TopReasonsOptions = {}): TopReasons {
    return this.#topReasons(columnSource(columns, this.featureCount), options);
  }

  #predict(source: RowSource, options: PredictOptions): Float64Array {
    const iterations = this.#slice(options);
    const count = source.rowCount * this.outputCount;
    const out = checkedOut(options.out, count);
    this.#scorer.score(source, iterations, out);
    if (options.raw !== true) {
      this.#transform(out, source.rowCount, iterations.end - iterations.start);
    }
    return out;
  }

  #contributions(source: RowSource, options: SliceOptions & { readonly out?: Float64Array }): Float64Array {
    const explainer = this.#explain();
    const out = checkedOut(options.out, source.rowCount * this.outputCount * (this.featureCount + 1));
    explainer.contributions(source, this.#slice(options), out);
    return out;
  }

  /**
   * Predictions from raw scores of all iterations, without scoring again.
   * @param raw `rowCount × outputCount`, as `predict` with `raw` gives them; left as it is
   */
  transform(raw: Float64Array): Float64Array {
    const out = Float64Array.from(raw);
    this.#transform(out, raw.length / this.outputCount, this.iterationCount);
    return out;
  }

  #transform(out: Float64Array, rowCount: number, iterationsUsed: number): void {
    if (this.#model.averageOutput && iterationsUsed > 0) {
      for (let at = 0; at < rowCount * this.outputCount; at++) {
        out[at] = out[at]! / iterationsUsed;
      }
    }
    transformInPlace(this.#model.objective, out, rowCount, this.outputCount);
  }

  #topReasons(source: RowSource, options: TopReasonsOptions): TopReasons {
    const { k = 3, output = 0, direction = 'either' } = options;
    if (!Number.isInteger(k) || k < 1 || k > this.featureCount) {
      throw new EngineError('invalid_argument', `k is ${k}, not 1 … ${this.featureCount}`);
    }
    if (!Number.isInteger(output) || output < 0 || output >= this.outputCount) {
      throw new EngineError('invalid_argument', `output is ${output}, not 0 … ${this.outputCount - 1}`);
    }
    const explainer = this.#explain();
    const features = new Int32Array(source.rowCount * k);
    const contributions = new Float64Array(source.rowCount * k);
    if (explainer.topReasons === undefined) {
      const width = this.featureCount + 1;
      const values = new Float64Array(source.rowCount * this.outputCount * width);
      explainer.contributions(source, { start: 0, end: this.iterationCount }, values);
      for (let row = 0; row < source.rowCount; row++) {
        const base = (row * this.outputCount + output) * width;
        selectTop(values, base, this.featureCount, direction, k, features, contributions, row * k);
      }
    } else {
      explainer.topReasons(source, { k, output, direction }, { features, contributions });
    }
    return { k, features, contributions };
  }

  /**
   * The raw score that contributions are counted from, by output: the mean over the training rows.
   * @throws EngineError contributions_unavailable
   */
  expectedValues(): Float64Array {
    this.#explain();
    const values = new Float64Array(this.outputCount);
    for (const tree of this.#model.trees) {
      const output = tree.index % this.outputCount;
      values[output] = values[output]! + expectedValue(tree);
    }
    return values;
  }

  #explain(): Explainer {
    this.#explainer ??= this.#makeExplainer();
    return this.#explainer;
  }

  #slice(options: SliceOptions): IterationRange {
    const { startIteration = 0, numIteration = -1 } = options;
    if (!Number.isInteger(startIteration) || !Number.isInteger(numIteration)) {
      throw new EngineError('invalid_argument', 'startIteration and numIteration are integers');
    }
    const start = Math.min(Math.max(startIteration, 0), this.iterationCount);
    const left = this.iterationCount - start;
    return { start, end: start + (numIteration > 0 ? Math.min(numIteration, left) : left) };
  }
}

function checkedOut(out: Float64Array | undefined, count: number): Float64Array {
  if (out === undefined) {
    return new Float64Array(count);
  }
  if (out.length < count) {
    throw new EngineError('invalid_argument', `out holds ${out.length} values, ${count} are needed`);
  }
  return out;
}
