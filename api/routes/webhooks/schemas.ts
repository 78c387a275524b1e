import { z } from 'zod';
import { EVENT_TYPES, FORMS } from '#api/webhooks/event-types.ts';
import type { DeliveryView } from '#api/webhooks/deliveries.ts';
import type { EndpointView } from '#api/webhooks/endpoints.ts';

const time = z.iso.datetime();
const count = z.int().nonnegative();

export const webhookSchema = z
  .object({
    id: z.uuid(),
    url: z.string(),
    description: z.string(),
    events: z.array(z.string()),
    form: z.enum(FORMS),
    pending: count.meta({ description: 'Deliveries that wait, for their time or their next attempt' }),
    dead: count.meta({ description: 'Deliveries that were given up and can be replayed' }),
    created_at: time,
    created_by: z.string(),
    disabled_at: time.nullable(),
    disabled_reason: z.string().nullable(),
  })
  .meta({ id: 'Webhook' });

export const newWebhookSchema = z
  .strictObject({
    url: z.url({ protocol: /^https?$/u }).max(2_000),
    events: z.array(z.enum(EVENT_TYPES)).min(1).max(EVENT_TYPES.length),
    form: z.enum(FORMS).default('standard').meta({
      description: 'standard: the payload of Standard Webhooks · cloudevents: CloudEvents 1.0, structured',
    }),
    description: z.string().trim().max(200).default(''),
  })
  .meta({ id: 'NewWebhook' });

export const deliverySchema = z
  .object({
    event_id: z.uuid().meta({ description: 'The header webhook-id, the same on every attempt' }),
    type: z.string(),
    subject: z.string(),
    occurred_at: time,
    state: z.enum(['pending', 'delivered', 'dead']),
    attempts: count,
    next_at: time.nullable(),
    last_attempt_at: time.nullable(),
    last_status: z.int().nullable(),
    last_error: z.string().nullable(),
  })
  .meta({ id: 'WebhookDelivery' });

export function webhookView(endpoint: EndpointView): z.infer<typeof webhookSchema> {
  return {
    id: endpoint.id,
    url: endpoint.url,
    description: endpoint.description,
    events: endpoint.events,
    form: endpoint.form,
    pending: endpoint.pending,
    dead: endpoint.dead,
    created_at: endpoint.createdAt.toISOString(),
    created_by: endpoint.createdBy,
    disabled_at: endpoint.disabledAt?.toISOString() ?? null,
    disabled_reason: endpoint.disabledReason,
  };
}

export function deliveryView(delivery: DeliveryView): z.infer<typeof deliverySchema> {
  return {
    event_id: delivery.eventId,
    type: delivery.type,
    subject: delivery.subject,
    occurred_at: delivery.occurredAt.toISOString(),
    state: delivery.state,
    attempts: delivery.attempts,
    next_at: delivery.state === 'pending' ? delivery.nextAt.toISOString() : null,
    last_attempt_at: delivery.lastAttemptAt?.toISOString() ?? null,
    last_status: delivery.lastStatus,
    last_error: delivery.lastError,
  };
}
