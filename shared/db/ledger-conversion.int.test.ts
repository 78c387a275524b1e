import { sql } from 'kysely';
import { beforeAll, afterAll, expect, test } from 'vitest';
import { UNSALTED_BYTES } from '#shared/audit/canonical-rows.ts';
import { verifyAudit } from '#shared/audit/verify.ts';
import { GENESIS_HASH, type SealEntry, sealHash } from '#shared/audit/seal.ts';
import { createCrashPoints } from '#shared/lifecycle/crash-points.ts';
import { indexJob } from '#shared/scores/index-job.ts';
import { readResultRows } from '#shared/predictions/read-prediction-rows.ts';
import { fillLog } from '#test/support/test-log.ts';
import { createBlankDatabase } from '#test/support/blank-database.ts';
import { insertSampleJob } from '#test/support/sample-job.ts';
import { sampleModel } from '#test/support/sample-model.ts';
import type { Db } from './database.ts';
import { migrateThrough, migrateToLatest } from './migrator.ts';

const BEFORE = [
  '0001-core',
  '0002-programme',
  '0003-backups',
  '0004-intake',
  '0005-people',
  '0007-model-owners',
];
const ROWS = 300;

type Blank = Awaited<ReturnType<typeof createBlankDatabase>>;
let database: Blank;
let jobId: string;
let predictions: unknown[];
let audit: unknown[];
let migrated: string[];

const predictionsOf = async ({ db }: Blank) =>
  (
    await sql`SELECT period, job_id, row_no, tenant_id, chunk_no, patient_id, facility_id, due_date, raw_score, risk, tier,
      reason_features, reason_contributions, reason_values FROM predictions ORDER BY job_id, row_no`.execute(
      db,
    )
  ).rows;
const auditOf = async ({ db }: Blank) =>
  (
    await sql`SELECT period, job_id, row_no, tenant_id, chunk_no, recorded_at, source, api_key_id, actor, patient_id,
      model_version, model_sha256, raw_score, risk, tier, input_hash, input FROM audit_log ORDER BY job_id, row_no`.execute(
      db,
    )
  ).rows;

/** The tables as the release before wrote them: a job of two chunks with reasons, one chunk of an online run, sealed. */
beforeAll(async () => {
  database = await createBlankDatabase();
  const { db } = database;
  await migrateThrough(db, BEFORE);
  ({ jobId } = await insertSampleJob(db, { model: sampleModel(), chunks: 2, rowsPerChunk: ROWS / 2 }));
  await sql`
    INSERT INTO predictions (period, job_id, row_no, tenant_id, chunk_no, patient_id, facility_id, due_date, raw_score, risk,
      tier, reason_features, reason_contributions, reason_values)
    SELECT date_trunc('month', now()), ${jobId}::uuid, n, 1, (n - 1) / ${ROWS / 2}::int, 'patient-é-' || n,
      CASE WHEN n % 3 > 0 THEN 'facility-' || n % 7 END, CASE WHEN n % 5 > 0 THEN '2026-01-01'::date + n % 400 END,
      n / 7.0 - 20, 0.1 + n / 1000.0, n % 3,
      CASE WHEN n % 11 = 0 THEN ARRAY[n % 300]::int2[] ELSE ARRAY[n % 300, 1, 2]::int2[] END,
      CASE WHEN n % 11 = 0 THEN ARRAY[0.5]::float4[] ELSE ARRAY[0.5, -0.25, n / 100.0]::float4[] END,
      CASE WHEN n % 11 = 0 THEN ARRAY[n / 3.0]::float8[] ELSE ARRAY[n / 3.0, NULL, 7]::float8[] END
    FROM generate_series(1, ${ROWS}) n`.execute(db);
  await sql`
    INSERT INTO audit_log (period, job_id, row_no, tenant_id, chunk_no, recorded_at, source, api_key_id, actor, patient_id,
      model_version, model_sha256, raw_score, risk, tier, input_hash)
    SELECT p.period, p.job_id, p.row_no, p.tenant_id, p.chunk_no, now(), 'job', j.api_key_id, j.actor, p.patient_id,
      m.version, m.sha256, p.raw_score, p.risk, p.tier, sha256(p.patient_id::bytea)
    FROM predictions p JOIN jobs j ON j.id = p.job_id JOIN models m ON m.id = j.model_id`.execute(db);
  await sql`
    INSERT INTO audit_log (period, job_id, row_no, tenant_id, chunk_no, recorded_at, source, api_key_id, actor, patient_id,
      model_version, model_sha256, raw_score, risk, tier, input_hash, input)
    SELECT date_trunc('month', now()), gen_random_uuid(), 1, 1, 0, now(), 'online', gen_random_uuid(), 'somebody', 'p',
      'm', sha256('m'), 0.5, 0.6, 2, sha256('i'), 'input'::bytea`.execute(db);
  await sql`
    INSERT INTO audit_batches (job_id, chunk_no, tenant_id, period, row_count, digest, recorded_at)
    SELECT job_id, chunk_no, min(tenant_id), period, count(*), sha256(string_agg(${sql.raw(UNSALTED_BYTES)}, ''::bytea ORDER BY row_no)),
      min(recorded_at)
    FROM audit_log GROUP BY period, job_id, chunk_no`.execute(db);
  await sql`UPDATE chunks SET state = 'done', finished_at = now() WHERE job_id = ${jobId}`.execute(db);
  await sql`UPDATE jobs SET status = 'completed', rows_scored = ${ROWS}, finished_at = now() WHERE id = ${jobId}`.execute(
    db,
  );
  await sealAsBefore(db);
  predictions = await predictionsOf(database);
  audit = await auditOf(database);
  migrated = await migrateToLatest(db);
}, 120_000);

/** One seal over all batches and events: what the release before found by comparing everything with everything. */
async function sealAsBefore(db: Db): Promise<void> {
  const { rows: entries } = await sql<SealEntry>`
    SELECT 'batch' AS kind, job_id || '/' || chunk_no AS ref, digest FROM audit_batches
    UNION ALL SELECT 'event', id::text, digest FROM audit_events ORDER BY 1, 2`.execute(db);
  await sql`INSERT INTO audit_seals (id, previous_hash, entry_count, hash, sealed_at)
    VALUES (1, ${GENESIS_HASH}, ${entries.length}, ${sealHash(1, GENESIS_HASH, entries)}, now())`.execute(db);
  for (const [position, { kind, ref, digest }] of entries.entries()) {
    await sql`INSERT INTO audit_seal_entries (seal_id, position, kind, ref, digest)
      VALUES (1, ${position}, ${kind}, ${ref}, ${digest})`.execute(db);
  }
}

afterAll(() => database[Symbol.asyncDispose]());

test('a database of the release before keeps every row of results and audit, to the bit', async () => {
  expect(migrated).toContain('0008-ledger');
  expect(await predictionsOf(database)).toStrictEqual(predictions);
  expect(await auditOf(database)).toStrictEqual(audit);
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
