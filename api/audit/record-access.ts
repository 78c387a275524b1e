import type { Call } from '#api/route.ts';
import type { AuditEvent } from '#shared/audit/record-event.ts';
import type { Db } from '#shared/db/database.ts';

/** shared/audit's recordEvent: one row of audit_events, in the transaction that it is given. */
export type RecordEvent = (trx: Db, event: AuditEvent) => Promise<string>;

export type Access = {
  /** `<noun>.<verb>`: results.view, results.export, audit.view, job.cancel, model.activate, … */
  action: string;
  /** `job/<id>`, `model/<version>`, `patient/<id>`; none for lists, whose query is in details. */
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
