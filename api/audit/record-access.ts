import type { Call } from '#api/route.ts';
import type { Db } from '#shared/db/database.ts';

export type AuditEvent = {
  tenantId: number;
  /** Name of the key. */
  actor: string;
  apiKeyId: string | null;
  networkAddress: string | null;
  /** `<noun>.<verb>`: results.view, audit.view, job.cancel, model.activate, access.unauthenticated, … */
  action: string;
  outcome: 'success' | 'refused' | 'failure';
  /** What was touched: `job:<id>`, `model:<version>`, `patient:<id>`; null for lists, whose query is in details. */
  entity: string | null;
  /** Never names, phones or observation values. */
  details: Record<string, unknown>;
};

/** Writes one row of audit_events, in the transaction that it is given. */
export type RecordEvent = (db: Db, event: AuditEvent) => Promise<void>;

export type Access = {
  action: string;
  entity?: string;
  details?: Record<string, unknown>;
};

/** Audits what this call's key does, before the answer leaves; in `trx` where the act itself is one. */
export async function recordAccess(
  call: Pick<Call<unknown, unknown>, 'deps' | 'principal' | 'incoming' | 'headers' | 'requestId'>,
  access: Access,
  trx?: Db,
): Promise<void> {
  const { deps, principal } = call;
  // Behind a proxy the socket is the proxy's; what the client says of itself is kept as a claim.
  const forwardedFor = call.headers.get('x-forwarded-for');
  await deps.recordEvent(trx ?? deps.db, {
    tenantId: principal.tenantId,
    actor: principal.actor,
    apiKeyId: principal.keyId,
    networkAddress: call.incoming.socket.remoteAddress ?? null,
    action: access.action,
    outcome: 'success',
    entity: access.entity ?? null,
    details: {
      ...access.details,
      request_id: call.requestId,
      ...(forwardedFor === null ? {} : { forwarded_for: forwardedFor.slice(0, 200) }),
    },
  });
}
