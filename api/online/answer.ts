import { z } from 'zod';
import { resultSchema } from '#api/results/result-formats.ts';
import { NOT_A_DIAGNOSIS } from '#shared/models/manifest.ts';
import { tierName } from '#shared/tiers/tier-policy.ts';
import type { OnlineModel } from './online-model.ts';
import type { OnlineAnswer } from './online-scorer.ts';
import type { OnlineRows } from './row-reader.ts';

export const predictionsSchema = z
  .object({
    run_id: z
      .uuid()
      .nullable()
      .meta({ description: 'With a row number, the key of the audit record; null when nobody was scored' }),
    model: z.object({ version: z.string(), sha256: z.string() }),
    notice: z.string(),
    predictions: z.array(
      resultSchema.omit({ due_date: true }).extend({
        row: z.int().positive().meta({ description: 'Row of the run in the audit' }),
        as_of: z.iso
          .date()
          .nullable()
          .meta({ description: 'The day that the features describe, where it is known' }),
      }),
    ),
    not_found: z.array(z.string()).meta({ description: 'Patient ids without stored features' }),
    refused: z
      .array(
        z.object({ record: z.int().positive(), field: z.string(), code: z.string(), message: z.string() }),
      )
      .meta({ description: 'Patient messages that cannot be scored, by their place in the request' }),
  })
  .meta({ id: 'Predictions' });

export type Leftover = {
  not_found: readonly string[];
  refused: readonly { record: number; field: string; code: string; message: string }[];
};

/** The answer's JSON text; `answer` undefined when nobody could be scored. */
export function answerText(
  model: OnlineModel,
  rows: OnlineRows,
  answer: OnlineAnswer | undefined,
  leftover: Leftover,
): string {
  return JSON.stringify({
    run_id: answer?.runId ?? null,
    model: { version: model.version, sha256: model.sha256 },
    notice: NOT_A_DIAGNOSIS,
    predictions:
      answer === undefined ? [] : rows.patientIds.map((_, row) => predictionOf(model, rows, answer, row)),
    ...leftover,
  });
}

function predictionOf(model: OnlineModel, rows: OnlineRows, answer: OnlineAnswer, row: number) {
  return {
    row: answer.firstRow + row,
    patient_id: rows.patientIds[row],
    facility_id: rows.facilityIds[row],
    as_of: rows.asOf[row],
    risk: answer.risks[row],
    tier: tierName(answer.tiers[row]!),
    reasons: reasonsOf(model, rows, answer, row),
  };
}

function reasonsOf(model: OnlineModel, rows: OnlineRows, { reasons }: OnlineAnswer, row: number) {
  if (reasons === undefined) return [];
  const { k, features, contributions } = reasons;
  const out = [];
  for (let i = row * k; i < (row + 1) * k; i++) {
    const feature = features[i]!;
    if (feature < 0) break;
    const value = rows.values[row * model.rows.featureCount + feature]!;
    const reason = { feature, value, contribution: Math.round(contributions[i]! * 1e6) / 1e6 };
    out.push({
      feature: model.texts.nameOf(reason),
      value: Number.isNaN(value) ? null : value,
      contribution: reason.contribution,
      text: model.texts.textOf(reason),
    });
  }
  return out;
}
