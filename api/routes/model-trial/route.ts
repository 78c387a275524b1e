import { z } from 'zod';
import { dayParameter } from '#api/http/time-parameters.ts';
import { recordAccess } from '#api/audit/record-access.ts';
import { jsonBody } from '#api/http/json-body.ts';
import { modelParams } from '#api/models/model-view.ts';
import { type Call, jsonResponse, route } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { judgeTrial, trialRuleSchema } from '#shared/governance/trial-rule.ts';
import { readTrial, readTrialFigures, type Trial } from '#shared/governance/trial-store.ts';
import type { ModelRecord } from '#shared/models/store.ts';

const person = z.string().trim().min(2).max(200);
const reason = z.string().trim().min(5).max(500);
const VERDICTS = ['go', 'no_go', 'too_early'] as const;
const interval = z.array(z.number()).length(2).nullable();

const trialSchema = z
  .object({
    version: z.string(),
    rule: trialRuleSchema,
    reason: z.string(),
    started_at: z.iso.datetime(),
    started_by: z.string(),
    ends_on: z.iso.date(),
    verdict: z.enum(VERDICTS).meta({ description: 'What the rule says of the figures as they are now' }),
    criteria: z.array(
      z.object({
        name: z.string(),
        required: z.number(),
        found: z.number().nullable(),
        verdict: z.enum(VERDICTS),
      }),
    ),
    figures: z.object({
      patients: z.int(),
      interruptions: z.int(),
      auc: z.number().nullable(),
      auc_interval: interval,
      observed_expected: z.number().nullable(),
      observed_expected_interval: interval,
      high_share: z.number().nullable(),
      sensitivity_gap: z.number().nullable(),
      sensitivity_gap_of: z.string().nullable(),
    }),
    decision: z.enum(['go', 'no_go']).nullable(),
    decided_at: z.iso.datetime().nullable(),
    decided_by: z.string().nullable(),
    approver: z.string().nullable(),
    decision_reason: z.string().nullable(),
  })
  .meta({ id: 'ModelTrial' });
const answers = {
  200: { description: 'The trial', content: [{ type: 'application/json', schema: trialSchema }] },
};

export const getTrial = route(
  {
    method: 'GET',
    path: '/v1/models/{version}/trial',
    access: 'read',
    permission: 'models',
    tag: 'Models',
    summary: 'What a model’s silent period has shown, and what its rule says of that',
    params: modelParams,
    answers,
    errors: ['model_not_found', 'not_found'],
  },
  async (call) => jsonResponse(await trialView(call)),
);

const start = z
  .strictObject({
    reason,
    ends_on: dayParameter,
    rule: trialRuleSchema.default(trialRuleSchema.parse({})),
  })
  .meta({ id: 'NewModelTrial' });

