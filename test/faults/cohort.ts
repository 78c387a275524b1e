import { loadModel } from '#engine/index.ts';
import { randomNumbers, type SampleModel } from '#test/support/sample-model.ts';

export type Cohort = {
  csv: string;
  rowCount: number;
  /** The reference scorer's raw score by row number − 1. */
  rawScores: Float64Array;
};

/** A cohort for a sample model from a seed: fractions, missing values, negatives, a few facilities. */
export function makeCohort(model: SampleModel, rowCount: number, seed = 1): Cohort {
  const random = randomNumbers(seed);
  const names = model.manifest.features.map((feature) => feature.name);
  const values = new Float64Array(rowCount * names.length);
  const lines = [`patient_id,facility_id,due_date,${names.join(',')}`];
  for (let row = 0; row < rowCount; row++) {
    const cells = names.map((_, column) => {
      const value = random() < 0.1 ? NaN : Math.round((random() * 2 - 0.5) * 1_000) / 1_000;
      values[row * names.length + column] = value;
      return Number.isNaN(value) ? '' : String(value);
    });
    lines.push(`SYN-${seed}-${row},F${row % 5},2026-12-01,${cells.join(',')}`);
  }
  const reference = loadModel(model.text.toString(), { scorer: 'reference' });
  return { csv: `${lines.join('\n')}\n`, rowCount, rawScores: reference.predict(values, { raw: true }) };
}
