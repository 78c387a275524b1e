import { createHash } from 'node:crypto';
import { type LightGbmModel, loadModel } from '#engine/index.ts';
import { CsvCells } from '#patients/sources/csv-cells.ts';
import { isMissing } from '#patients/values/missing.ts';
import {
  type ManifestFeature,
  type ModelManifest,
  NOT_A_DIAGNOSIS,
  type Prediction,
} from '#shared/models/manifest.ts';
import { histogramOf, referenceOf } from './table-histograms.ts';

export type InitOptions = {
  /** Text of a LightGBM model. */
  model: string;
  modelFile: string;
  goldenFile: string;
  /** CSV with a header: rows like those that the model was trained on. */
  sample: string;
  /** Column that names a row. */
  rowId: string;
  /** Column of what rows are grouped by (a branch, a station), as patients are by facility. */
  groupId: string | undefined;
  name: string;
  version: string;
  /** What the model is for, in a sentence. */
  use: string;
  /** Names of the classes, in the model's order; of a model of several classes alone. */
  classes: readonly string[] | undefined;
  /** Of a model of one probability: cut-offs of the tiers. */
  tiers: { medium: number; high: number } | undefined;
  /** YYYY-MM-DD */
  today: string;
};

export type InitiatedModel = { manifest: string; golden: string; rows: number };

/** What is wrong with a model or a table, in words for whoever has them before their eyes. */
export class InitError extends Error {
  override readonly name = 'InitError';
}

const LEAST_ROWS = 100;
const MOST_ROWS = 200_000;
const GOLDEN_ROWS = 256;
const EXPIRES_AFTER_DAYS = 365;
const RANKING = new Set(['lambdarank', 'rank_xendcg']);

/**
 * Describes any LightGBM model by a sample of its table: columns with their kinds, ranges and missing shares, histograms and
 * reference rows to judge drift by, and golden rows with the reference scorer's scores. Ranges reach a whole span beyond the
 * sample: they are there to refuse what cannot be meant. Throws `InitError`.
 */
export function initModel(options: InitOptions): InitiatedModel {
  const model = loadModel(options.model, { scorer: 'reference' });
  const prediction = predictionOf(model, options);
  const table = readTable(options, model);
  const features = model.features.map((_, index) => featureOf(model, table, index));
  const matrix = matrixOf(features, table);
  const values = valuesOf(model, prediction, matrix);
  const sha256 = sha256Of(options.model);
  const golden = goldenOf(model, sha256, features, matrix);
  const histograms = features.map(({ name }, at) => [name, histogramOf(matrix.column(at))] as const);
  const score = histogramOf(values);
  const manifest: ModelManifest = {
    schema_version: 1,
    name: options.name,
    version: options.version,
    sha256,
    file: options.modelFile,
    lightgbm_version: 'unknown',
    objective: model.objective,
    synthetic: false,
    trained_at: options.today,
    training: {
      seed: 0,
      source: `described from ${table.rows.length} rows of a sample`,
      rows: table.rows.length,
      patients: 0,
      trees: model.treeCount,
      num_leaves: 0,
      window_days: 1,
      grace_days: 1,
      parameters: {},
    },
    prediction,
    features,
    tiers: options.tiers ?? { medium: 1, high: 1 },
    governance: {
      approver: null,
      approved_on: null,
      expires: later(options.today, EXPIRES_AFTER_DAYS),
      thresholds_review: later(options.today, EXPIRES_AFTER_DAYS / 2),
    },
    base_rate: 0,
    metrics: { train: NO_SPLIT, validation: NO_SPLIT, test: NO_SPLIT },
    subgroups: [],
    subgroup_minimum: 100,
    drift: {
      features: Object.fromEntries(histograms),
      score,
      reference: referenceOf(
        [...histograms.map(([, one]) => one), score],
        matrix,
        values,
        features.map(({ name }) => name),
      ),
    },
    intended_use: options.use,
    not_a_diagnosis: NOT_A_DIAGNOSIS,
    golden: { file: options.goldenFile, rows: golden.rows, sha256: sha256Of(golden.text) },
  };
  return { manifest: `${JSON.stringify(manifest, null, 1)}\n`, golden: golden.text, rows: table.rows.length };
}

