import { z } from 'zod';
import { recordAccess } from '#api/audit/record-access.ts';
import { modelParams, modelSchema, readModels } from '#api/models/model-view.ts';
import { jsonResponse, route } from '#api/route.ts';

export const activateModel = route(
  {
    method: 'POST',
    path: '/v1/models/{version}/activate',
    access: 'admin',
    tag: 'Models',
    summary: 'Score new jobs of your tenant with this model',
    description:
      'Jobs that were accepted before keep theirs. Rolling back is activating the one before. Activating the active model again changes nothing.',
    params: modelParams,
    query: z.strictObject({
      reason: z.string().max(500).optional().meta({ description: 'Why, for the log' }),
    }),
    answers: {
      200: { description: 'The model, active', content: [{ type: 'application/json', schema: modelSchema }] },
    },
    errors: ['model_not_found'],
  },
  async (call) => {
    const { deps, principal, params } = call;
    const model = await deps.models.modelOf(principal.tenantId, params.version);
    await deps.db.transaction().execute(async (trx) => {
      const before = await trx
        .selectFrom('model_activations')
        .innerJoin('models', 'models.id', 'model_activations.model_id')
        .select(['models.id', 'models.version'])
        .where('tenant_id', '=', principal.tenantId)
        .orderBy('model_activations.id', 'desc')
        .limit(1)
        .executeTakeFirst();
      if (before?.id === model.id) return;
      await trx
        .insertInto('model_activations')
        .values({ tenant_id: principal.tenantId, model_id: model.id, activated_by: principal.actor })
        .execute();
      await recordAccess(
        call,
        {
          action: 'model.activate',
          entity: `model/${model.version}`,
          details: {
            sha256: model.sha256,
            before: before?.version ?? null,
            reason: call.query.reason ?? null,
          },
        },
        trx,
      );
    });
    const [view] = await readModels(deps.db, principal.tenantId, model.version);
    return jsonResponse(view);
  },
);
