/** What endpoints can ask for, each written by a trigger (migrations/0014-webhooks.ts, 0016-schedules.ts). */
export const EVENT_TYPES = [
  'job.ended',
  'schedule.missed',
  'model.changed',
  'drift.found',
  'log.checkpoint',
] as const;

/** Sent on request alone, to any endpoint. */
export const TEST_EVENT = 'webhook.test';

export const FORMS = ['standard', 'cloudevents'] as const;
export type Form = (typeof FORMS)[number];
