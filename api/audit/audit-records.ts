import { type SqlBool, sql } from 'kysely';
import { z } from 'zod';
import type { Db } from '#shared/db/database.ts';
import { TIERS } from '#shared/models/manifest.ts';

export const auditRecordSchema = z
  .object({
    job_id: z.uuid(),
    row: z.int().positive(),
    chunk: z.int().nonnegative(),
    recorded_at: z.iso.datetime(),
    source: z.enum(['job', 'online']),
    actor: z.string().meta({ description: 'Name of the key that asked for the score' }),
    key_id: z.uuid(),
    patient_id: z.string(),
    model: z.object({ version: z.string(), sha256: z.string() }),
    raw_score: z.number(),
    risk: z.number(),
    tier: z.enum(TIERS),
    input_hash: z.string().meta({ description: 'SHA-256 of the input that was scored, hex' }),
    input: z.record(z.string(), z.number().nullable()).nullable().optional().meta({
      description:
        'With include=input: each feature as it was scored, null where missing; null once retention has removed it',
    }),
  })
  .meta({ id: 'AuditRecord' });

export type AuditRecord = z.infer<typeof auditRecordSchema>;

export type AuditFilter = {
  tenantId: number;
  patientId: string | undefined;
  jobId: string | undefined;
  actor: string | undefined;
  model: string | undefined;
  /** RFC 3339; recorded at or after. */
  from: string | undefined;
  /** RFC 3339; recorded before. */
  to: string | undefined;
};

/** Where a page ended: its last record's keys, the time with PostgreSQL's microseconds. */
export const auditPosition = z.object({ at: z.string(), period: z.string(), job: z.guid(), row: z.int() });
export type AuditPosition = z.infer<typeof auditPosition>;

export type FoundRecord = {
  position: AuditPosition;
  record: AuditRecord;
  /** Float64, little-endian, in the model's order: online requests keep their input here, jobs in their chunk. */
  storedInput: Buffer | null;
};

type Row = {
  period: string;
  job_id: string;
  row_no: number;
  chunk_no: number;
  recorded_at: Date;
  recorded_text: string;
  source: 'job' | 'online';
  api_key_id: string;
  actor: string;
  patient_id: string;
  model_version: string;
  model_sha256: Buffer;
  raw_score: number;
  risk: number;
  tier: number;
  input_hash: Buffer;
  input: Buffer | null;
};

/**
 * Of one patient the newest first, by the patient's index; else by descending primary key (month, job, row), one job
 * after the other, so that no page needs a sort. `from` and `to` also choose the partitions.
 */
export async function readAuditRecords(
  db: Db,
  filter: AuditFilter,
  after: AuditPosition | undefined,
  limit: number,
): Promise<FoundRecord[]> {
  const conditions = [sql<SqlBool>`tenant_id = ${filter.tenantId}`];
  if (filter.patientId !== undefined) conditions.push(sql`patient_id = ${filter.patientId}`);
  if (filter.jobId !== undefined) conditions.push(sql`job_id = ${filter.jobId}`);
  if (filter.actor !== undefined) conditions.push(sql`actor = ${filter.actor}`);
  if (filter.model !== undefined) conditions.push(sql`model_version = ${filter.model}`);
  if (filter.from !== undefined) {
    // Rows of a job are recorded before it ends, in the partition of the month in which it was accepted.
    conditions.push(sql`recorded_at >= ${filter.from}::timestamptz AND period >= least(
      date_trunc('month', ${filter.from}::timestamptz)::date,
      (SELECT min(period) FROM jobs WHERE tenant_id = ${filter.tenantId}
        AND (finished_at IS NULL OR finished_at >= ${filter.from}::timestamptz)))`);
  }
  if (filter.to !== undefined) {
    conditions.push(
      sql`recorded_at < ${filter.to}::timestamptz AND period <= ${filter.to}::timestamptz::date`,
    );
  }
  const byTime = filter.patientId !== undefined;
  if (after !== undefined) {
    conditions.push(
      byTime
        ? sql`(recorded_at, job_id, row_no) < (${after.at}::timestamptz, ${after.job}::uuid, ${after.row}::int)`
        : sql`(period, job_id, row_no) < (${after.period}::date, ${after.job}::uuid, ${after.row}::int)`,
    );
  }
  const { rows } = await sql<Row>`
    SELECT period, job_id, row_no, chunk_no, recorded_at, recorded_at::text AS recorded_text, source, api_key_id, actor, patient_id, model_version,
      model_sha256, raw_score, risk, tier, input_hash, input
    FROM audit_log WHERE ${sql.join(conditions, sql` AND `)}
    ORDER BY ${byTime ? sql`recorded_at` : sql`period`} DESC, job_id DESC, row_no DESC LIMIT ${limit}`.execute(
    db,
  );
  return rows.map((row) => ({
    position: { at: row.recorded_text, period: row.period, job: row.job_id, row: row.row_no },
    record: recordOf(row),
    storedInput: row.input,
  }));
}

function recordOf(row: Row): AuditRecord {
  return {
    job_id: row.job_id,
    row: row.row_no,
    chunk: row.chunk_no,
    recorded_at: row.recorded_at.toISOString(),
    source: row.source,
    actor: row.actor,
    key_id: row.api_key_id,
    patient_id: row.patient_id,
    model: { version: row.model_version, sha256: row.model_sha256.toString('hex') },
    raw_score: row.raw_score,
    risk: row.risk,
    tier: TIERS[row.tier] ?? 'low',
    input_hash: row.input_hash.toString('hex'),
  };
}
