import { type RawBuilder, type SqlBool, sql } from 'kysely';
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
    patient_id: z.string().nullable().meta({ description: 'null where the patient was erased' }),
    model: z.object({ version: z.string(), sha256: z.string() }),
    raw_score: z.number(),
    risk: z.number(),
    tier: z.enum(TIERS),
    input_hash: z.string().nullable().meta({
      description:
        'SHA-256 of the input that was scored, hex; of a job’s row only with include=input, and null once retention has removed the input',
    }),
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
  patient_id: string | null;
  model_version: string;
  model_sha256: Buffer;
  raw_score: number;
  risk: number;
  tier: number;
  input_hash: Buffer | null;
  input: Buffer | null;
};

/** Of one patient the newest first; else by descending month, job and row, one job after the other, so that no page needs a sort. */
export async function readAuditRecords(
  db: Db,
  filter: AuditFilter,
  after: AuditPosition | undefined,
  limit: number,
): Promise<FoundRecord[]> {
  const query =
    filter.patientId === undefined ? everybody(filter, after, limit) : ofPatient(filter, after, limit);
  const { rows } = await query.execute(db);
  return rows.map((row) => ({
    position: { at: row.recorded_text, period: row.period, job: row.job_id, row: row.row_no },
    record: recordOf(row),
    storedInput: row.input,
  }));
}

const COLUMNS = sql`period, job_id, row_no, chunk_no, recorded_at, recorded_at::text AS recorded_text, source, api_key_id, actor,
  patient_id, model_version, model_sha256, raw_score, risk, tier, input_hash, input`;

/** Conditions that hold for whole chunks as for single rows. */
function conditionsOf(filter: AuditFilter): RawBuilder<SqlBool>[] {
  const conditions = [sql<SqlBool>`tenant_id = ${filter.tenantId}`];
  if (filter.jobId !== undefined) conditions.push(sql`job_id = ${filter.jobId}`);
  if (filter.actor !== undefined) conditions.push(sql`actor = ${filter.actor}`);
  if (filter.model !== undefined) conditions.push(sql`model_version = ${filter.model}`);
  if (filter.from !== undefined) conditions.push(sql`recorded_at >= ${filter.from}::timestamptz`);
  if (filter.to !== undefined) conditions.push(sql`recorded_at < ${filter.to}::timestamptz`);
  return conditions;
}

function ofPatient(filter: AuditFilter, after: AuditPosition | undefined, limit: number): RawBuilder<Row> {
  const conditions = conditionsOf(filter);
  if (after !== undefined) {
    conditions.push(
      sql`(recorded_at, job_id, row_no) < (${after.at}::timestamptz, ${after.job}::uuid, ${after.row}::int)`,
    );
  }
  return sql<Row>`
    SELECT ${COLUMNS}
    FROM audit_of_patient(${filter.patientId}, ${filter.from ?? null}::timestamptz, ${filter.to ?? null}::timestamptz,
      ${filter.tenantId}::int2)
    WHERE ${sql.join(conditions, sql` AND `)}
    ORDER BY recorded_at DESC, job_id DESC, row_no DESC LIMIT ${limit}`;
}

/** Columns of `audit_log`, in its order. */
const LOG_COLUMNS = sql`period, job_id, row_no, tenant_id, chunk_no, recorded_at, source, api_key_id, actor, patient_id,
  model_version, model_sha256, raw_score, risk, tier, input_hash, input`;

/** Of a block, of which the page before may have shown some. */
const MOST_BLOCK_ROWS = 255;

/**
 * As many of the last blocks as hold the rows of the page, and as many of the last online rows; the page is the last of both. Rows of a job are recorded before it ends, in the partition of the day on which it was accepted.
 */
function everybody(filter: AuditFilter, after: AuditPosition | undefined, limit: number): RawBuilder<Row> {
  const conditions = conditionsOf(filter);
  if (filter.from !== undefined) {
    conditions.push(sql`period >= least(date_trunc('month', ${filter.from}::timestamptz)::date,
      (SELECT min(period) FROM jobs WHERE tenant_id = ${filter.tenantId}
        AND (finished_at IS NULL OR finished_at >= ${filter.from}::timestamptz)))`);
  }
  if (filter.to !== undefined) conditions.push(sql`period <= ${filter.to}::timestamptz::date`);
  const common = sql.join(conditions, sql` AND `);
  const before = (key: string) =>
    after === undefined
      ? sql`true`
      : sql`(period, job_id, ${sql.ref(key)}) < (${after.period}::date, ${after.job}::uuid, ${after.row}::int)`;
  const order = sql`ORDER BY period DESC, job_id DESC, row_no DESC LIMIT ${limit}`;
  return sql<Row>`
    SELECT ${COLUMNS} FROM (
      (SELECT ${LOG_COLUMNS} FROM online_rows WHERE ${common} AND ${before('row_no')} ${order})
      UNION ALL
      (SELECT v.* FROM (
        SELECT *, sum(row_count) OVER (ORDER BY day DESC, job DESC, first_row DESC) - row_count AS rows_before FROM (
          SELECT period AS day, job_id AS job, b.first_row, b.row_count FROM score_blocks b
          JOIN score_chunks c USING (period, job_id, chunk_no, tenant_id)
          WHERE ${common} AND ${before('b.first_row')}
          ORDER BY period DESC, job_id DESC, b.first_row DESC LIMIT ${limit}
        ) blocks
      ) last CROSS JOIN LATERAL audit_of_block(last.day, last.job, last.first_row) v
      WHERE last.rows_before < ${limit + MOST_BLOCK_ROWS}::int AND ${before('row_no')} ${order})
    ) page ${order}`;
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
    input_hash: row.input_hash?.toString('hex') ?? null,
  };
}