export const startTrial = route(
  {
    method: 'PUT',
    path: '/v1/models/{version}/trial',
    access: 'admin',
    tag: 'Models',
    summary: 'Begin a silent period with a go/no-go rule',
    description:
      'The rule stands from now on. Predictions made since count: those of the model as a shadow, or as the silently active one. Until the decision the model cannot be activated but silently. One that is open cannot be begun anew.',
    params: modelParams,
    requestBody: {
      description: 'Why, until when, and the rule; what it leaves out has a default',
      content: [
        {
          type: 'application/json',
          schema: start,
          example: '{"reason":"Before the use in Kano","ends_on":"2027-03-31","rule":{"minimum_auc":0.7}}',
        },
      ],
    },
    answers,
    errors: [
      'model_not_found',
      'model_conflict',
      'invalid_body',
      'empty_body',
      'malformed_json',
      'body_too_large',
    ],
  },
  async (call) => {
    const { deps, principal, params } = call;
    const given = await jsonBody(call, start);
    const model = await deps.models.modelOf(principal.tenantId, params.version);
    await deps.db.transaction().execute(async (trx) => {
      const begun = await trx
        .insertInto('model_trials')
        .values({
          tenant_id: principal.tenantId,
          model_id: model.id,
          rule: JSON.stringify(given.rule),
          reason: given.reason,
          started_by: principal.actor,
          ends_on: given.ends_on,
          findings: null,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('id')
        .executeTakeFirst();
      if (begun === undefined)
        throw new ServiceError('model_conflict', 'A trial of this model is open: decide it first.');
      const { reason: why, ...details } = given;
      const access = {
        action: 'trial.start',
        entity: `model/${model.version}`,
        details: { ...details, reason: why },
      };
      await recordAccess(call, access, trx);
    });
    return jsonResponse(await trialView(call));
  },
);

const decision = z
  .strictObject({
    decision: z.enum(['go', 'no_go']),
    reason,
    approver: person.meta({ description: 'Who answers for it' }),
    against_rule: z.boolean().default(false).meta({
      description: 'Needed for a `go` where the rule says otherwise, and kept with it',
    }),
  })
  .meta({ id: 'TrialDecision' });

export const decideTrial = route(
  {
    method: 'POST',
    path: '/v1/models/{version}/trial/decision',
    access: 'admin',
    tag: 'Models',
    summary: 'Decide a silent period: go or no-go',
    description:
      'Kept with the figures of this moment. After `go` the model may be activated; after `no_go` only another trial leads there.',
    params: modelParams,
    requestBody: {
      description: 'What, why and who answers for it',
      content: [
        {
          type: 'application/json',
          schema: decision,
          example:
            '{"decision":"no_go","reason":"Too few of the young are found","approver":"Dr. A. Bello, ART coordinator"}',
        },
      ],
    },
    answers,
    errors: [
      'model_not_found',
      'not_found',
      'model_conflict',
      'invalid_body',
      'empty_body',
      'malformed_json',
      'body_too_large',
    ],
  },
  async (call) => {
    const { deps, principal } = call;
    const given = await jsonBody(call, decision);
    const { model, trial, figures, judged } = await judgedTrial(call);
    if (trial.decision !== null) throw new ServiceError('model_conflict', 'This trial was decided already.');
    if (given.decision === 'go' && judged.verdict !== 'go' && !given.against_rule) {
      throw new ServiceError(
        'model_conflict',
        `The trial's rule says ${judged.verdict}: a go against it needs "against_rule": true.`,
        { details: { criteria: judged.criteria.filter(({ verdict }) => verdict !== 'go') } },
      );
    }
    await deps.db.transaction().execute(async (trx) => {
      const { numUpdatedRows } = await trx
        .updateTable('model_trials')
        .set({
          decision: given.decision,
          decided_at: new Date(deps.clock.nowMs()),
          decided_by: principal.actor,
          approver: given.approver,
          decision_reason: given.reason,
          findings: JSON.stringify({ figures, ...judged }),
        })
        .where('id', '=', trial.id)
        .where('decision', 'is', null)
        .executeTakeFirst();
      if (numUpdatedRows !== 1n) throw new ServiceError('model_conflict', 'This trial was decided already.');
      const details = { ...given, verdict: judged.verdict, figures };
      await recordAccess(call, { action: 'trial.decide', entity: `model/${model.version}`, details }, trx);
    });
    return jsonResponse(await trialView(call));
  },
);

type TrialCall = Pick<Call<{ version: string }, unknown>, 'deps' | 'principal' | 'params'>;

async function judgedTrial({ deps, principal, params }: TrialCall) {
  const model: ModelRecord = await deps.models.modelOf(principal.tenantId, params.version);
  const trial: Trial | undefined = await readTrial(deps.db, principal.tenantId, model.id);
  if (trial === undefined) throw new ServiceError('not_found', 'This model has never had a trial.');
  const figures = await readTrialFigures(deps.db, principal.tenantId, model.id, trial.startedAt);
  return { model, trial, figures, judged: judgeTrial(trial.rule, figures) };
}

async function trialView(call: TrialCall) {
  const { model, trial, figures, judged } = await judgedTrial(call);
  return {
    version: model.version,
    rule: trial.rule,
    reason: trial.reason,
    started_at: trial.startedAt.toISOString(),
    started_by: trial.startedBy,
    ends_on: trial.endsOn,
    verdict: judged.verdict,
    criteria: judged.criteria,
    figures: {
      patients: figures.patients,
      interruptions: figures.interruptions,
      auc: figures.auc,
      auc_interval: figures.aucInterval,
      observed_expected: figures.observedExpected,
      observed_expected_interval: figures.observedExpectedInterval,
      high_share: figures.highShare,
      sensitivity_gap: figures.sensitivityGap,
      sensitivity_gap_of: figures.sensitivityGapOf,
    },
    decision: trial.decision,
    decided_at: trial.decidedAt?.toISOString() ?? null,
    decided_by: trial.decidedBy,
    approver: trial.approver,
    decision_reason: trial.decisionReason,
  };
}
