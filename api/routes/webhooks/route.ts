import { z } from 'zod';
import { recordAccess } from '#api/audit/record-access.ts';
import { jsonBody } from '#api/http/json-body.ts';
import { jsonResponse, route } from '#api/route.ts';
import { AddressGuard, RefusedAddressError } from '#api/webhooks/address-guard.ts';
import { addEndpoint, listEndpoints, removeEndpoint, rotateSecret } from '#api/webhooks/endpoints.ts';
import type { Config } from '#shared/config/config.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { newWebhookSchema, webhookSchema, webhookView } from './schemas.ts';

const params = z.object({ id: z.uuid() });

export const listWebhooks = route(
  {
    method: 'GET',
    path: '/v1/webhooks',
    access: 'admin',
    permission: 'settings',
    tag: 'Webhooks',
    summary: 'Addresses that are told',
    answers: {
      200: {
        description: 'The oldest first',
        content: [
          {
            type: 'application/json',
            schema: z.object({ webhooks: z.array(webhookSchema) }).meta({ id: 'WebhookList' }),
          },
        ],
      },
    },
  },
  async ({ deps, principal }) => {
    const endpoints = await listEndpoints(deps.db, principal.tenantId);
    return jsonResponse({ webhooks: endpoints.map(webhookView) });
  },
);

export const addWebhook = route(
  {
    method: 'POST',
    path: '/v1/webhooks',
    access: 'admin',
    permission: 'settings',
    tag: 'Webhooks',
    summary: 'Have an address told',
    description:
      'Signed by Standard Webhooks, tried again for three days. The secret is in this answer alone.',
    requestBody: {
      description: 'The address and its events',
      content: [
        {
          type: 'application/json',
          schema: newWebhookSchema,
          example: '{"url":"https://emr.example.org/iit","events":["job.ended"]}',
        },
      ],
    },
    answers: {
      201: {
        description: 'It and its secret',
        content: [
          {
            type: 'application/json',
            schema: webhookSchema.extend({ secret: z.string() }).meta({ id: 'WebhookMade' }),
          },
        ],
      },
    },
    errors: ['invalid_body', 'empty_body', 'malformed_json', 'body_too_large', 'webhook_conflict'],
  },
  async (call) => {
    const { deps, principal } = call;
    const { url, events, form, description } = await jsonBody(call, newWebhookSchema);
    requireSendable(url, deps.config);
    const made = await deps.db.transaction().execute(async (trx) => {
      const endpoint = { url, events: [...new Set(events)], form, description };
      const added = await addEndpoint(trx, deps.secrets, {
        ...endpoint,
        tenantId: principal.tenantId,
        actor: principal.actor,
      });
      await recordAccess(
        call,
        {
          action: 'webhook.add',
          entity: `webhook/${added.id}`,
          details: { host: new URL(url).host, events },
        },
        trx,
      );
      return added;
    });
    const [endpoint] = await listEndpoints(deps.db, principal.tenantId, made.id);
    return jsonResponse({ ...webhookView(endpoint!), secret: made.secret }, 201);
  },
);

export const removeWebhook = route(
  {
    method: 'DELETE',
    path: '/v1/webhooks/{id}',
    access: 'admin',
    permission: 'settings',
    tag: 'Webhooks',
    summary: 'Remove a webhook',
    params,
    answers: {
      200: {
        description: 'Removed',
        content: [
          {
            type: 'application/json',
            schema: z.object({ id: z.uuid(), removed: z.literal(true) }).meta({ id: 'WebhookRemoved' }),
          },
        ],
      },
    },
    errors: ['not_found'],
  },
  async (call) => {
    const { deps, principal, params } = call;
    await deps.db.transaction().execute(async (trx) => {
      await removeEndpoint(trx, principal.tenantId, params.id);
      await recordAccess(call, { action: 'webhook.remove', entity: `webhook/${params.id}` }, trx);
    });
    return jsonResponse({ id: params.id, removed: true });
  },
);

export const rotateWebhookSecret = route(
  {
    method: 'POST',
    path: '/v1/webhooks/{id}/secret',
    access: 'admin',
    permission: 'settings',
    tag: 'Webhooks',
    summary: 'Replace a webhook’s secret',
    description: 'Both sign for 24 hours.',
    params,
    answers: {
      200: {
        description: 'The new secret',
        content: [
          {
            type: 'application/json',
            schema: z.object({ id: z.uuid(), secret: z.string() }).meta({ id: 'WebhookSecret' }),
          },
        ],
      },
    },
    errors: ['not_found'],
  },
  async (call) => {
    const { deps, principal, params } = call;
    const secret = await deps.db.transaction().execute(async (trx) => {
      const rotated = await rotateSecret(trx, deps.secrets, principal.tenantId, params.id);
      await recordAccess(call, { action: 'webhook.rotate', entity: `webhook/${params.id}` }, trx);
      return rotated;
    });
    return jsonResponse({ id: params.id, secret });
  },
);

/** Throws `invalid_body` for an address that would be refused whenever something is sent. Names are judged then. */
function requireSendable(address: string, { WEBHOOK_PRIVATE_NETWORKS: networks }: Config): void {
  const url = new URL(address);
  const refuse = (message: string) =>
    new ServiceError('invalid_body', `\`url\`: ${message}`, { field: 'url' });
  if (url.username !== '' || url.password !== '')
    throw refuse('Leave user and password away: the signature tells who sends.');
  if (url.protocol === 'http:' && networks === '')
    throw refuse('Write https://: messages go out by TLS alone.');
  try {
    new AddressGuard(networks).judgeLiteral(url);
  } catch (error) {
    if (error instanceof RefusedAddressError) throw refuse('This address is not public.');
    throw error;
  }
}
