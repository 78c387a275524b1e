import { z } from 'zod';
import { jsonBody } from '#api/http/json-body.ts';
import { acknowledge } from '#api/models/acknowledge-drift.ts';
import { modelParams } from '#api/models/model-view.ts';
import { jsonResponse, route } from '#api/route.ts';
import type { DriftAlarm } from '#shared/drift/alarm-store.ts';
import { readModelDrift } from '#shared/drift/drift-store.ts';
import type { Estimated } from '#shared/drift/estimated-performance.ts';
import type { Finding } from '#shared/drift/judge-counts.ts';
import { driftThresholds } from '#shared/drift/thresholds.ts';

const finding = z.object({
  psi: z.number().meta({ description: 'Population stability index, sampling noise taken off' }),
  deviations: z.number().meta({ description: 'Standard deviations by which the bin that moved most is off' }),
  bin: z.int(),
  expected_share: z.number(),
  observed_share: z.number(),
});
const population = z.record(z.string(), z.array(z.int())).meta({
  description:
    'Bins to which a chosen list is confined, by feature; such a list is held against such patients',
});
const measured = z.object({
  rows: z.int().meta({ description: 'Rows; of the window, patients' }),
  population,
  score: z.number().meta({ description: 'Population stability index of the risk, sampling noise taken off' }),
  features: z.record(z.string(), z.number()),
  findings: z.record(z.string(), finding),
  drifted: z.array(z.string()),
  estimated: z
    .object({ expected_rate: z.number(), auc: z.number().nullable(), reference_auc: z.number().nullable() })
    .nullable()
    .meta({ description: 'Performance as the risks themselves let expect, before outcomes are known' }),
});
const alarmSchema = z.object({
  id: z.int(),
  facility_id: z.string().nullable().meta({ description: 'null: a job as a whole' }),
  subject: z.string().meta({ description: 'A feature, or `score`' }),
  population,
  finding,
  rows: z.int(),
  first_job_id: z.uuid(),
  last_job_id: z.uuid(),
  jobs: z.int(),
  raised_at: z.iso.datetime(),
  seen_at: z.iso.datetime(),
  acknowledged_at: z.iso.datetime().nullable(),
  acknowledged_by: z.string().nullable(),
  reason: z.string().nullable(),
  expected: z.boolean().nullable(),
});
const driftSchema = z
  .object({
    version: z.string(),
    detected: z.boolean().meta({ description: 'An alarm stands that nobody has acknowledged' }),
    thresholds: z.object({
      feature_psi: z.number(),
      score_psi: z.number(),
      deviations: z.number(),
      minimum_rows: z.int(),
    }),
    window: measured.extend({ days: z.int() }).nullable().meta({
      description:
        'Jobs of the window together; chosen lists, and jobs whose source did not know all features, are left out',
    }),
    jobs: z.array(measured.extend({ job_id: z.uuid(), finished_at: z.iso.datetime() })),
    alarms: z.array(alarmSchema).meta({ description: 'Those that stand first' }),
  })
  .meta({ id: 'ModelDrift' });

export const modelDrift = route(
  {
    method: 'GET',
    path: '/v1/models/{version}/drift',
    access: 'read',
    permission: 'models',
    tag: 'Models',
    summary: 'How far the patients of late differ from those that the model was made with',
    description:
      'Each job, and each of its facilities, is held against patients like its own: of the same season and, where it is a chosen list, of the same group. An alarm stands until it is acknowledged.',
    params: modelParams,
    answers: {
      200: {
        description: 'Drift of jobs and of the sliding window, and alarms',
        content: [{ type: 'application/json', schema: driftSchema }],
      },
    },
    errors: ['model_not_found'],
  },
  async ({ deps, principal, params }) => {
    const model = await deps.models.modelOf(principal.tenantId, params.version);
    const thresholds = driftThresholds(deps.config);
    const days = deps.config.DRIFT_WINDOW_DAYS;
    const drift = await readModelDrift(deps.db, principal.tenantId, model, thresholds, days);
    return jsonResponse({
      version: model.version,
      detected: drift.detected,
      thresholds: {
        feature_psi: thresholds.featurePsi,
        score_psi: thresholds.scorePsi,
        deviations: thresholds.deviations,
        minimum_rows: thresholds.minimumRows,
      },
      window: drift.window === undefined ? null : { days, ...measuredView(drift.window) },
      jobs: drift.jobs.map((job) => ({
        job_id: job.jobId,
        finished_at: job.finishedAt.toISOString(),
        ...measuredView({ ...job, rows: job.rowCount }),
      })),
      alarms: drift.alarms.map(alarmView),
    });
  },
);

