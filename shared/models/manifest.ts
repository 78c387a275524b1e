import { z } from 'zod';

/** The sentence that stands on every surface that shows a risk. */
export const NOT_A_DIAGNOSIS =
  'Prioritises supportive contact. Not a diagnosis; never a reason to delay, reduce or refuse ART.';

export const TIERS = ['low', 'medium', 'high'] as const;
export type Tier = (typeof TIERS)[number];

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'not a lower-case hex SHA-256');
const version = z.string().regex(/^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$/, 'not a version of 1–64 characters');
const count = z.int().nonnegative();
const share = z.number().min(0).max(1);
const isoDate = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'not a YYYY-MM-DD date');

const featureSchema = z.strictObject({
  name: z.string().min(1).max(200),
  /** Column in the model, 0-based; equal to the place in this list. */
  index: count,
  kind: z.enum(['numeric', 'integer', 'boolean', 'categorical']),
  /** Unit of the value; `''` where it has none. */
  unit: z.string(),
  /** Values outside min…max are refused, both ends included. */
  min: z.number(),
  max: z.number(),
  /** Whether the column must be there. A value in it may still be missing. */
  required: z.boolean(),
  categories: z.array(z.strictObject({ code: z.int(), label: z.string().min(1) })).optional(),
  /** What an empty value means. */
  missing: z.string(),
  description: z.string(),
});

const cutoffs = z
  .strictObject({ medium: share, high: share })
  .refine((c) => c.medium <= c.high, 'the medium cut-off lies above the high one');

const binSchema = z.strictObject({ n: count, mean_predicted: share, observed: share });

const metricsSchema = z.strictObject({
  n: count,
  positives: count,
  base_rate: share,
  auc: share.nullable(),
  pr_auc: share.nullable(),
  brier: share,
  log_loss: z.number().nonnegative(),
  /** Equal-count bins in ascending order of predicted risk. */
  calibration: z.array(binSchema),
  /** Logistic recalibration: outcome ~ intercept + slope × logit(risk); 0 and 1 are perfect. */
  calibration_intercept: z.number().nullable(),
  calibration_slope: z.number().nullable(),
  /** Of calling the riskiest `share`: how many of all interruptions that catches, and how many calls hit one. */
  capacity: z
    .array(z.strictObject({ share, caught: share.nullable(), positive_predictive_value: share }))
    .optional(),
});

const splitSchema = z.strictObject({
  as_of: z.array(isoDate),
  /** Every patient in care on the as-of date. */
  everybody: metricsSchema,
  /** Those whose due date + 28 days falls inside the window: the figures to quote. */
  at_risk: metricsSchema,
});

const subgroupSchema = z.strictObject({
  dimension: z.string(),
  group: z.string(),
  /** Null in every figure where the cell is too small to show. */
  n: count.nullable(),
  positives: count.nullable(),
  base_rate: share.nullable(),
  mean_predicted: share.nullable(),
  auc: share.nullable(),
  /** Share of the group at or above the high cut-off. */
  high_share: share.nullable(),
});

/** Of a histogram: a bin is one character of a reference row, and the missing ones have theirs. */
const MOST_EDGES = 34;

/** What an upload is to a model: a feature table, records of an EMR, stacked snapshots of a line list, or one snapshot. */
export const FORMATS = ['table', 'records', 'stacked', 'snapshot'] as const;
export type InputKind = (typeof FORMATS)[number];

const formatSchema = z.strictObject({
  format: z.enum(FORMATS),
  n: count,
  auc: share.nullable(),
  /** Interruptions over the sum of risks. */
  observed_expected: z.number().nonnegative(),
  validated: z.boolean(),
});

const facilityEffectSchema = z.strictObject({
  /** The feature that the service fills in. */
  feature: z.string(),
  /** Interruptions that a facility's past must hold for its own rate to count as much as everybody's. */
  prior_events: z.number().positive(),
  as_of: isoDate,
  /** By facility: past interruptions over those expected, shrunk towards 1. */
  ratios: z.record(z.string(), z.number().min(0).max(20)),
});

