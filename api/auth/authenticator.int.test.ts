import { afterAll, beforeAll, expect, test } from 'vitest';
import { recordEvent } from '#shared/audit/record-event.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { createAuthenticator } from './authenticator.ts';
import { createKey, type KeyManager, listKeys, revokeKey } from './keys.ts';

let database: TestDatabase;
let manager: KeyManager;

beforeAll(async () => {
  database = await createTestDatabase();
  manager = { db: database.db, recordEvent, operator: 'test' };
});
afterAll(() => database.drop());

const wanted = { tenant: 'default', scopes: ['read'] as const, expiresAt: undefined };

test('a key is stored as a hash only, and its parts do not open anything', async () => {
  const { key } = await createKey(manager, { ...wanted, name: 'hashed' });
  const row = await database.db
    .selectFrom('api_keys')
    .selectAll()
    .where('name', '=', 'hashed')
    .executeTakeFirstOrThrow();
  const secret = key.split('_').slice(2).join('_');
  expect(JSON.stringify(row)).not.toContain(secret);
  expect(row.secret_hash).toHaveLength(32);
  expect(JSON.stringify(await listKeys(database.db))).not.toContain(secret);
});

test('the role of the api reads keys and cannot write them', async () => {
  const { db } = database.as('iit_api');
  await createKey(manager, { ...wanted, name: 'readable' });
  expect(await listKeys(db)).not.toHaveLength(0);
  await expect(
    db
      .updateTable('api_keys')
      .set({ scopes: ['admin'] })
      .execute(),
  ).rejects.toThrow(/permission denied/u);
});

test('a revocation is felt once the cache has aged, an expiry at its very moment', async () => {
  let nowMs = Date.now();
  const authenticator = createAuthenticator({
    db: database.db,
    clock: { nowMs: () => nowMs },
    cacheTtlMs: 5_000,
  });
  const { key } = await createKey(manager, { ...wanted, name: 'revoked' });
  const expiring = await createKey(manager, {
    ...wanted,
    name: 'expiring',
    expiresAt: new Date(nowMs + 2_000),
  });
  expect(await authenticator.authenticate(key)).toMatchObject({
    ok: true,
    principal: { actor: 'revoked', tenant: 'default' },
  });
  expect(await authenticator.authenticate(expiring.key)).toMatchObject({ ok: true });
  await revokeKey(manager, 'default', 'revoked');
  nowMs += 2_000;
  expect(await authenticator.authenticate(expiring.key)).toMatchObject({ ok: false, reason: 'expired' });
  nowMs += 3_000;
  expect(await authenticator.authenticate(key)).toMatchObject({
    ok: false,
    reason: 'revoked',
    claimed: { actor: 'revoked' },
  });
});

test('a cached key still needs its whole secret', async () => {
  const authenticator = createAuthenticator({ db: database.db, clock: { nowMs: () => 0 } });
  const { key } = await createKey(manager, { ...wanted, name: 'cached' });
  expect(await authenticator.authenticate(key)).toMatchObject({ ok: true });
  const lookup = key.slice(0, 16);
  expect(await authenticator.authenticate(`${lookup}_${'A'.repeat(43)}`)).toMatchObject({
    ok: false,
    reason: 'wrong_secret',
  });
});

test('names are taken once a tenant, and unknown tenants and keys are refused in words', async () => {
  await createKey(manager, { ...wanted, name: 'once' });
  await expect(createKey(manager, { ...wanted, name: 'once' })).rejects.toThrow(/already/u);
  await expect(createKey(manager, { ...wanted, name: 'x', tenant: 'nobody' })).rejects.toThrow(/no tenant/u);
  await expect(revokeKey(manager, 'default', 'never-made')).rejects.toThrow(/no key named/u);
});

test('making and revoking a key are audited without the key', async () => {
  const { id, key } = await createKey(manager, { ...wanted, name: 'audited' });
  await revokeKey(manager, 'default', 'audited');
  const events = await database.db
    .selectFrom('audit_events')
    .select(['action', 'details'])
    .where('entity', '=', `key/${id}`)
    .orderBy('recorded_at')
    .execute();
  expect(events.map((event) => event.action)).toStrictEqual(['key.create', 'key.revoke']);
  expect(JSON.stringify(events)).not.toContain(key.slice(17));
});
