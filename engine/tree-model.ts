import { EngineError } from './errors.ts';
import type { Explainer, ReasonDirection } from './explainer.ts';
import { type ColumnsInput, InputReader, kindOf, type Rows } from './inputs.ts';
import { type CategoryLabels, featuresOf, pandasCategories } from './model/features.ts';
import type { Model, ModelFeature } from './model/model.ts';
import { transformInPlace } from './objective/transform.ts';
import { expectedValue } from './reference/contributions.ts';
import { scoreUntilSure, whyNotEarly } from './reference/early-stop.ts';
import { selectTop } from './reference/top.ts';
import { sliceSource, type RowSource } from './rows.ts';
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
  /** LightGBM's `pred_early_stop`: a row stops at every `frequency`-th iteration once its margin is beyond `margin`. */
  readonly earlyStop?: { readonly frequency: number; readonly margin: number };
  /** What a NaN is: missing (default), or a mistake of the caller, refused with its row and feature. */
  readonly nan?: 'missing' | 'refuse';
};

export type ContributionOptions = SliceOptions & { readonly out?: Float64Array };

export type TopReasonsOptions = SliceOptions & {
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

/** Values of contributions that are held at once where reasons are chosen from them. */
const REASON_DOUBLES = 1 << 20;
const DIRECTIONS: readonly string[] = ['either', 'raising', 'lowering'] satisfies ReasonDirection[];

export type ModelParts = {
  readonly model: Model;
  readonly scorer: Scorer;
  /** Made on first use. Throws where the model has no contributions. */
  readonly explainer: () => Explainer;
};

/** A model of trees, ready to score. Rows carry `featureCount` values each; NaN is missing. */
export class TreeModel {
  /** Whose file it was. */
  readonly library: Model['library'];
  readonly featureCount: number;
  readonly outputCount: number;
  readonly iterationCount: number;
  readonly treeCount: number;
  /** Of the file's format; `none` where the file does not say. */
  readonly version: string;
  /** The library's name of the objective, `none` where the file has none. */
  readonly objective: string;
  /** How trees are evaluated. */
  readonly scorerName: Scorer['name'];
  readonly #model: Model;
  readonly #scorer: Scorer;
  readonly #makeExplainer: () => Explainer;
  readonly #inputs: InputReader;
  #explainer: Explainer | undefined;
  #features: readonly ModelFeature[] | undefined;

  constructor(parts: ModelParts) {
    const { model } = parts;
    this.library = model.library;
    this.featureCount = model.featureCount;
    this.outputCount = model.outputCount;
    this.iterationCount = model.iterationCount / model.iterationSpan;
    this.treeCount = model.trees.length;
    this.version = model.version;
    this.objective = model.objective.name;
    this.scorerName = parts.scorer.name;
    this.#model = model;
    this.#scorer = parts.scorer;
    this.#makeExplainer = parts.explainer;
    this.#inputs = new InputReader(model, () => this.features);
  }

  /** The feature columns, in the order in which rows carry them. */
  get features(): readonly ModelFeature[] {
    this.#features ??= featuresOf(this.#model);
    return this.#features;
  }

  /**
   * Categories of the columns that were pandas categoricals in training, in the order of those columns; a category's
   * code is its place. Undefined where the file keeps none.
   */
  get pandasCategories(): readonly CategoryLabels[] | undefined {
    return pandasCategories(this.#model.pandasText);
  }

  /** How contributions are computed. @throws EngineError contributions_unavailable */
  get explainerName(): string {
    return this.#explain().name;
  }

  /**
   * Predictions, or raw scores equal to the library's bit for bit.
   * @param rows `Float64Array`, row-major, `rowCount × featureCount`, or an array of rows
   * @returns `rowCount × outputCount`, row-major; `out` where it was given
   * @throws EngineError invalid_argument
   */
  predict(rows: Rows, options: PredictOptions = {}): Float64Array {
    return this.#predict(this.#inputs.rows(rows), options);
  }

  /** `predict` over one array a feature, all of `rowCount`: no transposition is needed. */
  predictColumns(columns: ColumnsInput, options: PredictOptions = {}): Float64Array {
    return this.#predict(this.#inputs.columns(columns), options);
  }

  /**
   * The leaf in which each row ends, tree by tree.
   * @returns `rowCount × trees of the slice`, row-major
   */
  predictLeaf(rows: Rows, options: SliceOptions = {}): Int32Array {
    const source = this.#inputs.rows(rows);
    const iterations = this.#slice(options);
    const width = (iterations.end - iterations.start) * this.outputCount;
    const out = new Int32Array(source.rowCount * width);
    this.#scorer.leaves(source, iterations, out);
    this.#nameLeaves(out, iterations);
    return out;
  }

  /**
   * What each feature adds to the raw score (path-dependent TreeSHAP), LightGBM's `pred_contrib`
   * within 1e-10 × max(1, |raw score|).
   * @returns `rowCount × outputCount × (featureCount + 1)`; the last of each output is the expected value
   * @throws EngineError contributions_unavailable for linear trees and models without training counts
   */
  predictContrib(rows: Rows, options: ContributionOptions = {}): Float64Array {
    return this.#contributions(this.#inputs.rows(rows), options);
  }

  /** `predictContrib` over one array a feature. */
  predictContribColumns(columns: ColumnsInput, options: ContributionOptions = {}): Float64Array {
    return this.#contributions(this.#inputs.columns(columns), options);
  }

  /**
   * The `k` features that moved each row's raw score most, either way.
   * @throws EngineError contributions_unavailable, invalid_argument
   */
  topReasons(rows: Rows, options: TopReasonsOptions = {}): TopReasons {
    return this.#topReasons(this.#inputs.rows(rows), options);
  }

  /** `topReasons` over one array a feature. */
  topReasonsColumns(columns: ColumnsInput, options: TopReasonsOptions = {}): TopReasons {
    return this.#topReasons(this.#inputs.columns(columns), options);
  }

  #predict(source: RowSource, options: PredictOptions): Float64Array {
    const { raw = false, nan = 'missing', earlyStop } = checkedOptions(options);
    if (typeof raw !== 'boolean') throw refused(`raw is ${kindOf(raw)}, not a boolean`);
    if (nan !== 'missing' && nan !== 'refuse') throw refused('nan is neither "missing" nor "refuse"');
    const iterations = this.#slice(options);
    const out = checkedOut(options.out, source.rowCount * this.outputCount);
    if (nan === 'refuse') this.#refuseNaN(source);
    if (earlyStop === undefined) {
      this.#scorer.score(source, iterations, out);
    } else {
      const refusal = whyNotEarly(this.#model, earlyStop);
      if (refusal !== undefined) throw refused(refusal);
      scoreUntilSure(this.#model, source, iterations, earlyStop, out);
    }
    if (!raw) {
      this.#transform(out, source.rowCount, iterations.end - iterations.start);
    }
    return out;
  }

  #contributions(source: RowSource, options: ContributionOptions): Float64Array {
    const explainer = this.#explain();
    const { used, inputCount } = this.#model;
    const width = this.featureCount + 1;
    const out = checkedOut(checkedOptions(options).out, source.rowCount * this.outputCount * width);
    if (used === undefined) {
      explainer.contributions(source, this.#slice(options), out);
      return out;
    }
    const sums = source.rowCount * this.outputCount;
    const values = new Float64Array(sums * (inputCount + 1));
    explainer.contributions(source, this.#slice(options), values);
    out.fill(0, 0, sums * width);
    for (let at = 0; at < sums; at++) {
      for (let place = 0; place < inputCount; place++) {
        out[at * width + used[place]!] = values[at * (inputCount + 1) + place]!;
      }
      out[(at + 1) * width - 1] = values[(at + 1) * (inputCount + 1) - 1]!;
    }
    return out;
  }

  #refuseNaN(source: RowSource): void {
    const arrays = source.layout === 'rows' ? [source.values] : source.columns;
    for (const [place, array] of arrays.entries()) {
      const at = array.findIndex((value) => value !== value);
      if (at < 0) continue;
      const [row, feature] =
        source.layout === 'rows'
          ? [Math.floor(at / this.#model.inputCount), at % this.#model.inputCount]
          : [at, place];
      throw refused(`row ${row} holds NaN for feature ${this.#model.used?.[feature] ?? feature}`);
    }
  }

  /** What the library calls leaves and in which order it lists trees, where it is not ours. */
  #nameLeaves(out: Int32Array, iterations: IterationRange): void {
    const { trees, treesPerIteration, iterationSpan } = this.#model;
    const first = iterations.start * treesPerIteration;
    const width = (iterations.end - iterations.start) * treesPerIteration;
    for (let at = 0; at < width; at++) {
      const names = trees[first + at]!.leafNames;
      if (names === undefined) continue;
      for (let place = at; place < out.length; place += width) out[place] = names[out[place]!]!;
    }
    if (iterationSpan === 1 || treesPerIteration === 1) return;
    // Ours: round, parallel tree, output; XGBoost's: round, output, parallel tree.
    const round = iterationSpan * treesPerIteration;
    const ours = new Int32Array(round);
    for (let start = 0; start < out.length; start += round) {
      ours.set(out.subarray(start, start + round));
      for (let at = 0; at < round; at++) {
        out[start + (at % treesPerIteration) * iterationSpan + Math.floor(at / treesPerIteration)] =
          ours[at]!;
      }
    }
  }

  /**
   * Predictions from raw scores of all iterations, without scoring again.
   * @param raw `rowCount × outputCount`, as `predict` with `raw` gives them; left as it is
   */
  transform(raw: Float64Array): Float64Array {
    if (!(raw instanceof Float64Array) || raw.length % this.outputCount !== 0) {
      throw refused(`raw is no Float64Array of whole rows of ${this.outputCount} scores`);
    }
    const out = Float64Array.from(raw);
    this.#transform(out, raw.length / this.outputCount, this.#model.iterationCount);
    return out;
  }

  #transform(out: Float64Array, rowCount: number, iterationsUsed: number): void {
    // As LightGBM does: no trees have no average.
    if (this.#model.averageOutput) {
      for (let at = 0; at < rowCount * this.outputCount; at++) {
        out[at] = out[at]! / iterationsUsed;
      }
    }
    transformInPlace(this.#model.objective, out, rowCount, this.outputCount);
  }

  #topReasons(source: RowSource, options: TopReasonsOptions): TopReasons {
    const { k = 3, output = 0, direction = 'either' } = checkedOptions(options);
    if (!Number.isInteger(k) || k < 1 || k > this.featureCount) {
      throw refused(`k is ${String(k)}, not 1 … ${this.featureCount}`);
    }
    if (!Number.isInteger(output) || output < 0 || output >= this.outputCount) {
      throw refused(`output is ${String(output)}, not 0 … ${this.outputCount - 1}`);
    }
    if (!DIRECTIONS.includes(direction)) throw refused(`direction is none of ${DIRECTIONS.join(', ')}`);
    const iterations = this.#slice(options);
    const explainer = this.#explain();
    const features = new Int32Array(source.rowCount * k);
    const contributions = new Float64Array(source.rowCount * k);
    const found = { k, features, contributions };
    if (explainer.topReasons !== undefined && k <= this.#model.inputCount) {
      explainer.topReasons(source, { k, output, direction, iterations }, found);
      this.#nameFeatures(features);
      return found;
    }
    const width = this.#model.inputCount + 1;
    const rowsEach = Math.max(1, Math.floor(REASON_DOUBLES / (this.outputCount * width)));
    for (let first = 0; first < source.rowCount; first += rowsEach) {
      const count = Math.min(rowsEach, source.rowCount - first);
      const values = new Float64Array(count * this.outputCount * width);
      explainer.contributions(sliceSource(source, first, count), iterations, values);
      for (let row = 0; row < count; row++) {
        const base = (row * this.outputCount + output) * width;
        const at = (first + row) * k;
        selectTop(values, base, width - 1, direction, k, features, contributions, at);
      }
    }
    this.#nameFeatures(features);
    return found;
  }

  /** Places of inputs to features, in place. */
  #nameFeatures(features: Int32Array): void {
    const { used } = this.#model;
    if (used === undefined) return;
    for (let at = 0; at < features.length; at++) {
      if (features[at]! >= 0) features[at] = used[features[at]!]!;
    }
  }

  /**
   * The raw score that contributions are counted from, by output: the mean over the training rows.
   * @throws EngineError contributions_unavailable
   */
  expectedValues(): Float64Array {
    this.#explain();
    const values = Float64Array.from(this.#model.baseScores);
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
    const { startIteration = 0, numIteration = -1 } = checkedOptions(options);
    if (!Number.isInteger(startIteration) || !Number.isInteger(numIteration)) {
      throw refused('startIteration and numIteration are integers');
    }
    const span = this.#model.iterationSpan;
    const start = Math.min(Math.max(startIteration, 0), this.iterationCount);
    const left = this.iterationCount - start;
    const taken = numIteration > 0 ? Math.min(numIteration, left) : left;
    return { start: start * span, end: (start + taken) * span };
  }
}

function checkedOptions<T extends object>(options: T): T {
  if (typeof options !== 'object' || options === null) {
    throw refused(`options are ${kindOf(options)}, not an object`);
  }
  return options;
}

function checkedOut(out: Float64Array | undefined, count: number): Float64Array {
  if (out === undefined) {
    return new Float64Array(count);
  }
  if (!(out instanceof Float64Array)) {
    throw refused(`out is ${kindOf(out)}, not a Float64Array`);
  }
  if (out.length < count) {
    throw refused(`out holds ${out.length} values, ${count} are needed`);
  }
  return out;
}

function refused(message: string): EngineError {
  return new EngineError('invalid_argument', message);
}
