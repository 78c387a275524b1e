import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import { entityHash, eventDigest } from './record-event.ts';
import { type AuditScope, type Gone, recordedWithin, type Verification } from './verification.ts';

/** Recomputes the digest of every event within the scope's times. */
export async function verifyEvents(
  db: Db,
  scope: AuditScope,
  gone: Gone,
  found: Verification,
): Promise<void> {
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const { rows } = await sql<StoredEvent>`
      SELECT v.*, (EXTRACT(epoch FROM v.recorded_at) * 1000000)::int8 AS micros FROM audit_events v
      WHERE v.id > ${after}::uuid AND ${recordedWithin(scope, 'v')} ORDER BY v.id LIMIT 1000`.execute(db);
    for (const row of rows) {
      found.events++;
      const shown =
        row.entity_salt === null || row.entity === null
          ? row.entity_hash
          : entityHash(row.entity_salt, row.entity);
      const digest = eventDigest({
        id: row.id,
        tenantId: row.tenant_id,
        recordedAtMicros: row.micros,
        actor: row.actor,
        apiKeyId: row.api_key_id,
        networkAddress: row.network_address,
        action: row.action,
        outcome: row.outcome,
        entity: row.entity,
        entityHash: shown,
        details: row.details,
      });
      if (digest.equals(row.digest)) continue;
      if (row.entity === null && gone.refs.has(row.id)) found.unverifiable++;
      else found.problems.push({ kind: 'event_altered', ref: row.id, message: 'is not as it was recorded' });
    }
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}

type StoredEvent = {
  id: string;
  tenant_id: number;
  actor: string;
  api_key_id: string | null;
  network_address: string | null;
  action: string;
  outcome: 'success' | 'refused' | 'failure';
  entity: string | null;
  entity_salt: Buffer | null;
  entity_hash: Buffer | null;
  details: Record<string, unknown>;
  digest: Buffer;
  micros: number;
};
