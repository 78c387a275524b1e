import { z } from 'zod';
import { recordAccess } from '#api/audit/record-access.ts';
import { parseFacilities } from '#api/facilities/facility-csv.ts';
import { putFacilities as put } from '#api/facilities/facilities.ts';
import { jsonResponse, route } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';

const MAX_BYTES = 4 * 1024 ** 2;

const utf8 = new TextDecoder('utf-8', { fatal: true });

function textOf(bytes: Buffer): string {
  if (bytes.length === 0) throw new ServiceError('empty_body', 'Send the register as a CSV.');
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw new ServiceError('invalid_encoding', 'The body is not UTF-8.', { cause: error });
  }
}

export const putFacilities = route(
  {
    method: 'PUT',
    path: '/v1/facilities',
    access: 'admin',
    permission: 'settings',
    tag: 'Call lists',
    summary: 'Take over a register of facilities',
    description:
      'A CSV with id, name, lga and state. Known ids get the new names, also those that a line list had named; what is not in it stays.',
    requestBody: {
      description: 'The register',
      content: [{ type: 'text/csv', example: 'id,name,lga,state\nF1,"Central Clinic","Dala","Kano"\n' }],
    },
    answers: {
      200: {
        description: 'How many facilities the register had',
        content: [
          {
            type: 'application/json',
            schema: z.object({ facilities: z.int() }).meta({ id: 'FacilitiesPut' }),
          },
        ],
      },
    },
    errors: ['invalid_body', 'invalid_encoding', 'empty_body', 'body_too_large'],
  },
  async (call) => {
    const { deps, principal } = call;
    const request = { incoming: call.incoming, outgoing: call.outgoing, tenantId: principal.tenantId };
    const facilities = await deps.bodies.read(request, MAX_BYTES, async ({ bytes }) =>
      parseFacilities(textOf(bytes)),
    );
    await deps.db.transaction().execute(async (trx) => {
      await put(trx, {
        tenantId: principal.tenantId,
        facilities,
        source: 'registry',
        updatedBy: principal.actor,
      });
      await recordAccess(call, { action: 'facilities.put', details: { facilities: facilities.length } }, trx);
    });
    return jsonResponse({ facilities: facilities.length });
  },
);
