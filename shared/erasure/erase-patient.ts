import { sql } from 'kysely';
import type { Pool } from 'pg';
import { LEAF_OF_ROW } from '#shared/audit/canonical-rows.ts';
import { HASH_BYTES } from '#shared/audit/merkle-tree.ts';
import { recordEvent } from '#shared/audit/record-event.ts';
import { ERASE_ACTION } from '#shared/audit/verification.ts';
import { type ChunkRows, decodeChunk, type EncodedChunk, encodeChunk } from '#shared/chunks/payload.ts';
import type { Db } from '#shared/db/database.ts';
import type { CrashPoints } from '#shared/lifecycle/crash-points.ts';
import { patientHash } from '#shared/scores/patient-hash.ts';
import { readBlocksWithin } from '#shared/scores/read-blocks.ts';
import { readChunkHeader } from '#shared/scores/read-chunk-header.ts';
import { erasedLeavesOf, inputLeaves, rowLeaves } from '#shared/scores/row-leaves.ts';
import { scoredRowsOf } from '#shared/scores/scored-rows-of.ts';
import { eraseInBlock, type ErasedRow } from './erase-in-block.ts';
import { placesOf, withoutPatients } from './erase-in-rows.ts';

export type ErasePatient = {
  tenantId: number;
  patientId: string;
  /** Why, and who asked; stays in the log for ever, so without the patient's name or id. */
  reason: string;
  actor: string;
};

/** How many of each were erased. */
export type Erasure = {
  jobs: number;
  rows: number;
  inputs: number;
  onlineRows: number;
  rejections: number;
  outcomes: number;
  contacts: number;
  tierOverrides: number;
  /** Events that named the patient; they stay, without the name. */
  events: number;
};

export class ErasureError extends Error {
  override readonly name = 'ErasureError';
}

export type EraseDeps = { db: Db; pool: Pool; crash: CrashPoints };

/** Chunks that are read and packed at once. */
const CHUNKS_AT_ONCE = 4;

/**
 * Takes a patient's id, inputs, reasons and identifiers out of every table, chunk and index of the tenant, in one transaction: whoever
 * dies on the way leaves everything. What stays is a score without a name, the hashes of its leaves, so that the log can
 * still be verified, and an event that says that and why it was done. As the owner of the database.
 * @throws ErasureError where the patient waits to be scored in a job that is not over.
 */
export async function erasePatient(deps: EraseDeps, asked: ErasePatient): Promise<Erasure> {
  return await deps.db.transaction().execute(async (trx) => {
    await sql`SELECT pg_advisory_xact_lock(hashtext('iit.erase'))`.execute(trx);
    await sql`SET LOCAL statement_timeout = 0`.execute(trx);
    await sql`SET LOCAL iit.erasing = 'yes'`.execute(trx);
    const unscored = await eraseUnscored(trx, asked);
    const { chunks, gone } = await findScored(trx, asked);
    let inputs = unscored;
    for (let start = 0; start < chunks.length; start += CHUNKS_AT_ONCE) {
      const prepared = await Promise.all(
        chunks.slice(start, start + CHUNKS_AT_ONCE).map((chunk) => prepareChunk(deps, trx, chunk)),
      );
      for (const chunk of prepared) {
        for (const [firstRow, rows] of chunk.blocks) await eraseInBlock(trx, chunk.scope, firstRow, rows);
        if (chunk.payload === undefined) continue;
        await replacePayload(trx, chunk, chunk.payload);
        inputs += chunk.rows;
      }
    }
    const jobs = Map.groupBy(chunks, ({ jobId }) => jobId);
    for (const [jobId, own] of jobs) {
      await eraseHashes(trx, jobId, asked.patientId, new Set(own.flatMap(({ rowNos }) => rowNos)));
    }
    const rest = await eraseElsewhere(trx, asked, gone);
    const erasure = {
      jobs: jobs.size,
      rows: chunks.reduce((sum, { rowNos }) => sum + rowNos.length, 0),
      inputs,
      ...rest,
    };
    await recordEvent(trx, {
      tenantId: asked.tenantId,
      actor: asked.actor,
      action: ERASE_ACTION,
      outcome: 'success',
      details: { reason: asked.reason, ...erasure, gone: gone.toSorted() },
    });
    deps.crash('before_erasure_commit');
    return erasure;
  });
}

type FoundChunk = { jobId: string; chunkNo: number; rowNos: number[] };

