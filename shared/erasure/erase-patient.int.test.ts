import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recordEvent } from '#shared/audit/record-event.ts';
import { verifyAudit } from '#shared/audit/verify.ts';
import { readPayload } from '#shared/chunks/read-payload.ts';
import { decodeChunk } from '#shared/chunks/payload.ts';
import { readReceipt } from '#shared/ledger/receipt.ts';
import { createCrashPoints } from '#shared/lifecycle/crash-points.ts';
import { readResultRows } from '#shared/predictions/read-prediction-rows.ts';
import { insertSampleJob } from '#test/support/sample-job.ts';
import { sampleModel } from '#test/support/sample-model.ts';
import { insertScoredJob, type ScoredJob } from '#test/support/scored-job.ts';
import { testLogKeeper } from '#test/support/test-log.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { whereIs } from '#test/support/where-is.ts';
import { type EraseDeps, erasePatient, ErasureError } from './erase-patient.ts';

const PATIENT = 'patient-é-17';
const REASON = 'request 17 of 3 March';
const asked = { tenantId: 1, patientId: PATIENT, reason: REASON, actor: 'cli:test' };

let database: TestDatabase;
let deps: EraseDeps;
let keeper: ReturnType<typeof testLogKeeper>;
let jobs: ScoredJob[];

beforeAll(async () => {
  database = await createTestDatabase();
  deps = { ...database, crash: createCrashPoints(undefined) };
  keeper = testLogKeeper(database.as('iit_worker').db);
  jobs = [
    await insertScoredJob(database, { chunks: 3, rowsPerChunk: 40, explain: 3, indexed: true }),
    await insertScoredJob(database, { chunks: 2, rowsPerChunk: 75, explain: 2, indexed: true }),
    // Without its lists yet, and without reasons.
    await insertScoredJob(database, { chunks: 1, rowsPerChunk: 20, explain: 0 }),
  ];
  await addElsewhere();
  await keeper.runOnce();
}, 60_000);
afterAll(() => database.drop());

/** What other tables may have of a patient. */
async function addElsewhere(): Promise<void> {
  const { db } = database;
  for (const entity of [`patient/${PATIENT}`, `patient/${PATIENT}`, 'patient/another']) {
    await recordEvent(db, { tenantId: 1, actor: 'a', action: 'audit.view', outcome: 'success', entity });
  }
  const jobId = jobs[0]!.jobId;
  await sql`INSERT INTO rejections (job_id, row_no, line, code, message, patient_id, facility_id, due_date)
    VALUES (${jobId}, 900, 901, 'x', 'y', ${PATIENT}, 'f', '2026-01-01')`.execute(db);
  await sql`INSERT INTO outcomes (tenant_id, job_id, row_no, model_id, patient_id, scored_on, risk, interrupted, known_on, recorded_by)
    SELECT 1, id, 17, model_id, ${PATIENT}, now(), 0.5, true, now(), 'a' FROM jobs WHERE id = ${jobId}`.execute(
    db,
  );
  await sql`INSERT INTO contacts (tenant_id, facility_id, patient_id, contacted_on, result, recorded_by, api_key_id)
    SELECT 1, 'f', ${PATIENT}, now(), 'no_answer', 'a', id FROM api_keys LIMIT 1`.execute(db);
  await sql`INSERT INTO tier_overrides (tenant_id, job_id, row_no, patient_id, scored_tier, tier, reason, recorded_by)
    VALUES (1, ${jobId}, 17, ${PATIENT}, 0, 2, 'said so', 'a')`.execute(db);
  await sql`INSERT INTO job_drift (job_id, tenant_id, model_id, row_count, counts, score_psi, feature_psi, drifted, sketch, finished_at)
    SELECT id, 1, model_id, 1, '', 0, '{}', '{}', ARRAY[patient_hash(${PATIENT}), 7], now() FROM jobs WHERE id = ${jobId}`.execute(
    db,
  );
}

test('whoever dies before the end of an erasure has erased nothing', async () => {
  const before = await whereIs(database, PATIENT);
  const crash = (point: string) => {
    if (point === 'before_erasure_commit') throw new Error('killed');
  };
  await expect(erasePatient({ ...deps, crash }, asked)).rejects.toThrow('killed');
  expect(await whereIs(database, PATIENT)).toEqual(before);
});

