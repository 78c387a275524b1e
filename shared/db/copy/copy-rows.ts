import { to as copyTo } from 'pg-copy-streams';
import type { Pool } from 'pg';
import { CopyBinaryReader } from './copy-binary-reader.ts';

/**
 * Runs `COPY (query) TO STDOUT (FORMAT binary)`, waits for the whole of it and gives the connection back before
 * anybody reads: whoever reads slowly holds bytes, never a connection or a snapshot. `query` must bound its rows and
 * have its literals checked: COPY takes no parameters.
 */
export async function copyRows(pool: Pool, query: string): Promise<CopyBinaryReader> {
  const client = await pool.connect();
  let broken = true;
  try {
    const parts: Buffer[] = [];
    for await (const part of client.query(copyTo(`COPY (${query}) TO STDOUT (FORMAT binary)`))) {
      parts.push(part as Buffer);
    }
    broken = false;
    return new CopyBinaryReader(Buffer.concat(parts));
  } finally {
    client.release(broken);
  }
}
