import { z } from 'zod';
import { dayParameter } from '#api/http/time-parameters.ts';
import { recordAccess } from '#api/audit/record-access.ts';
import { modelParams, modelSchema, readModels } from '#api/models/model-view.ts';
import { jsonResponse, route } from '#api/route.ts';
import { isoDate } from '#patients/record/epoch-day.ts';
import type { Db } from '#shared/db/database.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { readTrial } from '#shared/governance/trial-store.ts';

const YEAR_DAYS = 365;

export const activateModel = route(
  {
    method: 'POST',
    path: '/v1/models/{version}/activate',
    access: 'admin',
    tag: 'Models',
    summary: 'Score new jobs of your tenant with this model',
    description:
      'Jobs that were accepted before keep theirs. Rolling back is activating the one before. Activating the active model again on the same terms changes nothing. A model whose trial is open, or ended with no-go, is activated silently alone.',
    params: modelParams,
    query: z.strictObject({
      reason: z.string().max(500).optional().meta({ description: 'Why, for the log' }),
      approver: z
        .string()
        .trim()
        .min(2)
        .max(200)
        .optional()
        .meta({ description: 'Who answers for the use of the model' }),
      expires: dayParameter.optional().meta({
        description: 'Until when, after which lists say so; the manifest’s day, or a year from today',
      }),
      silent: z.stringbool().default(false).meta({
        description: 'Score and keep, and show it on no call list: for a trial',
      }),
    }),
    answers: {
      200: { description: 'The model, active', content: [{ type: 'application/json', schema: modelSchema }] },
    },
    errors: ['model_not_found', 'model_conflict'],
  },
  async (call) => {
    const { deps, principal, params, query } = call;
    const model = await deps.models.modelOf(principal.tenantId, params.version);
    const today = deps.zone.dayOf(deps.clock.nowMs());
    const later = isoDate(today + YEAR_DAYS);
    const manifestExpiry = model.manifest.governance?.expires;
    const expires =
      query.expires ??
      (manifestExpiry !== undefined && manifestExpiry > isoDate(today) ? manifestExpiry : later);
    if (expires <= isoDate(today)) {
      throw new ServiceError('model_conflict', 'A model is activated until a day that is to come.', {
        field: 'expires',
      });
    }
    await deps.db.transaction().execute(async (trx) => {
      if (!query.silent) await requireDecidedTrial(trx, principal.tenantId, model.id);
      const before = await trx
        .selectFrom('model_activations')
        .innerJoin('models', 'models.id', 'model_activations.model_id')
        .select(['models.id', 'models.version', 'is_silent', 'expires_on', 'approver'])
        .where('tenant_id', '=', principal.tenantId)
        .orderBy('model_activations.id', 'desc')
        .limit(1)
        .executeTakeFirst();
      const hasNewTerms =
        before?.is_silent !== query.silent ||
        (query.expires !== undefined && before.expires_on !== query.expires) ||
        (query.approver !== undefined && before.approver !== query.approver);
      if (before?.id === model.id && !hasNewTerms) return;
      const terms = {
        reason: query.reason ?? null,
        approver: query.approver ?? null,
        expires_on: expires,
        is_silent: query.silent,
      };
      await trx
        .insertInto('model_activations')
        .values({
          tenant_id: principal.tenantId,
          model_id: model.id,
          activated_by: principal.actor,
          ...terms,
        })
        .execute();
      const details = { sha256: model.sha256, before: before?.version ?? null, ...terms };
      await recordAccess(call, { action: 'model.activate', entity: `model/${model.version}`, details }, trx);
    });
    const [view] = await readModels(deps.db, principal.tenantId, model.version);
    return jsonResponse(view);
  },
);

/** Throws `model_conflict` where a trial of the model is open, or its latest ended with no-go. */
async function requireDecidedTrial(trx: Db, tenantId: number, modelId: number): Promise<void> {
  const trial = await readTrial(trx, tenantId, modelId);
  if (trial === undefined || trial.decision === 'go') return;
  throw new ServiceError(
    'model_conflict',
    trial.decision === null
      ? 'A trial of this model is open: decide it first, or activate the model silently.'
      : 'The trial of this model ended with no-go: begin another, or activate the model silently.',
  );
}