/** `effects[i]` of values in `(edges[i-1], edges[i]]`, as in a histogram. */
const effectsSchema = z
  .strictObject({ edges: z.array(z.number()), effects: z.array(z.number()) })
  .refine((e) => e.effects.length === e.edges.length + 1, 'effects must be one longer than edges')
  .refine((e) => e.edges.every((edge, i) => i === 0 || edge > e.edges[i - 1]!), 'edges must ascend');

/**
 * What a model of another table than patients' predicts. A model without it predicts interruptions in treatment, and its
 * features come from records too.
 */
const predictionSchema = z
  .strictObject({
    /** One probability, one number, one of several classes, or a place in an order. */
    kind: z.enum(['probability', 'value', 'class', 'rank']),
    /** In the order of the model's outputs. */
    classes: z.array(z.string().min(1).max(100)).min(2).max(1_000).optional(),
    /** Whether the tiers of the manifest mean anything. */
    has_tiers: z.boolean(),
    /** Column that names a row, as `patient_id` does. */
    row_id: z.string().min(1).max(200),
    /** Column of what rows belong to, as `facility_id` is. */
    group_id: z.string().min(1).max(200).optional(),
  })
  .refine((p) => (p.kind === 'class') === (p.classes !== undefined), 'classes are those of kind class')
  .refine((p) => p.kind === 'probability' || !p.has_tiers, 'only a probability has tiers');

const governanceSchema = z.strictObject({
  /** Who answers for the use of the model; null while nobody does. */
  approver: z.string().nullable(),
  approved_on: isoDate.nullable(),
  /** From this day on the model should not be used without being looked at anew. */
  expires: isoDate,
  /** Day by which the cut-offs are to be looked at. */
  thresholds_review: isoDate,
});

/**
 * Histogram for drift. `counts[i]` holds values in `(edges[i-1], edges[i]]`: one count more than edges, the
 * first bin open below and the last open above. Missing values are counted apart.
 */
const histogramSchema = z
  .strictObject({
    edges: z.array(z.number()),
    counts: z.array(count),
    missing: count,
    /** Mean of the values of each bin: of the score, from which performance is estimated before outcomes are known. */
    means: z.array(z.number().nullable()).optional(),
  })
  .refine((h) => h.counts.length === h.edges.length + 1, 'counts must be one longer than edges')
  .refine((h) => h.edges.length <= MOST_EDGES, `has more than ${MOST_EDGES} edges`)
  .refine((h) => h.edges.every((e, i) => i === 0 || e > h.edges[i - 1]!), 'edges must ascend');

/**
 * Rows to hold a job against, as bins alone: a character a column, its bin in base 36, the missing ones in the bin after
 * the last. Columns are `month` (1–12, of the date that the row describes), features, and scores: `score:` and the kind of
 * input, and `:no_facility` where nothing was known of the facility's past.
 */
const referenceSchema = z
  .strictObject({
    columns: z.array(z.string().min(1).max(200)).min(1).max(5_000),
    rows: z.array(z.string().regex(/^[0-9a-z]+$/, 'is no row of bins')).max(20_000),
    /** All rows of each date that the rows were taken from, counted by column: for lists that are no chosen group. */
    seasons: z
      .array(
        z.strictObject({
          month: z.int().min(1).max(12),
          rows: count,
          counts: z.record(z.string(), z.array(count)),
        }),
      )
      .max(200)
      .optional(),
  })
  .refine((r) => r.rows.every((row) => row.length === r.columns.length), 'a row has not one bin a column');

