import { once } from 'node:events';
import type { PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { sql } from 'kysely';
import { databaseOn } from '#shared/db/client-database.ts';
import { timestampOfMicros } from '#shared/db/timestamps.ts';
import type { ChunkScores } from './encode-chunk-scores.ts';
import { BLOCK_COPY_SQL } from './score-block.ts';

/** Copies a chunk's blocks and adds its header and its entry for the log, in the client's open transaction. */
export async function writeChunkScores(
  client: PoolClient,
  scores: ChunkScores,
  afterCopy: () => void = () => undefined,
): Promise<void> {
  const sink = client.query(copyFrom(BLOCK_COPY_SQL));
  sink.end(scores.blocks);
  await once(sink, 'finish');
  afterCopy();
  const { header, saltKey, digest } = scores;
  const recordedAt = timestampOfMicros(Number(header.recordedAtMicros));
  await sql`
    WITH header AS (
      INSERT INTO score_chunks (period, job_id, chunk_no, tenant_id, form, first_row, last_row, row_count, recorded_at,
        api_key_id, actor, model_version, model_sha256, salt_key, row_root, input_root)
      VALUES (${header.period}, ${header.jobId}, ${header.chunkNo}, ${header.tenantId}, 2, ${header.firstRow},
        ${header.lastRow}, ${header.rowCount}, ${recordedAt}, ${header.apiKeyId}, ${header.actor}, ${header.modelVersion},
        ${Buffer.from(header.modelSha256)}, ${Buffer.from(saltKey)}, ${Buffer.from(header.rowRoot)},
        ${Buffer.from(header.inputRoot)})
    )
    INSERT INTO audit_batches (job_id, chunk_no, tenant_id, period, row_count, digest, recorded_at)
    VALUES (${header.jobId}, ${header.chunkNo}, ${header.tenantId}, ${header.period}, ${header.rowCount},
      ${Buffer.from(digest)}, ${recordedAt})`.execute(databaseOn(client));
}
