import { z } from 'zod';
import { recordAccess } from '#api/audit/record-access.ts';
import { CONTACT_RESULTS, contactsOf } from '#api/contacts/contacts.ts';
import { jsonResponse, route } from '#api/route.ts';

const contactSchema = z
  .object({
    id: z.uuid(),
    facility_id: z.string(),
    patient_id: z.string(),
    contacted_on: z.iso.date(),
    result: z.enum(CONTACT_RESULTS),
    coming_on: z.iso.date().nullable(),
    recorded_at: z.iso.datetime(),
    recorded_by: z.string(),
    returned_on: z.iso.date().nullable().meta({ description: 'When a later list showed a new pickup' }),
  })
  .meta({ id: 'Contact' });

export const listContacts = route(
  {
    method: 'GET',
    path: '/v1/contacts',
    access: 'read',
    permission: 'contacts',
    tag: 'Call lists',
    summary: 'Who called a patient, and what came of it',
    description: 'The newest first; of a person those of their facilities.',
    query: z.strictObject({ patient_id: z.string().min(1).max(64) }),
    answers: {
      200: {
        description: 'Contacts',
        content: [
          {
            type: 'application/json',
            schema: z.object({ contacts: z.array(contactSchema) }).meta({ id: 'ContactList' }),
          },
        ],
      },
    },
    errors: ['invalid_query'],
  },
  async (call) => {
    const { deps, principal, query } = call;
    const contacts = await contactsOf(deps.db, {
      tenantId: principal.tenantId,
      patientId: query.patient_id,
      facilities: principal.facilities,
    });
    await recordAccess(call, {
      action: 'contacts.view',
      entity: `patient/${query.patient_id}`,
      details: { contacts: contacts.length },
    });
    return jsonResponse({
      contacts: contacts.map((contact) => ({
        id: contact.id,
        facility_id: contact.facilityId,
        patient_id: contact.patientId,
        contacted_on: contact.contactedOn,
        result: contact.result,
        coming_on: contact.comingOn,
        recorded_at: contact.recordedAt.toISOString(),
        recorded_by: contact.recordedBy,
        returned_on: contact.returnedOn,
      })),
    });
  },
);
