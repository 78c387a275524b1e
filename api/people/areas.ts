import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';

export type Area =
  | { kind: 'all' }
  | { kind: 'state'; state: string }
  | { kind: 'lga'; state: string; lga: string }
  | { kind: 'facility'; facilityId: string };

/** Facilities of a person's areas; undefined where one of them is the whole tenant. */
export async function facilitiesOf(
  db: Db,
  tenantId: number,
  personId: string,
): Promise<ReadonlySet<string> | undefined> {
  const { rows } = await sql<{ id: string; kind: string }>`
    SELECT coalesce(f.id, a.facility_id) AS id, a.kind FROM person_areas a
    LEFT JOIN facilities f ON f.tenant_id = ${tenantId} AND (
      (a.kind = 'facility' AND f.id = a.facility_id) OR (a.kind = 'state' AND f.state = a.state)
      OR (a.kind = 'lga' AND f.state = a.state AND f.lga = a.lga))
    WHERE a.person_id = ${personId}`.execute(db);
  if (rows.some(({ kind }) => kind === 'all')) return undefined;
  return new Set(rows.map(({ id }) => id).filter((id) => id !== ''));
}

export async function areasOf(db: Db, personIds: readonly string[]): Promise<Map<string, Area[]>> {
  const areas = new Map<string, Area[]>(personIds.map((id) => [id, []]));
  if (personIds.length === 0) return areas;
  const rows = await db
    .selectFrom('person_areas')
    .selectAll()
    .where('person_id', 'in', [...personIds])
    .orderBy('kind')
    .orderBy('state')
    .orderBy('lga')
    .orderBy('facility_id')
    .execute();
  for (const { person_id: id, kind, state, lga, facility_id: facilityId } of rows) {
    areas
      .get(id)
      ?.push(
        kind === 'all'
          ? { kind }
          : kind === 'state'
            ? { kind, state }
            : kind === 'lga'
              ? { kind, state, lga }
              : { kind, facilityId },
      );
  }
  return areas;
}

/** Replaces a person's areas. */
export async function setAreas(trx: Db, personId: string, areas: readonly Area[]): Promise<void> {
  await trx.deleteFrom('person_areas').where('person_id', '=', personId).execute();
  if (areas.length === 0) return;
  await trx
    .insertInto('person_areas')
    .values(
      areas.map((area) => ({
        person_id: personId,
        kind: area.kind,
        state: 'state' in area ? area.state : '',
        lga: 'lga' in area ? area.lga : '',
        facility_id: 'facilityId' in area ? area.facilityId : '',
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** `all`, `state:Kano`, `lga:Kano/Dala`, `facility:F1`; undefined for anything else. */
export function parseArea(text: string): Area | undefined {
  const at = text.indexOf(':');
  const [kind, name] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1).trim()];
  if (kind === 'all' && name === '') return { kind };
  if (name === '' || name.length > 200) return undefined;
  if (kind === 'state') return { kind, state: name };
  if (kind === 'facility') return { kind, facilityId: name };
  const slash = name.indexOf('/');
  if (kind !== 'lga' || slash <= 0) return undefined;
  return { kind, state: name.slice(0, slash).trim(), lga: name.slice(slash + 1).trim() };
}

export function areaText(area: Area): string {
  switch (area.kind) {
    case 'all':
      return 'all';
    case 'state':
      return `state:${area.state}`;
    case 'lga':
      return `lga:${area.state}/${area.lga}`;
    case 'facility':
      return `facility:${area.facilityId}`;
  }
}
