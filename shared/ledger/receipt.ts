import { sql } from 'kysely';
import type { Pool } from 'pg';
import { isoDateOf } from '#patients/record/iso-date.ts';
import { inclusionPath } from '#shared/audit/merkle-tree.ts';
import type { Db } from '#shared/db/database.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { readBlocksWithin, type ScoreBlock } from '#shared/scores/read-blocks.ts';
import { readChunkHeader, type StoredHeader } from '#shared/scores/read-chunk-header.ts';
import { erasedLeavesOf, rowLeaves, SALT_BYTES, saltsOf } from '#shared/scores/row-leaves.ts';
import { isLogistic } from '#shared/scores/score-block.ts';
import { rowOfBlock } from '#shared/scores/scored-row.ts';
import { scoredRowsOf } from '#shared/scores/scored-rows-of.ts';
import { inclusionProof } from './log-store.ts';
import type { Receipt } from './receipt-schema.ts';

/**
 * The receipt of one row of a job.
 * @throws ServiceError `not_found`; `receipt_unavailable` for a row that was erased, was scored before there were receipts, or that no
 * checkpoint covers yet.
 */
export async function readReceipt(
  database: { db: Db; pool: Pool },
  { jobId, row }: { jobId: string; row: number },
): Promise<Receipt> {
  const { db, pool } = database;
  const header = await headerOf(db, jobId, row);
  const blocks = await readBlocksWithin(pool, header);
  const scored = scoredRowsOf(blocks);
  const place = scored.rows.rowNumbers.indexOf(row);
  if (place < 0) throw new ServiceError('not_found', 'The job has no such row.');
  const shown = rowView(blocks, place);
  const leaves = rowLeaves(scored, header.saltKey, erasedLeavesOf(blocks));
  const salts = saltsOf(header.saltKey, scored.rows.rowCount);
  return {
    type: 'iit-receipt/1',
    row: {
      ...shown,
      salt: salts.subarray(place * SALT_BYTES, (place + 1) * SALT_BYTES).toString('hex'),
      place,
      path: inclusionPath(leaves, place).map(hex),
    },
    chunk: chunkView(header),
    log: await logView(db, `${header.jobId}/${header.chunkNo}`),
  };
}

const hex = (bytes: Buffer) => bytes.toString('hex');

async function headerOf(db: Db, jobId: string, row: number): Promise<StoredHeader> {
  const found = await db
    .selectFrom('score_chunks as c')
    .innerJoin('jobs as j', (join) => join.onRef('j.id', '=', 'c.job_id').onRef('j.period', '=', 'c.period'))
    .select('c.chunk_no')
    .where('c.job_id', '=', jobId)
    .where('c.first_row', '<=', row)
    .where('c.last_row', '>=', row)
    .limit(1)
    .executeTakeFirst();
  const header = found === undefined ? undefined : await readChunkHeader(db, jobId, found.chunk_no);
  if (header === undefined) throw new ServiceError('not_found', 'The job has no such row.');
  if (header.form !== 2) {
    throw new ServiceError('receipt_unavailable', 'The row was scored before there were receipts.');
  }
  return header;
}

function rowView(
  blocks: readonly ScoreBlock[],
  place: number,
): Omit<Receipt['row'], 'salt' | 'place' | 'path'> {
  let at = place;
  let block = blocks[0] as ScoreBlock;
  for (const next of blocks) {
    block = next;
    if (at < next.rowCount) break;
    at -= next.rowCount;
  }
  const row = rowOfBlock(block, at);
  if (row.patientId === undefined) {
    throw new ServiceError('receipt_unavailable', 'The patient of the row was erased.');
  }
  return {
    number: row.row,
    patient_id: row.patientId,
    facility_id: row.facilityId ?? null,
    due_date: row.dueDay === undefined ? null : isoDateOf(row.dueDay),
    raw_score: row.rawScore,
    risk: row.risk,
    risk_is_logistic: isLogistic(row.rawScore, row.risk),
    tier: row.tier,
    reasons: row.reasons.map(({ feature, contribution, value }) => ({
      feature,
      contribution,
      value: Number.isNaN(value) ? null : value,
    })),
    identifiers: { ...row.identifiers },
  };
}

function chunkView(header: StoredHeader): Receipt['chunk'] {
  return {
    job_id: header.jobId,
    number: header.chunkNo,
    tenant: header.tenantId,
    period: header.period,
    first_row: header.firstRow,
    last_row: header.lastRow,
    rows: header.rowCount,
    recorded_at_micros: String(header.recordedAtMicros),
    api_key_id: header.apiKeyId,
    actor: header.actor,
    model_version: header.modelVersion,
    model_sha256: Buffer.from(header.modelSha256).toString('hex'),
    input_root: Buffer.from(header.inputRoot).toString('hex'),
  };
}

async function logView(db: Db, ref: string): Promise<Receipt['log']> {
  const { rows } = await sql<{ entry: number; size: number; checkpoint: string }>`
    SELECT e.entry_no AS entry, c.tree_size AS size, c.note AS checkpoint
    FROM log_entries e JOIN LATERAL (SELECT tree_size, note FROM log_checkpoints WHERE tree_size > e.entry_no
      ORDER BY tree_size DESC, signed_at DESC LIMIT 1) c ON true
    WHERE e.kind = 'batch' AND e.ref = ${ref}`.execute(db);
  const [found] = rows;
  if (found === undefined) {
    throw new ServiceError('receipt_unavailable', 'No checkpoint covers the row yet; ask again in a minute.');
  }
  const path = await inclusionProof(db, found.entry, found.size);
  return { entry: found.entry, path: path.map(hex), checkpoint: found.checkpoint };
}
