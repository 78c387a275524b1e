import { sql } from 'kysely';
import { decodeChunk } from '#shared/chunks/payload.ts';
import type { Db } from '#shared/db/database.ts';
import { HASH_BYTES, inputHashes } from './audit-rows.ts';
import type { AuditProblem } from './verify.ts';

/** Problems named a batch; one that lost all its rows is one sentence, not ten thousand. */
const NAMED_ROWS = 20;

/**
 * Says which rows of a batch with a wrong digest were altered, removed or added, by everything else that is known
 * of them: the predictions, the job, and the input in the chunk. Empty where nothing else contradicts them.
 */
export async function locateInBatch(db: Db, jobId: string, chunkNo: number): Promise<AuditProblem[]> {
  const { rows } = await sql<{ rowNo: number; kind: AuditProblem['kind']; message: string }>`
    SELECT coalesce(p.row_no, a.row_no) AS "rowNo",
      CASE WHEN a.row_no IS NULL THEN 'row_missing' WHEN p.row_no IS NULL THEN 'row_inserted'
        ELSE 'row_altered' END AS kind,
      CASE WHEN a.row_no IS NULL THEN 'has a prediction and no audit record'
        WHEN p.row_no IS NULL THEN 'has an audit record and no prediction'
        ELSE 'differs from its prediction or its job in ' || concat_ws(', ',
          CASE WHEN a.patient_id <> p.patient_id THEN 'patient_id' END,
          CASE WHEN a.raw_score <> p.raw_score THEN 'raw_score' END,
          CASE WHEN a.risk <> p.risk THEN 'risk' END,
          CASE WHEN a.tier <> p.tier THEN 'tier' END,
          CASE WHEN a.tenant_id <> j.tenant_id THEN 'tenant_id' END,
          CASE WHEN a.actor <> j.actor THEN 'actor' END,
          CASE WHEN a.api_key_id <> j.api_key_id THEN 'api_key_id' END,
          CASE WHEN a.model_version <> m.version THEN 'model_version' END,
          CASE WHEN a.model_sha256 <> m.sha256 THEN 'model_sha256' END,
          CASE WHEN a.recorded_at <> b.recorded_at THEN 'recorded_at' END,
          CASE WHEN a.source <> 'job' THEN 'source' END,
          CASE WHEN a.input IS NOT NULL THEN 'input' END) END AS message
    FROM jobs j JOIN models m ON m.id = j.model_id
    JOIN audit_batches b ON b.job_id = j.id AND b.chunk_no = ${chunkNo}
    CROSS JOIN LATERAL (SELECT 1) AS one
    JOIN (
      (SELECT * FROM predictions WHERE job_id = ${jobId} AND chunk_no = ${chunkNo}) AS p
      FULL JOIN (SELECT * FROM audit_log WHERE job_id = ${jobId} AND chunk_no = ${chunkNo}) AS a
        ON a.row_no = p.row_no
    ) ON true
    WHERE j.id = ${jobId} AND (a.row_no IS NULL OR p.row_no IS NULL OR a.patient_id <> p.patient_id
      OR a.raw_score <> p.raw_score OR a.risk <> p.risk OR a.tier <> p.tier OR a.tenant_id <> j.tenant_id
      OR a.actor <> j.actor OR a.api_key_id <> j.api_key_id OR a.model_version <> m.version
      OR a.model_sha256 <> m.sha256 OR a.recorded_at <> b.recorded_at OR a.source <> 'job'
      OR a.input IS NOT NULL)
    ORDER BY 1 LIMIT ${NAMED_ROWS}`.execute(db);
  const ref = (rowNo: number) => `${jobId}/${chunkNo}/${rowNo}`;
  const problems = rows.map((row) => ({ kind: row.kind, ref: ref(row.rowNo), message: row.message }));
  if (problems.length > 0) return problems;
  return (await rowsOfOtherInput(db, jobId, chunkNo)).map((rowNo) => ({
    kind: 'row_altered',
    ref: ref(rowNo),
    message: 'its input hash is not that of the row in its chunk',
  }));
}

async function rowsOfOtherInput(db: Db, jobId: string, chunkNo: number): Promise<number[]> {
  const chunk = await db
    .selectFrom('chunks')
    .select(['payload', 'payload_sha256'])
    .where('job_id', '=', jobId)
    .where('chunk_no', '=', chunkNo)
    .executeTakeFirst();
  if (chunk === undefined) return [];
  const rows = await decodeChunk(chunk.payload, chunk.payload_sha256);
  const hashes = inputHashes(rows);
  const expected = new Map<number, Uint8Array>();
  for (let row = 0; row < rows.rowCount; row++) {
    expected.set(rows.rowNumbers[row] as number, hashes.subarray(row * HASH_BYTES, (row + 1) * HASH_BYTES));
  }
  const audited = await db
    .selectFrom('audit_log')
    .select(['row_no', 'input_hash'])
    .where('job_id', '=', jobId)
    .where('chunk_no', '=', chunkNo)
    .orderBy('row_no')
    .execute();
  return audited
    .filter(({ row_no, input_hash }) => !input_hash.equals(expected.get(row_no) ?? Buffer.alloc(0)))
    .map(({ row_no }) => row_no)
    .slice(0, NAMED_ROWS);
}
