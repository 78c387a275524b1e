import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import type { ChunkHeader } from './chunk-digest.ts';

export type StoredHeader = ChunkHeader & {
  /** 1: converted from rows of before, whose digest covers the rows themselves. */
  form: 1 | 2;
  saltKey: Buffer;
};

/** Undefined where the chunk was not scored. */
export async function readChunkHeader(
  db: Db,
  jobId: string,
  chunkNo: number,
): Promise<StoredHeader | undefined> {
  const { rows } = await sql<StoredHeader & { micros: number }>`
    SELECT c.period, c.job_id AS "jobId", c.chunk_no AS "chunkNo", c.tenant_id AS "tenantId", c.form,
      c.first_row AS "firstRow", c.last_row AS "lastRow", c.row_count AS "rowCount",
      (EXTRACT(epoch FROM c.recorded_at) * 1000000)::int8 AS micros, c.api_key_id AS "apiKeyId", c.actor,
      c.model_version AS "modelVersion", c.model_sha256 AS "modelSha256", c.salt_key AS "saltKey",
      c.row_root AS "rowRoot", c.input_root AS "inputRoot"
    FROM score_chunks c WHERE c.job_id = ${jobId} AND c.chunk_no = ${chunkNo}`.execute(db);
  const row = rows[0];
  return row === undefined ? undefined : { ...row, recordedAtMicros: BigInt(row.micros) };
}
