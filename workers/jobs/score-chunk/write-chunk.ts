import { once } from 'node:events';
import type { Pool, PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { AUDIT_COPY_SQL } from '#shared/audit/audit-rows.ts';
import { databaseOn } from '#shared/db/client-database.ts';
import { timestampOfMicros } from '#shared/db/timestamps.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { type Claim, finishChunk, holdChunk } from '#shared/jobs/chunk-transitions.ts';
import type { Settled } from '#shared/jobs/settle-job.ts';
import type { CrashPoints } from '#shared/lifecycle/crash-points.ts';
import { withinMs } from '#shared/lifecycle/within.ts';
import { POSTGRESQL, type Tracer } from '#shared/tracing/tracer.ts';
import { PREDICTION_COPY_SQL } from '#shared/predictions/write-prediction-rows.ts';
import type { ScoredChunk } from '#workers/threads/score-chunk.ts';

export type WriteDeps = { pool: Pool; crash: CrashPoints; tracer: Tracer; timeoutMs: number };

/**
 * A chunk's one transaction: hold the chunk, copy predictions and audit, add the batch's digest, mark it done
 * and count up its job. All of it or nothing. Throws `lease_lost` where the chunk is no longer this worker's;
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
  await traced('copy predictions', () => copy(client, PREDICTION_COPY_SQL, scored.predictions));
  crash('mid_copy');
  await traced('copy audit', () => copy(client, AUDIT_COPY_SQL, scored.audit));
  crash('after_copy');
  await trx
    .insertInto('audit_batches')
    .values({
      job_id: claim.jobId,
      chunk_no: claim.chunkNo,
      tenant_id: claim.tenantId,
      period: claim.period,
      row_count: scored.rowCount,
      digest: Buffer.from(scored.digest),
      recorded_at: timestampOfMicros(claim.claimedAtMicros),
    })
    .execute();
  if (scored.histograms !== undefined) {
    await trx
      .insertInto('chunk_histograms')
      .values({ job_id: claim.jobId, chunk_no: claim.chunkNo, counts: Buffer.from(scored.histograms) })
      .execute();
  }
  const settled = await finishChunk(trx, claim, { rowCount: scored.rowCount, tiers: scored.tiers });
  crash('before_commit');
  await traced('commit', async () => void (await client.query('COMMIT')));
  crash('after_commit');
  return settled;
}

async function copy(client: PoolClient, statement: string, stream: Uint8Array): Promise<void> {
  const sink = client.query(copyFrom(statement));
  sink.end(stream);
  await once(sink, 'finish');
}
