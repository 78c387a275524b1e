import { sql } from 'kysely';
import { attachModel, type LightGbmModel } from '#engine/index.ts';
import { decodeChunk } from '#shared/chunks/payload.ts';
import type { Db } from '#shared/db/database.ts';
import type { Logger } from '#shared/log/logger.ts';
import { columnsFor } from '#shared/models/feature-compatibility.ts';
import type { ModelManifest } from '#shared/models/manifest.ts';
import type { LoadedModel, ModelStore } from '#shared/models/store.ts';
import { tierPolicy } from '#shared/tiers/tier-policy.ts';

export type ShadowDeps = { db: Db; models: ModelStore; log: Logger };

type Chunk = {
  shadow_id: number;
  challenger: string;
  champion_manifest: ModelManifest;
  job_id: string;
  period: string;
  chunk_no: number;
  row_count: number;
  payload: Buffer;
  payload_sha256: Buffer;
};

const CHUNKS_A_ROUND = 200;

/**
 * One round: chunks of jobs accepted under an open shadow, scored already, are scored again with the challenger. It comes
 * after the fact and never in the way: a challenger that fails or is slow costs nothing but its own report. A chunk is
 * done in one transaction, so that a worker's death repeats it; several workers pass each other's chunks over. Returns
 * the number of chunks.
 */
export async function scoreShadowsOnce(deps: ShadowDeps, signal: AbortSignal): Promise<number> {
  let last: { sha256: string; engine: LightGbmModel; model: LoadedModel } | undefined;
  let done = 0;
  while (done < CHUNKS_A_ROUND && !signal.aborted) {
    const more = await deps.db.transaction().execute(async (trx) => {
      const chunk = await takeChunk(trx);
      if (chunk === undefined) return false;
      if (last?.sha256 !== chunk.challenger) {
        const model = await deps.models.load(chunk.challenger);
        last = { sha256: chunk.challenger, engine: attachModel(model.prepared), model };
      }
      const code = await scoreChunk(trx, chunk, last.model, last.engine);
      await trx
        .insertInto('shadow_chunks')
        .values({
          shadow_id: chunk.shadow_id,
          job_id: chunk.job_id,
          chunk_no: chunk.chunk_no,
          row_count: code === undefined ? chunk.row_count : 0,
          error_code: code ?? null,
        })
        .execute();
      if (code !== undefined)
        deps.log.warn(
          { jobId: chunk.job_id, chunkNo: chunk.chunk_no, code },
          'a shadow could not score a chunk',
        );
      return true;
    });
    if (!more) break;
    done++;
  }
  return done;
}

async function takeChunk(trx: Db): Promise<Chunk | undefined> {
  const { rows } = await sql<Chunk>`
    SELECT s.id AS shadow_id, encode(m.sha256, 'hex') AS challenger, champion.manifest AS champion_manifest,
      c.job_id, j.period, c.chunk_no, c.row_count, c.payload, c.payload_sha256
    FROM model_shadows s
    JOIN models m ON m.id = s.model_id
    JOIN jobs j ON j.tenant_id = s.tenant_id AND j.created_at >= s.started_at AND j.model_id <> s.model_id
    JOIN models champion ON champion.id = j.model_id
    JOIN chunks c ON c.job_id = j.id AND c.state = 'done'
    WHERE s.stopped_at IS NULL AND NOT EXISTS (
      SELECT FROM shadow_chunks x WHERE x.shadow_id = s.id AND x.job_id = c.job_id AND x.chunk_no = c.chunk_no)
    LIMIT 1 FOR UPDATE OF c SKIP LOCKED`.execute(trx);
  return rows[0];
}

/** The reason why the challenger cannot score the chunk, else undefined. */
async function scoreChunk(
  trx: Db,
  chunk: Chunk,
  model: LoadedModel,
  engine: LightGbmModel,
): Promise<'feature_mismatch' | 'payload_corrupt' | undefined> {
  const columns = columnsFor(model.manifest, chunk.champion_manifest);
  if (columns === undefined) return 'feature_mismatch';
  if (chunk.payload.length === 0) return 'payload_corrupt';
  const rows = await decodeChunk(chunk.payload, chunk.payload_sha256).catch(() => undefined);
  if (rows === undefined) return 'payload_corrupt';
  const features = columns.map((column) => rows.features[column]!);
  const raw = engine.predictColumns(features, { raw: true });
  const risks = engine.predictColumns(features);
  const tierOf = tierPolicy(model.manifest.tiers);
  const { names, indices } = rows.facilities;
  const tiers = Array.from({ length: rows.rowCount }, (_, row) => tierOf(risks[row]!, names[indices[row]!]));
  await sql`
    INSERT INTO shadow_predictions (shadow_id, job_id, row_no, champion_risk, champion_tier, raw_score, risk, tier)
    SELECT ${chunk.shadow_id}, p.job_id, p.row_no, p.risk, p.tier, x.raw, x.risk, x.tier
    FROM unnest(${[...rows.rowNumbers]}::int[], ${[...raw]}::float8[], ${[...risks]}::float8[], ${tiers}::int2[])
      AS x (row_no, raw, risk, tier)
    JOIN predictions_of_chunk(${chunk.period}::date, ${chunk.job_id}, ${chunk.chunk_no}) p ON p.row_no = x.row_no`.execute(
    trx,
  );
  return undefined;
}
