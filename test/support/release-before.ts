import { sql } from 'kysely';
import { UNSALTED_BYTES } from '#shared/audit/canonical-rows.ts';
import { GENESIS_HASH, type SealEntry, sealHash } from '#shared/audit/seal.ts';
import type { Db } from '#shared/db/database.ts';
import { insertSampleJob } from './sample-job.ts';
import { sampleModel } from './sample-model.ts';

/** The migrations of the release before scores were pages. */
export const MIGRATIONS_BEFORE = [
  '0001-core',
  '0002-programme',
  '0003-backups',
  '0004-intake',
  '0005-people',
  '0007-model-owners',
];

/**
 * Fills a database of those migrations as that release did: a job of two chunks with reasons, one chunk of an online run, sealed.
 * Returns the job's id.
 */
export async function fillAsBefore(db: Db, rows: number): Promise<string> {
  const model = sampleModel();
  const { rows: models } = await sql<{ id: number }>`
    INSERT INTO models (version, sha256, manifest, content, created_by)
    VALUES (${model.manifest.version}, decode(${model.manifest.sha256}, 'hex'), ${JSON.stringify(model.manifest)}::jsonb, 'model', 'test')
    RETURNING id`.execute(db);
  const modelId = models[0]!.id;
  const { jobId } = await insertSampleJob(db, { model, modelId, chunks: 2, rowsPerChunk: rows / 2 });
  await sql`
    INSERT INTO predictions (period, job_id, row_no, tenant_id, chunk_no, patient_id, facility_id, due_date, raw_score, risk,
      tier, reason_features, reason_contributions, reason_values)
    SELECT date_trunc('month', now()), ${jobId}::uuid, n, 1, (n - 1) / ${rows / 2}::int, 'patient-é-' || n,
      CASE WHEN n % 3 > 0 THEN 'facility-' || n % 7 END, CASE WHEN n % 5 > 0 THEN '2026-01-01'::date + n % 400 END,
      n / 7.0 - 20, 0.1 + n / 1000.0, n % 3,
      CASE WHEN n % 11 = 0 THEN ARRAY[n % 300]::int2[] ELSE ARRAY[n % 300, 1, 2]::int2[] END,
      CASE WHEN n % 11 = 0 THEN ARRAY[0.5]::float4[] ELSE ARRAY[0.5, -0.25, n / 100.0]::float4[] END,
      CASE WHEN n % 11 = 0 THEN ARRAY[n / 3.0]::float8[] ELSE ARRAY[n / 3.0, NULL, 7]::float8[] END
    FROM generate_series(1, ${rows}) n`.execute(db);
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
  await sql`UPDATE jobs SET status = 'completed', rows_scored = ${rows}, finished_at = now() WHERE id = ${jobId}`.execute(
    db,
  );
  await sealAsBefore(db);
  return jobId;
}

/** One seal over all batches and events: what that release found by comparing everything with everything. */
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

/** Results as both releases show them. */
export async function predictionsOf(db: Db): Promise<unknown[]> {
  const { rows } =
    await sql`SELECT period, job_id, row_no, tenant_id, chunk_no, patient_id, facility_id, due_date, raw_score, risk, tier,
      reason_features, reason_contributions, reason_values FROM predictions ORDER BY job_id, row_no`.execute(
      db,
    );
  return rows;
}

/** The audit as both releases show it. */
export async function auditOf(db: Db): Promise<unknown[]> {
  const { rows } =
    await sql`SELECT period, job_id, row_no, tenant_id, chunk_no, recorded_at, source, api_key_id, actor, patient_id,
      model_version, model_sha256, raw_score, risk, tier, input_hash, input FROM audit_log ORDER BY job_id, row_no`.execute(
      db,
    );
  return rows;
}
