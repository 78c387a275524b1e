import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Checkpoint } from '#shared/ledger/checkpoint.ts';
import { entryHash, type LogEntry } from '#shared/ledger/log-store.ts';
import { LogEdge } from '#shared/ledger/log-tree.ts';
import { chunkDigest } from '#shared/scores/chunk-digest.ts';
import { readBlocksWithin } from '#shared/scores/read-blocks.ts';
import { readChunkHeader } from '#shared/scores/read-chunk-header.ts';
import { inputLeaves, rowLeaves } from '#shared/scores/row-leaves.ts';
import { scoredRowsOf } from '#shared/scores/scored-rows-of.ts';
import { insertScoredJob, type ScoredJob } from '#test/support/scored-job.ts';
import { testLogKeeper } from '#test/support/test-log.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { merkleRoot } from './merkle-tree.ts';
import { recordEvent } from './record-event.ts';
import { verifyAudit } from './verify.ts';

// Each test makes, signs and attacks a database of its own.
vi.setConfig({ testTimeout: 120_000 });

/**
 * Somebody owns the database, or the worker's login, and wants the audit to say something else. All that the auditor has is
 * the checkpoints kept outside, and the verifier's word.
 */
let database: TestDatabase;
let victim: ScoredJob;
let other: ScoredJob;
let keeper: ReturnType<typeof testLogKeeper>;
let kept: Checkpoint[];

beforeEach(async () => {
  database = await createTestDatabase();
  keeper = testLogKeeper(database.as('iit_worker').db);
  other = await insertScoredJob(database);
  await keeper.runOnce();
  victim = await insertScoredJob(database);
  await recordEvent(database.db, { tenantId: 1, actor: 'a', action: 'results.view', outcome: 'success' });
  await keeper.runOnce();
  ({ kept } = keeper.sink);
}, 60_000);
afterEach(() => database.drop());

async function asSuperuser(...changes: string[]): Promise<void> {
  await database.db.transaction().execute(async (trx) => {
    await sql`SET LOCAL session_replication_role = replica`.execute(trx);
    for (const change of changes) await sql.raw(change).execute(trx);
  });
}

const verdict = async (rescore = false) =>
  (await verifyAudit(database, {}, { checkpoints: kept, rescore })).problems.map(
    ({ kind, ref, message }) => `${kind} ${ref}: ${message}`,
  );

/** Makes everything that can be made without the key agree with what the tables now say of a chunk: roots, digest, log, its nodes. */
async function chainAnew(jobId: string, chunkNo: number): Promise<void> {
  const header = (await readChunkHeader(database.db, jobId, chunkNo))!;
  const scored = scoredRowsOf(await readBlocksWithin(database.pool, header));
  const rowRoot = merkleRoot(rowLeaves(scored, header.saltKey));
  const digest = chunkDigest({ ...header, rowRoot }).toString('hex');
  const where = `job_id = '${jobId}' AND chunk_no = ${chunkNo}`;
  await asSuperuser(
    `UPDATE score_chunks SET row_root = '\\x${rowRoot.toString('hex')}' WHERE ${where}`,
    `UPDATE audit_batches SET digest = '\\x${digest}' WHERE ${where}`,
    `UPDATE log_entries SET digest = '\\x${digest}' WHERE ref = '${jobId}/${chunkNo}'`,
  );
  await growNodesAnew();
}

async function growNodesAnew(): Promise<void> {
  const { rows } = await sql<LogEntry>`SELECT kind, ref, digest FROM log_entries ORDER BY entry_no`.execute(
    database.db,
  );
  const edge = new LogEdge();
  const nodes = rows.flatMap((entry) => edge.append(entryHash(entry)));
  await asSuperuser(
    'DELETE FROM log_nodes',
    `INSERT INTO log_nodes VALUES ${nodes
      .map(({ level, index, hash }) => `(${level}, ${index}, '\\x${hash.toString('hex')}')`)
      .join(', ')}`,
    'DELETE FROM log_checkpoints',
  );
}

test('nobody did anything, and nothing is found', async () => {
  expect(kept.map(({ size }) => size)).toEqual([2, 5]);
  expect(await verdict(true)).toEqual([]);
});

