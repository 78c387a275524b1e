import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { attachModel, prepareModel } from '#engine/index.ts';
import { readPayload } from '#shared/chunks/read-payload.ts';
import { claimChunk } from '#shared/jobs/chunk-transitions.ts';
import { createCrashPoints } from '#shared/lifecycle/crash-points.ts';
import { insertSampleJob } from '#test/support/sample-job.ts';
import { sampleModel } from '#test/support/sample-model.ts';
import { UNTRACED } from '#shared/tracing/tracer.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { writeChunk } from '#workers/jobs/score-chunk/write-chunk.ts';
import { scoreChunk } from '#workers/threads/score-chunk.ts';
import { recordEvent } from './record-event.ts';
import { sealAudit } from './seal.ts';
import { verifyAudit } from './verify.ts';

const model = sampleModel();
const attached = attachModel(prepareModel(model.text.toString()));
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** A job of two chunks, scored and committed as a worker does it. */
async function scoredJob(rowsPerChunk = 10): Promise<string> {
  const { jobId, bells } = await insertSampleJob(database.db, { model, chunks: 2, rowsPerChunk });
  const { pool, db } = database;
  for (const bell of bells) {
    const claim = await claimChunk(db, bell, { owner: 'test', seconds: 60 });
    if (claim === undefined) throw new Error('the bell was void');
    const { payload, sha256: payloadSha256 } = await readPayload(pool, claim);
    const scored = scoreChunk(
      {
        ...claim,
        payload,
        payloadSha256,
        tiers: model.manifest.tiers,
        context: {
          ...claim,
          recordedAtMicros: BigInt(claim.claimedAtMicros),
          modelVersion: claim.model.version,
          modelSha256: claim.model.sha256,
        },
      },
      attached,
    );
    await writeChunk(
      { pool, crash: createCrashPoints(undefined), tracer: UNTRACED, timeoutMs: 10_000 },
      claim,
      scored,
    );
  }
  return jobId;
}

/** What only a superuser can do: switch the triggers off, change, switch them on again. */
async function tamper(change: string): Promise<void> {
  await database.db.transaction().execute(async (trx) => {
    await sql`SET LOCAL session_replication_role = replica`.execute(trx);
    await sql.raw(change).execute(trx);
  });
}

const found = async (jobId: string) =>
  (await verifyAudit(database.db, { jobId })).problems.map(({ kind, ref }) => `${kind} ${ref}`);

describe('what a superuser does to the audit is found and named', () => {
  let jobId: string;
  beforeEach(async () => {
    jobId = await scoredJob();
    while ((await sealAudit(database.db)) > 0);
  });

  test('nothing done to it, nothing is found', async () => {
    expect(await verifyAudit(database.db, { jobId })).toMatchObject({
      rows: 20,
      batches: 2,
      unsealed: 0,
      problems: [],
    });
  });

  test('a row altered', async () => {
    await tamper(`UPDATE audit_log SET risk = 0.01 WHERE job_id = '${jobId}' AND row_no = 13`);
    expect(await found(jobId)).toEqual([`row_altered ${jobId}/1/13`]);
  });

  test('a row given another patient', async () => {
    await tamper(`UPDATE audit_log SET patient_id = 'somebody' WHERE job_id = '${jobId}' AND row_no = 3`);
    expect(await found(jobId)).toEqual([`row_altered ${jobId}/0/3`]);
  });

  test('a row altered together with its prediction', async () => {
    await tamper(`UPDATE audit_log SET risk = 0.01 WHERE job_id = '${jobId}' AND row_no = 4;
      UPDATE predictions SET risk = 0.01 WHERE job_id = '${jobId}' AND row_no = 4`);
    expect(await found(jobId)).toEqual([`batch_altered ${jobId}/0`]);
  });

  test('an input hash altered', async () => {
    await tamper(
      `UPDATE audit_log SET input_hash = sha256('x'::bytea) WHERE job_id = '${jobId}' AND row_no = 5`,
    );
    expect(await found(jobId)).toEqual([`row_altered ${jobId}/0/5`]);
  });

  test('a row deleted', async () => {
    await tamper(`DELETE FROM audit_log WHERE job_id = '${jobId}' AND row_no = 20`);
    expect(await found(jobId)).toEqual([`row_missing ${jobId}/1/20`]);
  });

  test('a row inserted', async () => {
    await tamper(`INSERT INTO audit_log SELECT (jsonb_populate_record(a, '{"row_no": 99}')).*
      FROM audit_log a WHERE job_id = '${jobId}' AND row_no = 1`);
    expect(await found(jobId)).toEqual([`row_inserted ${jobId}/0/99`]);
  });

  test('all rows of a batch deleted', async () => {
    await tamper(`DELETE FROM audit_log WHERE job_id = '${jobId}' AND chunk_no = 1`);
    expect((await found(jobId))[0]).toBe(`row_missing ${jobId}/1/11`);
  });

  test('a batch given a new digest', async () => {
    await tamper(
      `UPDATE audit_batches SET digest = sha256('x'::bytea) WHERE job_id = '${jobId}' AND chunk_no = 0`,
    );
    expect(await found(jobId)).toEqual([`batch_altered ${jobId}/0`, `batch_altered ${jobId}/0`]);
  });

  test('a batch removed with all its rows', async () => {
    await tamper(`DELETE FROM audit_log WHERE job_id = '${jobId}' AND chunk_no = 1;
      DELETE FROM audit_batches WHERE job_id = '${jobId}' AND chunk_no = 1`);
    expect(await found(jobId)).toEqual([`batch_missing ${jobId}/1`]);
  });
});

