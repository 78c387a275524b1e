import { sql } from 'kysely';
import type { Clock } from '#shared/clock/clock.ts';
import type { Db } from '#shared/db/database.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import type { LoginLimits } from './login-limits.ts';
import { verifyPassword } from './password.ts';
import type { SecretBox } from './sealed-secret.ts';
import { totpStep } from './totp.ts';

export type LoginDeps = { db: Db; clock: Clock; limits: LoginLimits; secrets: SecretBox };

/** Who is logging in, before there is a session. */
export type Claimant = { id: string; tenantId: number; email: string; keyId: string };

/**
 * Judges password and second factor. Throws `login_failed` for anything wrong, always the same and as slowly, and
 * `too_many_attempts`.
 */
export async function passwordLogin(
  { db, clock, limits, secrets }: LoginDeps,
  given: { email: string; password: string; code: string; networkAddress: string },
): Promise<Claimant> {
  const email = given.email.trim().toLowerCase();
  await limits.attempt(email, given.networkAddress);
  const person = await db
    .selectFrom('people')
    .select(['id', 'tenant_id', 'email', 'api_key_id', 'password_hash', 'totp_secret', 'totp_step'])
    .where('email', '=', email)
    .where('disabled_at', 'is', null)
    .executeTakeFirst();
  const isRight = await verifyPassword(given.password, person?.password_hash ?? null);
  const secret = person?.totp_secret == null ? undefined : secrets.open(person.totp_secret);
  const step =
    secret === undefined ? undefined : totpStep(secret, given.code, clock.nowMs(), person?.totp_step ?? 0);
  if (person === undefined || !isRight || step === undefined || !(await takeStep(db, person.id, step))) {
    throw new ServiceError('login_failed', 'E-mail address, password or code is not right.', {
      cause: person?.email,
    });
  }
  await limits.forget(email);
  return { id: person.id, tenantId: person.tenant_id, email: person.email, keyId: person.api_key_id };
}

/** A code opens one door once, at whichever replica. */
async function takeStep(db: Db, personId: string, step: number): Promise<boolean> {
  const taken = await db
    .updateTable('people')
    .set({ totp_step: step })
    .where('id', '=', personId)
    .where('totp_step', '<', step)
    .executeTakeFirst();
  return taken.numUpdatedRows === 1n;
}

/** Sets what an invitation let somebody choose. */
export async function setCredentials(
  trx: Db,
  personId: string,
  credentials: { passwordHash: string; totpSecret: Buffer; totpStep: number },
): Promise<void> {
  await trx
    .updateTable('people')
    .set({
      password_hash: credentials.passwordHash,
      totp_secret: credentials.totpSecret,
      totp_step: credentials.totpStep,
    })
    .where('id', '=', personId)
    .execute();
}

/**
 * The person behind a provider's answer: by its subject, or the first time by a verified e-mail address that was invited
 * here. Throws `login_failed`.
 */
export async function providerLogin(
  db: Db,
  claims: { subject: string; email: string | undefined },
): Promise<Claimant> {
  const { rows } = await sql<Claimant>`
    UPDATE people SET oidc_subject = ${claims.subject}
    WHERE disabled_at IS NULL AND (oidc_subject = ${claims.subject}
      OR (oidc_subject IS NULL AND email = ${claims.email?.toLowerCase() ?? null}))
    RETURNING id, tenant_id AS "tenantId", email, api_key_id AS "keyId"`.execute(db);
  const found = rows[0];
  if (found === undefined)
    throw new ServiceError('login_failed', 'Nobody of this address was invited. Ask your administrator.');
  return found;
}
