import type { Area } from '#api/people/areas.ts';
import { putFacilities } from '#api/facilities/facilities.ts';
import { addPerson, makeInvitation } from '#api/people/people.ts';
import { Facilities } from '#models/synthetic/facilities.ts';
import { createDatabase, createPool, type Db } from '#shared/db/database.ts';
import type { Role } from '#shared/db/schema.ts';

/** Somebody of each role; nobody here exists. */
const DEMO_PEOPLE: readonly { email: string; name: string; role: Role }[] = [
  { email: 'amina@demo.invalid', name: 'Amina Bello', role: 'worker' },
  { email: 'chidi@demo.invalid', name: 'Chidi Okafor', role: 'supervisor' },
  { email: 'bola@demo.invalid', name: 'Bola Adeyemi', role: 'officer' },
  { email: 'sade@demo.invalid', name: 'Sade Williams', role: 'scientist' },
  { email: 'musa@demo.invalid', name: 'Musa Ibrahim', role: 'auditor' },
  { email: 'ngozi@demo.invalid', name: 'Ngozi Eze', role: 'admin' },
];

/**
 * Registers the made-up facilities that so many patients fill, and somebody of each role: the worker at the first facility,
 * the supervisor over its state. Idempotent.
 */
export async function registerDemo(db: Db, patients: number): Promise<Map<Role, string>> {
  const { list } = new Facilities(patients);
  const first = list[0]!;
  return await db.transaction().execute(async (trx) => {
    await putFacilities(trx, {
      tenantId: 1,
      facilities: list.map(({ id, name, lga, state }) => ({ id, name, lga, state })),
      source: 'registry',
      updatedBy: 'demo',
    });
    const ids = new Map<Role, string>();
    for (const person of DEMO_PEOPLE) {
      const known = await trx
        .selectFrom('people')
        .select('id')
        .where('email', '=', person.email)
        .executeTakeFirst();
      const areas: Area[] =
        person.role === 'worker'
          ? [{ kind: 'facility', facilityId: first.id }]
          : person.role === 'supervisor'
            ? [{ kind: 'all' }]
            : [];
      const id =
        known?.id ??
        (await addPerson(trx, { ...person, tenantId: 1, language: 'en', areas, createdBy: 'demo' }));
      ids.set(person.role, id);
    }
    return ids;
  });
}

/** Path of a link that logs this person in once, within a day. */
export async function loginLinkPath(db: Db, personId: string): Promise<string> {
  const token = await makeInvitation(db, { personId, purpose: 'login', createdBy: 'demo', hours: 24 });
  return `/welcome/${token}`;
}

/** A log-in link for somebody of each role, the administrator's first. */
export async function demoLinks(
  services: { databaseUrl: string; apiUrl: string },
  patients: number,
): Promise<{ name: string; role: Role; url: string }[]> {
  const pool = createPool({
    url: services.databaseUrl,
    applicationName: 'iit-demo',
    poolSize: 2,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 60_000,
  });
  const db = createDatabase(pool);
  try {
    const ids = await registerDemo(db, patients);
    const links: { name: string; role: Role; url: string }[] = [];
    for (const person of DEMO_PEOPLE.toReversed()) {
      const path = await loginLinkPath(db, ids.get(person.role)!);
      links.push({ name: person.name, role: person.role, url: `${services.apiUrl}${path}` });
    }
    return links;
  } finally {
    await db.destroy();
  }
}