describe('a superuser', () => {
  test('alters a row', async () => {
    await asSuperuser(
      `UPDATE score_blocks SET raw_scores[3] = -5 WHERE job_id = '${victim.jobId}' AND chunk_no = 1`,
    );
    expect(await verdict()).toEqual([
      `row_altered ${victim.jobId}/1/13: differs from what its input gives in raw_score, risk`,
    ]);
  });

  test('alters what a chunk says of who asked', async () => {
    await asSuperuser(
      `UPDATE score_chunks SET actor = 'somebody' WHERE job_id = '${victim.jobId}' AND chunk_no = 0`,
    );
    expect(await verdict()).toEqual([
      `batch_altered ${victim.jobId}/0: what its rows have in common is not what the log has`,
    ]);
  });

  test('alters a row and makes all hashes anew, the whole log and its nodes: the checkpoint outside does not fit', async () => {
    await asSuperuser(
      `UPDATE score_blocks SET raw_scores[3] = -5 WHERE job_id = '${victim.jobId}' AND chunk_no = 1`,
    );
    await chainAnew(victim.jobId, 1);
    expect(await verdict()).toEqual([
      "log_altered 5: the log's first 5 entries are not those of the checkpoint kept outside: one of the entries 2 to 4 was altered",
    ]);
    // Scoring the inputs again names the row too.
    expect((await verdict(true))[1]).toBe(
      `row_altered ${victim.jobId}/1/13: differs from what its input gives in raw_score, risk`,
    );
  });

  test('makes it all anew and lets the worker sign: the worker does not', async () => {
    await asSuperuser(
      `UPDATE score_blocks SET raw_scores[3] = -5 WHERE job_id = '${victim.jobId}' AND chunk_no = 1`,
    );
    await chainAnew(victim.jobId, 1);
    await insertScoredJob(database);
    await expect(keeper.runOnce()).rejects.toThrow('are not those that were signed');
    await expect(testLogKeeper(database.db, keeper).runOnce()).rejects.toThrow('not those that were signed');
  });

  test('cuts the tail off, with all that is known of it', async () => {
    await asSuperuser(
      `DELETE FROM score_blocks WHERE job_id = '${victim.jobId}'`,
      `DELETE FROM score_chunks WHERE job_id = '${victim.jobId}'`,
      `DELETE FROM audit_batches WHERE job_id = '${victim.jobId}'`,
      'DELETE FROM audit_events',
      'DELETE FROM log_entries WHERE entry_no >= 2',
    );
    await growNodesAnew();
    expect(await verdict()).toEqual([
      'log_cut 5: the log has 2 entries and a checkpoint outside says 5: its end was cut off, or an older database put back',
    ]);
  });

  test('drops a partition', async () => {
    const { rows } = await sql<{ day: string }>`SELECT to_char(now(), 'YYYY_MM_DD') AS day`.execute(
      database.db,
    );
    const day = rows[0]!.day;
    await sql.raw(`DROP TABLE score_blocks_${day}, score_chunks_${day}`).execute(database.db);
    expect(await verdict()).toEqual(
      [`${other.jobId}/0`, `${other.jobId}/1`, `${victim.jobId}/0`, `${victim.jobId}/1`]
        .toSorted()
        .map((ref) => `batch_missing ${ref}: the log has it and its rows are gone`),
    );
  });

  test('swaps two jobs', async () => {
    const [a, b] = [victim.jobId, other.jobId];
    const swap = (table: string) =>
      `UPDATE ${table} SET job_id = CASE WHEN job_id = '${a}' THEN '${b}' ELSE '${a}' END::uuid WHERE job_id IN ('${a}', '${b}')`;
    // Their keys would meet on the way.
    await sql`ALTER TABLE score_blocks DROP CONSTRAINT score_blocks_pkey`.execute(database.db);
    await sql`ALTER TABLE score_chunks DROP CONSTRAINT score_chunks_pkey`.execute(database.db);
    await asSuperuser(swap('score_blocks'), swap('score_chunks'));
    const found = await verdict();
    for (const ref of [`${a}/0`, `${a}/1`, `${b}/0`, `${b}/1`]) {
      expect(found).toContain(`batch_altered ${ref}: what its rows have in common is not what the log has`);
    }
  });

  test('puts an old database back', async () => {
    await using old = await createTestDatabase();
    const before = testLogKeeper(old.db, { signer: keeper.signer });
    await insertScoredJob(old);
    await before.runOnce();
    const { problems } = await verifyAudit(old, {}, { checkpoints: kept });
    expect(problems.map(({ kind, ref }) => `${kind} ${ref}`)).toEqual(['log_altered 2', 'log_cut 5']);
    await expect(testLogKeeper(old.db, keeper).runOnce()).rejects.toThrow('an older database put back');
  });

  test('takes an entry out of the log, or what was audited out of its queue', async () => {
    await asSuperuser('DELETE FROM log_entries WHERE entry_no = 3');
    const found = await verdict();
    expect(found[0]).toBe('entry_missing 3: the log has entry 4 behind 2');
    expect(found[1]).toMatch(/^entry_missing \S+: the \w+ is neither in the log nor on its way there$/u);
    const id = await recordEvent(database.db, { tenantId: 1, actor: 'a', action: 'x', outcome: 'success' });
    await asSuperuser('DELETE FROM log_queue');
    expect(await verdict()).toContain(
      `entry_missing ${id}: the event is neither in the log nor on its way there`,
    );
  });

  test('says that a patient was erased, or a day dropped, and no event of it is in the log', async () => {
    await asSuperuser(
      `UPDATE score_blocks SET patient_ids[3] = NULL, erased_leaves = sha256('x') || sha256('y')
       WHERE job_id = '${victim.jobId}' AND chunk_no = 1`,
      `INSERT INTO audit_events (id, tenant_id, recorded_at, actor, action, outcome, details, digest)
       SELECT gen_random_uuid(), 1, now(), 'a', 'retention.drop', 'success',
         jsonb_build_object('gone', jsonb_build_array((now() - interval '1 day')::date)), sha256('x')`,
    );
    const found = await verdict();
    expect(found[0]).toMatch(new RegExp(`^batch_altered ${victim.jobId}/1: its 10 rows`, 'u'));
    expect(found.map((line) => line.split(' ')[0])).toEqual([
      'batch_altered',
      'event_altered',
      'entry_missing',
    ]);
  });
});

