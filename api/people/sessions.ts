import { createHmac, timingSafeEqual } from 'node:crypto';
import { sql } from 'kysely';
import type { Principal } from '#api/auth/principal.ts';
import type { Db } from '#shared/db/database.ts';
import type { Language, Role } from '#shared/db/schema.ts';
import { facilitiesOf } from './areas.ts';
import { AREA_ROLES } from './roles.ts';
import { hashToken, makeToken } from './token.ts';

export const IDLE_MINUTES = 30;
export const LIFE_HOURS = 12;
/** `last_seen_at` is written at most this often. */
const SEEN_SECONDS = 30;

export type SessionMethod = 'password' | 'link' | 'oidc';

/** Sessions of people, in PostgreSQL: any replica knows them, and ending one is felt at the next request. */
export type Sessions = {
  /** A new session; its token goes into the cookie and nowhere else. */
  open: (trx: Db, personId: string, method: SessionMethod) => Promise<string>;
  /** Undefined where it is unknown, ended, idle for too long, over, or its person was disabled. */
  find: (token: string) => Promise<Principal | undefined>;
  end: (trx: Db, token: string) => Promise<void>;
  /** Ends all of a person's, as when the role changes. */
  endAllOf: (trx: Db, personId: string) => Promise<void>;
};

type Found = {
  id: string;
  tenant_id: number;
  tenant: string;
  api_key_id: string;
  email: string;
  name: string;
  role: Role;
  language: Language;
  time_zone: string;
  is_stale: boolean;
};

export function createSessions(db: Db): Sessions {
  return {
    open: async (trx, personId, method) => {
      const token = makeToken();
      await trx
        .insertInto('sessions')
        .values({
          token_hash: hashToken(token),
          person_id: personId,
          method,
          last_seen_at: sql<Date>`now()`,
          expires_at: sql<Date>`now() + make_interval(hours => ${LIFE_HOURS})`,
          ended_at: null,
        })
        .execute();
      await trx
        .updateTable('people')
        .set({ last_login_at: sql<Date>`now()` })
        .where('id', '=', personId)
        .execute();
      // What is long over has no more use; the log keeps who logged in when.
      await sql`DELETE FROM sessions WHERE expires_at < now() - interval '7 days'`.execute(trx);
      return token;
    },
    find: async (token) => {
      const { rows } = await sql<Found>`
        SELECT p.id, p.tenant_id, t.name AS tenant, p.api_key_id, p.email, p.name, p.role, p.language, p.time_zone,
          s.last_seen_at < now() - make_interval(secs => ${SEEN_SECONDS}) AS is_stale
        FROM sessions s JOIN people p ON p.id = s.person_id JOIN tenants t ON t.id = p.tenant_id
        WHERE s.token_hash = ${hashToken(token)} AND s.ended_at IS NULL AND p.disabled_at IS NULL
          AND s.expires_at > now() AND s.last_seen_at > now() - make_interval(mins => ${IDLE_MINUTES})`.execute(
        db,
      );
      const found = rows[0];
      if (found === undefined) return undefined;
      if (found.is_stale) {
        await db
          .updateTable('sessions')
          .set({ last_seen_at: sql<Date>`now()` })
          .where('token_hash', '=', hashToken(token))
          .execute();
      }
      const facilities = AREA_ROLES.has(found.role)
        ? await facilitiesOf(db, found.tenant_id, found.id)
        : undefined;
      return {
        keyId: found.api_key_id,
        actor: found.email,
        tenantId: found.tenant_id,
        tenant: found.tenant,
        scopes: new Set(),
        person: {
          id: found.id,
          email: found.email,
          name: found.name,
          role: found.role,
          language: found.language,
          timeZone: found.time_zone,
        },
        ...(facilities === undefined ? {} : { facilities }),
      };
    },
    end: async (trx, token) => {
      await trx
        .updateTable('sessions')
        .set({ ended_at: sql<Date>`now()` })
        .where('token_hash', '=', hashToken(token))
        .execute();
    },
    endAllOf: async (trx, personId) => {
      await trx
        .updateTable('sessions')
        .set({ ended_at: sql<Date>`now()` })
        .where('person_id', '=', personId)
        .where('ended_at', 'is', null)
        .execute();
    },
  };
}

/** What a form of this session carries, so that no other site can send it. */
export function csrfToken(sessionToken: string): string {
  return createHmac('sha256', sessionToken).update('csrf').digest('base64url');
}

export function isCsrfToken(sessionToken: string, given: string | undefined | null): boolean {
  const wanted = Buffer.from(csrfToken(sessionToken));
  const found = Buffer.from((given ?? '').slice(0, 100));
  return found.length === wanted.length && timingSafeEqual(found, wanted);
}
