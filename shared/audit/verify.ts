import { type RawBuilder, sql } from 'kysely';
import type { Pool } from 'pg';
import type { Db } from '#shared/db/database.ts';
import { AUDIT_COLUMNS } from './audit-rows.ts';
import type { AuditProblem } from './problem.ts';
import { eventDigest } from './record-event.ts';
import { verifyChunk } from './verify-chunk.ts';
import { GENESIS_HASH, type SealEntry, sealHash } from './seal.ts';

export type AuditScope = {
  jobId?: string;
  /** By the time of recording, both ends included. */
  from?: Date;
  to?: Date;
};

export type Verification = {
  rows: number;
  /** Rows of which only their leaf is left. */
  erased: number;
  batches: number;
  events: number;
  seals: number;
  /** Batches and events that the sealer has not chained yet: their own digests hold, the chain does not cover them. */
  unsealed: number;
  /** In order of discovery: seals, batches, rows, events; empty when everything is as it was written. */
  problems: AuditProblem[];
};

/** One length-prefixed field of a tuple, as binary COPY writes it. */
const field = (bytes: string) => `int4send(octet_length(${bytes})) || ${bytes}`;
const SEND: Record<(typeof AUDIT_COLUMNS)[number], string> = {
  period: 'date_send(period)',
  job_id: 'uuid_send(job_id)',
  tenant_id: 'int2send(tenant_id)',
  chunk_no: 'int4send(chunk_no)',
  recorded_at: 'timestamptz_send(recorded_at)',
  source: 'textsend(source)',
  api_key_id: 'uuid_send(api_key_id)',
  actor: 'textsend(actor)',
  model_version: 'textsend(model_version)',
  model_sha256: 'byteasend(model_sha256)',
  row_no: 'int4send(row_no)',
  raw_score: 'float8send(raw_score)',
  risk: 'float8send(risk)',
  tier: 'int2send(tier)',
  patient_id: 'textsend(patient_id)',
  input_hash: 'byteasend(input_hash)',
  input: 'byteasend(input)',
};
const NULL_FIELD = String.raw`'\xffffffff'::bytea`;

/** SQL for a row's canonical bytes: the tuple of `AUDIT_COLUMNS` in PostgreSQL's binary COPY format. */
export const CANONICAL_BYTES: string = [
  `int2send(${AUDIT_COLUMNS.length}::int2)`,
  ...AUDIT_COLUMNS.map((column) =>
    column === 'input' ? `coalesce(${field(SEND[column])}, ${NULL_FIELD})` : field(SEND[column]),
  ),
].join(' || ');

/** Batches whose rows are hashed by one statement. */
const BATCHES_A_ROUND = 50;

/**
 * Recomputes every digest from audit_log and audit_events, and the chain of seals over them, and names what is
 * not as it was written. Reads only; a whole year is read once.
 */
export async function verifyAudit(database: Database, scope: AuditScope = {}): Promise<Verification> {
  const { db } = database;
  const found: Verification = {
    rows: 0,
    erased: 0,
    batches: 0,
    events: 0,
    seals: 0,
    unsealed: 0,
    problems: [],
  };
  await verifySeals(db, found);
  await verifyBatches(database, scope, found);
  await verifyUnbatchedRows(db, scope, found);
  if (scope.jobId === undefined) await verifyEvents(db, scope, found);
  await verifySealedEntries(db, scope, found);
  return found;
}

type Database = { db: Db; pool: Pool };

