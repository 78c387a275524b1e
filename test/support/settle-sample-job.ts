import type { Pool, PoolClient } from 'pg';
import type { ChunkRows } from '#shared/chunks/payload.ts';
import { databaseOn } from '#shared/db/client-database.ts';
import { claimChunk, failChunk, finishChunk } from '#shared/jobs/chunk-transitions.ts';
import { encodeChunkScores, scoreContextOf } from '#shared/scores/encode-chunk-scores.ts';
import type { Reasons } from '#shared/scores/reasons.ts';
import type { ScoredRows } from '#shared/scores/score-block.ts';
import { writeChunkScores } from '#shared/scores/write-chunk-scores.ts';
import type { SampleJob } from './sample-job.ts';

const CUTOFFS = { medium: 0.3, high: 0.5 };

/** The risk that `settleSampleJob` writes for a row: spread over [0, 1), each fourth row ties with its neighbour. */
export function sampleRisk(row: number): number {
  return (((row - (row % 4 === 0 ? 1 : 0)) * 7919) % 1000) / 1000;
}

/**
 * Ends a job as workers do, with made-up scores: blocks, header and counts, chunk by chunk through the real
 * transitions. Chunks in `quarantined` are given up instead.
 */
export async function settleSampleJob(
  database: { pool: Pool },
  job: SampleJob,
  options: {
    reasons?: number;
    quarantined?: readonly number[];
    /** Other cells than the job's chunks have, for what is written of them. */
    change?: (rows: ChunkRows) => Partial<ChunkRows>;
  } = {},
): Promise<void> {
  const { reasons = 0, quarantined = [] } = options;
  for (const [chunkNo, rows] of job.chunks.entries()) {
    await inTransaction(database.pool, async (client) => {
      const trx = databaseOn(client);
      const claim = await claimChunk(
        trx,
        { jobId: job.jobId, chunkNo, epoch: 1 },
        { owner: 'test', seconds: 60 },
      );
      if (claim === undefined) throw new Error(`chunk ${chunkNo} cannot be claimed`);
      if (quarantined.includes(chunkNo)) {
        await failChunk(
          trx,
          claim,
          { code: 'scoring_failed', message: 'made to fail' },
          { maxAttempts: 1, retrySeconds: 1 },
        );
        return;
      }
      const risks = Float64Array.from(rows.rowNumbers, sampleRisk);
      const tiers = Uint8Array.from(risks, (risk) =>
        risk >= CUTOFFS.high ? 2 : risk >= CUTOFFS.medium ? 1 : 0,
      );
      const scored: ScoredRows = {
        rows: { ...rows, ...options.change?.(rows) },
        rawScores: risks.map((risk) => risk - 0.5),
        risks,
        tiers,
        reasons: reasons === 0 ? undefined : sampleReasons(rows.rowCount, reasons),
      };
      await writeChunkScores(client, encodeChunkScores(scoreContextOf(claim), scored));
      const counts = [0, 1, 2].map((tier) => tiers.filter((one) => one === tier).length);
      await finishChunk(trx, claim, {
        rowCount: rows.rowCount,
        tiers: counts as [number, number, number],
      });
    });
  }
}

function sampleReasons(rowCount: number, k: number): Reasons {
  return {
    k,
    features: Int32Array.from({ length: rowCount * k }, (_, at) => at % k),
    contributions: Float64Array.from({ length: rowCount * k }, (_, at) => 0.5 - (at % k) * 0.4),
  };
}

async function inTransaction(pool: Pool, work: (client: PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await work(client);
    await client.query('COMMIT');
    client.release();
  } catch (error) {
    client.release(true);
    throw error;
  }
}
