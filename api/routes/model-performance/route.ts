import { z } from 'zod';
import { modelParams } from '#api/models/model-view.ts';
import { jsonResponse, route } from '#api/route.ts';
import { readObservedPerformance } from '#shared/drift/outcome-store.ts';
import {
  DIMENSIONS,
  type GroupPerformance,
  readAtCapacity,
  readGroups,
  readSlope,
  type RollingPerformance,
} from '#shared/drift/rolling-performance.ts';

const figures = {
  n: z.int(),
  interrupted: z.int(),
  auc: z.number().nullable().meta({ description: 'null where one kind of outcome is lacking' }),
  brier: z.number().nullable(),
};
const interval = z.array(z.number()).length(2);
const rollingSchema = z.object({
  from: z.iso.date(),
  to: z.iso.date(),
  n: z.int(),
  patients: z.int(),
  interrupted: z.int(),
  expected: z.number().meta({ description: 'Sum of the risks' }),
  observed_expected: z.number(),
  observed_expected_interval: interval.meta({
    description: '95 %; patients vary, not their predictions',
  }),
  auc: z.number().nullable(),
  auc_interval: interval.nullable(),
});
const groupSchema = rollingSchema.extend({
  dimension: z.enum(DIMENSIONS),
  group: z.string(),
  alarm: z.boolean().meta({
    description: 'Observed over expected is further from 1 than a quarter, and than chance explains',
  }),
});
const performanceSchema = z
  .object({
    version: z.string(),
    rolling: rollingSchema.nullable().meta({
      description: 'The latest 90 days whose windows are over; null while none is',
    }),
    slope: z
      .object({ intercept: z.number(), slope: z.number(), slope_interval: interval })
      .nullable()
      .meta({ description: 'Logistic recalibration over the same 90 days; 0 and 1 are perfect' }),
    capacity: z
      .array(
        z.object({
          share: z.number(),
          n: z.int(),
          positive_predictive_value: z.number(),
          interval,
          caught: z.number().nullable(),
        }),
      )
      .meta({ description: 'Of calling the riskiest share of each day’s patients, over the same 90 days' }),
    groups: z.array(groupSchema).meta({
      description:
        'The same 90 days by group: all, those who could be interrupted, sex, age, time on ART, facility; groups of fewer than 30 patients or 5 expected interruptions are left out',
    }),
    alarms: z.array(groupSchema).meta({ description: 'Those groups whose risks are no longer right' }),
    ...figures,
    calibration: z
      .array(z.object({ n: z.int(), mean_predicted: z.number(), observed: z.number() }))
      .meta({ description: 'Tenths by predicted risk, ascending' }),
    months: z.array(
      z.object({ month: z.string(), ...figures, mean_predicted: z.number(), observed_rate: z.number() }),
    ),
  })
  .meta({ id: 'ModelPerformance' });

export const modelPerformance = route(
  {
    method: 'GET',
    path: '/v1/models/{version}/performance',
    access: 'read',
    permission: 'models',
    tag: 'Models',
    summary: 'What became of the patients against what the model said',
    description:
      'From the outcomes that were posted, of predictions whose window is over: the latest 90 days, and by the month of scoring.',
    params: modelParams,
    answers: {
      200: {
        description: 'Observed performance',
        content: [{ type: 'application/json', schema: performanceSchema }],
      },
    },
    errors: ['model_not_found'],
  },
  async ({ deps, principal, params }) => {
    const model = await deps.models.modelOf(principal.tenantId, params.version);
    const { id } = model;
    const [{ months, rolling, ...all }, groups, capacity, slope] = await Promise.all([
      readObservedPerformance(deps.db, principal.tenantId, id),
      readGroups(deps.db, principal.tenantId, id),
      readAtCapacity(deps.db, principal.tenantId, id),
      readSlope(deps.db, principal.tenantId, id),
    ]);
    return jsonResponse({
      version: model.version,
      rolling: rolling && rollingView(rolling),
      slope: slope && {
        intercept: slope.intercept,
        slope: slope.slope,
        slope_interval: slope.slopeInterval,
      },
      capacity: capacity.map(({ positivePredictiveValue, ...one }) => ({
        ...one,
        positive_predictive_value: positivePredictiveValue,
      })),
      groups: groups.map(groupView),
      alarms: groups.filter(({ alarm }) => alarm).map(groupView),
      ...all,
      months: months.map(({ meanPredicted, observedRate, ...month }) => ({
        ...month,
        mean_predicted: meanPredicted,
        observed_rate: observedRate,
      })),
    });
  },
);

function rollingView(rolling: RollingPerformance) {
  return {
    from: rolling.from,
    to: rolling.to,
    n: rolling.n,
    patients: rolling.patients,
    interrupted: rolling.interrupted,
    expected: rolling.expected,
    observed_expected: rolling.observedExpected,
    observed_expected_interval: rolling.observedExpectedInterval,
    auc: rolling.auc,
    auc_interval: rolling.aucInterval,
  };
}

function groupView({ dimension, group, alarm, ...rolling }: GroupPerformance) {
  return { dimension, group, alarm, ...rollingView(rolling) };
}
