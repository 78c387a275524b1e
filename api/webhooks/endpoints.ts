import { sql } from 'kysely';
import type { SecretBox } from '#api/people/sealed-secret.ts';
import type { Db } from '#shared/db/database.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { TEST_EVENT, type Form } from './event-types.ts';
import { newSecret, shownSecret } from './signature.ts';

/** Of one tenant: each costs every event of the tenant a row. */
const MOST_ENDPOINTS = 20;
/** Both secrets sign while receivers take over the new one. */
const OVERLAP_HOURS = 24;

export type NewEndpoint = { url: string; description: string; events: string[]; form: Form };

export type EndpointView = NewEndpoint & {
  id: string;
  createdAt: Date;
  createdBy: string;
  disabledAt: Date | null;
  disabledReason: string | null;
  pending: number;
  dead: number;
};

/** Makes an endpoint; its secret is in the answer and, sealed, in the database. Throws `webhook_conflict` beyond 20. */
export async function addEndpoint(
  trx: Db,
  secrets: SecretBox,
  { tenantId, actor, ...given }: NewEndpoint & { tenantId: number; actor: string },
): Promise<{ id: string; secret: string }> {
  // Serialises the makers of one tenant, so that the count holds.
  await sql`SELECT pg_advisory_xact_lock(hashtext('iit.webhooks'), ${tenantId})`.execute(trx);
  const { count } = await trx
    .selectFrom('webhook_endpoints')
    .select((query) => query.fn.countAll<number>().as('count'))
    .where('tenant_id', '=', tenantId)
    .executeTakeFirstOrThrow();
  if (count >= MOST_ENDPOINTS) {
    throw new ServiceError(
      'webhook_conflict',
      `A tenant has at most ${MOST_ENDPOINTS} webhooks; remove one.`,
    );
  }
  const secret = newSecret();
  const { id } = await trx
    .insertInto('webhook_endpoints')
    .values({ ...given, tenant_id: tenantId, created_by: actor, secret: secrets.close(secret) })
    .returning('id')
    .executeTakeFirstOrThrow();
  return { id, secret: shownSecret(secret) };
}

/** The oldest first. */
export async function listEndpoints(db: Db, tenantId: number, id?: string): Promise<EndpointView[]> {
  const count = (state: 'pending' | 'dead') =>
    sql<number>`(SELECT count(*) FROM webhook_deliveries d WHERE d.endpoint_id = e.id AND d.state = ${state})`;
  return await db
    .selectFrom('webhook_endpoints as e')
    .select(['e.id', 'e.url', 'e.description', 'e.events', 'e.form'])
    .select(['e.created_at as createdAt', 'e.created_by as createdBy'])
    .select(['e.disabled_at as disabledAt', 'e.disabled_reason as disabledReason'])
    .select([count('pending').as('pending'), count('dead').as('dead')])
    .where('e.tenant_id', '=', tenantId)
    .$if(id !== undefined, (query) => query.where('e.id', '=', id as string))
    .orderBy('e.created_at')
    .execute();
}

/** Throws `not_found`; what was still to be delivered goes with it. */
export async function removeEndpoint(trx: Db, tenantId: number, id: string): Promise<void> {
  const removed = await trx
    .deleteFrom('webhook_endpoints')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (removed.numDeletedRows === 0n) throw noSuch();
}

/** A new secret; the one before signs beside it for a day. Throws `not_found`. */
export async function rotateSecret(
  trx: Db,
  secrets: SecretBox,
  tenantId: number,
  id: string,
): Promise<string> {
  const secret = newSecret();
  const changed = await trx
    .updateTable('webhook_endpoints')
    .set((row) => ({
      previous_secret: row.ref('secret'),
      previous_until: sql<Date>`now() + make_interval(hours => ${OVERLAP_HOURS})`,
      secret: secrets.close(secret),
    }))
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (changed.numUpdatedRows === 0n) throw noSuch();
  return shownSecret(secret);
}

/** An event for this endpoint alone. Returns its id. Throws `not_found`. */
export async function sendTestEvent(trx: Db, tenantId: number, id: string): Promise<string> {
  await requireEndpoint(trx, tenantId, id);
  const event = await trx
    .insertInto('webhook_events')
    .values({
      tenant_id: tenantId,
      type: TEST_EVENT,
      subject: `webhook/${id}`,
      data: JSON.stringify({ webhook_id: id }),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await trx.insertInto('webhook_deliveries').values({ event_id: event.id, endpoint_id: id }).execute();
  return event.id;
}

export async function requireEndpoint(db: Db, tenantId: number, id: string): Promise<void> {
  const [found] = await listEndpoints(db, tenantId, id);
  if (found === undefined) throw noSuch();
}

function noSuch(): ServiceError {
  return new ServiceError('not_found', 'There is no such webhook.');
}
