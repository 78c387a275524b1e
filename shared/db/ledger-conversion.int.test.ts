import { sql } from 'kysely';
import { beforeAll, afterAll, expect, test } from 'vitest';
import { verifyAudit } from '#shared/audit/verify.ts';
import { createCrashPoints } from '#shared/lifecycle/crash-points.ts';
import { indexJob } from '#shared/scores/index-job.ts';
import { readResultRows } from '#shared/predictions/read-prediction-rows.ts';
import { fillLog } from '#test/support/test-log.ts';
import { createBlankDatabase } from '#test/support/blank-database.ts';
import { auditOf, fillAsBefore, MIGRATIONS_BEFORE, predictionsOf } from '#test/support/release-before.ts';
import { migrateThrough, migrateToLatest } from './migrator.ts';

const ROWS = 300;

let database: Awaited<ReturnType<typeof createBlankDatabase>>;
let jobId: string;
let predictions: unknown[];
let audit: unknown[];
let migrated: string[];

beforeAll(async () => {
  database = await createBlankDatabase();
  const { db } = database;
  await migrateThrough(db, MIGRATIONS_BEFORE);
  jobId = await fillAsBefore(db, ROWS);
  predictions = await predictionsOf(db);
  audit = await auditOf(db);
  migrated = await migrateToLatest(db);
}, 120_000);
afterAll(() => database[Symbol.asyncDispose]());

test('a database of the release before keeps every row of results and audit, to the bit', async () => {
  expect(migrated).toContain('0008-ledger');
  expect(await predictionsOf(database.db)).toStrictEqual(predictions);
  expect(await auditOf(database.db)).toStrictEqual(audit);
});

test('digests and seals that were made before hold, and an altered row is found', async () => {
  expect(await verifyAudit(database)).toMatchObject({
    rows: ROWS + 1,
    batches: 3,
    entries: 0,
    waiting: 4,
    problems: [],
  });
  await database.db.transaction().execute(async (trx) => {
    await sql`SET LOCAL session_replication_role = replica`.execute(trx);
    await sql`UPDATE score_blocks SET patient_ids[5] = 'other' WHERE job_id = ${jobId} AND first_row = 1`.execute(
      trx,
    );
  });
  const { problems } = await verifyAudit(database);
  expect(problems).toMatchObject([{ kind: 'batch_altered', ref: `${jobId}/0` }]);
});

test('what the chain of seals held enters the log in its order, the seal behind it; a seal altered is found', async () => {
  const { db } = database;
  expect(await fillLog(db)).toBe(4);
  const { rows } = await sql<{ kind: string }>`SELECT kind FROM log_entries ORDER BY entry_no`.execute(db);
  expect(rows.map(({ kind }) => kind)).toEqual(['batch', 'batch', 'batch', 'seal']);
  await db.transaction().execute(async (trx) => {
    await sql`SET LOCAL session_replication_role = replica`.execute(trx);
    await sql`UPDATE audit_seals SET hash = sha256('x'::bytea)`.execute(trx);
  });
  const { problems } = await verifyAudit(database);
  expect(problems).toMatchObject([
    { kind: 'seal_altered', ref: '1' },
    { kind: 'batch_altered' },
    { kind: 'seal_altered', ref: '1' },
  ]);
});

test('its jobs get lists, and are read by them', async () => {
  const { pool } = database;
  const period = (predictions[0] as { period: string }).period;
  await database.db.updateTable('jobs').set({ period }).where('id', '=', jobId).execute();
  expect(await indexJob({ pool, crash: createCrashPoints(undefined) }, jobId)).toBe(true);
  const filter = { jobId, period, order: 'risk', tier: undefined, minRisk: undefined } as const;
  const rows = await readResultRows(pool, filter, undefined, 5);
  expect(rows.map(({ row }) => row)).toEqual([300, 299, 298, 297, 296]);
  expect(rows[4]).toMatchObject({
    facilityId: 'facility-2',
    reasons: [{ feature: 296 }, { value: NaN }, { value: 7 }],
  });
});
