import type { SecretBox } from '#api/people/sealed-secret.ts';
import type { Clock } from '#shared/clock/clock.ts';
import type { Db } from '#shared/db/database.ts';
import { createIntervalTask } from '#shared/lifecycle/interval-task.ts';
import type { Logger } from '#shared/log/logger.ts';
import { AddressGuard } from './address-guard.ts';
import { disableEndpoint, noteAttempt, pruneEvents, takeDue, type TakenDelivery } from './deliveries.ts';
import { messageOf } from './message.ts';
import { type Posted, postWebhook } from './post-webhook.ts';
import { signedHeaders } from './signature.ts';

export type WebhookDeps = {
  db: Db;
  log: Logger;
  clock: Clock;
  secrets: SecretBox;
  onAttempt: (outcome: 'delivered' | 'failed' | 'dead') => void;
  settings: {
    WEBHOOK_SECONDS: number;
    WEBHOOK_TIMEOUT_SECONDS: number;
    WEBHOOK_RETRY_SECONDS: string;
    WEBHOOK_PRIVATE_NETWORKS: string;
    /** Where events of CloudEvents come from. */
    CHECKPOINT_ORIGIN: string;
  };
};

export type Webhooks = { start: () => void; stop: () => Promise<void> };

const AT_ONCE = 24;
const AT_ONCE_PER_ENDPOINT = 4;
/** Beyond the timeout, for the database. */
const LEASE_MARGIN_SECONDS = 30;
/** Receivers that fell over together do not all get up at one moment. */
const JITTER = 0.1;
const LONGEST_RETRY_AFTER_SECONDS = 86_400;
const PRUNE_MS = 3_600_000;
const GONE = 410;

/**
 * Delivers events to endpoints, at least once each and in no certain order. Any number of processes may do so at a time.
 * Each attempt has a deadline, each endpoint a few places among all: one that hangs holds nobody else up.
 */
export function createWebhooks(deps: WebhookDeps): Webhooks {
  const { db, log, clock, secrets, onAttempt, settings } = deps;
  const guard = new AddressGuard(settings.WEBHOOK_PRIVATE_NETWORKS);
  const delays = settings.WEBHOOK_RETRY_SECONDS.split(',').map(Number);
  const timeoutMs = settings.WEBHOOK_TIMEOUT_SECONDS * 1_000;
  const leaseSeconds = settings.WEBHOOK_TIMEOUT_SECONDS + LEASE_MARGIN_SECONDS;
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();
  const byEndpoint = new Map<string, number>();

  const attempt = async (delivery: TakenDelivery): Promise<Posted> => {
    const opened = [delivery.secret, delivery.previousSecret].flatMap((sealed) =>
      sealed === null ? [] : (secrets.open(sealed) ?? []),
    );
    if (opened.length === 0)
      return {
        status: undefined,
        error: 'its secret was sealed with another WEB_SECRET: rotate it',
        retryAfterSeconds: undefined,
      };
    const { event, form, url } = delivery;
    const { contentType, body } = messageOf(event, form, settings.CHECKPOINT_ORIGIN);
    const seconds = Math.floor(clock.nowMs() / 1_000);
    const headers = {
      ...signedHeaders(opened, { id: event.id, seconds, body }),
      'content-type': contentType,
      'user-agent': 'iit-ml-service',
    };
    return await postWebhook(url, headers, body, { guard, timeoutMs, signal: stopping.signal });
  };

  const deliver = async (delivery: TakenDelivery): Promise<void> => {
    const { endpointId, attempts, event } = delivery;
    const place = { endpointId, eventId: event.id, attempts };
    const posted = await attempt(delivery);
    // What stopping broke off was no attempt of the receiver's: its lease ends, and it is sent again.
    if (stopping.signal.aborted && posted.status === undefined) return;
    const about = { endpointId, event: event.id, type: event.type, attempts, status: posted.status };
    if (posted.status !== undefined && posted.status >= 200 && posted.status < 300) {
      await noteAttempt(db, place, { ...posted, state: 'delivered' });
      onAttempt('delivered');
      return;
    }
    const delay = delays[attempts - 1];
    if (posted.status === GONE) await disableEndpoint(db, endpointId, 'The receiver answered 410 Gone.');
    if (delay === undefined || posted.status === GONE) {
      await noteAttempt(db, place, { ...posted, state: 'dead' });
      onAttempt('dead');
      log.error(
        { ...about, reason: posted.error },
        'a webhook was given up; replay it when its receiver is well',
      );
      return;
    }
    const jittered = delay * (1 + JITTER * Math.random());
    const asked = Math.min(posted.retryAfterSeconds ?? 0, LONGEST_RETRY_AFTER_SECONDS);
    await noteAttempt(db, place, { ...posted, state: 'pending', afterSeconds: Math.max(jittered, asked) });
    onAttempt('failed');
    log.debug({ ...about, reason: posted.error }, 'a webhook failed and is tried again');
  };

  const launch = (delivery: TakenDelivery) => {
    const { endpointId } = delivery;
    byEndpoint.set(endpointId, (byEndpoint.get(endpointId) ?? 0) + 1);
    const task = deliver(delivery)
      .catch((error: unknown) =>
        log.warn({ err: error, endpointId }, 'a delivery was not noted; its lease ends'),
      )
      .finally(() => {
        underWay.delete(task);
        const left = (byEndpoint.get(endpointId) ?? 1) - 1;
        if (left > 0) byEndpoint.set(endpointId, left);
        else byEndpoint.delete(endpointId);
      });
    underWay.add(task);
  };

  const round = async () => {
    const limit = AT_ONCE - underWay.size;
    if (limit <= 0) return;
    const busy = [...byEndpoint.keys()];
    for (const delivery of await takeDue(db, {
      limit,
      perEndpoint: AT_ONCE_PER_ENDPOINT,
      busy,
      leaseSeconds,
    }))
      launch(delivery);
  };
  const tasks = [
    createIntervalTask({ name: 'webhooks', intervalMs: settings.WEBHOOK_SECONDS * 1_000, log, run: round }),
    createIntervalTask({ name: 'prune webhooks', intervalMs: PRUNE_MS, log, run: () => pruneEvents(db) }),
  ];
  return {
    start: () => tasks.forEach((task) => task.start()),
    stop: async () => {
      stopping.abort();
      await Promise.all(tasks.map((task) => task.stop()));
      await Promise.all(underWay);
    },
  };
}
