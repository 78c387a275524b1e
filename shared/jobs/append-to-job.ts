import { sql } from 'kysely';
import type { EncodedChunk } from '#shared/chunks/payload.ts';
import type { Db } from '#shared/db/database.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import type { Bell } from '#shared/queue/bell.ts';

export type RejectedRow = {
  /** 1-based record number in the upload. */
  rowNo: number;
  /** 1-based line of the file, or row of the sheet. */
  line: number;
  /** Of a workbook. */
  sheet?: string | null;
  field: string | null;
  code: string;
  message: string;
  /** Who it is, as far as the record could be read: a rejection without a person is of no use to a clinic. */
  patientId?: string | null;
  facilityId?: string | null;
  /** YYYY-MM-DD */
  dueDate?: string | null;
};

/** Rejections stored of one job; of those beyond it the counts by code are kept. */
export const MAX_STORED_REJECTIONS_PER_JOB = 200_000;

export type Appended = {
  jobId: string;
  chunk?: { chunkNo: number; rowCount: number; encoded: EncodedChunk };
  rejections: readonly RejectedRow[];
  /** Rows that were joined with another row of the same patient. */
  joinedRows?: number;
  /** Patients of this chunk that the job already holds; a warning, not an error. */
  duplicatePatients?: number;
};

/**
 * Adds what an upload has brought since the last call: a chunk, refused rows, both or neither (a heartbeat).
 * Counts, chunk and rejections become visible together; ring the returned bell after the commit.
 * Throws `job_finished` when the job no longer receives: it was cancelled, or aborted as orphaned.
 */
export async function appendToJob(trx: Db, appended: Appended): Promise<Bell | undefined> {
  const { jobId, chunk, rejections, duplicatePatients = 0, joinedRows = 0 } = appended;
  const accepted = chunk?.rowCount ?? 0;
  const job = await trx
    .updateTable('jobs')
    .set({
      rows_received: sql`rows_received + ${accepted + rejections.length + joinedRows}`,
      rows_accepted: sql`rows_accepted + ${accepted}`,
      rows_rejected: sql`rows_rejected + ${rejections.length}`,
      rows_joined: sql`rows_joined + ${joinedRows}`,
      rejections_by_code:
        rejections.length === 0 ? sql<string>`rejections_by_code` : addCounts(countsByCode(rejections)),
      duplicate_patients: sql`duplicate_patients + ${duplicatePatients}`,
      chunks_total: sql`chunks_total + ${chunk === undefined ? 0 : 1}`,
      heartbeat_at: sql`now()`,
      revision: sql`revision + 1`,
    })
    .where('id', '=', jobId)
    .where('status', '=', 'receiving')
    .returning(['priority', 'rows_rejected'])
    .executeTakeFirst();
  if (job === undefined) throw new ServiceError('job_finished', 'The job takes no more rows.');

  const room = MAX_STORED_REJECTIONS_PER_JOB - (job.rows_rejected - rejections.length);
  const stored = rejections.slice(0, Math.max(0, room));
  if (stored.length > 0) {
    await sql`INSERT INTO rejections
      (job_id, row_no, line, field, code, message, sheet, patient_id, facility_id, due_date)
      SELECT ${jobId}::uuid, * FROM unnest(
        ${stored.map((row) => row.rowNo)}::int[], ${stored.map((row) => row.line)}::bigint[],
        ${stored.map((row) => row.field)}::text[], ${stored.map((row) => row.code)}::text[],
        ${stored.map((row) => row.message)}::text[], ${stored.map((row) => row.sheet ?? null)}::text[],
        ${stored.map((row) => row.patientId ?? null)}::text[],
        ${stored.map((row) => row.facilityId ?? null)}::text[],
        ${stored.map((row) => row.dueDate ?? null)}::date[])`.execute(trx);
  }
  if (chunk === undefined) return undefined;
  await trx
    .insertInto('chunks')
    .values({
      job_id: jobId,
      chunk_no: chunk.chunkNo,
      row_count: chunk.rowCount,
      payload: chunk.encoded.payload,
      payload_sha256: chunk.encoded.sha256,
    })
    .execute();
  return { jobId, chunkNo: chunk.chunkNo, epoch: 1, priority: job.priority };
}

function countsByCode(rejections: readonly RejectedRow[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { code } of rejections) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

/** `rejections_by_code` with each count added to what stands there. */
function addCounts(counts: Record<string, number>) {
  return sql<string>`(
    SELECT jsonb_object_agg(code, n) FROM (
      SELECT key AS code, sum(value::bigint) AS n
      FROM (SELECT * FROM jsonb_each_text(rejections_by_code)
            UNION ALL SELECT * FROM jsonb_each_text(${JSON.stringify(counts)}::jsonb)) AS both_counts
      GROUP BY key) AS summed)`;
}