describe("somebody with the worker's login", () => {
  const copyOf = (table: string, change: string, where: string) =>
    `INSERT INTO ${table} SELECT (jsonb_populate_record(t, '${change}')).* FROM ${table} t WHERE ${where}`;

  test('inserts a record of a chunk that the job does not have, its digest and all', async () => {
    const { db } = database.as('iit_worker');
    const where = `job_id = '${victim.jobId}' AND chunk_no = 1`;
    const header = (await readChunkHeader(database.db, victim.jobId, 1))!;
    const place = { chunkNo: 9, firstRow: 91, lastRow: 100 };
    await sql
      .raw(copyOf('score_chunks', '{"chunk_no": 9, "first_row": 91, "last_row": 100}', where))
      .execute(db);
    await sql.raw(copyOf('score_blocks', '{"chunk_no": 9, "first_row": 91}', where)).execute(db);
    const scored = scoredRowsOf(
      await readBlocksWithin(database.pool, { ...header, firstRow: 91, lastRow: 100 }),
    );
    const digest = chunkDigest({
      ...header,
      ...place,
      rowRoot: merkleRoot(rowLeaves(scored, header.saltKey)),
    });
    await sql`
      INSERT INTO audit_batches (job_id, chunk_no, tenant_id, period, row_count, digest, recorded_at)
      SELECT job_id, 9, tenant_id, period, 10, ${digest}, recorded_at FROM score_chunks
      WHERE job_id = ${victim.jobId} AND chunk_no = 1`.execute(db);
    await keeper.runOnce();
    expect((await verdict())[0]).toBe(
      `batch_inserted ${victim.jobId}/9: is a record of a chunk that its job does not have`,
    );
  });

  test('inserts rows beside those of a chunk', async () => {
    const { db } = database.as('iit_worker');
    const where = `job_id = '${victim.jobId}' AND chunk_no = 1`;
    await sql.raw(copyOf('score_blocks', '{"first_row": 21}', where)).execute(db);
    expect(await verdict()).toEqual([`batch_missing ${victim.jobId}/1: rows from 21 on belong to no batch`]);
  });

  test('adds an entry to the log of which there is nothing', async () => {
    const { db } = database.as('iit_worker');
    await sql`INSERT INTO log_entries VALUES (5, 'batch', 'made up', sha256('x'))`.execute(db);
    expect(await verdict()).toContain('batch_missing made up: is in the log and is gone');
  });

  test('writes a score of its own for a chunk that waits, all hashes right: scoring it again tells', async () => {
    await asSuperuser(
      `UPDATE score_blocks SET raw_scores[3] = -5 WHERE job_id = '${victim.jobId}' AND chunk_no = 1`,
    );
    await chainAnew(victim.jobId, 1);
    kept = [];
    expect(await verdict()).toEqual([]);
    expect(await verdict(true)).toEqual([
      `row_altered ${victim.jobId}/1/13: differs from what its input gives in raw_score, risk`,
    ]);
  });
});

test('inputs and rows have trees of their own, so that inputs may go first', async () => {
  const header = (await readChunkHeader(database.db, victim.jobId, 0))!;
  expect(merkleRoot(inputLeaves(victim.chunks[0]!, header.saltKey))).toEqual(header.inputRoot);
  await asSuperuser(`UPDATE chunks SET payload = '' WHERE job_id = '${victim.jobId}'`);
  expect(await verdict()).toEqual([]);
});
