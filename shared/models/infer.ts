import type { LightGbmModel } from '#engine/index.ts';
import type { Prediction } from '#shared/models/manifest.ts';
import { likeliest } from '#shared/predictions/class-outputs.ts';
import type { Reasons } from '#shared/scores/reasons.ts';

/** What is kept of each row; arrays by row. */
export type Inferred = {
  rawScores: Float64Array;
  /** A probability or a value; of several classes the likeliest's probability; of a ranking the raw score. */
  risks: Float64Array;
  reasons: Reasons | undefined;
  /** `rowCount × classes` probabilities; of several classes alone. */
  outputs: Float64Array | undefined;
};

/** Scores rows by column, with `explain` reasons each: of several classes those of the likeliest. */
export function infer(
  model: LightGbmModel,
  columns: Float64Array[],
  explain: number,
  prediction: Pick<Prediction, 'kind'> | undefined,
): Inferred {
  const k = Math.min(explain, model.featureCount);
  if (model.outputCount > 1) return inferClasses(model, columns, k);
  const rawScores = model.predictColumns(columns, { raw: true });
  const risks = prediction?.kind === 'rank' ? rawScores : model.transform(rawScores);
  return {
    rawScores,
    risks,
    reasons: k === 0 ? undefined : model.topReasonsColumns(columns, { k }),
    outputs: undefined,
  };
}

function inferClasses(model: LightGbmModel, columns: Float64Array[], k: number): Inferred {
  const classes = model.outputCount;
  const raw = model.predictColumns(columns, { raw: true });
  const outputs = model.transform(raw);
  const rowCount = raw.length / classes;
  const chosen = Int32Array.from({ length: rowCount }, (_, row) =>
    likeliest(outputs, row * classes, classes),
  );
  return {
    rawScores: Float64Array.from(chosen, (output, row) => raw[row * classes + output]!),
    risks: Float64Array.from(chosen, (output, row) => outputs[row * classes + output]!),
    reasons: k === 0 ? undefined : reasonsOfChosen(model, columns, chosen, k),
    outputs,
  };
}

function reasonsOfChosen(
  model: LightGbmModel,
  columns: Float64Array[],
  chosen: Int32Array,
  k: number,
): Reasons {
  let reasons: Reasons | undefined;
  for (let output = 0; output < model.outputCount; output++) {
    if (!chosen.includes(output)) continue;
    const of = model.topReasonsColumns(columns, { k, output });
    reasons ??= of;
    if (reasons === of) continue;
    for (const [row, wanted] of chosen.entries()) {
      if (wanted !== output) continue;
      for (let at = row * k; at < (row + 1) * k; at++) {
        reasons.features[at] = of.features[at]!;
        reasons.contributions[at] = of.contributions[at]!;
      }
    }
  }
  return reasons!;
}
