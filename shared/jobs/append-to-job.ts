import { sql } from 'kysely';
import type { EncodedChunk } from '#shared/chunks/payload.ts';
import type { Db } from '#shared/db/database.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import type { Bell } from '#shared/queue/bell.ts';

export type RejectedRow = {
  /** 1-based record number in the upload. */
  rowNo: number;
  line: number;
  field: string | null;
  code: string;
  message: string;
};

export type Appended = {
  jobId: string;
  chunk?: { chunkNo: number; rowCount: number; encoded: EncodedChunk };
  rejections: readonly RejectedRow[];
  /** Patients of this chunk that the job already holds; a warning, not an error. */
  duplicatePatients?: number;
};

/**
 * Adds what an upload has brought since the last call: a chunk, refused rows, both or neither (a heartbeat).
 * Counts, chunk and rejections become visible together; ring the returned bell after the commit.
 * Throws `job_finished` when the job no longer receives: it was cancelled, or aborted as orphaned.
 */
export async function appendToJob(trx: Db, appended: Appended): Promise<Bell | undefined> {
  const { jobId, chunk, rejections, duplicatePatients = 0 } = appended;
  const accepted = chunk?.rowCount ?? 0;
  const job = await trx
    .updateTable('jobs')
    .set({
      rows_received: sql`rows_received + ${accepted + rejections.length}`,
      rows_accepted: sql`rows_accepted + ${accepted}`,
      rows_rejected: sql`rows_rejected + ${rejections.length}`,
      duplicate_patients: sql`duplicate_patients + ${duplicatePatients}`,
      chunks_total: sql`chunks_total + ${chunk === undefined ? 0 : 1}`,
      heartbeat_at: sql`now()`,
      revision: sql`revision + 1`,
    })
    .where('id', '=', jobId)
    .where('status', '=', 'receiving')
    .returning('priority')
    .executeTakeFirst();
  if (job === undefined) throw new ServiceError('job_finished', 'The job takes no more rows.');

  if (rejections.length > 0) {
    await sql`INSERT INTO rejections (job_id, row_no, line, field, code, message)
      SELECT ${jobId}::uuid, * FROM unnest(
        ${rejections.map((row) => row.rowNo)}::int[], ${rejections.map((row) => row.line)}::bigint[],
        ${rejections.map((row) => row.field)}::text[], ${rejections.map((row) => row.code)}::text[],
        ${rejections.map((row) => row.message)}::text[])`.execute(trx);
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
