import { recordAccess } from '#api/audit/record-access.ts';
import type { Call } from '#api/route.ts';
import type { Language, Role } from '#shared/db/schema.ts';
import { type Area, areaText } from './areas.ts';
import { addPerson, makeInvitation } from './people.ts';

type Acting = Pick<Call<unknown, unknown>, 'deps' | 'principal' | 'incoming' | 'headers' | 'requestId'>;

/** Adds somebody and makes the link that lets them in once; audited together. Throws `person_conflict`. */
export async function invitePerson(
  call: Acting,
  person: { email: string; name: string; role: Role; language: Language; areas: readonly Area[] },
): Promise<{ id: string; token: string }> {
  const { deps, principal } = call;
  return await deps.db.transaction().execute(async (trx) => {
    const id = await addPerson(trx, {
      ...person,
      tenantId: principal.tenantId,
      createdBy: principal.actor,
    });
    const details = { email: person.email, role: person.role, areas: person.areas.map(areaText) };
    await recordAccess(call, { action: 'person.invite', entity: `person/${id}`, details }, trx);
    const token = await makeInvitation(trx, {
      personId: id,
      purpose: 'invitation',
      createdBy: principal.actor,
    });
    return { id, token };
  });
}
