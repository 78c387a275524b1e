import type { RecordEvent } from '#api/audit/record-access.ts';
import type { Db } from '#shared/db/database.ts';
import type { ApiScope } from '#shared/db/schema.ts';
import { hashSecret, makeKey } from './key-format.ts';

export const SCOPES = ['submit', 'read', 'audit', 'admin'] as const satisfies readonly ApiScope[];

export type NewKey = {
  tenant: string;
  name: string;
  scopes: readonly ApiScope[];
  expiresAt: Date | undefined;
};

export type StoredKeyView = {
  id: string;
  tenant: string;
  name: string;
  /** First part of the key: tells which one it is, opens nothing. */
  prefix: string;
  scopes: ApiScope[];
  createdAt: Date;
  expiresAt: Date | null;
  revokedAt: Date | null;
};

/** A fault of the person at the terminal: its message is all that is shown. */
export class KeyError extends Error {}

/** Keys are managed by whoever may log in to the database as its owner: the api's own role cannot write them. */
export type KeyManager = { db: Db; recordEvent: RecordEvent; operator: string };

/** Makes a key and audits that; the key itself is in the answer and nowhere else. Throws `KeyError`. */
export async function createKey(
  { db, recordEvent, operator }: KeyManager,
  wanted: NewKey,
): Promise<{ id: string; key: string }> {
  const { key, lookup, secret } = makeKey();
  return await db.transaction().execute(async (trx) => {
    const tenantId = await tenantIdOf(trx, wanted.tenant);
    const row = await trx
      .insertInto('api_keys')
      .values({
        tenant_id: tenantId,
        name: wanted.name,
        lookup,
        secret_hash: hashSecret(secret),
        scopes: [...wanted.scopes],
        expires_at: wanted.expiresAt ?? null,
        revoked_at: null,
      })
      .onConflict((conflict) => conflict.columns(['tenant_id', 'name']).doNothing())
      .returning('id')
      .executeTakeFirst();
    if (row === undefined)
      throw new KeyError(`There is a key named "${wanted.name}" already; names tell who did what.`);
    await recordEvent(trx, {
      ...adminEvent(operator, tenantId),
      action: 'key.create',
      entity: `key/${row.id}`,
      details: {
        name: wanted.name,
        scopes: wanted.scopes,
        expires_at: wanted.expiresAt?.toISOString() ?? null,
      },
    });
    return { id: row.id, key };
  });
}

export async function listKeys(db: Db): Promise<StoredKeyView[]> {
  const rows = await db
    .selectFrom('api_keys')
    .innerJoin('tenants', 'tenants.id', 'api_keys.tenant_id')
    .select(['api_keys.id', 'tenants.name as tenant', 'api_keys.name', 'lookup', 'scopes'])
    .select(['api_keys.created_at', 'expires_at', 'revoked_at'])
    .where('kind', '=', 'machine')
    .orderBy('tenant')
    .orderBy('api_keys.created_at')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    tenant: row.tenant,
    name: row.name,
    prefix: `iit_${row.lookup}`,
    scopes: row.scopes,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  }));
}

/** Revokes by name and audits that; running apis feel it within seconds. Throws `KeyError`. */
export async function revokeKey(
  { db, recordEvent, operator }: KeyManager,
  tenant: string,
  name: string,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const tenantId = await tenantIdOf(trx, tenant);
    const row = await trx
      .updateTable('api_keys')
      .set((eb) => ({ revoked_at: eb.fn<Date>('now') }))
      .where('tenant_id', '=', tenantId)
      .where('name', '=', name)
      .where('kind', '=', 'machine')
      .where('revoked_at', 'is', null)
      .returning('id')
      .executeTakeFirst();
    if (row === undefined) throw new KeyError(`There is no key named "${name}" that could be revoked.`);
    await recordEvent(trx, {
      ...adminEvent(operator, tenantId),
      action: 'key.revoke',
      entity: `key/${row.id}`,
      details: { name },
    });
  });
}

function adminEvent(operator: string, tenantId: number) {
  return { tenantId, actor: operator, apiKeyId: null, networkAddress: null, outcome: 'success' as const };
}

async function tenantIdOf(db: Db, name: string): Promise<number> {
  const tenant = await db.selectFrom('tenants').select('id').where('name', '=', name).executeTakeFirst();
  if (tenant === undefined) throw new KeyError(`There is no tenant named "${name}".`);
  return tenant.id;
}
