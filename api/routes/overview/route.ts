import { z } from 'zod';
import { recordAccess } from '#api/audit/record-access.ts';
import { readOverview, shownCount, SMALL_CELL } from '#api/overview/overview.ts';
import { jsonResponse, route } from '#api/route.ts';

const count = z.int().nonnegative();
const cell = count.nullable().meta({ description: `null: fewer than ${SMALL_CELL}, but not none` });
const rowSchema = z
  .object({
    key: z.string(),
    name: z.string(),
    facilities: count,
    stale: count,
    missing: count,
    patients: count,
    tiers: z.object({ low: cell, medium: cell, high: cell }),
    contacted: cell,
    reached: cell,
    returned: cell,
    list_finished_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'OverviewRow' });

export const overviewRoute = route(
  {
    method: 'GET',
    path: '/v1/overview',
    access: 'read',
    permission: 'overview',
    tag: 'Call lists',
    summary: 'Tiers, calls and stale lists by state, LGA or facility',
    description:
      'Without parameters by state, with `state` by LGA, with `lga` too by facility. Calls are those of the last 30 days. Small cells are suppressed.',
    query: z.strictObject({ state: z.string().max(200).optional(), lga: z.string().max(200).optional() }),
    answers: {
      200: {
        description: 'The area',
        content: [
          {
            type: 'application/json',
            schema: z
              .object({ level: z.enum(['state', 'lga', 'facility']), rows: z.array(rowSchema) })
              .meta({ id: 'Overview' }),
          },
        ],
      },
    },
  },
  async (call) => {
    const { deps, principal, query } = call;
    const level = query.state === undefined ? 'state' : query.lga === undefined ? 'lga' : 'facility';
    const rows = await readOverview(deps.db, principal, { level, ...query }, deps.config.STALE_LIST_DAYS);
    await recordAccess(call, { action: 'overview.view', details: { ...query, rows: rows.length } });
    const shown = (value: number) => shownCount(value) ?? null;
    return jsonResponse({
      level,
      rows: rows.map((row) => ({
        key: row.key,
        name: row.name,
        facilities: row.facilities,
        stale: row.stale,
        missing: row.missing,
        patients: row.patients,
        tiers: { low: shown(row.low), medium: shown(row.medium), high: shown(row.high) },
        contacted: shown(row.contacted),
        reached: shown(row.reached),
        returned: shown(row.returned),
        list_finished_at: row.finishedAt?.toISOString() ?? null,
      })),
    });
  },
);