/** Scored rows by chunk; the lists of their jobs are nobody else's to make until the transaction is over. */
async function findScored(
  trx: Db,
  { tenantId, patientId }: ErasePatient,
): Promise<{ chunks: FoundChunk[]; gone: string[] }> {
  const { rows: jobs } = await sql<{ id: string }>`
    SELECT DISTINCT job_id AS id FROM audit_of_patient(${patientId}, NULL, NULL, ${tenantId}::smallint)
    WHERE source = 'job' ORDER BY 1`.execute(trx);
  for (const { id } of jobs) {
    await sql`SELECT pg_advisory_xact_lock(hashtextextended('iit.index/' || ${id}, 0))`.execute(trx);
  }
  const { rows: chunks } = await sql<FoundChunk & { form: number }>`
    SELECT a.job_id AS "jobId", a.chunk_no AS "chunkNo", array_agg(a.row_no ORDER BY a.row_no) AS "rowNos", min(c.form) AS form
    FROM audit_of_patient(${patientId}, NULL, NULL, ${tenantId}::smallint) a
    JOIN score_chunks c ON c.period = a.period AND c.job_id = a.job_id AND c.chunk_no = a.chunk_no
    WHERE a.source = 'job' GROUP BY 1, 2 ORDER BY 1, 2`.execute(trx);
  const gone = chunks.flatMap(({ form, jobId, chunkNo }) => (form === 1 ? [`${jobId}/${chunkNo}`] : []));
  return { chunks, gone };
}

type Prepared = {
  scope: { jobId: string; period: string };
  chunkNo: number;
  rows: number;
  /** By the first row of the block. */
  blocks: Map<number, ErasedRow[]>;
  /** Without the patient; undefined where retention has emptied it. */
  payload: EncodedChunk | undefined;
};

async function prepareChunk({ db, pool }: EraseDeps, trx: Db, chunk: FoundChunk): Promise<Prepared> {
  const header = await readChunkHeader(db, chunk.jobId, chunk.chunkNo);
  if (header === undefined) throw new Error('a chunk went away during an erasure');
  const blocks = await readBlocksWithin(pool, header);
  const erased = erasedLeavesOf(blocks);
  const wanted = new Set(chunk.rowNos);
  const stored = await readInputs(trx, chunk);
  const isSalted = header.form === 2;
  const ofRows = isSalted ? rowLeaves(scoredRowsOf(blocks), header.saltKey, erased) : undefined;
  const ofInputs = isSalted && stored !== undefined ? inputLeaves(stored, header.saltKey, erased) : undefined;
  const found = new Map<number, ErasedRow[]>();
  let place = 0;
  for (const block of blocks) {
    const rows: ErasedRow[] = [];
    for (const row of block.rowNos) {
      if (wanted.has(row)) {
        rows.push({ row, leaves: Buffer.concat([leafAt(ofRows, place), leafAt(ofInputs, place)]) });
      }
      place++;
    }
    if (rows.length > 0) found.set(block.rowNos[0] as number, rows);
  }
  return {
    scope: { jobId: header.jobId, period: header.period },
    chunkNo: header.chunkNo,
    rows: wanted.size,
    blocks: found,
    payload:
      stored === undefined ? undefined : await encodeChunk(withoutPatients(stored, placesIn(stored, wanted))),
  };
}

/** Where there is no leaf, nothing is left that could be held against it. */
function leafAt(leaves: Buffer | undefined, place: number): Buffer {
  if (leaves === undefined) return Buffer.alloc(HASH_BYTES);
  return leaves.subarray(place * HASH_BYTES, (place + 1) * HASH_BYTES);
}

function placesIn(rows: ChunkRows, rowNos: ReadonlySet<number>): Set<number> {
  return new Set(
    Array.from(rows.rowNumbers.keys()).filter((at) => rowNos.has(rows.rowNumbers[at] as number)),
  );
}

async function readInputs(trx: Db, { jobId, chunkNo }: FoundChunk): Promise<ChunkRows | undefined> {
  const chunk = await trx
    .selectFrom('chunks')
    .select(['payload', 'payload_sha256'])
    .where('job_id', '=', jobId)
    .where('chunk_no', '=', chunkNo)
    .executeTakeFirst();
  if (chunk === undefined || chunk.payload.length === 0) return undefined;
  return await decodeChunk(chunk.payload, chunk.payload_sha256);
}

async function replacePayload(
  trx: Db,
  chunk: { scope: { jobId: string }; chunkNo: number },
  { payload, sha256 }: EncodedChunk,
): Promise<void> {
  await trx
    .updateTable('chunks')
    .set({ payload, payload_sha256: sha256 })
    .where('job_id', '=', chunk.scope.jobId)
    .where('chunk_no', '=', chunk.chunkNo)
    .execute();
}

/** Inputs of chunks that were given up, cancelled or aborted: nobody scored them, so no list knows who is in them. */
async function eraseUnscored(trx: Db, { tenantId, patientId }: ErasePatient): Promise<number> {
  const { rows: open } = await sql<FoundChunk & { over: boolean }>`
    SELECT k.job_id AS "jobId", k.chunk_no AS "chunkNo", j.finished_at IS NOT NULL AS over
    FROM chunks k JOIN jobs j ON j.id = k.job_id
    WHERE j.tenant_id = ${tenantId} AND k.state <> 'done' ORDER BY 1, 2`.execute(trx);
  let inputs = 0;
  for (const { jobId, chunkNo, over } of open) {
    const rows = await readInputs(trx, { jobId, chunkNo, rowNos: [] });
    const places = rows === undefined ? new Set<number>() : placesOf(rows, patientId);
    if (rows === undefined || places.size === 0) continue;
    if (!over) {
      throw new ErasureError(`Job ${jobId} is about to score the patient: erase again when it is over.`);
    }
    await replacePayload(
      trx,
      { scope: { jobId }, chunkNo },
      await encodeChunk(withoutPatients(rows, places)),
    );
    inputs += places.size;
  }
  return inputs;
}

