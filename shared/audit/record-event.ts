import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import { timestampOfMicros } from '#shared/db/timestamps.ts';

/** Something that somebody did or was refused; never with patients' names, phones or values in `details`. */
export type AuditEvent = {
  tenantId: number;
  actor: string;
  apiKeyId?: string | null;
  networkAddress?: string | null;
  /** `job.submit`, `model.activate`, `auth.refused`, … */
  action: string;
  outcome: 'success' | 'refused' | 'failure';
  /** What it was done to: `job/<id>`, `model/<version>`. */
  entity?: string | null;
  details?: Record<string, unknown>;
};

export type RecordedEvent = Required<AuditEvent> & {
  id: string;
  recordedAtMicros: number;
  /** Of an event about a patient: SHA-256 of a salt and the entity, which stands for it in the digest. */
  entityHash?: Buffer | null;
};

/** Entities whose name can be erased while the event stays. */
const PATIENT = 'patient/';
const SALT_BYTES = 16;

/**
 * Writes an event in the transaction of what it describes. The time is PostgreSQL's. Returns the event's id.
 */
export async function recordEvent(trx: Db, event: AuditEvent): Promise<string> {
  const { rows } = await sql<{ micros: number | string }>`
    SELECT (EXTRACT(epoch FROM clock_timestamp()) * 1000000)::int8 AS micros`.execute(trx);
  const recorded: RecordedEvent = {
    apiKeyId: null,
    networkAddress: null,
    entity: null,
    details: {},
    ...event,
    id: randomUUID(),
    // A client without the pool's parsers gives text.
    recordedAtMicros: Number(rows[0]?.micros ?? 0),
  };
  const salt = recorded.entity?.startsWith(PATIENT) === true ? randomBytes(SALT_BYTES) : null;
  if (salt !== null) recorded.entityHash = entityHash(salt, recorded.entity ?? '');
  await trx
    .insertInto('audit_events')
    .values({
      id: recorded.id,
      tenant_id: recorded.tenantId,
      recorded_at: timestampOfMicros(recorded.recordedAtMicros),
      actor: recorded.actor,
      api_key_id: recorded.apiKeyId,
      network_address: recorded.networkAddress,
      action: recorded.action,
      outcome: recorded.outcome,
      entity: recorded.entity,
      entity_salt: salt,
      entity_hash: recorded.entityHash ?? null,
      details: JSON.stringify(recorded.details),
      digest: eventDigest(recorded),
    })
    .execute();
  return recorded.id;
}

export function entityHash(salt: Uint8Array, entity: string): Buffer {
  return createHash('sha256').update(salt).update(entity).digest();
}

/**
 * SHA-256 over the event as JSON with sorted keys, whatever order the database gives its keys back in; the entity's hash, in hex,
 * stands for the entity where there is one.
 */
export function eventDigest({ entityHash: hashed, ...event }: RecordedEvent): Buffer {
  const entity = hashed === undefined || hashed === null ? event.entity : { sha256: hashed.toString('hex') };
  return createHash('sha256')
    .update(canonicalJson({ ...event, entity }))
    .digest();
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value);
}
