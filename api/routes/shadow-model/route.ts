import { sql } from 'kysely';
import { z } from 'zod';
import { recordAccess } from '#api/audit/record-access.ts';
import { modelParams } from '#api/models/model-view.ts';
import { jsonResponse, route } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { columnsFor } from '#shared/models/feature-compatibility.ts';

const shadowSchema = z.object({ version: z.string(), shadowing: z.boolean() }).meta({ id: 'Shadow' });
const answers = {
  200: {
    description: 'Whether the model shadows',
    content: [{ type: 'application/json', schema: shadowSchema }],
  },
};

export const startShadow = route(
  {
    method: 'PUT',
    path: '/v1/models/{version}/shadow',
    access: 'admin',
    tag: 'Models',
    summary: 'Score new jobs with this model too, without effect',
    description:
      'Jobs accepted from now on are scored a second time after they were scored; the results are unchanged, the report compares both. One shadow a tenant: another one ends.',
    params: modelParams,
    answers,
    errors: ['model_not_found', 'model_conflict', 'feature_mismatch'],
  },
  async (call) => {
    const { deps, principal, params } = call;
    const [challenger, active] = [
      await deps.models.modelOf(principal.tenantId, params.version),
      await deps.models.activeModel(principal.tenantId),
    ];
    if (challenger.id === active.id) {
      throw new ServiceError('model_conflict', 'The active model cannot shadow itself.');
    }
    if (columnsFor(challenger.manifest, active.manifest) === undefined) {
      throw new ServiceError(
        'feature_mismatch',
        'The model needs features that the active one does not take.',
      );
    }
    await deps.db.transaction().execute(async (trx) => {
      const open = await trx
        .selectFrom('model_shadows')
        .select('model_id')
        .where('tenant_id', '=', principal.tenantId)
        .where('stopped_at', 'is', null)
        .executeTakeFirst();
      if (open?.model_id === challenger.id) return;
      await trx
        .updateTable('model_shadows')
        .set({ stopped_at: sql<Date>`now()`, stopped_by: principal.actor })
        .where('tenant_id', '=', principal.tenantId)
        .where('stopped_at', 'is', null)
        .execute();
      await trx
        .insertInto('model_shadows')
        .values({
          tenant_id: principal.tenantId,
          model_id: challenger.id,
          started_by: principal.actor,
          stopped_at: null,
          stopped_by: null,
        })
        .execute();
      const access = {
        action: 'model.shadow',
        entity: `model/${challenger.version}`,
        details: { active: active.version },
      };
      await recordAccess(call, access, trx);
    });
    return jsonResponse({ version: challenger.version, shadowing: true });
  },
);

export const stopShadow = route(
  {
    method: 'DELETE',
    path: '/v1/models/{version}/shadow',
    access: 'admin',
    tag: 'Models',
    summary: 'End the shadow of this model',
    description: 'What it scored stays for the report. Ending a shadow that is not open changes nothing.',
    params: modelParams,
    answers,
    errors: ['model_not_found'],
  },
  async (call) => {
    const { deps, principal, params } = call;
    const model = await deps.models.modelOf(principal.tenantId, params.version);
    await deps.db.transaction().execute(async (trx) => {
      const stopped = await trx
        .updateTable('model_shadows')
        .set({ stopped_at: sql<Date>`now()`, stopped_by: principal.actor })
        .where('tenant_id', '=', principal.tenantId)
        .where('model_id', '=', model.id)
        .where('stopped_at', 'is', null)
        .returning('id')
        .execute();
      if (stopped.length > 0) {
        await recordAccess(call, { action: 'model.unshadow', entity: `model/${model.version}` }, trx);
      }
    });
    return jsonResponse({ version: model.version, shadowing: false });
  },
);
