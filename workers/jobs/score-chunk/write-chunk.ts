import type { Pool, PoolClient } from 'pg';
import { databaseOn } from '#shared/db/client-database.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { type Claim, finishChunk, holdChunk } from '#shared/jobs/chunk-transitions.ts';
import type { Settled } from '#shared/jobs/settle-job.ts';
import type { CrashPoints } from '#shared/lifecycle/crash-points.ts';
import { withinMs } from '#shared/lifecycle/within.ts';
import { POSTGRESQL, type Tracer } from '#shared/tracing/tracer.ts';
import { writeChunkScores } from '#shared/scores/write-chunk-scores.ts';
import type { ScoredChunk } from '#workers/threads/score-chunk.ts';

export type WriteDeps = { pool: Pool; crash: CrashPoints; tracer: Tracer; timeoutMs: number };

/**
 * A chunk's one transaction: hold the chunk, copy its blocks, add its header, mark it done and count up its job. All of it or nothing. Throws `lease_lost` where the chunk is no longer this worker's;
 * any error costs the connection, never more.
 */
export async function writeChunk(
  deps: WriteDeps,
  claim: Claim,
  scored: ScoredChunk,
): Promise<Settled | undefined> {
  const client = await deps.pool.connect();
  try {
    const late = (cause: unknown) =>
      new ServiceError('database_unavailable', 'The chunk was not written in time.', {
        cause,
        retryable: true,
      });
    const settled = await withinMs(transact(deps, client, claim, scored), deps.timeoutMs, late);
    client.release();
    return settled;
  } catch (error) {
    client.release(error instanceof Error ? error : true);
    throw error;
  }
}

async function transact(
  { crash, tracer }: WriteDeps,
  client: PoolClient,
  claim: Claim,
  scored: ScoredChunk,
): Promise<Settled | undefined> {
  const trx = databaseOn(client);
  const traced = (name: string, work: () => Promise<void>) =>
    tracer.withSpan(name, POSTGRESQL, work, { kind: 'client' });
  await client.query('BEGIN');
  if (!(await holdChunk(trx, claim))) {
    throw new ServiceError('lease_lost', 'The chunk was given to somebody else.');
  }
  crash('before_copy');
  await traced('copy scores', () => writeChunkScores(client, scored.scores, () => crash('mid_copy')));
  crash('after_copy');
  if (scored.histograms !== undefined) {
    await trx
      .insertInto('chunk_histograms')
      .values({
        job_id: claim.jobId,
        chunk_no: claim.chunkNo,
        counts: Buffer.from(scored.histograms.counts),
        facilities: Buffer.from(scored.histograms.facilities),
      })
      .execute();
  }
  if (scored.outputs !== undefined) {
    const rowNos = scored.rowNumbers;
    await trx
      .insertInto('chunk_outputs')
      .values({
        job_id: claim.jobId,
        chunk_no: claim.chunkNo,
        first_row: rowNos[0]!,
        last_row: rowNos[rowNos.length - 1]!,
        row_nos: [...rowNos],
        outputs: [...scored.outputs],
      })
      .execute();
  }
  const settled = await finishChunk(trx, claim, { rowCount: scored.rowCount, tiers: scored.tiers });
  crash('before_commit');
  await traced('commit', async () => void (await client.query('COMMIT')));
  crash('after_commit');
  return settled;
}
