import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { insertScoredJob } from '#test/support/scored-job.ts';
import { fillLog } from '#test/support/test-log.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { recordEvent } from './record-event.ts';
import { verifyAudit } from './verify.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const scoredJob = async (rowsPerChunk = 10) => (await insertScoredJob(database, { rowsPerChunk })).jobId;

/** What only a superuser can do: switch the triggers off, change, switch them on again. */
async function tamper(change: string): Promise<void> {
  await database.db.transaction().execute(async (trx) => {
    await sql`SET LOCAL session_replication_role = replica`.execute(trx);
    await sql.raw(change).execute(trx);
  });
}

const found = async (jobId: string) =>
  (await verifyAudit(database, { jobId })).problems.map(({ kind, ref }) => `${kind} ${ref}`);

describe('what a superuser does to the audit is found and named', () => {
  let jobId: string;
  beforeEach(async () => {
    jobId = await scoredJob();
    await fillLog(database.db);
  });

  test('nothing done to it, nothing is found', async () => {
    expect(await verifyAudit(database, { jobId })).toMatchObject({
      rows: 20,
      batches: 2,
      waiting: 0,
      problems: [],
    });
  });

  const block = (chunkNo: number) => `job_id = '${jobId}' AND chunk_no = ${chunkNo}`;

  test("a row's score altered", async () => {
    await tamper(`UPDATE score_blocks SET raw_scores[3] = 0.01 WHERE ${block(1)}`);
    expect(await found(jobId)).toEqual([`row_altered ${jobId}/1/13`]);
  });

  test.each([
    ['another patient', `patient_ids[3] = 'somebody'`, 'patient_id'],
    ['another facility', `facilities = ARRAY['elsewhere', 'too']`, 'facility_id'],
    ['another due date', `due_base = '2020-01-01'`, 'due_date'],
    ['other reasons', 'reason_contributions[5] = 9', 'reasons'],
    ['another tier', 'tiers = set_byte(tiers, 2, (get_byte(tiers, 2) + 1) % 3)', 'tier'],
  ])('a row given %s', async (_, change, named) => {
    await tamper(`UPDATE score_blocks SET ${change} WHERE ${block(0)}`);
    const { problems } = await verifyAudit(database, { jobId });
    expect(problems.length).toBeGreaterThan(0);
    for (const problem of problems) expect(problem).toMatchObject({ kind: 'row_altered' });
    expect(problems[0]?.message).toContain(named);
  });

  test('a row altered together with the root over its chunk', async () => {
    await tamper(`UPDATE score_blocks SET raw_scores[4] = 0.01 WHERE ${block(0)};
      UPDATE score_chunks SET row_root = sha256('x'::bytea) WHERE ${block(0)}`);
    expect((await found(jobId))[0]).toBe(`batch_altered ${jobId}/0`);
  });

  test('who asked, with which model and when, altered', async () => {
    for (const change of [
      `actor = 'nobody'`,
      `model_version = 'other'`,
      `recorded_at = recorded_at + interval '1 second'`,
    ]) {
      const job = await scoredJob();
      await tamper(`UPDATE score_chunks SET ${change} WHERE job_id = '${job}' AND chunk_no = 1`);
      expect(await found(job)).toEqual([`batch_altered ${job}/1`]);
    }
  });

  test('a stored input exchanged, its own hash and all', async () => {
    const other = await scoredJob(11);
    await tamper(`UPDATE chunks SET payload = o.payload, payload_sha256 = o.payload_sha256
      FROM (SELECT payload, payload_sha256 FROM chunks WHERE job_id = '${other}' AND chunk_no = 0) o
      WHERE ${block(1)}`);
    expect(await found(jobId)).toEqual([`input_altered ${jobId}/1`]);
    await tamper(`UPDATE chunks SET payload = 'x' WHERE ${block(0)}`);
    expect(await found(jobId)).toEqual([`input_altered ${jobId}/0`, `input_altered ${jobId}/1`]);
  });

  test('a row cut off its block', async () => {
    await tamper(`UPDATE score_blocks SET row_count = 9, patient_ids = patient_ids[:9], raw_scores = raw_scores[:9],
      tiers = substring(tiers FOR 9), facility_nos = substring(facility_nos FOR 9), due_days = due_days[:9],
      reason_features = substring(reason_features FOR 18), reason_contributions = reason_contributions[:18],
      reason_value_nos = substring(reason_value_nos FOR 18) WHERE ${block(1)}`);
    expect(await found(jobId)).toEqual([`row_missing ${jobId}/1/20`]);
  });

  test('a block inserted', async () => {
    await tamper(`INSERT INTO score_blocks SELECT (jsonb_populate_record(b, '{"first_row": 99}')).*
      FROM score_blocks b WHERE ${block(0)}`);
    expect(await found(jobId)).toEqual([`batch_missing ${jobId}/0`]);
  });

  test('all blocks of a chunk deleted', async () => {
    await tamper(`DELETE FROM score_blocks WHERE ${block(1)}`);
    expect((await found(jobId))[0]).toBe(`row_missing ${jobId}/1/11`);
  });

  test('a batch given a new digest', async () => {
    await tamper(`UPDATE audit_batches SET digest = sha256('x'::bytea) WHERE ${block(0)}`);
    expect(await found(jobId)).toEqual([`batch_altered ${jobId}/0`, `batch_altered ${jobId}/0`]);
  });

  test('a chunk removed with all that is known of it', async () => {
    await tamper(`DELETE FROM score_blocks WHERE ${block(1)}; DELETE FROM score_chunks WHERE ${block(1)};
      DELETE FROM audit_batches WHERE ${block(1)}`);
    expect(await found(jobId)).toEqual([`batch_missing ${jobId}/1`]);
  });
});

