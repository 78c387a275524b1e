import { sql } from 'kysely';
import type { Db } from '#shared/db/database.ts';
import { LEAF_OF_ROW, UNSALTED_BYTES } from './canonical-rows.ts';
import { createModelStore, type ModelStore } from '#shared/models/store.ts';
import { merkleRoot } from './merkle-tree.ts';
import {
  type AuditScope,
  type Database,
  type Gone,
  type Verification,
  type VerifyOptions,
  within,
} from './verification.ts';
import { verifyChunk } from './verify-chunk.ts';

const BATCHES_A_ROUND = 50;

type Batch = {
  jobId: string;
  chunkNo: number;
  period: string;
  expectedRows: number;
  digest: Buffer;
  /** scored: a header with roots; run: online rows under a tree; rows: hashed whole, as before there were trees. */
  layout: 'scored' | 'run' | 'rows';
  /** Null for an online run. */
  chunkState: string | null;
  isJob: boolean;
};

/** Recomputes the digest of every batch within the scope. */
export async function verifyBatches(
  database: Database,
  scope: AuditScope,
  options: VerifyOptions,
  gone: Gone,
  found: Verification,
): Promise<void> {
  const models = createModelStore({ db: database.db, modelsInMemory: 1 });
  let after = { jobId: '00000000-0000-0000-0000-000000000000', chunkNo: -1 };
  for (;;) {
    const { rows: batches } = await sql<Batch>`
      SELECT b.job_id AS "jobId", b.chunk_no AS "chunkNo", b.period, b.row_count AS "expectedRows", b.digest,
        CASE WHEN c.form = 2 OR (c.form IS NULL AND j.id IS NOT NULL) THEN 'scored'
          WHEN c.form IS NULL AND EXISTS (SELECT FROM online_rows o WHERE o.period = b.period AND o.job_id = b.job_id
            AND (o.salt IS NOT NULL OR o.erased_leaf IS NOT NULL)) THEN 'run'
          ELSE 'rows' END AS layout,
        k.state AS "chunkState", j.id IS NOT NULL AS "isJob"
      FROM audit_batches b
      LEFT JOIN jobs j ON j.id = b.job_id
      LEFT JOIN chunks k ON k.job_id = b.job_id AND k.chunk_no = b.chunk_no
      LEFT JOIN score_chunks c ON c.period = b.period AND c.job_id = b.job_id AND c.chunk_no = b.chunk_no
      WHERE (b.job_id, b.chunk_no) > (${after.jobId}::uuid, ${after.chunkNo}) AND ${within(scope, 'b')}
      ORDER BY b.job_id, b.chunk_no LIMIT ${BATCHES_A_ROUND}`.execute(database.db);
    for (const batch of batches) {
      found.batches++;
      if (gone.days.has(batch.period)) found.expired++;
      else await verifyBatch({ ...database, models }, batch, options, gone, found);
    }
    const last = batches.at(-1);
    if (last === undefined) return;
    after = last;
  }
}

async function verifyBatch(
  database: Database & { models: ModelStore },
  batch: Batch,
  options: VerifyOptions,
  gone: Gone,
  found: Verification,
): Promise<void> {
  const ref = `${batch.jobId}/${batch.chunkNo}`;
  if (batch.isJob && batch.chunkState !== 'done') {
    const message =
      batch.chunkState === null
        ? 'is a record of a chunk that its job does not have'
        : `is a record of a chunk that is ${batch.chunkState}`;
    found.problems.push({ kind: 'batch_inserted', ref, message });
  }
  if (batch.layout === 'scored') {
    const check = await verifyChunk(database, batch, options);
    found.rows += check.rows;
    found.erased += check.erased;
    found.problems.push(...check.problems);
    return;
  }
  const read = batch.layout === 'run' ? readRun : readRows;
  const { rowCount, erased, digest } = await read(database.db, batch);
  found.rows += rowCount;
  found.erased += erased;
  if (digest?.equals(batch.digest) === true) return;
  if (batch.layout === 'rows' && erased > 0 && rowCount === batch.expectedRows && gone.refs.has(ref)) {
    found.unverifiable++;
    return;
  }
  found.problems.push({
    kind: 'batch_altered',
    ref,
    message: `its ${rowCount} rows (${batch.expectedRows} were written) do not give its digest`,
  });
}

type Read = { rowCount: number; erased: number; digest: Buffer | null };

async function readRun(db: Db, { period, jobId, chunkNo }: Batch): Promise<Read> {
  const { rows } = await sql<{ leaf: Buffer | null; erased: boolean }>`
    SELECT ${sql.raw(LEAF_OF_ROW)} AS leaf, erased_leaf IS NOT NULL AS erased FROM online_rows
    WHERE period = ${period}::date AND job_id = ${jobId} AND chunk_no = ${chunkNo} ORDER BY row_no`.execute(
    db,
  );
  const leaves = rows.flatMap(({ leaf }) => (leaf === null ? [] : [leaf]));
  return {
    rowCount: rows.length,
    erased: rows.filter((row) => row.erased).length,
    digest: merkleRoot(Buffer.concat(leaves)),
  };
}

async function readRows(db: Db, { period, jobId, chunkNo }: Batch): Promise<Read> {
  const { rows } = await sql<Read>`
    SELECT count(*)::int AS "rowCount", (count(*) FILTER (WHERE patient_id IS NULL))::int AS erased,
      sha256(string_agg(${sql.raw(UNSALTED_BYTES)}, ''::bytea ORDER BY row_no)) AS digest
    FROM audit_log WHERE period = ${period}::date AND job_id = ${jobId} AND chunk_no = ${chunkNo}`.execute(
    db,
  );
  return rows[0] ?? { rowCount: 0, erased: 0, digest: null };
}

/** Rows, headers and blocks of no batch at all: somebody put them there. */
export async function verifyUnbatchedRows(db: Db, scope: AuditScope, found: Verification): Promise<void> {
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
