import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { EngineError, type LightGbmModel } from '#engine/index.ts';

type CaseJson = {
  readonly name: string;
  readonly note?: string;
  readonly rows: number;
  readonly features: number;
  readonly outputs: number;
  readonly trees: number;
  readonly contrib_rows: number;
  readonly slices: readonly (readonly [number, number])[];
};

/** A model and what LightGBM answered for its rows. Arrays are row-major. */
export type GoldenCase = CaseJson & { readonly folder: string; readonly modelText: string };

/** Every case folder of a directory, by name. */
export function goldenFolders(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(directory, entry.name, 'case.json')))
    .map((entry) => join(directory, entry.name))
    .toSorted();
}

export function readCase(folder: string): GoldenCase {
  const json = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as CaseJson;
  return { ...json, folder, modelText: readFileSync(join(folder, 'model.txt'), 'utf8') };
}

export function readDoubleFile(folder: string, name: string): Float64Array {
  const bytes = readFileSync(join(folder, name));
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

function readIntFile(folder: string, name: string): Int32Array {
  const bytes = readFileSync(join(folder, name));
  return new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** Largest distance allowed between a transformed score and LightGBM's. */
const PREDICTION_ULP = 4;
const CONTRIBUTION_TOLERANCE = 1e-10;

function toleranceAt(score: number): number {
  return CONTRIBUTION_TOLERANCE * (Number.isFinite(score) ? Math.max(1, Math.abs(score)) : 1);
}

/** What differs between a model's answers and a case's; empty when all agree. */
export function differences(model: LightGbmModel, golden: GoldenCase): string[] {
  const { folder } = golden;
  const rows = readDoubleFile(folder, 'rows.f64');
  const found: string[] = [];
  const note = (what: string, count: number, total: number): void => {
    if (count > 0) {
      found.push(`${what}: ${count} of ${total} differ`);
    }
  };
  const raw = readDoubleFile(folder, 'raw.f64');
  note('raw', countBits(model.predict(rows, { raw: true }), raw), raw.length);
  const columns = Array.from({ length: golden.features }, (_, feature) =>
    Float64Array.from({ length: golden.rows }, (_, row) => rows[row * golden.features + feature]!),
  );
  note('raw by columns', countBits(model.predictColumns(columns, { raw: true }), raw), raw.length);
  for (const [startIteration, numIteration] of golden.slices) {
    const expected = readDoubleFile(folder, `raw_${startIteration}_${numIteration}.f64`);
    const found = model.predict(rows, { raw: true, startIteration, numIteration });
    note(`slice ${startIteration}+${numIteration}`, countBits(found, expected), expected.length);
    const name = `pred_${startIteration}_${numIteration}.f64`;
    if (existsSync(join(folder, name))) {
      const wanted = readDoubleFile(folder, name);
      note(name, countUlps(model.predict(rows, { startIteration, numIteration }), wanted), wanted.length);
    }
  }
  const pred = readDoubleFile(folder, 'pred.f64');
  const predicted = model.predict(rows);
  note('pred', countUlps(predicted, pred), pred.length);
  const leaf = readIntFile(folder, 'leaf.i32');
  const leaves = model.predictLeaf(rows);
  note(
    'leaf',
    leaves.length === leaf.length
      ? leaf.reduce((sum, value, at) => sum + (value === leaves[at] ? 0 : 1), 0)
      : leaf.length,
    leaf.length,
  );
  if (existsSync(join(folder, 'contrib.f64'))) {
    found.push(...contributionDifferences(model, golden, rows, raw));
  }
  found.push(...exactDifferences(model, golden, rows, raw), ...sumDifferences(model, golden, rows, raw));
  return found;
}

/** Contributions of the rows that a case holds in exact rationals: `exact_ROW.f64`. */
function exactDifferences(
  model: LightGbmModel,
  golden: GoldenCase,
  rows: Float64Array,
  raw: Float64Array,
): string[] {
  return readdirSync(golden.folder).flatMap((name) => {
    const row = /^exact_([0-9]{1,9})\.f64$/.exec(name)?.[1];
    if (row === undefined) return [];
    const at = Number(row);
    const expected = readDoubleFile(golden.folder, name);
    const found = model.predictContrib(rows.subarray(at * golden.features, (at + 1) * golden.features));
    const bound = toleranceAt(raw[at]!);
    const wrong = expected.filter((value, place) => !(Math.abs(value - found[place]!) <= bound)).length;
    return wrong > 0 || found.length !== expected.length
      ? [`exact row ${row}: ${wrong} of ${expected.length} differ`]
      : [];
  });
}

/** Rows whose contributions are added up, at most. */
const SUM_ROWS = 128;

/**
 * Contributions and expected value add up to the raw score, unless one of them is NaN or infinite. A model may be refused
 * where LightGBM has no contributions that add up either: linear trees, and training counts that contradict one another.
 */
function sumDifferences(
  model: LightGbmModel,
  golden: GoldenCase,
  rows: Float64Array,
  raw: Float64Array,
): string[] {
  const count = Math.min(golden.rows, SUM_ROWS);
  let found: Float64Array;
  try {
    found = model.predictContrib(rows.subarray(0, count * golden.features));
  } catch (error) {
    const named = error instanceof EngineError && error.code === 'contributions_unavailable';
    return named && !contributionsBind(golden, raw) ? [] : [String(error)];
  }
  const width = golden.features + 1;
  let wrong = 0;
  for (let at = 0; at < count * golden.outputs; at++) {
    const sum = found.subarray(at * width, (at + 1) * width).reduce((total, value) => total + value, 0);
    const bound = toleranceAt(raw[at]!);
    if (Number.isFinite(sum) ? !(Math.abs(sum - raw[at]!) <= bound) : !golden.modelText.includes('nan')) {
      wrong += 1;
    }
  }
  return wrong > 0 ? [`contributions of ${wrong} rows do not add up to the score`] : [];
}

/** Whether LightGBM's own contributions bind: it has some, and they add up to its own scores or are NaN. */
function contributionsBind(golden: GoldenCase, raw: Float64Array): boolean {
  if (!existsSync(join(golden.folder, 'contrib.f64'))) return false;
  const theirs = readDoubleFile(golden.folder, 'contrib.f64');
  const width = golden.features + 1;
  for (let at = 0; at < theirs.length / width; at++) {
    const sum = theirs.subarray(at * width, (at + 1) * width).reduce((total, value) => total + value, 0);
    if (Math.abs(sum - raw[at]!) > 1e-9 * Math.max(1, Math.abs(raw[at]!))) return false;
  }
  return true;
}

function contributionDifferences(
  model: LightGbmModel,
  golden: GoldenCase,
  rows: Float64Array,
  raw: Float64Array,
): string[] {
  if (!contributionsBind(golden, raw)) return [];
  const expected = readDoubleFile(golden.folder, 'contrib.f64');
  const count = golden.contrib_rows;
  const found = model.predictContrib(rows.subarray(0, count * golden.features));
  if (found.length !== expected.length) {
    return [`contrib: ${found.length} values, ${expected.length} expected`];
  }
  const width = golden.features + 1;
  let wrong = 0;
  for (let at = 0; at < expected.length; at++) {
    const score = raw[Math.floor(at / width)]!;
    const bound = toleranceAt(score);
    const same = Number.isNaN(found[at]) && Number.isNaN(expected[at]);
    if (!same && !(Math.abs(found[at]! - expected[at]!) <= bound)) {
      wrong += 1;
    }
  }
  return wrong > 0 ? [`contrib: ${wrong} of ${expected.length} differ`] : [];
}

/** How many doubles differ in their bits, one NaN being as good as another; all of them where the lengths differ. */
function countBits(found: Float64Array, expected: Float64Array): number {
  if (found.length !== expected.length) {
    return expected.length;
  }
  const foundBits = new BigInt64Array(found.buffer, found.byteOffset, found.length);
  const expectedBits = new BigInt64Array(expected.buffer, expected.byteOffset, expected.length);
  let count = 0;
  for (let at = 0; at < expected.length; at++) {
    if (foundBits[at] !== expectedBits[at] && !(Number.isNaN(found[at]) && Number.isNaN(expected[at]))) {
      count += 1;
    }
  }
  return count;
}

function countUlps(found: Float64Array, expected: Float64Array): number {
  if (found.length !== expected.length) return expected.length;
  return expected.reduce((sum, value, at) => sum + (ulps(value, found[at]!) > PREDICTION_ULP ? 1 : 0), 0);
}

/** Doubles that lie between two values; 0 for equal ones and two NaN, Infinity for NaN beside a number. */
function ulps(left: number, right: number): number {
  if (Object.is(left, right) || left === right) {
    return 0;
  }
  if (Number.isNaN(left) || Number.isNaN(right)) {
    return Infinity;
  }
  const bits = new BigInt64Array(new Float64Array([left, right]).buffer);
  const order = (value: bigint): bigint => (value < 0n ? -0x8000000000000000n - value : value);
  return Math.abs(Number(order(bits[0]!) - order(bits[1]!)));
}