describe('events and seals', () => {
  test('an event altered or removed is named', async () => {
    await using own = await createTestDatabase();
    const event = { tenantId: 1, actor: 'nightly', action: 'job.submit', outcome: 'success' as const };
    const ids: string[] = [];
    for (const rows of [1, 2, 3]) {
      ids.push(await recordEvent(own.db, { ...event, details: { z: rows, a: { rows, list: [1, 'ü'] } } }));
    }
    expect(await sealAudit(own.db)).toBe(3);
    expect(await verifyAudit(own.db)).toMatchObject({ events: 3, seals: 1, unsealed: 0, problems: [] });
    await own.db.transaction().execute(async (trx) => {
      await sql`SET LOCAL session_replication_role = replica`.execute(trx);
      await sql`UPDATE audit_events SET actor = 'nobody' WHERE id = ${ids[0]}`.execute(trx);
      await sql`DELETE FROM audit_events WHERE id = ${ids[1]}`.execute(trx);
    });
    const { problems } = await verifyAudit(own.db);
    expect(problems.map(({ kind, ref }) => [kind, ref])).toEqual([
      ['event_altered', ids[0]],
      ['event_missing', ids[1]],
    ]);
  });

  test('a seal altered, or taken out of the chain, is named', async () => {
    await using own = await createTestDatabase();
    for (let round = 0; round < 4; round++) {
      await recordEvent(own.db, { tenantId: 1, actor: 'a', action: 'job.view', outcome: 'refused' });
      expect(await sealAudit(own.db)).toBe(1);
    }
    await own.db.transaction().execute(async (trx) => {
      await sql`SET LOCAL session_replication_role = replica`.execute(trx);
      await sql`UPDATE audit_seals SET hash = sha256('x'::bytea) WHERE id = 2`.execute(trx);
      await sql`DELETE FROM audit_seal_entries WHERE seal_id = 4`.execute(trx);
    });
    const { problems } = await verifyAudit(own.db);
    expect(problems.map(({ kind, ref }) => `${kind} ${ref}`)).toEqual([
      'seal_altered 2',
      'seal_altered 3',
      'seal_altered 4',
    ]);
  });

  test('two sealers at once seal every entry once', async () => {
    await using own = await createTestDatabase();
    for (let count = 0; count < 20; count++) {
      await recordEvent(own.db, { tenantId: 1, actor: 'a', action: 'job.view', outcome: 'success' });
    }
    const sealed = await Promise.all(Array.from({ length: 4 }, () => sealAudit(own.db)));
    expect(sealed.reduce((sum, count) => sum + count, 0)).toBe(20);
    expect(await verifyAudit(own.db)).toMatchObject({ unsealed: 0, problems: [] });
  });
});

describe('what the services may do to the audit', () => {
  test.each(['iit_worker', 'iit_api'])('%s can add and read, and nothing else', async (role) => {
    const { db } = database.as(role);
    const id = await recordEvent(db, { tenantId: 1, actor: role, action: 'test', outcome: 'success' });
    expect(await db.selectFrom('audit_events').select('actor').where('id', '=', id).execute()).toHaveLength(
      1,
    );
    for (const table of ['audit_log', 'audit_events', 'audit_batches', 'audit_seals', 'audit_seal_entries']) {
      for (const statement of [`DELETE FROM ${table}`, `TRUNCATE ${table}`]) {
        await expect(sql.raw(statement).execute(db)).rejects.toMatchObject({ code: '42501' });
      }
    }
    await expect(sql.raw(`UPDATE audit_log SET risk = 0`).execute(db)).rejects.toMatchObject({
      code: '42501',
    });
  });

  test('even the owner is refused while the triggers stand', async () => {
    const jobId = await scoredJob(3);
    for (const statement of [
      `UPDATE audit_log SET risk = 0 WHERE job_id = '${jobId}'`,
      `DELETE FROM audit_log WHERE job_id = '${jobId}'`,
      'TRUNCATE audit_log',
      'TRUNCATE audit_events',
      `DELETE FROM audit_batches WHERE job_id = '${jobId}'`,
    ]) {
      await expect(sql.raw(statement).execute(database.db)).rejects.toThrow('append-only');
    }
  });

  test('an unknown job verifies as empty', async () => {
    expect(await verifyAudit(database.db, { jobId: randomUUID() })).toMatchObject({ rows: 0, problems: [] });
  });
});
