import { buffer } from 'node:stream/consumers';
import type { Pool } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { COPY_HEADER } from '#shared/db/copy/binary-copy.ts';
import { ServiceError } from '#shared/errors/errors.ts';

export type StoredPayload = { payload: Uint8Array<ArrayBuffer>; sha256: Uint8Array<ArrayBuffer> };

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u;

/**
 * A chunk's payload by binary COPY: a query's answer would cross as hexadecimal text, twice its size, and leave
 * as much garbage behind. Throws `payload_corrupt` where retention has emptied it, or the chunk is gone.
 */
export async function readPayload(
  pool: Pool,
  chunk: { jobId: string; chunkNo: number },
): Promise<StoredPayload> {
  const { jobId, chunkNo } = chunk;
  // COPY takes no parameters.
  if (!UUID.test(jobId) || !Number.isInteger(chunkNo)) {
    throw new ServiceError('internal', 'A chunk is named by a UUID and an integer.');
  }
  const client = await pool.connect();
  let answer: Buffer;
  try {
    answer = await buffer(
      client.query(
        copyTo(
          `COPY (SELECT payload, payload_sha256 FROM chunks WHERE job_id = '${jobId}' AND chunk_no = ${chunkNo})
           TO STDOUT (FORMAT binary)`,
        ),
      ),
    );
    client.release();
  } catch (error) {
    client.release(error instanceof Error ? error : true);
    throw error;
  }
  const payloadAt = COPY_HEADER.length + 2;
  const payloadLength = answer.length < payloadAt + 4 ? 0 : answer.readInt32BE(payloadAt);
  if (payloadLength <= 0) {
    throw new ServiceError('payload_corrupt', 'The chunk has no payload any more.');
  }
  const payload = field(answer, payloadAt, payloadLength);
  const hashAt = payloadAt + 4 + payloadLength;
  return { payload, sha256: field(answer, hashAt, answer.readInt32BE(hashAt)) };
}

/** A copy of its own size: a view would drag its whole buffer along to another thread. */
function field(answer: Buffer, at: number, length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(answer.subarray(at + 4, at + 4 + length));
}
