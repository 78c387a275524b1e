import { z } from 'zod';
import { readFacilities } from '#api/facilities/facilities.ts';
import { jsonResponse, route } from '#api/route.ts';

const facilitySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    lga: z.string(),
    state: z.string(),
    list_finished_at: z.iso.datetime().nullable().meta({ description: 'null: no current list yet' }),
    patients: z.int(),
    tiers: z.object({ low: z.int(), medium: z.int(), high: z.int() }),
  })
  .meta({ id: 'Facility' });

export const listFacilities = route(
  {
    method: 'GET',
    path: '/v1/facilities',
    access: 'read',
    permission: 'calls',
    tag: 'Call lists',
    summary: 'Facilities with the state of their current list',
    description: 'By state, LGA and name; of a person those that are theirs.',
    query: z.strictObject({
      state: z.string().max(200).optional(),
      lga: z.string().max(200).optional(),
      search: z.string().max(100).optional().meta({ description: 'Part of name or id' }),
      limit: z.coerce.number().int().min(1).max(5_000).default(1_000),
    }),
    answers: {
      200: {
        description: 'The facilities',
        content: [
          {
            type: 'application/json',
            schema: z.object({ facilities: z.array(facilitySchema) }).meta({ id: 'FacilityList' }),
          },
        ],
      },
    },
  },
  async ({ deps, principal, query }) => {
    const { limit, ...filter } = query;
    const facilities = await readFacilities(deps.db, principal, filter, limit);
    return jsonResponse({
      facilities: facilities.map(({ finishedAt, low, medium, high, ...facility }) => ({
        ...facility,
        list_finished_at: finishedAt?.toISOString() ?? null,
        tiers: { low, medium, high },
      })),
    });
  },
);