const NO_METRICS = {
  n: 0,
  positives: 0,
  base_rate: 0,
  auc: null,
  pr_auc: null,
  brier: 0,
  log_loss: 0,
  calibration: [],
  calibration_intercept: null,
  calibration_slope: null,
};
const NO_SPLIT = { as_of: [], everybody: NO_METRICS, at_risk: NO_METRICS };

function predictionOf(model: LightGbmModel, options: InitOptions): Prediction {
  const { outputCount, objective } = model;
  const named = {
    row_id: options.rowId,
    ...(options.groupId === undefined ? {} : { group_id: options.groupId }),
  };
  if (outputCount > 1) {
    const classes = options.classes ?? Array.from({ length: outputCount }, (_, at) => `class_${at}`);
    if (classes.length !== outputCount)
      throw new InitError(`The model has ${outputCount} classes: --classes names ${classes.length}.`);
    return { kind: 'class', classes: [...classes], has_tiers: false, ...named };
  }
  if (options.classes !== undefined) throw new InitError('The model has one output: --classes is of no use.');
  if (RANKING.has(objective)) return { kind: 'rank', has_tiers: false, ...named };
  const isProbability = objective === 'binary' || objective.startsWith('cross_entropy');
  if (!isProbability && options.tiers !== undefined)
    throw new InitError('Only a probability has tiers: leave --medium and --high out.');
  return {
    kind: isProbability ? 'probability' : 'value',
    has_tiers: isProbability && options.tiers !== undefined,
    ...named,
  };
}

type Table = { columns: Map<string, number>; rows: string[][] };

function readTable({ sample, rowId, groupId }: InitOptions, model: LightGbmModel): Table {
  const rows: string[][] = [];
  const csv = new CsvCells((cells) => rows.push(cells));
  csv.write(sample);
  csv.end();
  const [header = [], ...body] = rows;
  const columns = new Map(header.map((name, at) => [name.trim(), at]));
  const wanted = [
    rowId,
    ...(groupId === undefined ? [] : [groupId]),
    ...model.features.map(({ name }) => name),
  ];
  const missing = wanted.filter((name) => !columns.has(name));
  if (missing.length > 0) throw new InitError(`The sample has no column ${missing.slice(0, 10).join(', ')}.`);
  if (body.length < LEAST_ROWS)
    throw new InitError(`The sample has ${body.length} rows: ${LEAST_ROWS} are the least.`);
  // Taken evenly: a table may be sorted.
  const step = Math.ceil(body.length / MOST_ROWS);
  return { columns, rows: body.filter((_, at) => at % step === 0) };
}

function featureOf(model: LightGbmModel, table: Table, index: number): ManifestFeature {
  const { name, kind } = model.features[index]!;
  const at = table.columns.get(name)!;
  const texts = table.rows.map((row) => (row[at] ?? '').trim());
  const absent = texts.filter((text) => isMissing(text)).length / texts.length;
  const base = {
    name,
    index,
    unit: '',
    required: true,
    missing: 'not known',
    description: `${name}; missing in ${(100 * absent).toFixed(1)} % of the sample`,
  };
  if (kind === 'categorical') {
    const categories = categoriesOf(model, index);
    const codes = categories.map(({ code }) => code);
    return { ...base, kind: 'categorical', min: Math.min(...codes), max: Math.max(...codes), categories };
  }
  const numbers = texts.filter((text) => !isMissing(text)).map(Number);
  const bad = texts.findIndex((text) => !isMissing(text) && !Number.isFinite(Number(text)));
  if (bad >= 0) {
    throw new InitError(
      `${name} holds what is no number, first in row ${bad + 1}; texts need a model that was trained on categories.`,
    );
  }
  const low = numbers.reduce((least, value) => Math.min(least, value), numbers[0] ?? 0);
  const high = numbers.reduce((most, value) => Math.max(most, value), numbers[0] ?? 0);
  const isWhole = numbers.every((value) => Number.isInteger(value));
  if (isWhole && low >= 0 && high <= 1) return { ...base, kind: 'boolean', min: 0, max: 1 };
  const span = Math.max(high - low, Math.abs(high), 1);
  return {
    ...base,
    kind: isWhole ? 'integer' : 'numeric',
    min: low >= 0 ? 0 : low - span,
    max: high + span,
  };
}

