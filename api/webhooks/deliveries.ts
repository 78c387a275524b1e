import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import type { Form } from './event-types.ts';
import type { WebhookEvent } from './message.ts';

export type DeliveryState = 'pending' | 'delivered' | 'dead';

export type DeliveryView = {
  eventId: string;
  type: string;
  subject: string;
  occurredAt: Date;
  state: DeliveryState;
  attempts: number;
  nextAt: Date;
  lastAttemptAt: Date | null;
  lastStatus: number | null;
  lastError: string | null;
};

/** A delivery that this process has taken, for as long as its lease. */
export type TakenDelivery = {
  endpointId: string;
  url: string;
  form: Form;
  secret: Buffer;
  /** Of the secret before, while it counts. */
  previousSecret: Buffer | null;
  attempts: number;
  event: WebhookEvent;
};

type Outcome = { status: number | undefined; error: string | undefined };

/** Kept for replays after they were delivered or given up. */
const KEPT_DAYS = 30;
const PRUNED_AT_ONCE = 5_000;

/** The newest first. */
export async function listDeliveries(
  db: Db,
  endpointId: string,
  { state, limit }: { state?: DeliveryState | undefined; limit: number },
): Promise<DeliveryView[]> {
  return await db
    .selectFrom('webhook_deliveries as d')
    .innerJoin('webhook_events as e', 'e.id', 'd.event_id')
    .select(['d.event_id as eventId', 'e.type', 'e.subject', 'e.occurred_at as occurredAt'])
    .select(['d.state', 'd.attempts', 'd.next_at as nextAt', 'd.last_attempt_at as lastAttemptAt'])
    .select(['d.last_status as lastStatus', 'd.last_error as lastError'])
    .where('d.endpoint_id', '=', endpointId)
    .$if(state !== undefined, (query) => query.where('d.state', '=', state as DeliveryState))
    .orderBy('e.occurred_at', 'desc')
    .limit(limit)
    .execute();
}

/**
 * Sends anew what was given up, or everything since a time, or one event; an endpoint that had been switched off is on again.
 * Returns how many.
 */
export async function replay(
  trx: Db,
  endpointId: string,
  which: { eventId: string | undefined; since: Date | undefined },
): Promise<number> {
  await trx
    .updateTable('webhook_endpoints')
    .set({ disabled_at: null, disabled_reason: null })
    .where('id', '=', endpointId)
    .execute();
  const { rows } = await sql`
    UPDATE webhook_deliveries d SET state = 'pending', attempts = 0, next_at = clock_timestamp()
    FROM webhook_events e WHERE e.id = d.event_id AND d.endpoint_id = ${endpointId} AND ${
      which.eventId !== undefined
        ? sql`e.id = ${which.eventId}`
        : which.since !== undefined
          ? sql`e.occurred_at >= ${which.since}`
          : sql`d.state = 'dead'`
    } RETURNING 1`.execute(trx);
  return rows.length;
}

/**
 * Takes what is due, a few of each endpoint, so that one whose receiver hangs keeps nobody else waiting. Until the lease ends
 * nobody else takes them; a process that dies has its deliveries sent once more.
 */
export async function takeDue(
  db: Db,
  options: { limit: number; perEndpoint: number; busy: readonly string[]; leaseSeconds: number },
): Promise<TakenDelivery[]> {
  const { limit, perEndpoint, busy, leaseSeconds } = options;
  const { rows } = await sql<TakenDelivery & WebhookEvent & { eventId: string }>`
    WITH due AS (
      SELECT d.event_id, d.endpoint_id FROM webhook_endpoints p CROSS JOIN LATERAL (
        SELECT event_id, endpoint_id FROM webhook_deliveries
        WHERE endpoint_id = p.id AND state = 'pending' AND next_at <= clock_timestamp()
        ORDER BY next_at LIMIT ${perEndpoint} FOR UPDATE SKIP LOCKED) d
      WHERE p.disabled_at IS NULL AND p.id <> ALL (${busy}::uuid[]) LIMIT ${limit}
    ), taken AS (
      UPDATE webhook_deliveries d SET attempts = d.attempts + 1, last_attempt_at = clock_timestamp(),
        next_at = clock_timestamp() + make_interval(secs => ${leaseSeconds})
      FROM due WHERE d.event_id = due.event_id AND d.endpoint_id = due.endpoint_id
      RETURNING d.event_id, d.endpoint_id, d.attempts
    )
    SELECT t.endpoint_id AS "endpointId", t.attempts, p.url, p.form, p.secret,
      CASE WHEN p.previous_until > now() THEN p.previous_secret END AS "previousSecret",
      e.id AS "eventId", e.type, e.subject, e.occurred_at AS "occurredAt", e.data
    FROM taken t JOIN webhook_endpoints p ON p.id = t.endpoint_id JOIN webhook_events e ON e.id = t.event_id`.execute(
    db,
  );
  return rows.map(({ eventId, type, subject, occurredAt, data, ...rest }) => ({
    ...rest,
    event: { id: eventId, type, subject, occurredAt, data },
  }));
}

/**
 * Notes how an attempt went; `pending` is sent again after so many seconds. Void where the delivery has been taken by somebody
 * else since.
 */
export async function noteAttempt(
  db: Db,
  place: { endpointId: string; eventId: string; attempts: number },
  { state, status, error, afterSeconds = 0 }: Outcome & { state: DeliveryState; afterSeconds?: number },
): Promise<void> {
  await sql`UPDATE webhook_deliveries SET state = ${state}, last_status = ${status ?? null}, last_error = ${error ?? null},
      next_at = clock_timestamp() + make_interval(secs => ${afterSeconds})
    WHERE endpoint_id = ${place.endpointId} AND event_id = ${place.eventId} AND attempts = ${place.attempts}
      AND state = 'pending'`.execute(db);
}

/** The receiver has said that it is gone for good: nothing is sent until somebody replays. */
export async function disableEndpoint(db: Db, endpointId: string, reason: string): Promise<void> {
  await db
    .updateTable('webhook_endpoints')
    .set({ disabled_at: sql<Date>`now()`, disabled_reason: reason })
    .where('id', '=', endpointId)
    .execute();
}

/** Lets go of events that nobody waits for any more. */
export async function pruneEvents(db: Db): Promise<void> {
  await sql`DELETE FROM webhook_events WHERE id IN (
    SELECT e.id FROM webhook_events e WHERE e.occurred_at < now() - make_interval(days => ${KEPT_DAYS})
      AND NOT EXISTS (SELECT FROM webhook_deliveries d WHERE d.event_id = e.id AND d.state = 'pending')
    ORDER BY e.occurred_at LIMIT ${PRUNED_AT_ONCE})`.execute(db);
}
