import { z } from 'zod';
import { dayParameter } from '#api/http/time-parameters.ts';
import { requireCurrentList } from '#api/calls/require-facility.ts';
import { addContact } from '#api/contacts/add-contact.ts';
import { CONTACT_RESULTS } from '#api/contacts/contacts.ts';
import { jsonBody } from '#api/http/json-body.ts';
import { jsonResponse, route } from '#api/route.ts';

const body = z
  .strictObject({
    facility_id: z.string().min(1).max(64),
    patient_id: z.string().min(1).max(64),
    result: z.enum(CONTACT_RESULTS),
    coming_on: dayParameter
      .nullable()
      .default(null)
      .meta({ description: 'With will_come, if a day was named' }),
  })
  .meta({ id: 'NewContact' });

export const postContact = route(
  {
    method: 'POST',
    path: '/v1/contacts',
    access: 'submit',
    permission: 'contacts',
    tag: 'Call lists',
    summary: 'Record what came of a call',
    description:
      'To a patient of a facility’s current list. A later list that shows a new pickup marks the contact as followed by a return; a contact alone proves no outcome.',
    requestBody: {
      description: 'Whom, and what came of it',
      content: [
        {
          type: 'application/json',
          schema: body,
          example:
            '{"facility_id":"SYN-F1","patient_id":"SYN-1","result":"will_come","coming_on":"2026-12-01"}',
        },
      ],
    },
    answers: {
      201: {
        description: 'The contact',
        content: [
          {
            type: 'application/json',
            schema: z.object({ id: z.uuid(), recorded_at: z.iso.datetime() }).meta({ id: 'ContactMade' }),
          },
        ],
      },
    },
    errors: ['not_found', 'invalid_body', 'empty_body', 'malformed_json', 'body_too_large'],
  },
  async (call) => {
    const given = await jsonBody(call, body);
    const list = await requireCurrentList(call, given.facility_id);
    const { contact } = await addContact(call, list, {
      patientId: given.patient_id,
      result: given.result,
      comingOn: given.coming_on,
      today: call.deps.zone.dayOf(call.deps.clock.nowMs()),
    });
    return jsonResponse({ id: contact.id, recorded_at: contact.recordedAt.toISOString() }, 201);
  },
);
