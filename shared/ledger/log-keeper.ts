import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import type { CrashPoints } from '#shared/lifecycle/crash-points.ts';
import type { Logger } from '#shared/log/logger.ts';
import { type Checkpoint, readCheckpoint, signCheckpoint, type TreeHead } from './checkpoint.ts';
import type { CheckpointSink } from './checkpoint-sinks.ts';
import { type LogEntry, logSize, readEdge, rootAt, writeEntries } from './log-store.ts';
import { type NoteSigner, parseVerifierKey } from './signed-note.ts';

/** Entries a round at most. */
const ENTRIES_A_ROUND = 5_000;

export type LogKeeperDeps = {
  db: Db;
  log: Logger;
  crash: CrashPoints;
  /** The least time between two checkpoints. */
  checkpointSeconds: number;
  /** Undefined: entries are ordered and hashed, and nobody signs. */
  signer: NoteSigner | undefined;
  sinks: readonly CheckpointSink[];
};

export type LogKeeper = {
  /** One round; returns how many entries it added. */
  runOnce: () => Promise<number>;
};

/** The log is not the one that was signed before: it was altered, cut, or an older database has been put back. */
export class LogForkedError extends Error {
  override readonly name = 'LogForkedError';
}

/**
 * Adds what was audited to the log, signs what the log has become, and hands it to stores outside. Any number of processes may do
 * so: the lock of the log lets one in at a time. A log that does not begin with what this process, the database or a store
 * outside has seen signed is never signed again; see docs/audit-log.md.
 */
export function createLogKeeper(deps: LogKeeperDeps): LogKeeper {
  const { db, log, crash, signer, sinks } = deps;
  let known: TreeHead | undefined;
  const outlets = sinks.map((sink) => ({ sink, delivered: -1, asked: false, away: false }));

  const round = async (trx: Db): Promise<{ added: number; newest: Checkpoint | undefined }> => {
    const { rows: lock } = await sql<{ mine: boolean }>`
      SELECT pg_try_advisory_xact_lock(hashtext('iit.log')) AS mine`.execute(trx);
    if (lock[0]?.mine !== true) return { added: 0, newest: undefined };
    const entries = await takeWaiting(trx);
    const edge = await readEdge(trx, await logSize(trx));
    if (entries.length > 0) await writeEntries(trx, edge, entries);
    if (signer === undefined) return { added: entries.length, newest: undefined };
    const last = await newestCheckpoint(trx, signer.name);
    const head = { size: edge.size, root: edge.root() };
    for (const before of [last, known]) await expectBeginsWith(trx, head, before);
    const due = last === undefined || last.ageSeconds >= deps.checkpointSeconds;
    if (last?.size === head.size || head.size === 0 || !due) return { added: entries.length, newest: last };
    const newest = signCheckpoint(signer, head);
    crash('before_checkpoint');
    await trx
      .insertInto('log_checkpoints')
      .values({ origin: newest.origin, tree_size: newest.size, root: newest.root, note: newest.note })
      .execute();
    return { added: entries.length, newest };
  };

  const askStores = async () => {
    for (const outlet of outlets) {
      if (outlet.asked || signer === undefined) continue;
      try {
        const note = await outlet.sink.newest(signer.name);
        const held =
          note === undefined ? undefined : readCheckpoint(note, parseVerifierKey(signer.verifierKey));
        if (held !== undefined && held.size > (known?.size ?? -1)) known = held;
        outlet.delivered = held?.size ?? -1;
        outlet.asked = true;
        tellBack(outlet);
      } catch (error) {
        tellAway(outlet, error);
      }
    }
  };

  const deliver = async (newest: Checkpoint) => {
    for (const outlet of outlets) {
      if (!outlet.asked || outlet.delivered >= newest.size) continue;
      try {
        await outlet.sink.put(newest);
        outlet.delivered = newest.size;
        tellBack(outlet);
      } catch (error) {
        tellAway(outlet, error);
      }
    }
  };

  const tellBack = (outlet: (typeof outlets)[number]) => {
    if (outlet.away) log.info({ sink: outlet.sink.uri }, 'the checkpoint store answers again');
    outlet.away = false;
  };

  const tellAway = (outlet: (typeof outlets)[number], error: unknown) => {
    if (!outlet.away) log.error({ err: error, sink: outlet.sink.uri }, 'the checkpoint store is away');
    outlet.away = true;
  };

  return {
    async runOnce() {
      await askStores();
      const { added, newest } = await db.transaction().execute(round);
      if (newest !== undefined) {
        known = newest;
        crash('before_checkpoint_sink');
        await deliver(newest);
      }
      return added;
    },
  };
}

/** The checkpoint of the largest log that this key has signed. */
export async function newestCheckpoint(
  db: Db,
  origin?: string,
): Promise<(Checkpoint & { ageSeconds: number }) | undefined> {
  return await db
    .selectFrom('log_checkpoints')
    .select(['origin', 'tree_size as size', 'root', 'note'])
    .select(sql<number>`EXTRACT(epoch FROM clock_timestamp() - signed_at)::float8`.as('ageSeconds'))
    .$if(origin !== undefined, (query) => query.where('origin', '=', origin as string))
    .orderBy('tree_size', 'desc')
    .orderBy('signed_at', 'desc')
    .limit(1)
    .executeTakeFirst();
}

async function expectBeginsWith(trx: Db, head: TreeHead, before: TreeHead | undefined): Promise<void> {
  if (before === undefined) return;
  if (before.size > head.size) {
    throw new LogForkedError(
      `a log of ${before.size} entries was signed, and this one has ${head.size}: it was cut, or an older database put back`,
    );
  }
  if (!(await rootAt(trx, before.size)).equals(before.root)) {
    throw new LogForkedError(`the first ${before.size} entries of the log are not those that were signed`);
  }
}

/**
 * The oldest entries that wait, in their order; they leave the queue with the transaction. What the log has already (a restored
 * database queues everything anew) is passed over. Costs what is new.
 */
async function takeWaiting(trx: Db): Promise<LogEntry[]> {
  for (;;) {
    const { rows: taken } = await sql<LogEntry & { known: boolean }>`
      WITH taken AS (
        DELETE FROM log_queue WHERE id IN (SELECT id FROM log_queue ORDER BY id LIMIT ${ENTRIES_A_ROUND})
        RETURNING id, kind, ref, digest
      )
      SELECT kind, ref, digest, EXISTS (
        SELECT FROM log_entries e WHERE e.kind = taken.kind AND e.ref = taken.ref) AS known
      FROM taken ORDER BY id`.execute(trx);
    const seen = new Set<string>();
    const fresh = taken.filter(({ kind, ref, known }) => {
      const key = `${kind} ${ref}`;
      if (known || seen.has(key)) return false;
      seen.add(key);
      return true;
    });
    if (fresh.length > 0 || taken.length === 0)
      return fresh.map(({ kind, ref, digest }) => ({ kind, ref, digest }));
  }
}
