import { randomBytes, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import type { Language, Role } from '#shared/db/schema.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { type Area, areasOf, setAreas } from './areas.ts';
import { hashToken, makeToken } from './token.ts';

const INVITATION_HOURS = 72;
const UNIQUE_VIOLATION = '23505';

export type PersonView = {
  id: string;
  email: string;
  name: string;
  role: Role;
  language: Language;
  timeZone: string;
  areas: Area[];
  hasPassword: boolean;
  createdAt: Date;
  createdBy: string;
  lastLoginAt: Date | null;
  disabledAt: Date | null;
};

export type NewPerson = {
  tenantId: number;
  email: string;
  name: string;
  role: Role;
  language: Language;
  areas: readonly Area[];
  createdBy: string;
};

/**
 * Adds somebody, who may log in once an invitation or the provider lets them. Throws `person_conflict` where the address
 * belongs to somebody already.
 */
export async function addPerson(trx: Db, person: NewPerson): Promise<string> {
  try {
    const key = await trx
      .insertInto('api_keys')
      .values({
        tenant_id: person.tenantId,
        name: person.email,
        // Not of the form of a key's, and its secret is nobody's: it opens nothing.
        lookup: `person:${randomUUID()}`,
        secret_hash: randomBytes(32),
        scopes: ['read'],
        kind: 'person',
        expires_at: null,
        revoked_at: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    const { id } = await trx
      .insertInto('people')
      .values({
        tenant_id: person.tenantId,
        api_key_id: key.id,
        email: person.email,
        name: person.name,
        role: person.role,
        language: person.language,
        password_hash: null,
        totp_secret: null,
        oidc_subject: null,
        created_by: person.createdBy,
        last_login_at: null,
        disabled_at: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    await setAreas(trx, id, person.areas);
    return id;
  } catch (error) {
    if ((error as { code?: unknown }).code !== UNIQUE_VIOLATION) throw error;
    throw new ServiceError(
      'person_conflict',
      'This e-mail address, or a key of this name, is known already.',
      {
        field: 'email',
        cause: error,
      },
    );
  }
}

/** A single-use link's token: `invitation` lets a password be chosen, `login` opens a session as it is. */
export async function makeInvitation(
  trx: Db,
  invitation: { personId: string; purpose: 'invitation' | 'login'; createdBy: string; hours?: number },
): Promise<string> {
  const token = makeToken();
  await trx
    .insertInto('invitations')
    .values({
      token_hash: hashToken(token),
      person_id: invitation.personId,
      purpose: invitation.purpose,
      created_by: invitation.createdBy,
      expires_at: sql<Date>`now() + make_interval(hours => ${invitation.hours ?? INVITATION_HOURS})`,
      used_at: null,
    })
    .execute();
  return token;
}

export type FoundInvitation = {
  personId: string;
  purpose: 'invitation' | 'login';
  tenantId: number;
  email: string;
  name: string;
  language: Language;
  keyId: string;
};

/** Who a link is for; undefined where it was used, is too old, or was never made. */
export async function findInvitation(db: Db, token: string): Promise<FoundInvitation | undefined> {
  return await db
    .selectFrom('invitations as i')
    .innerJoin('people as p', 'p.id', 'i.person_id')
    .select(['i.person_id as personId', 'i.purpose', 'p.tenant_id as tenantId', 'p.email', 'p.name'])
    .select(['p.language', 'p.api_key_id as keyId'])
    .where('i.token_hash', '=', hashToken(token.slice(0, 100)))
    .where('i.used_at', 'is', null)
    .where('p.disabled_at', 'is', null)
    .where('i.expires_at', '>', sql<Date>`now()`)
    .executeTakeFirst();
}

/** Uses it up; undefined where somebody was faster. */
export async function useInvitation(trx: Db, token: string): Promise<FoundInvitation | undefined> {
  const found = await findInvitation(trx, token);
  if (found === undefined) return undefined;
  const used = await trx
    .updateTable('invitations')
    .set({ used_at: sql<Date>`now()` })
    .where('token_hash', '=', hashToken(token))
    .where('used_at', 'is', null)
    .executeTakeFirst();
  return used.numUpdatedRows === 1n ? found : undefined;
}

/** People of a tenant, or one of them; by name. */
export async function listPeople(db: Db, tenantId: number, id?: string): Promise<PersonView[]> {
  let select = db
    .selectFrom('people')
    .select(['id', 'email', 'name', 'role', 'language', 'time_zone', 'created_at', 'created_by'])
    .select(['last_login_at', 'disabled_at', sql<boolean>`password_hash IS NOT NULL`.as('has_password')])
    .where('tenant_id', '=', tenantId)
    .orderBy('name')
    .orderBy('id')
    .limit(2_000);
  if (id !== undefined) select = select.where('id', '=', id);
  const rows = await select.execute();
  const areas = await areasOf(
    db,
    rows.map((row) => row.id),
  );
  return rows.map((row) => ({
    id: row.id,
    email: row.email,
    name: row.name,
    role: row.role,
    language: row.language,
    timeZone: row.time_zone,
    areas: areas.get(row.id) ?? [],
    hasPassword: row.has_password,
    createdAt: row.created_at,
    createdBy: row.created_by,
    lastLoginAt: row.last_login_at,
    disabledAt: row.disabled_at,
  }));
}
