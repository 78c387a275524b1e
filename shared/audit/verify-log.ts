import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import { entryHash, type LogEntry } from '#shared/ledger/log-store.ts';
import { LogEdge } from '#shared/ledger/log-tree.ts';
import type { AuditScope, Verification, VerifyOptions } from './verification.ts';

const ENTRIES_A_READ = 10_000;

type Stop = { size: number; root: Buffer; outside: boolean };

/**
 * Hashes the log anew from its entries and holds it against checkpoints, the database's own and those from outside. What differs lies
 * between the last checkpoint that fits and the first that does not.
 */
export async function verifyLog(
  db: Db,
  { checkpoints = [] }: VerifyOptions,
  found: Verification,
): Promise<void> {
  // One snapshot: an entry and a checkpoint that are written meanwhile belong together.
  await db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute((trx) => verifyWithin(trx, checkpoints, found));
}

async function verifyWithin(
  db: Db,
  checkpoints: NonNullable<VerifyOptions['checkpoints']>,
  found: Verification,
): Promise<void> {
  const outside = checkpoints.map(({ size, root }) => ({ size, root, outside: true }));
  const state = { edge: new LogEdge(), fits: 0, broken: { inside: false, outside: false } };
  for (;;) {
    const first = state.edge.size;
    const { rows } = await sql<LogEntry & { no: number }>`
      SELECT entry_no AS no, kind, ref, digest FROM log_entries WHERE entry_no >= ${first} ORDER BY entry_no
      LIMIT ${ENTRIES_A_READ}`.execute(db);
    const { rows: inside } = await sql<Omit<Stop, 'outside'>>`
      SELECT tree_size AS size, root FROM log_checkpoints
      WHERE tree_size > ${first} AND tree_size <= ${first + ENTRIES_A_READ}`.execute(db);
    const stops = [...inside.map((one) => ({ ...one, outside: false })), ...outside].toSorted(
      (a, b) => a.size - b.size,
    );
    if (!walk(rows, stops, state, found)) return;
    if (rows.length < ENTRIES_A_READ) break;
  }
  found.entries = state.edge.size;
  const { rows: beyond } = await sql<Omit<Stop, 'outside'>>`
    SELECT tree_size AS size, root FROM log_checkpoints WHERE tree_size > ${state.edge.size}
    ORDER BY tree_size DESC LIMIT 1`.execute(db);
  const cut = outside.filter(({ size }) => size > state.edge.size).toSorted((a, b) => b.size - a.size)[0];
  for (const [stop, where] of [
    [cut, 'outside'],
    [beyond[0], 'in the database'],
  ] as const) {
    if (stop === undefined) continue;
    found.checkpoints++;
    found.problems.push({
      kind: 'log_cut',
      ref: String(stop.size),
      message: `the log has ${state.edge.size} entries and a checkpoint ${where} says ${stop.size}: its end was cut off, or an older database put back`,
    });
  }
}

type State = { edge: LogEdge; fits: number; broken: { inside: boolean; outside: boolean } };

/** False where an entry is missing: nothing behind it can be hashed. */
function walk(
  rows: readonly (LogEntry & { no: number })[],
  stops: readonly Stop[],
  state: State,
  found: Verification,
): boolean {
  const { edge } = state;
  let next = stops.findIndex(({ size }) => size > edge.size);
  for (const entry of rows) {
    if (entry.no !== edge.size) {
      found.entries = edge.size;
      found.problems.push({
        kind: 'entry_missing',
        ref: String(edge.size),
        message: `the log has entry ${entry.no} behind ${edge.size - 1}`,
      });
      return false;
    }
    edge.append(entryHash(entry));
    while (next >= 0 && stops[next]?.size === edge.size) compare(stops[next++] as Stop, state, found);
  }
  return true;
}

function compare(stop: Stop, state: State, found: Verification): void {
  found.checkpoints++;
  if (state.edge.root().equals(stop.root)) {
    state.fits = stop.size;
    return;
  }
  const side = stop.outside ? 'outside' : 'inside';
  // All that follow differ too.
  if (state.broken[side]) return;
  state.broken[side] = true;
  found.problems.push({
    kind: stop.outside ? 'log_altered' : 'checkpoint_altered',
    ref: String(stop.size),
    message:
      `the log's first ${stop.size} entries are not those of the checkpoint ${stop.outside ? 'kept outside' : 'in the database'}: ` +
      `one of the entries ${state.fits} to ${stop.size - 1} was altered`,
  });
}

const REFS = { batch: String.raw`^[0-9a-f-]{36}/\d{1,9}$`, event: '^[0-9a-f-]{36}$' };

/** A part of an entry's reference; NULL of other kinds, and of a reference that somebody made up. */
const of = (kind: keyof typeof REFS, part: string) =>
  sql.raw(`CASE WHEN e.kind = '${kind}' AND e.ref ~ '${REFS[kind]}' THEN ${part} END`);

/** What the log remembers must still be there with the digest that it had; what was audited must be in the log or wait for it. */
export async function verifyEntries(db: Db, scope: AuditScope, found: Verification): Promise<void> {
  const job = scope.jobId ?? null;
  const { rows } = await sql<{ kind: 'batch' | 'event' | 'seal'; ref: string; missing: boolean }>`
    SELECT e.kind, e.ref, (b.job_id IS NULL AND v.id IS NULL AND s.id IS NULL) AS missing
    FROM log_entries e
    LEFT JOIN audit_batches b ON b.job_id = ${of('batch', `split_part(e.ref, '/', 1)::uuid`)}
      AND b.chunk_no = ${of('batch', `split_part(e.ref, '/', 2)::int`)}
    LEFT JOIN audit_events v ON v.id = ${of('event', 'e.ref::uuid')}
    LEFT JOIN audit_seals s ON e.kind = 'seal' AND s.id::text = e.ref
    WHERE (${job}::text IS NULL OR e.ref LIKE ${scope.jobId ?? ''} || '/%')
      AND coalesce(b.digest, v.digest, s.hash) IS DISTINCT FROM e.digest
    ORDER BY e.entry_no LIMIT 100`.execute(db);
  for (const { kind, ref, missing } of rows) {
    found.problems.push({
      kind: `${kind}_${missing ? 'missing' : 'altered'}`,
      ref,
      message: missing ? 'is in the log and is gone' : 'its digest is not the one in the log',
    });
  }
  const { rows: strangers } = await sql<{ kind: string; ref: string }>`
    SELECT * FROM (
      SELECT 'batch' AS kind, b.job_id || '/' || b.chunk_no AS ref FROM audit_batches b
      WHERE ${job}::uuid IS NULL OR b.job_id = ${job}::uuid
      UNION ALL SELECT 'event', v.id::text FROM audit_events v WHERE ${job}::uuid IS NULL
    ) known
    WHERE NOT EXISTS (SELECT FROM log_entries e WHERE e.kind = known.kind AND e.ref = known.ref)
      AND NOT EXISTS (SELECT FROM log_queue q WHERE q.kind = known.kind AND q.ref = known.ref)
    ORDER BY 1, 2 LIMIT 100`.execute(db);
  for (const { kind, ref } of strangers) {
    found.problems.push({
      kind: 'entry_missing',
      ref,
      message: `the ${kind} is neither in the log nor on its way there`,
    });
  }
  const { rows: waiting } = await sql<{ count: number }>`
    SELECT count(*)::int AS count FROM log_queue
    WHERE ${job}::text IS NULL OR ref LIKE ${scope.jobId ?? ''} || '/%'`.execute(db);
  found.waiting = waiting[0]?.count ?? 0;
}
