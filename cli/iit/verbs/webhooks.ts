import type { Context } from '../context.ts';
import { UsageError } from '../exit.ts';
import { when } from '../output.ts';

const EVENTS = ['job.ended', 'schedule.missed', 'model.changed', 'drift.found', 'log.checkpoint'] as const;

export type NewWebhookOptions = { events: string; form?: 'standard' | 'cloudevents'; description?: string };
export type DeliveryOptions = { state?: 'pending' | 'delivered' | 'dead'; limit?: number };
export type ReplayOptions = { event?: string; since?: string };

export async function list({ client, out }: Context): Promise<void> {
  const { webhooks } = await (await client()).call((http, fetch) => http.GET('/v1/webhooks', { fetch }));
  if (out.json) return out.document(webhooks);
  await out.table(
    ['id', 'address', 'events', 'waiting', 'given up', 'off since'],
    webhooks.map((hook) => [
      hook.id,
      hook.url,
      hook.events.join(', '),
      hook.pending,
      hook.dead,
      when(hook.disabled_at),
    ]),
  );
  return undefined;
}

export async function add({ client, out }: Context, url: string, options: NewWebhookOptions): Promise<void> {
  const { form = 'standard', description = '' } = options;
  const body = { url, events: eventsOf(options.events), form, description };
  const made = await (await client()).call((http, fetch) => http.POST('/v1/webhooks', { body, fetch }));
  if (out.json) return out.document(made);
  out.line(made.secret);
  out.say(`Webhook ${made.id}. Its secret is shown this once and cannot be had again.`);
  return undefined;
}

export async function remove({ client, out }: Context, id: string): Promise<void> {
  const removed = await (
    await client()
  ).call((http, fetch) => http.DELETE('/v1/webhooks/{id}', { params: { path: { id } }, fetch }));
  if (out.json) return out.document(removed);
  out.say('It is told nothing more.');
  return undefined;
}

export async function rotate({ client, out }: Context, id: string): Promise<void> {
  const rotated = await (
    await client()
  ).call((http, fetch) => http.POST('/v1/webhooks/{id}/secret', { params: { path: { id } }, fetch }));
  if (out.json) return out.document(rotated);
  out.line(rotated.secret);
  out.say('It is shown this once; the one before counts for 24 hours more.');
  return undefined;
}

export async function test({ client, out }: Context, id: string): Promise<void> {
  const sent = await (
    await client()
  ).call((http, fetch) => http.POST('/v1/webhooks/{id}/test', { params: { path: { id } }, fetch }));
  if (out.json) return out.document(sent);
  out.say(`Event ${sent.event_id} is on its way: iit webhooks deliveries ${id} tells how it went.`);
  return undefined;
}

export async function deliveries(
  { client, out }: Context,
  id: string,
  query: DeliveryOptions,
): Promise<void> {
  const { deliveries: found } = await (
    await client()
  ).call((http, fetch) =>
    http.GET('/v1/webhooks/{id}/deliveries', { params: { path: { id }, query }, fetch }),
  );
  if (out.json) return out.document(found);
  await out.table(
    ['event', 'type', 'of', 'state', 'attempts', 'answer', 'next'],
    found.map((one) => [
      one.event_id,
      one.type,
      when(one.occurred_at),
      one.state,
      one.attempts,
      one.last_status ?? one.last_error,
      when(one.next_at),
    ]),
  );
  return undefined;
}

export async function replay({ client, out }: Context, id: string, query: ReplayOptions): Promise<void> {
  const replayed = await (
    await client()
  ).call((http, fetch) => http.POST('/v1/webhooks/{id}/replay', { params: { path: { id }, query }, fetch }));
  if (out.json) return out.document(replayed);
  out.say(`${replayed.replayed} are sent again.`);
  return undefined;
}

function eventsOf(text: string): (typeof EVENTS)[number][] {
  return text.split(',').map((part) => {
    const known = EVENTS.find((event) => event === part.trim());
    if (known === undefined) throw new UsageError(`"${part}" is no event; there are ${EVENTS.join(', ')}.`);
    return known;
  });
}
