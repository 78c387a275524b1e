import type { Claimant } from '#api/people/login.ts';
import type { PageCall } from '../../page.ts';
import type { Db } from '#shared/db/database.ts';

const DEFAULT_TENANT = 1;

/** A log-in, or an attempt at one, in the log. `claimed` is undefined where nobody is known by the address given. */
export async function auditLogin(
  call: PageCall,
  trx: Db,
  event: {
    action: 'auth.login' | 'auth.logout';
    outcome: 'success' | 'failure';
    method: string;
    who: Pick<Claimant, 'tenantId' | 'email'> & { keyId: string | null };
    reason?: string;
  },
): Promise<void> {
  await call.deps.recordEvent(trx, {
    tenantId: event.who.tenantId,
    actor: event.who.email,
    apiKeyId: event.who.keyId,
    networkAddress: call.incoming.socket.remoteAddress ?? null,
    action: event.action,
    outcome: event.outcome,
    details: {
      method: event.method,
      request_id: call.requestId,
      ...(event.reason === undefined ? {} : { reason: event.reason }),
    },
  });
}

/** A failed attempt; the account is named only where it exists. */
export async function auditFailedLogin(
  call: PageCall,
  method: string,
  reason: string,
  claimed: string | undefined,
): Promise<void> {
  await auditLogin(call, call.deps.db, {
    action: 'auth.login',
    outcome: 'failure',
    method,
    reason,
    who: { tenantId: DEFAULT_TENANT, email: claimed ?? 'unknown', keyId: null },
  });
}