/** As the model was trained: the labels of pandas where the file keeps them, else the codes. */
function categoriesOf(model: LightGbmModel, index: number): { code: number; label: string }[] {
  const categorical = model.features.filter(({ kind }) => kind === 'categorical');
  const labels = model.pandasCategories?.[categorical.findIndex((feature) => feature.index === index)];
  if (labels !== undefined) return labels.map((label, code) => ({ code, label: String(label) }));
  const codes = model.features[index]!.categories ?? [];
  return codes.toSorted((a, b) => a - b).map((code) => ({ code, label: String(code) }));
}

/** The sample's features as numbers, row-major and by column. */
export type Matrix = { values: Float64Array; rowCount: number; column: (feature: number) => Float64Array };

function matrixOf(features: readonly ManifestFeature[], table: Table): Matrix {
  const width = features.length;
  const values = new Float64Array(table.rows.length * width).fill(NaN);
  for (const [feature, { name, categories }] of features.entries()) {
    const at = table.columns.get(name)!;
    const codes = new Map(categories?.map(({ code, label }) => [label, code]));
    for (const [row, cells] of table.rows.entries()) {
      const text = (cells[at] ?? '').trim();
      if (isMissing(text)) continue;
      values[row * width + feature] =
        categories === undefined ? Number(text) : (codes.get(text) ?? Number(text));
    }
  }
  return {
    values,
    rowCount: table.rows.length,
    column: (feature) =>
      Float64Array.from({ length: table.rows.length }, (_, row) => values[row * width + feature]!),
  };
}

/** What a job keeps of each row: the value, or the probability of the likeliest class. */
function valuesOf(model: LightGbmModel, { kind }: Prediction, matrix: Matrix): Float64Array {
  const outputs = model.predict(matrix.values, { raw: kind === 'rank' });
  const each = model.outputCount;
  return Float64Array.from({ length: matrix.rowCount }, (_, row) =>
    outputs.subarray(row * each, (row + 1) * each).reduce((most, value) => Math.max(most, value), -Infinity),
  );
}

function goldenOf(
  model: LightGbmModel,
  sha256: string,
  features: readonly ManifestFeature[],
  matrix: Matrix,
) {
  const width = features.length;
  const each = model.outputCount;
  const count = Math.min(GOLDEN_ROWS, matrix.rowCount);
  const step = Math.floor(matrix.rowCount / count);
  const rows = Array.from({ length: count }, (_, at) => {
    const values = matrix.values.slice(at * step * width, (at * step + 1) * width);
    // The last rows try missing values, one feature after the other, and then all.
    if (at >= count - width) values[at - (count - width)] = NaN;
    return at === count - 1 ? values.fill(NaN) : values;
  });
  const all = new Float64Array(count * width);
  for (const [at, row] of rows.entries()) all.set(row, at * width);
  const one = (outputs: Float64Array, at: number) =>
    each === 1 ? outputs[at]! : [...outputs.subarray(at * each, (at + 1) * each)];
  const raw = model.predict(all, { raw: true });
  const risk = model.predict(all);
  const text = `${JSON.stringify({
    model_sha256: sha256,
    features: features.map(({ name }) => name),
    rows: rows.map((row, at) => ({
      values: Array.from(row, (value) => (Number.isNaN(value) ? null : value)),
      raw: one(raw, at),
      risk: one(risk, at),
    })),
  })}\n`;
  return { text, rows: count };
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function later(day: string, days: number): string {
  return new Date(Date.parse(day) + Math.round(days) * 86_400_000).toISOString().slice(0, 10);
}