const acknowledgement = z
  .strictObject({
    alarms: z
      .array(z.int().positive())
      .min(1)
      .max(500)
      .optional()
      .meta({ description: 'Ids; without them every alarm of the model that stands' }),
    reason: z.string().trim().min(5).max(500),
    expected: z.boolean().meta({
      description:
        'true: this is how things are now, and the like of it raises no new alarm · false: it was a fault, and is mended',
    }),
  })
  .meta({ id: 'DriftAcknowledgement' });

export const acknowledgeDrift = route(
  {
    method: 'POST',
    path: '/v1/models/{version}/drift/acknowledge',
    access: 'admin',
    tag: 'Models',
    summary: 'Acknowledge drift alarms',
    description: 'With a reason, for the log. An alarm that was acknowledged already is left as it is.',
    params: modelParams,
    requestBody: {
      description: 'Which, why, and whether it is to stay so',
      content: [
        {
          type: 'application/json',
          schema: acknowledgement,
          example: '{"reason":"The laboratory changed its units; mended on 3 November.","expected":false}',
        },
      ],
    },
    answers: {
      200: {
        description: 'How many were acknowledged now',
        content: [
          {
            type: 'application/json',
            schema: z.object({ acknowledged: z.array(z.int()) }).meta({ id: 'DriftAcknowledged' }),
          },
        ],
      },
    },
    errors: ['model_not_found', 'invalid_body', 'empty_body', 'malformed_json', 'body_too_large'],
  },
  async (call) => {
    const given = await jsonBody(call, acknowledgement);
    const acknowledged = await acknowledge(call, given);
    return jsonResponse({ acknowledged });
  },
);

type Measured = {
  rows: number;
  population: object;
  findings: Record<string, Finding>;
  drifted: string[];
  estimated: Estimated | null;
};

function measuredView({ rows, population: group, findings, drifted, estimated }: Measured) {
  const { score, ...features } = Object.fromEntries(
    Object.entries(findings).map(([name, { index }]) => [name, index]),
  );
  return {
    rows,
    population: group,
    score: score ?? 0,
    features,
    findings: Object.fromEntries(Object.entries(findings).map(([name, one]) => [name, findingView(one)])),
    drifted,
    estimated: estimated && {
      expected_rate: estimated.expectedRate,
      auc: estimated.auc,
      reference_auc: estimated.referenceAuc,
    },
  };
}

function findingView({ index, deviations, bin, expected, observed }: Finding) {
  return { psi: index, deviations, bin, expected_share: expected, observed_share: observed };
}

function alarmView(alarm: DriftAlarm) {
  return {
    id: alarm.id,
    facility_id: alarm.facilityId,
    subject: alarm.subject,
    population: alarm.population,
    finding: findingView(alarm.finding),
    rows: alarm.rows,
    first_job_id: alarm.firstJobId,
    last_job_id: alarm.lastJobId,
    jobs: alarm.jobs,
    raised_at: alarm.raisedAt.toISOString(),
    seen_at: alarm.seenAt.toISOString(),
    acknowledged_at: alarm.acknowledgedAt?.toISOString() ?? null,
    acknowledged_by: alarm.acknowledgedBy,
    reason: alarm.reason,
    expected: alarm.isExpected,
  };
}
