import { sql } from 'kysely';
import { leafHash } from '#shared/audit/merkle-tree.ts';
import type { Db } from '#shared/db/database.ts';
import {
  consistencyParts,
  edgeOf,
  foldEdge,
  inclusionParts,
  LogEdge,
  type LogNode,
  type NodePlace,
  type ProofPart,
} from './log-tree.ts';

/**
 * Something that the log holds: a chunk or an online run (`<job id>/<chunk no>`), an event (its id), a seal of the release before
 * (its number).
 */
export type LogEntry = { kind: 'batch' | 'event' | 'seal'; ref: string; digest: Buffer };

/** The hash of an entry's leaf: over the kind, the reference, each with its length (u32, big-endian) before it, and the digest. */
export function entryHash({ kind, ref, digest }: LogEntry): Buffer {
  return leafHash(Buffer.concat([text(kind), text(ref), digest]));
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** How many entries the log has. */
export async function logSize(db: Db): Promise<number> {
  const last = await db
    .selectFrom('log_entries')
    .select('entry_no')
    .orderBy('entry_no', 'desc')
    .limit(1)
    .executeTakeFirst();
  return last === undefined ? 0 : last.entry_no + 1;
}

/** What a log of that size is continued from; reads as many nodes as the size has ones in binary. */
export async function readEdge(db: Db, size: number): Promise<LogEdge> {
  return new LogEdge(size, await readNodes(db, edgeOf(size)));
}

/** The root over the first `size` entries. Throws where the log does not have them. */
export async function rootAt(db: Db, size: number): Promise<Buffer> {
  return foldEdge(await readNodes(db, edgeOf(size)));
}

/** The hashes that prove entry `index` to be in the log of `size` entries. */
export async function inclusionProof(db: Db, index: number, size: number): Promise<Buffer[]> {
  if (index < 0 || index >= size) throw new RangeError(`a log of ${size} entries has no entry ${index}`);
  return await readProof(db, inclusionParts(index, size));
}

/** The hashes that prove the log of `size` entries to begin with the log of `first` entries. */
export async function consistencyProof(db: Db, first: number, size: number): Promise<Buffer[]> {
  if (first < 0 || first > size) throw new RangeError(`a log of ${size} entries did not have ${first}`);
  return await readProof(db, consistencyParts(first, size));
}

async function readProof(db: Db, parts: readonly ProofPart[]): Promise<Buffer[]> {
  const nodes = await readNodes(db, parts.flat());
  let at = 0;
  return parts.map((part) => foldEdge(nodes.slice(at, (at += part.length))));
}

/** In the order of the places. Throws where one is missing: the log has been cut. */
async function readNodes(db: Db, places: readonly NodePlace[]): Promise<Buffer[]> {
  if (places.length === 0) return [];
  const { rows } = await sql<{ hash: Buffer | null }>`
    SELECT n.hash FROM unnest(${places.map(({ level }) => level)}::smallint[], ${places.map(({ index }) => index)}::bigint[])
      WITH ORDINALITY AS place (level, index, at)
    LEFT JOIN log_nodes n ON n.level = place.level AND n.node_no = place.index ORDER BY place.at`.execute(db);
  return rows.map(({ hash }, at) => {
    if (hash !== null) return hash;
    const { level, index } = places[at] as NodePlace;
    throw new Error(`the log has lost node ${level}/${index}; run the verification of the audit`);
  });
}

/** Adds entries behind the edge, which moves on; the caller holds the lock of the log and its transaction. */
export async function writeEntries(trx: Db, edge: LogEdge, entries: readonly LogEntry[]): Promise<void> {
  const first = edge.size;
  const nodes: LogNode[] = entries.flatMap((entry) => edge.append(entryHash(entry)));
  await sql`
    INSERT INTO log_entries (entry_no, kind, ref, digest)
    SELECT ${first}::bigint + e.at - 1, e.kind, e.ref, e.digest FROM unnest(${entries.map(({ kind }) => kind)}::text[],
      ${entries.map(({ ref }) => ref)}::text[], ${entries.map(({ digest }) => digest)}::bytea[])
      WITH ORDINALITY AS e (kind, ref, digest, at)`.execute(trx);
  await sql`
    INSERT INTO log_nodes (level, node_no, hash)
    SELECT * FROM unnest(${nodes.map(({ level }) => level)}::smallint[], ${nodes.map(({ index }) => index)}::bigint[],
      ${nodes.map(({ hash }) => hash)}::bytea[])`.execute(trx);
}
