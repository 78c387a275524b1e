import { z } from 'zod';

const figure = z.number().nullable();
const figures = z.object({
  n: z.int(),
  positives: z.int(),
  auc: figure,
  auc_scikit_learn: figure,
  pr_auc: figure,
  top_tenth_catches: figure,
  observed_expected: figure.optional(),
  slope: figure.optional(),
});
const spread = z.object({ facilities: z.int(), p10: figure, p50: figure, p90: figure });

const reportSchema = z.object({
  /** Of the model that it speaks of. */
  sha256: z.string(),
  line: z.record(z.string(), figure),
  logistic_terms: z.int(),
  at_risk: z.record(z.string(), figures),
  not_yet_overdue: z.record(z.string(), figures),
  intervals: z.object({ by_patient: z.array(figure), by_facility: z.array(figure) }),
  decision_curve: z.array(
    z.object({ threshold: z.number(), model: figure, logistic: figure, call_all: figure }),
  ),
  top_50: z.record(z.string(), figure),
  groups: z.array(
    z.object({
      dimension: z.string(),
      group: z.string(),
      n: z.int(),
      positives: z.int(),
      sensitivity_high: figure,
      ppv_high: figure,
      sensitivity_medium: figure,
      ppv_medium: figure,
    }),
  ),
  formats: z.record(z.string(), figures),
  facilities: z.object({ with_effect: spread, without_effect: spread, new_patients: spread }),
  ablation: z.array(z.object({ feature: z.string(), records: figure, snapshot: figure })).nullable(),
});

/** What `npm run model:report` found out about a model, beside its manifest. */
export type ModelReport = Readonly<z.infer<typeof reportSchema>>;

/** Reads a report's JSON text. Throws `ZodError`. */
export function loadReport(text: string): ModelReport {
  return reportSchema.parse(JSON.parse(text));
}