async function verifySeals(db: Db, found: Verification): Promise<void> {
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
    found.seals++;
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

const within = (scope: AuditScope, alias: string): RawBuilder<unknown> => sql`
  (${scope.jobId ?? null}::uuid IS NULL OR ${sql.ref(`${alias}.job_id`)} = ${scope.jobId ?? null}::uuid)
  AND ${recordedWithin(scope, alias)}`;

const recordedWithin = (scope: AuditScope, alias: string): RawBuilder<unknown> => sql`
  (${scope.from ?? null}::timestamptz IS NULL OR ${sql.ref(`${alias}.recorded_at`)} >= ${scope.from ?? null}::timestamptz)
  AND (${scope.to ?? null}::timestamptz IS NULL OR ${sql.ref(`${alias}.recorded_at`)} <= ${scope.to ?? null}::timestamptz)`;

type BatchCheck = {
  jobId: string;
  chunkNo: number;
  expectedRows: number;
  digest: Buffer;
  /** Of rows; null where the digest is that of a chunk's header. */
  rowCount: number | null;
  actual: Buffer | null;
};

async function verifyBatches(database: Database, scope: AuditScope, found: Verification): Promise<void> {
  let after = { jobId: '00000000-0000-0000-0000-000000000000', chunkNo: -1 };
  for (;;) {
    const { rows: batches } = await sql<BatchCheck>`
      WITH batch AS MATERIALIZED (
        SELECT b.*, coalesce(c.form, CASE WHEN j.id IS NULL THEN 1 ELSE 2 END) AS form FROM audit_batches b
        LEFT JOIN jobs j ON j.id = b.job_id
        LEFT JOIN score_chunks c ON c.period = b.period AND c.job_id = b.job_id AND c.chunk_no = b.chunk_no
        WHERE (b.job_id, b.chunk_no) > (${after.jobId}::uuid, ${after.chunkNo}) AND ${within(scope, 'b')}
        ORDER BY b.job_id, b.chunk_no LIMIT ${BATCHES_A_ROUND}
      )
      SELECT batch.job_id AS "jobId", batch.chunk_no AS "chunkNo", batch.row_count AS "expectedRows",
        batch.digest, hashed.n AS "rowCount", hashed.actual
      FROM batch LEFT JOIN LATERAL (
        SELECT count(*)::int AS n, sha256(string_agg(${sql.raw(CANONICAL_BYTES)}, ''::bytea ORDER BY row_no)) AS actual
        FROM audit_log a WHERE a.period = batch.period AND a.job_id = batch.job_id AND a.chunk_no = batch.chunk_no
      ) hashed ON batch.form = 1
      ORDER BY batch.job_id, batch.chunk_no`.execute(database.db);
    for (const batch of batches) {
      found.batches++;
      if (batch.rowCount === null) {
        const check = await verifyChunk(database, batch);
        found.rows += check.rows;
        found.erased += check.erased;
        found.problems.push(...check.problems);
        continue;
      }
      found.rows += batch.rowCount;
      if (batch.actual !== null && batch.actual.equals(batch.digest)) continue;
      found.problems.push({
        kind: 'batch_altered',
        ref: `${batch.jobId}/${batch.chunkNo}`,
        message: `its ${batch.rowCount} rows (${batch.expectedRows} were written) do not give its digest`,
      });
    }
    const last = batches.at(-1);
    if (last === undefined) return;
    after = last;
  }
}

/** Rows, headers and blocks of no batch at all: somebody put them there. */
async function verifyUnbatchedRows(db: Db, scope: AuditScope, found: Verification): Promise<void> {
  const { rows } = await sql<{ jobId: string; chunkNo: number; rowNo: number }>`
    SELECT job_id AS "jobId", chunk_no AS "chunkNo", min(row_no) AS "rowNo" FROM (
      SELECT a.job_id, a.chunk_no, a.row_no FROM online_rows a
      WHERE ${within(scope, 'a')} AND NOT EXISTS (
        SELECT FROM audit_batches b WHERE b.job_id = a.job_id AND b.chunk_no = a.chunk_no)
      UNION ALL
      SELECT a.job_id, a.chunk_no, a.first_row FROM score_chunks a
      WHERE ${within(scope, 'a')} AND NOT EXISTS (
        SELECT FROM audit_batches b WHERE b.job_id = a.job_id AND b.chunk_no = a.chunk_no)
      UNION ALL
      SELECT a.job_id, a.chunk_no, a.first_row FROM score_blocks a
      LEFT JOIN score_chunks c ON c.period = a.period AND c.job_id = a.job_id AND c.chunk_no = a.chunk_no
      WHERE (${scope.jobId ?? null}::uuid IS NULL OR a.job_id = ${scope.jobId ?? null}::uuid)
        AND (c.job_id IS NULL OR a.first_row NOT BETWEEN c.first_row AND c.last_row)
    ) stray GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 100`.execute(db);
  for (const row of rows) {
    found.problems.push({
      kind: 'batch_missing',
      ref: `${row.jobId}/${row.chunkNo}`,
      message: `rows from ${row.rowNo} on belong to no batch`,
    });
  }
}

async function verifyEvents(db: Db, scope: AuditScope, found: Verification): Promise<void> {
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const { rows } = await sql<StoredEvent>`
      SELECT v.*, (EXTRACT(epoch FROM v.recorded_at) * 1000000)::int8 AS micros FROM audit_events v
      WHERE v.id > ${after}::uuid AND ${recordedWithin(scope, 'v')} ORDER BY v.id LIMIT 1000`.execute(db);
    for (const row of rows) {
      found.events++;
      const digest = eventDigest({
        id: row.id,
        tenantId: row.tenant_id,
        recordedAtMicros: row.micros,
        actor: row.actor,
        apiKeyId: row.api_key_id,
        networkAddress: row.network_address,
        action: row.action,
        outcome: row.outcome,
        entity: row.entity,
        details: row.details,
      });
      if (digest.equals(row.digest)) continue;
      found.problems.push({ kind: 'event_altered', ref: row.id, message: 'is not as it was recorded' });
    }
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}

type StoredEvent = {
  id: string;
  tenant_id: number;
  actor: string;
  api_key_id: string | null;
  network_address: string | null;
  action: string;
  outcome: 'success' | 'refused' | 'failure';
  entity: string | null;
  details: Record<string, unknown>;
  digest: Buffer;
  micros: number;
};

/** What a seal remembers must still be there, with the digest that it had. */
async function verifySealedEntries(db: Db, scope: AuditScope, found: Verification): Promise<void> {
  const { rows } = await sql<{ kind: 'batch' | 'event'; ref: string; missing: boolean }>`
    SELECT e.kind, e.ref, (b.job_id IS NULL AND v.id IS NULL) AS missing
    FROM audit_seal_entries e
    LEFT JOIN audit_batches b ON e.kind = 'batch' AND b.job_id = split_part(e.ref, '/', 1)::uuid
      AND b.chunk_no = nullif(split_part(e.ref, '/', 2), '')::int
    LEFT JOIN audit_events v ON e.kind = 'event' AND v.id = split_part(e.ref, '/', 1)::uuid
    WHERE (${scope.jobId ?? null}::text IS NULL OR e.ref LIKE ${scope.jobId ?? ''} || '/%')
      AND coalesce(b.digest, v.digest) IS DISTINCT FROM e.digest
    ORDER BY e.seal_id, e.position LIMIT 100`.execute(db);
  for (const row of rows) {
    found.problems.push({
      kind: `${row.kind}_${row.missing ? 'missing' : 'altered'}`,
      ref: row.ref,
      message: row.missing ? 'was sealed and is gone' : 'its digest is not the one that was sealed',
    });
  }
  const { rows: open } = await sql<{ count: number }>`
    SELECT (SELECT count(*) FROM audit_batches b WHERE ${within(scope, 'b')} AND NOT EXISTS (
        SELECT FROM audit_seal_entries e WHERE e.kind = 'batch' AND e.ref = b.job_id || '/' || b.chunk_no))
      + CASE WHEN ${scope.jobId ?? null}::text IS NULL THEN (
        SELECT count(*) FROM audit_events v WHERE ${recordedWithin(scope, 'v')} AND NOT EXISTS (
          SELECT FROM audit_seal_entries e WHERE e.kind = 'event' AND e.ref = v.id::text)) ELSE 0 END AS count`.execute(
    db,
  );
  found.unsealed = open[0]?.count ?? 0;
}
