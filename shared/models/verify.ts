import { createHash } from 'node:crypto';
import { loadModel } from '#engine/index.ts';
import { loadGoldenRows, loadManifest, type GoldenRows, type ModelManifest } from './manifest.ts';

/** `exp` may differ from the C library's in the last place or two; raw scores never do. */
const RISK_ULPS = 4;
const MOST_PROBLEMS = 20;

export interface ModelFiles {
  readonly model: Uint8Array;
  readonly manifest: string;
  readonly golden: Uint8Array;
}

export interface Verification {
  readonly manifest: ModelManifest;
  readonly rows: number;
  /** Empty where the model is what its manifest says. */
  readonly problems: readonly string[];
}

/**
 * Checks a model against its manifest without Python: checksums, feature list, and the golden rows, raw scores
 * bit for bit and risks within 4 ulp. Throws `ManifestError` or `EngineError` for what cannot be read.
 */
export function verifyModel(files: ModelFiles): Verification {
  const manifest = loadManifest(files.manifest);
  const problems: string[] = [];
  expectSha256(problems, 'model file', files.model, manifest.sha256);
  expectSha256(problems, 'golden-rows file', files.golden, manifest.golden.sha256);
  const decoder = new TextDecoder();
  const golden = loadGoldenRows(decoder.decode(files.golden));
  const model = loadModel(decoder.decode(files.model));
  const names = manifest.features.map((feature) => feature.name);
  if (golden.model_sha256 !== manifest.sha256) problems.push('the golden rows are of another model');
  if (golden.rows.length !== manifest.golden.rows)
    problems.push(`${golden.rows.length} golden rows, the manifest says ${manifest.golden.rows}`);
  if (!sameList(golden.features, names))
    problems.push('the golden rows have other features than the manifest');
  if (
    !sameList(
      model.features.map((feature) => feature.name),
      names,
    )
  )
    problems.push('the model has other features than the manifest, or another order');
  if (model.objective !== manifest.objective.split(' ')[0])
    problems.push(`the model’s objective is ${model.objective}, the manifest says ${manifest.objective}`);
  const outputs = manifest.prediction?.classes?.length ?? 1;
  if (model.outputCount !== outputs)
    problems.push(`the model has ${model.outputCount} outputs, the manifest says ${outputs}`);
  if (problems.length === 0)
    compareScores(problems, golden, { width: names.length, outputs }, (rows, raw) =>
      model.predict(rows, { raw }),
    );
  return { manifest, rows: golden.rows.length, problems };
}

function compareScores(
  problems: string[],
  golden: GoldenRows,
  { width, outputs }: { width: number; outputs: number },
  predict: (rows: Float64Array, raw: boolean) => Float64Array,
): void {
  const rows = new Float64Array(golden.rows.length * width);
  for (const [i, { values }] of golden.rows.entries()) {
    if (values.length !== width) {
      problems.push(`golden row ${i} has ${values.length} values for ${width} features`);
      return;
    }
    for (const [j, value] of values.entries()) rows[i * width + j] = value ?? Number.NaN;
  }
  const raw = predict(rows, true);
  const risk = predict(rows, false);
  for (const [i, expected] of golden.rows.entries()) {
    const [raws, risks] = [[expected.raw].flat(), [expected.risk].flat()];
    if (raws.length !== outputs || risks.length !== outputs) {
      problems.push(`golden row ${i} has ${raws.length} scores for ${outputs} outputs`);
      return;
    }
    for (let output = 0; output < outputs; output++) {
      const at = i * outputs + output;
      if (!Object.is(raw[at], raws[output]))
        problems.push(`golden row ${i}: raw score ${raw[at]}, LightGBM gave ${raws[output]}`);
      if (!(Math.abs(risk[at]! - risks[output]!) <= RISK_ULPS * ulp(risks[output]!)))
        problems.push(`golden row ${i}: risk ${risk[at]}, LightGBM gave ${risks[output]}`);
    }
    if (problems.length >= MOST_PROBLEMS) return;
  }
}

function expectSha256(problems: string[], what: string, bytes: Uint8Array, expected: string): void {
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== expected) problems.push(`the ${what} has sha256 ${found}, the manifest says ${expected}`);
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}

/** Distance from a positive number to the next greater one. */
function ulp(value: number): number {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, Math.abs(value));
  bits.setBigUint64(0, bits.getBigUint64(0) + 1n);
  return bits.getFloat64(0) - Math.abs(value);
}
