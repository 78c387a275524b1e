import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** A model, rows to score and LightGBM's raw scores for them, in memory that threads share. */
export type BenchCase = {
  readonly name: string;
  readonly folder: string;
  readonly rowCount: number;
  readonly featureCount: number;
  readonly outputCount: number;
  readonly modelText: string;
  /** `rowCount × featureCount`, row-major. */
  readonly rows: Float64Array;
  /** `rowCount × outputCount`. */
  readonly raw: Float64Array;
};

/** Reads a case folder: `model.txt`, `case.json`, `raw.f64`, and `rows.f64` or what `rows_file` names. */
export function readBenchCase(folder: string): BenchCase {
  const json = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as {
    name: string;
    rows: number;
    features: number;
    outputs: number;
    rows_file?: string;
  };
  const rows = sharedDoubles(resolve(folder, json.rows_file ?? 'rows.f64'));
  const raw = sharedDoubles(join(folder, 'raw.f64'));
  if (rows.length !== json.rows * json.features || raw.length !== json.rows * json.outputs) {
    throw new Error(`${folder}: the arrays are not as long as case.json says`);
  }
  return {
    name: json.name,
    folder,
    rowCount: json.rows,
    featureCount: json.features,
    outputCount: json.outputs,
    modelText: readFileSync(join(folder, 'model.txt'), 'utf8'),
    rows,
    raw,
  };
}

function sharedDoubles(path: string): Float64Array {
  const bytes = readFileSync(path);
  const shared = new SharedArrayBuffer(bytes.length);
  new Uint8Array(shared).set(bytes);
  return new Float64Array(shared);
}
