import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { recordEvent } from '#shared/audit/record-event.ts';
import { rootOfPath } from '#shared/audit/merkle-tree.ts';
import { verifyAudit } from '#shared/audit/verify.ts';
import type { Db } from '#shared/db/database.ts';
import { createLogger } from '#shared/log/logger.ts';
import { memorySink, testLogKeeper } from '#test/support/test-log.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { openSinks } from './checkpoint-sinks.ts';
import { readCheckpoint, signCheckpoint } from './checkpoint.ts';
import { LogForkedError } from './log-keeper.ts';
import { consistencyProof, entryHash, inclusionProof, rootAt } from './log-store.ts';
import { isConsistent } from './log-tree.ts';
import { parseVerifierKey } from './signed-note.ts';

let database: TestDatabase;
let folder: string;
beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'iit-checkpoints-'));
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

async function addEvents(db: Db, count: number): Promise<void> {
  for (let no = 0; no < count; no++) {
    await recordEvent(db, { tenantId: 1, actor: 'a', action: 'test', outcome: 'success', details: { no } });
  }
}

test('what is audited enters the log once and in its order, signed and handed out; any two checkpoints are consistent', async () => {
  await using own = await createTestDatabase();
  const { db } = own.as('iit_worker');
  const keeper = testLogKeeper(db);
  for (const count of [1, 2, 5, 0, 9]) {
    await addEvents(db, count);
    expect(await keeper.runOnce()).toBe(count);
  }
  const { kept } = keeper.sink;
  expect(kept.map(({ size }) => size)).toEqual([1, 3, 8, 17]);
  const verifier = parseVerifierKey(keeper.signer.verifierKey);
  for (const first of kept) {
    expect(readCheckpoint(first.note, verifier)).toEqual(first);
    for (const second of kept.filter(({ size }) => size >= first.size)) {
      const proof = await consistencyProof(db, first.size, second.size);
      expect(isConsistent(first, second, proof)).toBe(true);
    }
  }
  const entries = await db
    .selectFrom('log_entries')
    .select(['entry_no', 'kind', 'ref', 'digest'])
    .orderBy('entry_no')
    .execute();
  for (const entry of entries) {
    const proof = await inclusionProof(db, entry.entry_no, 17);
    expect(rootOfPath(entryHash(entry), entry.entry_no, 17, proof)).toEqual(await rootAt(db, 17));
  }
  const { rows: recorded } = await sql<{ id: string }>`
    SELECT id FROM audit_events ORDER BY recorded_at`.execute(db);
  expect(entries.map(({ ref }) => ref)).toEqual(recorded.map(({ id }) => id));
  expect(await verifyAudit(own, {}, { checkpoints: kept })).toMatchObject({
    entries: 17,
    checkpoints: 8,
    waiting: 0,
    problems: [],
  });
});

test('any number of keepers at once add every entry once, and sign one log', async () => {
  await using own = await createTestDatabase();
  const { db } = own.as('iit_worker');
  const first = testLogKeeper(db);
  const keepers = [first, testLogKeeper(db, first), testLogKeeper(db, first)];
  for (let round = 0; round < 5; round++) {
    await Promise.all([addEvents(db, 7), ...keepers.map((keeper) => keeper.runOnce())]);
  }
  while ((await first.runOnce()) > 0);
  const found = await verifyAudit(own, {}, { checkpoints: first.sink.kept });
  expect(found).toMatchObject({ entries: 35, waiting: 0, problems: [] });
});

test('a store that is away keeps nobody back, and gets the newest checkpoint when it is there again', async () => {
  await using own = await createTestDatabase();
  const { db } = own.as('iit_worker');
  const sink = memorySink();
  sink.away = true;
  const keeper = testLogKeeper(db, { sink });
  for (let round = 1; round <= 3; round++) {
    await addEvents(db, 1);
    expect(await keeper.runOnce()).toBe(1);
  }
  sink.away = false;
  await keeper.runOnce();
  expect(sink.kept.map(({ size }) => size)).toEqual([3]);
});

test('a log that lost its end, or was altered, is not signed again: not by who signed it, nor by another who asks the store', async () => {
  for (const attack of [
    `DELETE FROM log_entries WHERE entry_no >= 4; DELETE FROM log_nodes WHERE (node_no + 1) << level > 4;
     DELETE FROM log_checkpoints WHERE tree_size > 4`,
    `UPDATE log_nodes SET hash = sha256('x') WHERE level = 2 AND node_no = 0; DELETE FROM log_checkpoints`,
  ]) {
    await using own = await createTestDatabase();
    const { db } = own.as('iit_worker');
    const keeper = testLogKeeper(db);
    await addEvents(db, 6);
    await keeper.runOnce();
    await own.db.transaction().execute(async (trx) => {
      await sql`SET LOCAL session_replication_role = replica`.execute(trx);
      await sql.raw(attack).execute(trx);
    });
    await addEvents(db, 1);
    await expect(keeper.runOnce()).rejects.toThrow(LogForkedError);
    await expect(testLogKeeper(db, keeper).runOnce()).rejects.toThrow(LogForkedError);
    expect(keeper.sink.kept).toHaveLength(1);
    expect(await own.db.selectFrom('log_queue').selectAll().execute()).toHaveLength(1);
  }
});

test('a checkpoint is due once in its time, and the entries enter the log all the same', async () => {
  await using own = await createTestDatabase();
  const { db } = own.as('iit_worker');
  const eager = testLogKeeper(db);
  await addEvents(db, 1);
  await eager.runOnce();
  const patient = testLogKeeper(db, { ...eager, checkpointSeconds: 3_600 });
  await addEvents(db, 1);
  expect(await patient.runOnce()).toBe(1);
  expect(eager.sink.kept.map(({ size }) => size)).toEqual([1]);
  await eager.runOnce();
  expect(eager.sink.kept.map(({ size }) => size)).toEqual([1, 2]);
});

test('a folder keeps a file a checkpoint, knows the largest, and refuses a second log under one name', async () => {
  const [sink] = openSinks(pathToFileURL(folder).href, createLogger('test', 'silent'));
  const { signer } = testLogKeeper(database.db);
  expect(await sink!.newest(signer.name)).toBeUndefined();
  const checkpoints = [9, 10, 100].map((size) =>
    signCheckpoint(signer, { size, root: Buffer.alloc(32, size) }),
  );
  for (const checkpoint of checkpoints) await sink!.put(checkpoint);
  await sink!.put(checkpoints[0]!);
  expect(await sink!.newest(signer.name)).toBe(checkpoints[2]!.note);
  const other = signCheckpoint(signer, { size: 10, root: Buffer.alloc(32, 1) });
  await expect(sink!.put(other)).rejects.toThrow('two logs go by one name');
  const own = join(folder, encodeURIComponent(signer.name));
  const files = await readdir(own);
  expect(files).toHaveLength(3);
  expect(await readFile(join(own, files.toSorted()[0]!), 'utf8')).toBe(checkpoints[2]!.note);
});

test.each(['ftp://x', 's3://', 'file:', 's3://b/p?lock_days=x'])('the sink %s is refused', (address) => {
  expect(() => openSinks(address, createLogger('test', 'silent'))).toThrow(TypeError);
});
