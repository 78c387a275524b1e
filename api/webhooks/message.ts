import type { Form } from './event-types.ts';

export type WebhookEvent = {
  id: string;
  type: string;
  subject: string;
  occurredAt: Date;
  data: Record<string, unknown>;
};

export type Message = { contentType: string; body: string };

/** Types of CloudEvents are the publisher's own: what stands before ours. */
const NAMESPACE = 'org.iit-ml-service';

/** An event as an endpoint wants it: the payload of Standard Webhooks, or CloudEvents 1.0 in its structured form. */
export function messageOf(event: WebhookEvent, form: Form, source: string): Message {
  const { id, type, subject, occurredAt, data } = event;
  const time = occurredAt.toISOString();
  if (form === 'standard')
    return { contentType: 'application/json', body: JSON.stringify({ type, timestamp: time, data }) };
  return {
    contentType: 'application/cloudevents+json; charset=utf-8',
    body: JSON.stringify({
      specversion: '1.0',
      id,
      source,
      type: `${NAMESPACE}.${type}`,
      subject,
      time,
      datacontenttype: 'application/json',
      data,
    }),
  };
}