describe('events', () => {
  test('an event altered or removed is named', async () => {
    await using own = await createTestDatabase();
    const event = { tenantId: 1, actor: 'nightly', action: 'job.submit', outcome: 'success' as const };
    const ids: string[] = [];
    for (const rows of [1, 2, 3]) {
      ids.push(await recordEvent(own.db, { ...event, details: { z: rows, a: { rows, list: [1, 'ü'] } } }));
    }
    expect(await fillLog(own.db)).toBe(3);
    expect(await verifyAudit(own)).toMatchObject({ events: 3, entries: 3, waiting: 0, problems: [] });
    await own.db.transaction().execute(async (trx) => {
      await sql`SET LOCAL session_replication_role = replica`.execute(trx);
      await sql`UPDATE audit_events SET actor = 'nobody' WHERE id = ${ids[0]}`.execute(trx);
      await sql`DELETE FROM audit_events WHERE id = ${ids[1]}`.execute(trx);
    });
    const { problems } = await verifyAudit(own);
    expect(problems.map(({ kind, ref }) => [kind, ref])).toEqual([
      ['event_altered', ids[0]],
      ['event_missing', ids[1]],
    ]);
  });
});

describe('what the services may do to the audit', () => {
  test.each(['iit_worker', 'iit_api'])('%s can add and read, and nothing else', async (role) => {
    const { db } = database.as(role);
    const id = await recordEvent(db, { tenantId: 1, actor: role, action: 'test', outcome: 'success' });
    expect(await db.selectFrom('audit_events').select('actor').where('id', '=', id).execute()).toHaveLength(
      1,
    );
    for (const table of [
      'online_rows',
      'audit_events',
      'audit_batches',
      'log_entries',
      'log_nodes',
      'log_checkpoints',
    ]) {
      for (const statement of [`DELETE FROM ${table}`, `TRUNCATE ${table}`]) {
        await expect(sql.raw(statement).execute(db)).rejects.toMatchObject({ code: '42501' });
      }
    }
    await expect(sql.raw(`UPDATE score_blocks SET tiers = NULL`).execute(db)).rejects.toMatchObject({
      code: '42501',
    });
  });

  test('even the owner is refused while the triggers stand', async () => {
    const jobId = await scoredJob(3);
    for (const statement of [
      `UPDATE score_blocks SET tiers = NULL WHERE job_id = '${jobId}'`,
      `DELETE FROM score_blocks WHERE job_id = '${jobId}'`,
      `DELETE FROM score_chunks WHERE job_id = '${jobId}'`,
      'TRUNCATE score_blocks',
      'TRUNCATE online_rows',
      'TRUNCATE audit_events',
      `DELETE FROM audit_batches WHERE job_id = '${jobId}'`,
    ]) {
      await expect(sql.raw(statement).execute(database.db)).rejects.toThrow('append-only');
    }
  });

  test('an unknown job verifies as empty', async () => {
    expect(await verifyAudit(database, { jobId: randomUUID() })).toMatchObject({ rows: 0, problems: [] });
  });
});
