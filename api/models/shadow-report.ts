import { sql } from 'kysely';
import type { Pool } from 'pg';
import { copyRows } from '#shared/db/copy/copy-rows.ts';
import type { Db } from '#shared/db/database.ts';
import { rankCorrelation } from '#shared/drift/rank-correlation.ts';
import { TIERS, type Tier } from '#shared/models/manifest.ts';

export type ShadowReport = {
  startedAt: Date;
  stoppedAt: Date | null;
  jobs: number;
  chunks: number;
  /** Chunks that the challenger could not score. */
  failedChunks: number;
  rows: number;
  meanChampionRisk: number | null;
  meanChallengerRisk: number | null;
  /** Of challenger − champion, as absolute values. */
  meanAbsoluteDifference: number | null;
  /** Spearman's, over at most 500,000 rows taken evenly. */
  rankCorrelation: number | null;
  /** Rows by the champion's tier, then the challenger's. */
  tierMoves: Record<Tier, Record<Tier, number>>;
};

const MOST_RANKED = 500_000;

/** The tenant's latest shadow of a model; undefined where there was none. */
export async function readShadowReport(
  deps: { db: Db; pool: Pool },
  tenantId: number,
  modelId: number,
): Promise<ShadowReport | undefined> {
  const { rows: shadows } = await sql<{
    id: number;
    started_at: Date;
    stopped_at: Date | null;
    jobs: number;
    chunks: number;
    failed: number;
  }>`
    SELECT s.id, s.started_at, s.stopped_at, count(DISTINCT c.job_id) AS jobs, count(c.job_id) AS chunks,
      count(c.error_code) AS failed
    FROM (SELECT * FROM model_shadows WHERE tenant_id = ${tenantId} AND model_id = ${modelId} ORDER BY id DESC LIMIT 1) s
    LEFT JOIN shadow_chunks c ON c.shadow_id = s.id GROUP BY s.id, s.started_at, s.stopped_at`.execute(
    deps.db,
  );
  const shadow = shadows[0];
  if (shadow === undefined) return undefined;
  const { rows: moves } = await sql<{
    champion: number;
    challenger: number;
    n: number;
    mean_champion: number;
    mean: number;
    difference: number;
  }>`
    SELECT champion_tier AS champion, tier AS challenger, count(*) AS n, avg(champion_risk) AS mean_champion,
      avg(risk) AS mean, avg(abs(risk - champion_risk)) AS difference
    FROM shadow_predictions WHERE shadow_id = ${shadow.id} GROUP BY 1, 2`.execute(deps.db);
  const rows = moves.reduce((sum, move) => sum + move.n, 0);
  const mean = (value: (move: (typeof moves)[number]) => number) =>
    rows === 0 ? null : moves.reduce((sum, move) => sum + value(move) * move.n, 0) / rows;
  const none = () => ({ low: 0, medium: 0, high: 0 });
  const tierMoves: ShadowReport['tierMoves'] = { low: none(), medium: none(), high: none() };
  for (const { champion, challenger, n } of moves) {
    tierMoves[TIERS[champion] ?? 'low'][TIERS[challenger] ?? 'low'] = n;
  }
  return {
    startedAt: shadow.started_at,
    stoppedAt: shadow.stopped_at,
    jobs: shadow.jobs,
    chunks: shadow.chunks,
    failedChunks: shadow.failed,
    rows,
    meanChampionRisk: mean((move) => move.mean_champion),
    meanChallengerRisk: mean((move) => move.mean),
    meanAbsoluteDifference: mean((move) => move.difference),
    rankCorrelation: await correlationOf(deps.pool, shadow.id, rows),
    tierMoves,
  };
}

async function correlationOf(pool: Pool, shadowId: number, rows: number): Promise<number | null> {
  if (rows < 2) return null;
  const step = Math.ceil(rows / MOST_RANKED);
  const reader = await copyRows(
    pool,
    `SELECT champion_risk, risk FROM shadow_predictions WHERE shadow_id = ${shadowId} AND row_no % ${step} = 0 LIMIT ${MOST_RANKED}`,
  );
  const champion: number[] = [];
  const challenger: number[] = [];
  while (reader.nextRow()) {
    champion.push(reader.float8() ?? NaN);
    challenger.push(reader.float8() ?? NaN);
  }
  return rankCorrelation(Float64Array.from(champion), Float64Array.from(challenger));
}
