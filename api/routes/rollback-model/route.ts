import { sql } from 'kysely';
import { z } from 'zod';
import { recordAccess } from '#api/audit/record-access.ts';
import { modelSchema, readModels } from '#api/models/model-view.ts';
import { jsonResponse, route } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';

export const rollbackModel = route(
  {
    method: 'POST',
    path: '/v1/models/rollback',
    access: 'admin',
    tag: 'Models',
    summary: 'Activate the model that was active before the present one',
    description:
      'For your tenant. Jobs that were accepted keep the model that they were accepted under, running ones too. A second rollback undoes the first.',
    query: z.strictObject({
      reason: z.string().max(500).optional().meta({ description: 'Why, for the log' }),
    }),
    answers: {
      200: {
        description: 'The model, active again',
        content: [{ type: 'application/json', schema: modelSchema }],
      },
    },
    errors: ['model_not_found'],
  },
  async (call) => {
    const { deps, principal } = call;
    const version = await deps.db.transaction().execute(async (trx) => {
      // Two at once would otherwise undo each other.
      await sql`SELECT pg_advisory_xact_lock(hashtext('iit.rollback'), ${principal.tenantId}::int)`.execute(
        trx,
      );
      const { rows } = await sql<{ id: number; version: string; present: string }>`
        WITH present AS (
          SELECT model_id, id FROM model_activations WHERE tenant_id = ${principal.tenantId} ORDER BY id DESC LIMIT 1
        )
        SELECT m.id, m.version, p.version AS present
        FROM present JOIN models p ON p.id = present.model_id
        JOIN model_activations a ON a.tenant_id = ${principal.tenantId} AND a.model_id <> present.model_id
        JOIN models m ON m.id = a.model_id
        ORDER BY a.id DESC LIMIT 1`.execute(trx);
      const before = rows[0];
      if (before === undefined)
        throw new ServiceError('model_not_found', 'No other model was active before.');
      await trx
        .insertInto('model_activations')
        .values({ tenant_id: principal.tenantId, model_id: before.id, activated_by: principal.actor })
        .execute();
      await recordAccess(
        call,
        {
          action: 'model.rollback',
          entity: `model/${before.version}`,
          details: { before: before.present, reason: call.query.reason ?? null },
        },
        trx,
      );
      return before.version;
    });
    const [view] = await readModels(deps.db, principal.tenantId, version);
    return jsonResponse(view);
  },
);
