import { z } from 'zod';
import { instantParameter } from '#api/http/time-parameters.ts';
import { recordAccess } from '#api/audit/record-access.ts';
import { jsonResponse, route } from '#api/route.ts';
import { listDeliveries, replay } from '#api/webhooks/deliveries.ts';
import { requireEndpoint, sendTestEvent } from '#api/webhooks/endpoints.ts';
import { deliverySchema, deliveryView } from './schemas.ts';

const params = z.object({ id: z.uuid() });

export const listWebhookDeliveries = route(
  {
    method: 'GET',
    path: '/v1/webhooks/{id}/deliveries',
    access: 'admin',
    permission: 'settings',
    tag: 'Webhooks',
    summary: 'Deliveries of a webhook',
    params,
    query: z.strictObject({
      state: z.enum(['pending', 'delivered', 'dead']).optional(),
      limit: z.coerce.number().int().min(1).max(500).default(100),
    }),
    answers: {
      200: {
        description: 'The newest first',
        content: [
          {
            type: 'application/json',
            schema: z.object({ deliveries: z.array(deliverySchema) }).meta({ id: 'WebhookDeliveryList' }),
          },
        ],
      },
    },
    errors: ['not_found', 'invalid_query'],
  },
  async ({ deps, principal, params, query }) => {
    await requireEndpoint(deps.db, principal.tenantId, params.id);
    const deliveries = await listDeliveries(deps.db, params.id, query);
    return jsonResponse({ deliveries: deliveries.map(deliveryView) });
  },
);

export const replayWebhook = route(
  {
    method: 'POST',
    path: '/v1/webhooks/{id}/replay',
    access: 'admin',
    permission: 'settings',
    tag: 'Webhooks',
    summary: 'Send again what was given up, or one event, or all since a time',
    params,
    query: z.strictObject({
      event: z.uuid().optional(),
      since: instantParameter.optional(),
    }),
    answers: {
      200: {
        description: 'How many',
        content: [
          {
            type: 'application/json',
            schema: z
              .object({ id: z.uuid(), replayed: z.int().nonnegative() })
              .meta({ id: 'WebhookReplayed' }),
          },
        ],
      },
    },
    errors: ['not_found', 'invalid_query'],
  },
  async (call) => {
    const { deps, principal, params, query } = call;
    const replayed = await deps.db.transaction().execute(async (trx) => {
      await requireEndpoint(trx, principal.tenantId, params.id);
      const count = await replay(trx, params.id, {
        eventId: query.event,
        since: query.since === undefined ? undefined : new Date(query.since),
      });
      await recordAccess(
        call,
        { action: 'webhook.replay', entity: `webhook/${params.id}`, details: { ...query, count } },
        trx,
      );
      return count;
    });
    return jsonResponse({ id: params.id, replayed });
  },
);

export const testWebhook = route(
  {
    method: 'POST',
    path: '/v1/webhooks/{id}/test',
    access: 'admin',
    permission: 'settings',
    tag: 'Webhooks',
    summary: 'Send an event of the type webhook.test',
    params,
    answers: {
      202: {
        description: 'It is sent within seconds',
        content: [
          {
            type: 'application/json',
            schema: z.object({ id: z.uuid(), event_id: z.uuid() }).meta({ id: 'WebhookTested' }),
          },
        ],
      },
    },
    errors: ['not_found'],
  },
  async (call) => {
    const { deps, principal, params } = call;
    const eventId = await deps.db.transaction().execute(async (trx) => {
      const sent = await sendTestEvent(trx, principal.tenantId, params.id);
      await recordAccess(call, { action: 'webhook.test', entity: `webhook/${params.id}` }, trx);
      return sent;
    });
    return jsonResponse({ id: params.id, event_id: eventId }, 202);
  },
);
