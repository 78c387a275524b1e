import type { Pool } from 'pg';
import { attachModel } from '#engine/index.ts';
import { type ChunkRows, decodeChunk } from '#shared/chunks/payload.ts';
import type { Db } from '#shared/db/database.ts';
import { infer } from '#shared/models/infer.ts';
import type { ModelManifest } from '#shared/models/manifest.ts';
import type { ModelStore } from '#shared/models/store.ts';
import { chunkDigest } from '#shared/scores/chunk-digest.ts';
import { readBlocksWithin, type ScoreBlock } from '#shared/scores/read-blocks.ts';
import { readChunkHeader, type StoredHeader } from '#shared/scores/read-chunk-header.ts';
import { type ErasedLeaves, erasedLeavesOf, inputLeaves, rowLeaves } from '#shared/scores/row-leaves.ts';
import { scoredRowsOf } from '#shared/scores/scored-rows-of.ts';
import type { ScoredRows } from '#shared/scores/score-block.ts';
import { readJobTiers } from '#shared/tiers/job-tiers.ts';
import { tierPolicy } from '#shared/tiers/tier-policy.ts';
import { merkleRoot } from './merkle-tree.ts';
import type { AuditProblem } from './problem.ts';

export type ChunkCheck = { rows: number; erased: number; problems: AuditProblem[] };

/** Problems named a chunk; one that lost all its rows is one sentence, not ten thousand. */
const NAMED_ROWS = 20;

/**
 * Holds a scored chunk against its entry in the log: the header gives the entry, the rows give the header's root, and so do the
 * stored inputs, where retention has left them. Says which rows do not fit, as far as the input can tell.
 * @param options rescore: score every input again, also where the roots hold: a score that was made up and then logged is found
 */
export async function verifyChunk(
  { db, pool, models }: { db: Db; pool: Pool; models: ModelStore },
  entry: { jobId: string; chunkNo: number; digest: Buffer },
  { rescore = false }: { rescore?: boolean } = {},
): Promise<ChunkCheck> {
  const { jobId, chunkNo } = entry;
  const ref = `${jobId}/${chunkNo}`;
  const header = await readChunkHeader(db, jobId, chunkNo);
  if (header === undefined) {
    return {
      rows: 0,
      erased: 0,
      problems: [{ kind: 'batch_missing', ref, message: 'the log has it and its rows are gone' }],
    };
  }
  const problems: AuditProblem[] = [];
  if (!chunkDigest(header).equals(entry.digest)) {
    problems.push({
      kind: 'batch_altered',
      ref,
      message: 'what its rows have in common is not what the log has',
    });
  }
  const blocks = await readBlocksWithin(pool, header);
  const scored = scoredRowsOf(blocks);
  const erased = erasedLeavesOf(blocks);
  const stored = await readInputs(db, jobId, chunkNo);
  const tiers = await readJobTiers(db, jobId);
  const check = { rows: scored.rows.rowCount, erased: erased.size, problems };
  if (stored === 'altered') {
    problems.push({ kind: 'input_altered', ref, message: 'its stored input does not match its hash' });
  }
  const rows = stored === 'altered' ? undefined : stored;
  if (!merkleRoot(rowLeaves(scored, header.saltKey, erased)).equals(header.rowRoot)) {
    const located = await locate(models, header, { scored, stored: rows, blocks, erased, tiers });
    problems.push(...located.slice(0, NAMED_ROWS));
    if (located.length === 0) {
      const written = `${header.rowCount} were written`;
      problems.push({
        kind: 'batch_altered',
        ref,
        message: `its ${scored.rows.rowCount} rows (${written}) do not give its root`,
      });
    }
  } else if (
    rows !== undefined &&
    !merkleRoot(inputLeaves(rows, header.saltKey, erased)).equals(header.inputRoot)
  ) {
    problems.push({ kind: 'input_altered', ref, message: 'its stored inputs do not give their root' });
  } else if (rescore) {
    const located = await locate(models, header, { scored, stored: rows, blocks, erased, tiers });
    problems.push(...located.slice(0, NAMED_ROWS));
  }
  return check;
}

async function readInputs(
  db: Db,
  jobId: string,
  chunkNo: number,
): Promise<ChunkRows | 'altered' | undefined> {
  const chunk = await db
    .selectFrom('chunks')
    .select(['payload', 'payload_sha256'])
    .where('job_id', '=', jobId)
    .where('chunk_no', '=', chunkNo)
    .executeTakeFirst();
  if (chunk === undefined || chunk.payload.length === 0) return undefined;
  return await decodeChunk(chunk.payload, chunk.payload_sha256).catch(() => 'altered' as const);
}

type Evidence = {
  /** Cut-offs that the job was accepted under, where they are not its model's. */
  tiers: ModelManifest['tiers'] | undefined;
  scored: ScoredRows;
  stored: ChunkRows | undefined;
  blocks: readonly ScoreBlock[];
  erased: ErasedLeaves;
};

