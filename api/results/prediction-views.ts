import type { Db } from '#shared/db/database.ts';
import type { Prediction } from '#shared/models/manifest.ts';
import { likeliest, readClassOutputs } from '#shared/predictions/class-outputs.ts';
import type { ResultRow } from '#shared/predictions/read-prediction-rows.ts';
import type { PredictionOf } from './result-formats.ts';

/** How the rows of one page are shown, by row. */
export type PredictionViews = (rows: readonly ResultRow[]) => Promise<PredictionOf>;

/** For jobs of a model of another table than patients'; undefined for patients. */
export function predictionViews(
  db: Db,
  jobId: string,
  prediction: Prediction | undefined,
): PredictionViews | undefined {
  if (prediction === undefined) return undefined;
  const { kind, classes } = prediction;
  return async (rows) => {
    if (classes === undefined) return (row) => ({ kind, value: row.risk, class: null, probabilities: null });
    const numbers = rows.map(({ row }) => row);
    const outputs = await readClassOutputs(db, jobId, numbers, classes.length);
    return (row) => {
      const probabilities = outputs.get(row.row);
      if (probabilities === undefined) return { kind, value: row.risk, class: null, probabilities: null };
      return {
        kind,
        value: row.risk,
        class: classes[likeliest(probabilities)] ?? null,
        probabilities: Object.fromEntries(classes.map((name, at) => [name, probabilities[at]!])),
      };
    };
  };
}
