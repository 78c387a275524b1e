import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';

/** A batch or an event that no seal holds yet. `ref` is `<job id>/<chunk no>`, or the event's id. */
export type SealEntry = { kind: 'batch' | 'event'; ref: string; digest: Buffer };

export const GENESIS_HASH: Buffer = Buffer.alloc(32);

/** Entries a seal at most. */
const SEAL_ENTRIES = 5_000;

/**
 * The hash of a seal: SHA-256 over the previous seal's hash, the seal's number, and each entry's kind, reference
 * and digest in order, every text ended by a zero byte.
 */
export function sealHash(id: number, previousHash: Uint8Array, entries: readonly SealEntry[]): Buffer {
  const hash = createHash('sha256').update(previousHash).update(`${id}\0`);
  for (const entry of entries) hash.update(`${entry.kind}\0${entry.ref}\0`).update(entry.digest);
  return hash.digest();
}

/**
 * The oldest entries that wait, at most a seal's worth; they leave the queue with the transaction. What a seal holds already (a
 * restored database queues everything anew) is passed over. Costs what is new.
 */
async function takeUnsealed(trx: Db): Promise<SealEntry[]> {
  for (;;) {
    const { rows: taken } = await sql<SealEntry & { sealed: boolean }>`
      WITH taken AS (
        DELETE FROM audit_unsealed WHERE id IN (SELECT id FROM audit_unsealed ORDER BY id LIMIT ${SEAL_ENTRIES})
        RETURNING kind, ref, digest
      )
      SELECT DISTINCT ON (kind, ref) kind, ref, digest, EXISTS (
        SELECT FROM audit_seal_entries e WHERE e.kind = taken.kind AND e.ref = taken.ref) AS sealed
      FROM taken ORDER BY kind, ref`.execute(trx);
    const fresh = taken.filter(({ sealed }) => !sealed);
    if (fresh.length > 0 || taken.length === 0) return fresh;
  }
}

/**
 * Chains everything that was audited since the last seal into a new one. Returns the number of entries, 0 where
 * there was nothing new, or another process is sealing at this moment. An entry is sealed once.
 */
export async function sealAudit(db: Db): Promise<number> {
  return await db.transaction().execute(async (trx) => {
    const { rows: lock } = await sql<{ mine: boolean }>`
      SELECT pg_try_advisory_xact_lock(hashtext('iit.audit_seal')) AS mine`.execute(trx);
    if (lock[0]?.mine !== true) return 0;
    const entries = await takeUnsealed(trx);
    if (entries.length === 0) return 0;
    const last = await trx
      .selectFrom('audit_seals')
      .select(['id', 'hash'])
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst();
    const id = (last?.id ?? 0) + 1;
    const previousHash = last?.hash ?? GENESIS_HASH;
    await trx
      .insertInto('audit_seals')
      .values({
        id,
        previous_hash: previousHash,
        entry_count: entries.length,
        hash: sealHash(id, previousHash, entries),
        sealed_at: sql`clock_timestamp()`,
      })
      .execute();
    await sql`INSERT INTO audit_seal_entries (seal_id, position, kind, ref, digest)
      SELECT ${id}, entry.position, entry.kind, entry.ref, entry.digest FROM unnest(
        ${entries.map((_, index) => index)}::int[], ${entries.map((entry) => entry.kind)}::text[],
        ${entries.map((entry) => entry.ref)}::text[], ${entries.map((entry) => entry.digest)}::bytea[]
      ) AS entry (position, kind, ref, digest)`.execute(trx);
    return entries.length;
  });
}
