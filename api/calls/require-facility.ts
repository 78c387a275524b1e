import { maySeeFacility } from '#api/auth/principal.ts';
import type { Call } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { type CurrentList, findCurrentList } from './current-list.ts';

/**
 * The current list of a facility that the caller may see. A stranger's facility looks like one that is not there, and is
 * audited. Throws `not_found`.
 */
export async function requireCurrentList(
  call: Pick<Call<unknown, unknown>, 'deps' | 'principal' | 'incoming' | 'context'>,
  facilityId: string,
): Promise<CurrentList> {
  const { deps, principal, incoming, context } = call;
  if (!maySeeFacility(principal, facilityId)) {
    deps.refusals.note({
      code: 'forbidden',
      reason: 'facility',
      claimed: principal,
      networkAddress: incoming.socket.remoteAddress,
      request: `${context.req.method} ${context.get('route')}`,
    });
    throw new ServiceError('not_found', 'There is no such facility among yours.');
  }
  const list = await findCurrentList(deps.db, principal.tenantId, facilityId);
  if (list === undefined) throw new ServiceError('not_found', 'There is no current list of this facility.');
  return list;
}
