import type { RecordEvent } from '#api/audit/record-access.ts';
import type { Db } from '#shared/db/database.ts';
import type { CountedRefusal } from './refusal-ledger.ts';

/** The tenant that refusals go to when no key tells one. */
const DEFAULT_TENANT = 1;

/** A refusal as an audit event; `details.count` requests of its kind. */
export async function auditRefusal(db: Db, recordEvent: RecordEvent, refusal: CountedRefusal): Promise<void> {
  await recordEvent(db, {
    tenantId: refusal.claimed?.tenantId ?? DEFAULT_TENANT,
    actor: refusal.claimed?.actor ?? 'unknown',
    apiKeyId: refusal.claimed?.keyId ?? null,
    networkAddress: refusal.networkAddress ?? null,
    action: 'auth.refused',
    outcome: 'refused',
    entity: null,
    details: { code: refusal.code, reason: refusal.reason, request: refusal.request, count: refusal.count },
  });
}