async function eraseHashes(
  trx: Db,
  jobId: string,
  patientId: string,
  gone: ReadonlySet<number>,
): Promise<void> {
  const hash = patientHash(Buffer.from(patientId));
  const { rows } = await sql<{ period: string; firstHash: number; hashes: number[]; rowNos: number[] }>`
    SELECT h.period, h.first_hash AS "firstHash", h.hashes, h.row_nos AS "rowNos"
    FROM jobs j JOIN patient_blocks h ON h.period = j.period AND h.job_id = j.id
    WHERE j.id = ${jobId} AND h.first_hash <= ${hash} ORDER BY h.first_hash DESC LIMIT 1`.execute(trx);
  const block = rows[0];
  if (block === undefined) return;
  const left = block.rowNos.map((row, at) => ({ row, hash: block.hashes[at] as number }));
  const kept = left.filter((entry) => entry.hash !== hash || !gone.has(entry.row));
  if (kept.length === left.length) return;
  const where = sql`period = ${block.period}::date AND job_id = ${jobId} AND first_hash = ${block.firstHash}`;
  const [first] = kept;
  if (first === undefined) await sql`DELETE FROM patient_blocks WHERE ${where}`.execute(trx);
  else {
    await sql`UPDATE patient_blocks SET first_hash = ${first.hash}, hashes = ${kept.map((one) => one.hash)}::integer[],
      row_nos = ${kept.map(({ row }) => row)}::integer[] WHERE ${where}`.execute(trx);
  }
}

type Elsewhere = Pick<
  Erasure,
  'onlineRows' | 'rejections' | 'outcomes' | 'contacts' | 'tierOverrides' | 'events'
>;

/** Adds to `gone` what cannot be hashed any more: runs and events of before rows and events had salts. */
async function eraseElsewhere(
  trx: Db,
  { tenantId, patientId }: ErasePatient,
  gone: string[],
): Promise<Elsewhere> {
  const mine = sql`tenant_id = ${tenantId} AND patient_id = ${patientId}`;
  const { rows: online } = await sql<{ ref: string; salted: boolean }>`
    WITH before AS (
      SELECT period AS p, job_id AS j, row_no AS r, salt IS NOT NULL AS salted FROM online_rows WHERE ${mine}
    )
    UPDATE online_rows o SET erased_leaf = CASE WHEN o.salt IS NOT NULL THEN ${sql.raw(LEAF_OF_ROW)} END, patient_id = NULL,
      input_hash = NULL, input = NULL, salt = NULL
    FROM before WHERE o.period = before.p AND o.job_id = before.j AND o.row_no = before.r
    RETURNING o.job_id || '/' || o.chunk_no AS ref, before.salted`.execute(trx);
  const { rows: events } = await sql<{ id: string; salted: boolean }>`
    UPDATE audit_events SET entity = NULL, entity_salt = NULL
    WHERE tenant_id = ${tenantId} AND entity = 'patient/' || ${patientId}
    RETURNING id, entity_hash IS NOT NULL AS salted`.execute(trx);
  const rejections = await sql`
    UPDATE rejections SET patient_id = NULL, facility_id = NULL, due_date = NULL
    WHERE patient_id = ${patientId} AND job_id IN (SELECT id FROM jobs WHERE tenant_id = ${tenantId})`.execute(
    trx,
  );
  const outcomes = await sql`DELETE FROM outcomes WHERE ${mine}`.execute(trx);
  const contacts = await sql`DELETE FROM contacts WHERE ${mine}`.execute(trx);
  const overrides = await sql`DELETE FROM tier_overrides WHERE ${mine}`.execute(trx);
  for (const table of ['job_drift', 'facility_drift']) {
    await sql`UPDATE ${sql.table(table)} SET sketch = array_remove(sketch, patient_hash(${patientId}))
      WHERE tenant_id = ${tenantId} AND patient_hash(${patientId}) = ANY (sketch)`.execute(trx);
  }
  gone.push(...new Set(online.filter(({ salted }) => !salted).map(({ ref }) => ref)));
  gone.push(...events.filter(({ salted }) => !salted).map(({ id }) => id));
  return {
    onlineRows: online.length,
    events: events.length,
    rejections: Number(rejections.numAffectedRows ?? 0),
    outcomes: Number(outcomes.numAffectedRows ?? 0),
    contacts: Number(contacts.numAffectedRows ?? 0),
    tierOverrides: Number(overrides.numAffectedRows ?? 0),
  };
}
