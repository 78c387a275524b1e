import { recordAccess } from '#api/audit/record-access.ts';
import { findCallRow, findUnscored } from '#api/calls/call-list.ts';
import type { CurrentList } from '#api/calls/current-list.ts';
import type { Call } from '#api/route.ts';
import { isoDateOf } from '#patients/record/iso-date.ts';
import type { ContactResult } from '#shared/db/schema.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { type Contact, recordContact } from './contacts.ts';

/** Records and audits what came of a call to somebody on a current list. Throws `not_found`. */
export async function addContact(
  call: Pick<Call<unknown, unknown>, 'deps' | 'principal' | 'incoming' | 'headers' | 'requestId' | 'signal'>,
  list: CurrentList,
  said: { patientId: string; result: ContactResult; comingOn: string | null; today: number },
): Promise<{
  contact: Contact;
  row: Awaited<ReturnType<typeof findCallRow>>;
  unscored: Awaited<ReturnType<typeof findUnscored>>;
}> {
  const { deps, principal } = call;
  const row = await findCallRow(deps, principal.tenantId, list, said.patientId, said.today, call.signal);
  const unscored =
    row === undefined ? await findUnscored(deps, principal.tenantId, list, said.patientId) : undefined;
  if (row === undefined && unscored === undefined)
    throw new ServiceError('not_found', 'This patient is not on the current list of the facility.');
  const dueDay = row?.dueDay ?? unscored?.dueDay;
  const contact = await deps.db.transaction().execute(async (trx) => {
    const made = await recordContact(trx, principal, {
      facilityId: list.facilityId,
      patientId: said.patientId,
      jobId: list.jobId,
      dueDate: dueDay === undefined ? null : isoDateOf(dueDay),
      contactedOn: isoDateOf(said.today),
      result: said.result,
      comingOn: said.result === 'will_come' ? said.comingOn : null,
    });
    await recordAccess(
      call,
      {
        action: 'contact.record',
        entity: `patient/${said.patientId}`,
        details: { result: said.result, facility_id: list.facilityId },
      },
      trx,
    );
    return made;
  });
  return { contact, row, unscored };
}