const manifestSchema = z
  .strictObject({
    schema_version: z.literal(1),
    name: z.string().min(1).max(100),
    version,
    /** Of the model file's bytes. */
    sha256,
    file: z.string().regex(/^[\w.-]+$/, 'a bare file name beside the manifest'),
    lightgbm_version: z.string(),
    objective: z.string(),
    /** True where the training data were simulated. */
    synthetic: z.boolean(),
    /** Data cut-off of the training table: a date of the data, so that retraining gives the same bytes. */
    trained_at: isoDate,
    training: z.strictObject({
      seed: z.int(),
      source: z.string(),
      rows: count,
      patients: count,
      trees: count,
      num_leaves: count,
      window_days: z.int().positive(),
      grace_days: z.int().positive(),
      parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
      /** By feature: 1 = never lowers the risk as it grows, -1 = never raises it, 0 = free. */
      directions: z.record(z.string(), z.union([z.literal(-1), z.literal(0), z.literal(1)])).optional(),
      /** Shares of the training rows from which was taken what a kind of input leaves out. */
      masking: z.strictObject({ stacked: share, snapshot: share, no_facility: share }).optional(),
    }),
    prediction: predictionSchema.optional(),
    features: z.array(featureSchema).min(1),
    tiers: z.strictObject({
      medium: share,
      high: share,
      facility_overrides: z.record(z.string(), cutoffs).optional(),
    }),
    facility_effect: facilityEffectSchema.optional(),
    /** Kinds of input that the model was tried on. Without it: tables and records alone. */
    formats: z.array(formatSchema).optional(),
    /** For reasons in words: effect on the log-odds by value among the at-risk, against their mean. */
    reason_effects: z.record(z.string(), effectsSchema).optional(),
    governance: governanceSchema.optional(),
    base_rate: share,
    metrics: z.strictObject({ train: splitSchema, validation: splitSchema, test: splitSchema }),
    /** On the test split's at-risk rows. */
    subgroups: z.array(subgroupSchema),
    /** Cells with fewer rows than this, or with fewer than five outcomes, are suppressed. */
    subgroup_minimum: z.int().positive(),
    drift: z.strictObject({
      /** Only features whose distribution should be steady: calendar features are not in it. */
      features: z.record(z.string(), histogramSchema),
      score: histogramSchema,
      /** Sums of features that should hold still: name → feature → factor. Their histograms stand among the features'. */
      checks: z.record(z.string(), z.record(z.string(), z.number())).optional(),
      /** Features by which a list may be chosen (an age group, a clinic's six-month supplies). */
      selects: z.array(z.string()).optional(),
      /** By feature, and `score`: variance of each bin's share between facilities, missing values last. */
      spread: z.record(z.string(), z.array(z.number().nonnegative())).optional(),
      /** The same between the dates of the reference, for all facilities together. */
      trend: z.record(z.string(), z.array(z.number().nonnegative())).optional(),
      /** Kept apart from the manifest once it is registered. */
      reference: referenceSchema.optional(),
    }),
    intended_use: z.string(),
    not_a_diagnosis: z.literal(NOT_A_DIAGNOSIS),
    golden: z.strictObject({
      file: z.string().regex(/^[\w.-]+$/, 'a bare file name beside the manifest'),
      rows: count,
      sha256,
    }),
  })
  .superRefine((manifest, context) => {
    const seen = new Set<string>();
    for (const [i, feature] of manifest.features.entries()) {
      const at = ['features', i];
      if (feature.index !== i)
        context.addIssue({ code: 'custom', path: [...at, 'index'], message: `must be ${i}, its place` });
      if (seen.has(feature.name))
        context.addIssue({ code: 'custom', path: [...at, 'name'], message: 'twice in the list' });
      if (feature.min > feature.max)
        context.addIssue({ code: 'custom', path: [...at, 'min'], message: 'lies above max' });
      if (feature.kind === 'categorical' && !feature.categories?.length)
        context.addIssue({ code: 'custom', path: [...at, 'categories'], message: 'are missing' });
      seen.add(feature.name);
    }
    if (manifest.facility_effect !== undefined && !seen.has(manifest.facility_effect.feature))
      context.addIssue({ code: 'custom', path: ['facility_effect', 'feature'], message: 'is no feature' });
    if (manifest.tiers.medium > manifest.tiers.high)
      context.addIssue({ code: 'custom', path: ['tiers', 'medium'], message: 'lies above high' });
    for (const [name, terms] of Object.entries(manifest.drift.checks ?? {})) {
      if (!Object.keys(terms).every((feature) => seen.has(feature)))
        context.addIssue({ code: 'custom', path: ['drift', 'checks', name], message: 'is of no features' });
    }
    for (const name of Object.keys(manifest.drift.features)) {
      if (!seen.has(name) && manifest.drift.checks?.[name] === undefined)
        context.addIssue({ code: 'custom', path: ['drift', 'features', name], message: 'is no feature' });
    }
  });