/** Rows that are not what their input and the model give; empty where the input is gone, or agrees with all of them. */
async function locate(
  models: ModelStore,
  header: StoredHeader,
  { scored, stored, blocks, erased, tiers }: Evidence,
): Promise<AuditProblem[]> {
  if (stored === undefined) return [];
  const ref = (row: number) => `${header.jobId}/${header.chunkNo}/${row}`;
  const expected = await scoreAgain(models, header, stored, { k: blocks[0]?.reasonCount ?? 0, tiers });
  const placeOf = new Map(Array.from(stored.rowNumbers, (row, at) => [row, at]));
  const seen = new Set<number>();
  const problems: AuditProblem[] = [];
  for (const [at, row] of scored.rows.rowNumbers.entries()) {
    const place = placeOf.get(row);
    if (place === undefined || seen.has(row)) {
      problems.push({ kind: 'row_inserted', ref: ref(row), message: 'has a score and no input' });
      continue;
    }
    seen.add(row);
    if (erased.has(at)) continue;
    const differing = differences(scored, at, stored, place, expected);
    if (differing.length > 0) {
      problems.push({
        kind: 'row_altered',
        ref: ref(row),
        message: `differs from what its input gives in ${differing.join(', ')}`,
      });
    }
  }
  for (const row of placeOf.keys()) {
    if (!seen.has(row))
      problems.push({ kind: 'row_missing', ref: ref(row), message: 'has an input and no score' });
  }
  return problems;
}

type Expected = Omit<ScoredRows, 'rows'>;

/** Undefined where the model is no longer there. */
async function scoreAgain(
  models: ModelStore,
  header: StoredHeader,
  stored: ChunkRows,
  { k, tiers: cutoffs }: { k: number; tiers: ModelManifest['tiers'] | undefined },
): Promise<Expected | undefined> {
  const model = await models.load(Buffer.from(header.modelSha256).toString('hex')).catch(() => undefined);
  if (model === undefined) return undefined;
  const engine = attachModel(model.prepared);
  const { prediction } = model.manifest;
  const { rawScores, risks, reasons } = infer(engine, stored.features, k, prediction);
  const tierOf = tierPolicy(cutoffs ?? model.manifest.tiers);
  const { names, indices } = stored.facilities;
  const hasTiers = prediction?.has_tiers ?? true;
  const tiers = Uint8Array.from(risks, (risk, row) => (hasTiers ? tierOf(risk, names[indices[row]!]) : 0));
  return { rawScores, risks, tiers, reasons };
}

function differences(
  scored: ScoredRows,
  at: number,
  stored: ChunkRows,
  place: number,
  expected: Expected | undefined,
): string[] {
  const id = ({ patientIds: { offsets, bytes } }: ChunkRows, row: number) =>
    Buffer.from(bytes.subarray(offsets[row], offsets[row + 1])).toString();
  const facility = ({ facilities }: ChunkRows, row: number) => facilities.names[facilities.indices[row]!];
  const identifiers = (rows: ChunkRows, row: number) =>
    JSON.stringify(
      Object.fromEntries(
        rows.identifiers
          .map(({ name, texts, indices }) => [name, texts[indices[row]!]] as const)
          .toSorted(([a], [b]) => (a < b ? -1 : 1)),
      ),
    );
  const rows = scored.rows;
  const found: string[] = [];
  if (id(rows, at) !== id(stored, place)) found.push('patient_id');
  if (facility(rows, at) !== facility(stored, place)) found.push('facility_id');
  if (rows.dueDates[at] !== stored.dueDates[place]) found.push('due_date');
  if (identifiers(rows, at) !== identifiers(stored, place)) found.push('identifiers');
  if (expected === undefined) return found;
  if (!Object.is(scored.rawScores[at], expected.rawScores[place])) found.push('raw_score');
  if (!Object.is(scored.risks[at], expected.risks[place])) found.push('risk');
  if (scored.tiers[at] !== expected.tiers[place]) found.push('tier');
  if (differingReasons(scored, at, stored, place, expected)) found.push('reasons');
  return found;
}

function differingReasons(
  { reasons }: ScoredRows,
  at: number,
  stored: ChunkRows,
  place: number,
  expected: Expected,
): boolean {
  const k = reasons?.k ?? 0;
  for (let j = 0; j < k; j++) {
    const feature = reasons!.features[at * k + j]!;
    if (feature !== expected.reasons?.features[place * k + j]) return true;
    if (feature < 0) continue;
    const contribution = expected.reasons.contributions[place * k + j]!;
    if (reasons!.contributions[at * k + j] !== Math.fround(contribution)) return true;
    const value = stored.features[feature]![place]!;
    if (!Object.is(reasons!.values?.[at * k + j], value === value ? value + 0 : NaN)) return true;
  }
  return false;
}