describe('an erased patient', () => {
  const scores = async () =>
    (await sql`SELECT job_id, row_no, raw_score, tier FROM predictions ORDER BY 1, 2`.execute(database.db))
      .rows;

  test('goes out of everything that has them, and the scores stay', async () => {
    const rawScores = await scores();
    expect(await whereIs(database, PATIENT)).toEqual([
      'audit_events',
      'contacts',
      'outcomes',
      'patient_blocks',
      'payload',
      'rejections',
      'score_blocks',
      'tier_overrides',
    ]);
    const receipt = await readReceipt(database, { jobId: jobs[0]!.jobId, row: 17 });
    expect(receipt.row.patient_id).toBe(PATIENT);
    expect(await erasePatient(deps, asked)).toEqual({
      jobs: 3,
      rows: 3,
      inputs: 3,
      onlineRows: 0,
      rejections: 1,
      outcomes: 1,
      contacts: 1,
      tierOverrides: 1,
      events: 2,
    });
    expect(await scores()).toEqual(rawScores);
  });

  test('is in no table, no chunk and no index any more, and the others are', async () => {
    expect(await whereIs(database, PATIENT)).toEqual([]);
    expect((await sql`SELECT sketch FROM job_drift`.execute(database.db)).rows).toEqual([{ sketch: [7] }]);
    expect(await whereIs(database, 'patient-é-18')).toEqual(['patient_blocks', 'payload', 'score_blocks']);
  });

  test('leaves a log that verifies, which counts the erased', async () => {
    await keeper.runOnce();
    const found = await verifyAudit(database, {}, { checkpoints: keeper.sink.kept, rescore: true });
    expect(found).toMatchObject({ rows: 290, erased: 3, unverifiable: 0, waiting: 0, problems: [] });
  });

  test('has no reasons, no due date, no inputs and no receipt; the next row has all of it', async () => {
    const filter = { order: 'risk', tier: undefined, minRisk: undefined } as const;
    const { jobId } = jobs[0]!;
    const { period } = await database.db
      .selectFrom('jobs')
      .select('period')
      .where('id', '=', jobId)
      .executeTakeFirstOrThrow();
    const rows = await readResultRows(database.pool, { ...filter, jobId, period }, undefined, 200);
    const [erased, next] = [17, 18].map((no) => rows.find(({ row }) => row === no)!);
    expect(erased).toMatchObject({ patientId: '', dueDate: undefined, reasons: [], identifiers: {} });
    expect(next).toMatchObject({ patientId: 'patient-é-18', dueDate: expect.any(String) });
    expect(next!.reasons).toHaveLength(3);
    await expect(readReceipt(database, { jobId, row: 17 })).rejects.toMatchObject({
      code: 'receipt_unavailable',
    });
    expect((await readReceipt(database, { jobId, row: 18 })).row.patient_id).toBe('patient-é-18');
    const payload = await readPayload(database.pool, { jobId, chunkNo: 0 });
    const inputs = await decodeChunk(Buffer.from(payload.payload), Buffer.from(payload.sha256));
    const at = inputs.rowNumbers.indexOf(17);
    expect(inputs.features.every((column) => Number.isNaN(column[at]))).toBe(true);
    expect(inputs.features.some((column) => !Number.isNaN(column[at + 1]))).toBe(true);
  });

  test('leaves an event that says why, and never who', async () => {
    const event = await database.db
      .selectFrom('audit_events')
      .selectAll()
      .where('action', '=', 'patient.erase')
      .executeTakeFirstOrThrow();
    expect(event).toMatchObject({
      actor: 'cli:test',
      entity: null,
      details: { reason: REASON, rows: 3, gone: [] },
    });
  });

  test('does not cover what somebody alters afterwards', async () => {
    await database.db.transaction().execute(async (trx) => {
      await sql`SET LOCAL session_replication_role = replica`.execute(trx);
      await sql`UPDATE score_blocks SET patient_ids[18] = 'somebody' WHERE job_id = ${jobs[0]!.jobId} AND first_row = 1`.execute(
        trx,
      );
    });
    const { problems } = await verifyAudit(database, { jobId: jobs[0]!.jobId });
    expect(problems).toMatchObject([{ kind: 'row_altered', ref: `${jobs[0]!.jobId}/0/18` }]);
  });

  test('can be erased once more, and another beside', async () => {
    expect(await erasePatient(deps, asked)).toMatchObject({ jobs: 0, rows: 0, events: 0 });
    expect(await erasePatient(deps, { ...asked, patientId: 'patient-é-16' })).toMatchObject({ rows: 3 });
    const { problems, erased } = await verifyAudit(database, { jobId: jobs[1]!.jobId });
    expect({ problems, erased }).toEqual({ problems: [], erased: 2 });
  });
});

test('a patient who is about to be scored is not erased; one whose chunk was given up is', async () => {
  await using own = await createTestDatabase();
  const { jobId } = await insertSampleJob(own.db, { model: sampleModel(), chunks: 1, rowsPerChunk: 20 });
  const here = { ...own, crash: createCrashPoints(undefined) };
  await expect(erasePatient(here, asked)).rejects.toThrow(ErasureError);
  await own.db.updateTable('chunks').set({ state: 'quarantined' }).execute();
  await own.db.updateTable('jobs').set({ status: 'partial', finished_at: new Date() }).execute();
  expect(await erasePatient(here, asked)).toMatchObject({ rows: 0, inputs: 1 });
  const { payload, sha256 } = await readPayload(own.pool, { jobId, chunkNo: 0 });
  const { patientIds } = await decodeChunk(Buffer.from(payload), Buffer.from(sha256));
  expect(Buffer.from(patientIds.bytes).includes(PATIENT)).toBe(false);
});

test('no service can do it', async () => {
  for (const role of ['iit_api', 'iit_worker', 'iit_audit', 'iit_readonly']) {
    const own = database.as(role);
    await expect(erasePatient({ ...deps, ...own }, asked)).rejects.toMatchObject({ code: '42501' });
    await expect(
      own.db.transaction().execute(async (trx) => {
        await sql`SET LOCAL iit.erasing = 'yes'`.execute(trx);
        await sql`UPDATE score_blocks SET patient_ids = '{}'`.execute(trx);
      }),
    ).rejects.toMatchObject({ code: '42501' });
  }
});