export type ModelManifest = Readonly<z.infer<typeof manifestSchema>>;
export type ManifestFeature = z.infer<typeof featureSchema>;
export type Histogram = z.infer<typeof histogramSchema>;
export type Prediction = z.infer<typeof predictionSchema>;
export type ReferenceRows = z.infer<typeof referenceSchema>;
export type SplitMetrics = z.infer<typeof metricsSchema>;

/** Every fault of a manifest at once, each with its path. */
export class ManifestError extends Error {
  readonly code = 'manifest_invalid';
  readonly issues: readonly { readonly path: string; readonly message: string }[];

  constructor(issues: ManifestError['issues']) {
    super(`The model manifest is invalid:\n${issues.map((i) => `  ${i.path}: ${i.message}`).join('\n')}`);
    this.name = 'ManifestError';
    this.issues = issues;
  }
}

/** Reads a manifest's JSON text. Throws `ManifestError` with all faults together. */
export function loadManifest(text: string): ModelManifest {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new ManifestError([{ path: '$', message: `not JSON: ${(error as Error).message}` }]);
  }
  const result = manifestSchema.safeParse(parsed);
  if (!result.success) {
    throw new ManifestError(
      result.error.issues.map((i) => ({ path: ['$', ...i.path.map(String)].join('.'), message: i.message })),
    );
  }
  return result.data;
}

/** Whether a model was tried on a kind of input and held. A feature table has what records have. */
export function isValidatedOn(manifest: Pick<ModelManifest, 'formats'>, kind: InputKind): boolean {
  const { formats } = manifest;
  if (formats === undefined) return kind === 'table' || kind === 'records';
  const entry = formats.find(({ format }) => format === kind);
  if (entry !== undefined) return entry.validated;
  return kind === 'table' && isValidatedOn(manifest, 'records');
}

/** Tier of a risk at a facility: its own cut-offs where the manifest gives them, else the model's. */
export function tierOf(tiers: ModelManifest['tiers'], risk: number, facilityId?: string): Tier {
  const own = facilityId === undefined ? undefined : tiers.facility_overrides?.[facilityId];
  const { medium, high } = own ?? tiers;
  if (risk >= high) return 'high';
  return risk >= medium ? 'medium' : 'low';
}

/** One reference row of `golden.file`: numbers are shortest round-trip decimals, so parsing is bit exact. */
export interface GoldenRow {
  /** In the manifest's feature order; null = missing. */
  readonly values: readonly (number | null)[];
  /** One number, or one a class. */
  readonly raw: number | readonly number[];
  readonly risk: number | readonly number[];
}

const scores = z.union([z.number(), z.array(z.number())]);
const goldenSchema = z.strictObject({
  model_sha256: sha256,
  features: z.array(z.string()),
  rows: z.array(z.strictObject({ values: z.array(z.number().nullable()), raw: scores, risk: scores })),
});

export type GoldenRows = z.infer<typeof goldenSchema>;

/** Reads a golden-rows file's JSON text. Throws `ManifestError`. */
export function loadGoldenRows(text: string): GoldenRows {
  const result = goldenSchema.safeParse(JSON.parse(text));
  if (!result.success) {
    throw new ManifestError(
      result.error.issues.map((i) => ({
        path: ['golden', ...i.path.map(String)].join('.'),
        message: i.message,
      })),
    );
  }
  return result.data;
}
