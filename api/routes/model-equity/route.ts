import { z } from 'zod';
import { recordAccess } from '#api/audit/record-access.ts';
import { modelParams } from '#api/models/model-view.ts';
import { jsonResponse, route } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { type EquityReport, readEquity } from '#shared/governance/equity-report.ts';

const figure = z.number().nullable();
const equitySchema = z
  .object({
    version: z.string(),
    quarter: z.string(),
    from: z.iso.date(),
    to: z.iso.date(),
    made_at: z.iso.datetime().nullable().meta({
      description: 'null: the quarter’s report is not made yet; these are the outcomes so far',
    }),
    predictions: z.int(),
    groups: z.array(
      z.object({
        dimension: z.enum(['all', 'sex', 'age', 'time_on_art', 'facility_size']),
        group: z.string(),
        patients: z
          .int()
          .nullable()
          .meta({ description: 'null in every figure of a group that is too small' }),
        interrupted: z.int().nullable(),
        high_share: figure,
        sensitivity: figure,
        sensitivity_interval: z.array(z.number()).length(2).nullable(),
        positive_predictive_value: figure,
        observed_expected: figure,
        underserved: z.boolean().meta({
          description: 'Less of its interrupted are in the high tier than of all, by more than chance',
        }),
      }),
    ),
    quarters: z.array(z.string()).meta({ description: 'Those of which a report was made, the latest first' }),
  })
  .meta({ id: 'EquityReport' });

export const modelEquity = route(
  {
    method: 'GET',
    path: '/v1/models/{version}/equity',
    access: 'read',
    permission: 'models',
    tag: 'Models',
    summary: 'Whom a model served in a quarter, and whom less',
    description:
      'A worker makes a quarter’s report once its windows are over and logs it; it never changes afterwards. Of a quarter without one the outcomes so far are shown.',
    params: modelParams,
    query: z.strictObject({
      quarter: z
        .string()
        .regex(/^\d{4}-Q[1-4]$/u, 'is no quarter such as 2026-Q3')
        .optional()
        .meta({ description: 'The latest of which a report was made' }),
    }),
    answers: {
      200: { description: 'The report', content: [{ type: 'application/json', schema: equitySchema }] },
    },
    errors: ['model_not_found', 'not_found'],
  },
  async (call) => {
    const { deps, principal, params, query } = call;
    const model = await deps.models.modelOf(principal.tenantId, params.version);
    const made = await deps.db
      .selectFrom('equity_reports')
      .select(['quarter', 'made_at'])
      .where('tenant_id', '=', principal.tenantId)
      .where('model_id', '=', model.id)
      .orderBy('quarter', 'desc')
      .execute();
    const quarter = query.quarter ?? made[0]?.quarter;
    if (quarter === undefined)
      throw new ServiceError('not_found', 'No quarter of this model has a report yet.');
    const kept = await deps.db
      .selectFrom('equity_reports')
      .select(['report', 'made_at'])
      .where('tenant_id', '=', principal.tenantId)
      .where('model_id', '=', model.id)
      .where('quarter', '=', quarter)
      .executeTakeFirst();
    const report =
      (kept?.report as EquityReport | undefined) ??
      (await readEquity(deps.db, principal.tenantId, model.id, quarter));
    if (report === undefined) throw new ServiceError('not_found', 'There are no outcomes of this quarter.');
    await recordAccess(call, {
      action: 'equity.view',
      entity: `model/${model.version}`,
      details: { quarter },
    });
    return jsonResponse({
      version: model.version,
      quarter: report.quarter,
      from: report.from,
      to: report.to,
      made_at: kept?.made_at.toISOString() ?? null,
      predictions: report.predictions,
      groups: report.groups.map((group) => ({
        dimension: group.dimension,
        group: group.group,
        patients: group.patients,
        interrupted: group.interrupted,
        high_share: group.highShare,
        sensitivity: group.sensitivity,
        sensitivity_interval: group.sensitivityInterval,
        positive_predictive_value: group.positivePredictiveValue,
        observed_expected: group.observedExpected,
        underserved: group.isUnderserved,
      })),
      quarters: made.map((one) => one.quarter),
    });
  },
);
