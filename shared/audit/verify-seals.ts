import type { Db } from '#shared/db/database.ts';
import type { AuditProblem } from './problem.ts';
import { GENESIS_HASH, type SealEntry, sealHash } from './seal.ts';
import type { Verification } from './verification.ts';

/** The chain that the release before the log kept, where there is one. */
export async function verifySeals(db: Db, found: Verification): Promise<void> {
  let previous = { id: 0, hash: GENESIS_HASH };
  for (;;) {
    const seal = await db
      .selectFrom('audit_seals')
      .selectAll()
      .where('id', '>', previous.id)
      .orderBy('id')
      .limit(1)
      .executeTakeFirst();
    if (seal === undefined) break;
    const problem = (kind: AuditProblem['kind'], message: string) =>
      found.problems.push({ kind, ref: String(seal.id), message });
    if (seal.id !== previous.id + 1) problem('seal_missing', `no seal between ${previous.id} and ${seal.id}`);
    else if (!seal.previous_hash.equals(previous.hash))
      problem('seal_altered', 'does not follow the seal before it');
    const entries: SealEntry[] = await db
      .selectFrom('audit_seal_entries')
      .select(['kind', 'ref', 'digest'])
      .where('seal_id', '=', seal.id)
      .orderBy('position')
      .execute();
    if (entries.length !== seal.entry_count) {
      problem('seal_altered', `has ${entries.length} entries, was made of ${seal.entry_count}`);
    } else if (!sealHash(seal.id, seal.previous_hash, entries).equals(seal.hash)) {
      problem('seal_altered', 'its hash is not that of its entries');
    }
    previous = { id: seal.id, hash: seal.hash };
  }
}
