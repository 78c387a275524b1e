import { sql } from 'kysely';
import type { Pool } from 'pg';
import { decodeChunk } from '#shared/chunks/payload.ts';
import { readPayload } from '#shared/chunks/read-payload.ts';
import type { Db } from '#shared/db/database.ts';

/**
 * The tables that have the text anywhere in a row, by name and without their day; `payload` for a chunk's input that has it, unpacked;
 * `patient_blocks` where its hash is in the lists.
 */
export async function whereIs({ db, pool }: { db: Db; pool: Pool }, text: string): Promise<string[]> {
  const { rows: tables } = await sql<{ name: string }>`
    SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
      AND c.relname NOT LIKE 'kysely%' ORDER BY 1`.execute(db);
  const found: string[] = [];
  for (const { name } of tables) {
    const { rows } =
      await sql`SELECT FROM ${sql.table(name)} t WHERE t::text LIKE ${`%${text}%`} LIMIT 1`.execute(db);
    if (rows.length > 0) found.push(name);
  }
  const { rows: chunks } = await sql<{ jobId: string; chunkNo: number }>`
    SELECT job_id AS "jobId", chunk_no AS "chunkNo" FROM chunks WHERE length(payload) > 0`.execute(db);
  for (const chunk of chunks) {
    const { payload, sha256 } = await readPayload(pool, chunk);
    const { patientIds } = await decodeChunk(Buffer.from(payload), Buffer.from(sha256));
    if (Buffer.from(patientIds.bytes).includes(text)) found.push('payload');
  }
  const { rows: hashes } = await sql`
    SELECT FROM patient_blocks WHERE patient_hash(${text}) = ANY (hashes) OR first_hash = patient_hash(${text})`.execute(
    db,
  );
  if (hashes.length > 0) found.push('patient_blocks');
  return [...new Set(found.map((name) => name.replace(/_\d{4}_\d\d_\d\d$/u, '')))].toSorted();
}
