import { sql } from 'kysely';
import type { Pool } from 'pg';
import { GRACE_DAYS } from '#patients/features/history.ts';
import { type ChunkRows, decodeChunkSync, NO_DATE, NO_FACILITY } from '#shared/chunks/payload.ts';
import { readPayload } from '#shared/chunks/read-payload.ts';
import type { Db } from '#shared/db/database.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import type { ModelManifest } from '#shared/models/manifest.ts';
import { WINDOW_DAYS } from './outcome-figures.ts';

const CHUNKS_A_ROUND = 20;

/** Groups by which performance is told, as the model card has them; upper ends, the last open. */
const AGE_GROUPS: readonly [number, string][] = [
  [15, 'under 15'],
  [20, '15–19'],
  [25, '20–24'],
  [50, '25–49'],
  [Infinity, '50 and over'],
];
const ART_GROUPS: readonly [number, string][] = [
  [6, 'under 6 months'],
  [12, '6–11 months'],
  [60, '1–4 years'],
  [Infinity, '5 years and over'],
];
const SEXES = ['female', 'male'];

type Chunk = { job_id: string; period: string; chunk_no: number; manifest: ModelManifest };

/**
 * One round: writes to outcomes whom they were about, from the features that were scored, a chunk at a time. Where retention
 * has emptied the chunk, or the prediction was made online, it stays unknown. Returns how many chunks it looked at.
 */
export async function describeOutcomes(db: Db, pool: Pool): Promise<number> {
  const { rows: chunks } = await sql<Chunk>`
    SELECT DISTINCT c.job_id, c.period, c.chunk_no, m.manifest
    FROM (SELECT DISTINCT job_id, row_no FROM outcomes WHERE described_at IS NULL LIMIT 20000) o
    JOIN jobs j ON j.id = o.job_id JOIN models m ON m.id = j.model_id
    JOIN score_chunks c ON c.period = j.period AND c.job_id = o.job_id AND o.row_no BETWEEN c.first_row AND c.last_row
    LIMIT ${CHUNKS_A_ROUND}`.execute(db);
  for (const chunk of chunks) {
    const rows = await readRows(pool, chunk);
    await write(db, chunk, rows);
  }
  // What has no chunk was predicted online.
  await sql`
    UPDATE outcomes o SET described_at = now() WHERE described_at IS NULL
      AND NOT EXISTS (SELECT FROM jobs j WHERE j.id = o.job_id)`.execute(db);
  return chunks.length;
}

async function readRows(pool: Pool, chunk: Chunk): Promise<ChunkRows | undefined> {
  try {
    const { payload, sha256 } = await readPayload(pool, { jobId: chunk.job_id, chunkNo: chunk.chunk_no });
    return decodeChunkSync(payload, sha256);
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'payload_corrupt') return undefined;
    throw error;
  }
}

async function write(db: Db, chunk: Chunk, rows: ChunkRows | undefined): Promise<void> {
  const { features } = chunk.manifest;
  const column = (name: string) => rows?.features[features.findIndex((feature) => feature.name === name)];
  const [age, months, sex] = [column('age'), column('months_on_art'), column('gender')];
  const numbers = [...(rows?.rowNumbers ?? [])];
  const facilities = numbers.map((_, row) => {
    const index = rows!.facilities.indices[row]!;
    return index === NO_FACILITY ? null : rows!.facilities.names[index]!;
  });
  const dueDays = numbers.map((_, row) => (rows!.dueDates[row] === NO_DATE ? null : rows!.dueDates[row]!));
  await sql`
    WITH told AS (
      SELECT * FROM unnest(${numbers}::int[], ${facilities}::text[], ${dueDays}::int[],
        ${numbers.map((_, row) => SEXES[sex?.[row] ?? -1] ?? null)}::text[],
        ${numbers.map((_, row) => groupOf(AGE_GROUPS, age?.[row]))}::text[],
        ${numbers.map((_, row) => groupOf(ART_GROUPS, months?.[row]))}::text[]
      ) AS told (row_no, facility_id, due_day, sex, age_group, art_group)
    )
    UPDATE outcomes o SET described_at = now(), facility_id = told.facility_id, tier = wanted.tier, sex = told.sex,
      age_group = told.age_group, art_group = told.art_group,
      is_at_risk = '1970-01-01'::date + told.due_day + ${GRACE_DAYS + 1}::int <= o.scored_on + ${WINDOW_DAYS}::int
    FROM (SELECT p.row_no, p.tier FROM predictions p WHERE p.period = ${chunk.period}::date AND p.job_id = ${chunk.job_id}
      AND p.chunk_no = ${chunk.chunk_no}) wanted
    LEFT JOIN told ON told.row_no = wanted.row_no
    WHERE o.job_id = ${chunk.job_id} AND o.row_no = wanted.row_no AND o.described_at IS NULL`.execute(db);
}

function groupOf(groups: readonly [number, string][], value: number | undefined): string | null {
  if (value === undefined || Number.isNaN(value)) return null;
  return groups.find(([end]) => value < end)?.[1] ?? null;
}
