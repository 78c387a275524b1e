import { sql } from 'kysely';
import { z } from 'zod';
import { instantParameter } from '#api/http/time-parameters.ts';
import { recordAccess } from '#api/audit/record-access.ts';
import { jsonResponse, route } from '#api/route.ts';

const eventSchema = z
  .object({
    id: z.uuid(),
    recorded_at: z.iso.datetime(),
    actor: z.string(),
    key_id: z.uuid().nullable(),
    network_address: z.string().nullable(),
    action: z.string(),
    outcome: z.enum(['success', 'refused', 'failure']),
    entity: z.string().nullable(),
    details: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AuditEvent' });

const query = z.strictObject({
  action: z.string().max(100).optional().meta({ description: 'Such as results.export or auth.refused' }),
  actor: z.string().max(200).optional(),
  outcome: z.enum(['success', 'refused', 'failure']).optional(),
  entity: z.string().max(200).optional().meta({ description: 'Such as job/<id> or patient/<id>' }),
  from: instantParameter.optional().meta({ description: 'Recorded at or after' }),
  to: instantParameter.optional().meta({ description: 'Recorded before' }),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  cursor: z.string().optional(),
});

/** With PostgreSQL's microseconds, which a Date would lose. */
const position = z.object({ at: z.string(), id: z.guid() });

export const auditEvents = route(
  {
    method: 'GET',
    path: '/v1/audit/events',
    access: 'audit',
    tag: 'Audit',
    summary: 'Who read, exported, cancelled, activated, and who was refused',
    description:
      'The newest first. Refusals of one kind are counted: one event when they begin, one a minute after that.',
    query,
    answers: {
      200: {
        description: 'One page',
        content: [
          {
            type: 'application/json',
            schema: z
              .object({ events: z.array(eventSchema), next_cursor: z.string().nullable() })
              .meta({ id: 'AuditEventPage' }),
          },
        ],
      },
    },
    errors: ['invalid_query', 'invalid_cursor'],
  },
  async (call) => {
    const { deps, principal, query } = call;
    const { cursor, limit, ...asked } = query;
    const scope = ['audit-events', principal.tenantId, asked];
    let select = deps.db
      .selectFrom('audit_events')
      .select([
        'id',
        'recorded_at',
        'actor',
        'api_key_id',
        'network_address',
        'action',
        'outcome',
        'entity',
        'details',
      ])
      .select(sql<string>`recorded_at::text`.as('recorded_text'))
      .where('tenant_id', '=', principal.tenantId)
      .orderBy('recorded_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit + 1);
    if (query.action !== undefined) select = select.where('action', '=', query.action);
    if (query.actor !== undefined) select = select.where('actor', '=', query.actor);
    if (query.outcome !== undefined) select = select.where('outcome', '=', query.outcome);
    if (query.entity !== undefined) select = select.where('entity', '=', query.entity);
    if (query.from !== undefined)
      select = select.where('recorded_at', '>=', sql<Date>`${query.from}::timestamptz`);
    if (query.to !== undefined)
      select = select.where('recorded_at', '<', sql<Date>`${query.to}::timestamptz`);
    if (cursor !== undefined) {
      const after = deps.cursors.decode(scope, position, cursor);
      select = select.where(sql<boolean>`(recorded_at, id) < (${after.at}::timestamptz, ${after.id}::uuid)`);
    }
    const found = await select.execute();
    const page = found.slice(0, limit);
    const last = page.at(-1);
    await recordAccess(call, {
      action: 'audit.events.view',
      ...(query.entity === undefined ? {} : { entity: query.entity }),
      details: { action: query.action ?? null, actor: query.actor ?? null, events: page.length },
    });
    return jsonResponse({
      events: page.map(({ recorded_text: _text, api_key_id: keyId, ...event }) => ({
        ...event,
        key_id: keyId,
        recorded_at: event.recorded_at.toISOString(),
      })),
      next_cursor:
        found.length > page.length && last !== undefined
          ? deps.cursors.encode(scope, { at: last.recorded_text, id: last.id })
          : null,
    });
  },
);
