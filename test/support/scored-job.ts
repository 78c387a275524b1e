import { sql } from 'kysely';
import type { Pool } from 'pg';
import { attachModel, prepareModel } from '#engine/index.ts';
import { readPayload } from '#shared/chunks/read-payload.ts';
import type { ChunkRows } from '#shared/chunks/payload.ts';
import type { Db } from '#shared/db/database.ts';
import { claimChunk } from '#shared/jobs/chunk-transitions.ts';
import { createCrashPoints } from '#shared/lifecycle/crash-points.ts';
import { indexJob } from '#shared/scores/index-job.ts';
import { scoreContextOf } from '#shared/scores/encode-chunk-scores.ts';
import { UNTRACED } from '#shared/tracing/tracer.ts';
import { writeChunk } from '#workers/jobs/score-chunk/write-chunk.ts';
import { scoreChunk } from '#workers/threads/score-chunk.ts';
import { insertSampleJob } from './sample-job.ts';
import { sampleModel } from './sample-model.ts';

const model = sampleModel();
const attached = attachModel(prepareModel(model.text.toString()));

export type ScoredJob = { jobId: string; chunks: ChunkRows[] };

/** A job scored by the shipped model and committed chunk by chunk as a worker does it; with its lists where they are asked for. */
export async function insertScoredJob(
  { db, pool }: { db: Db; pool: Pool },
  options: {
    chunks?: number;
    rowsPerChunk?: number;
    explain?: number;
    indexed?: boolean;
    /** The day on which it was accepted; its partition is made. */
    period?: string;
  } = {},
): Promise<ScoredJob> {
  const { chunks = 2, rowsPerChunk = 10, explain = 2, indexed = false } = options;
  const job = await insertSampleJob(db, { model, chunks, rowsPerChunk, explain });
  if (options.period !== undefined) {
    await sql`SELECT ensure_days(${options.period}::date, 1)`.execute(db);
    await db.updateTable('jobs').set({ period: options.period }).where('id', '=', job.jobId).execute();
  }
  for (const bell of job.bells) {
    const claim = await claimChunk(db, bell, { owner: 'test', seconds: 60 });
    if (claim === undefined) throw new Error('the bell was void');
    const { payload, sha256: payloadSha256 } = await readPayload(pool, claim);
    const scored = scoreChunk(
      { ...claim, payload, payloadSha256, tiers: model.manifest.tiers, context: scoreContextOf(claim) },
      attached,
    );
    const deps = { pool, crash: createCrashPoints(undefined), tracer: UNTRACED, timeoutMs: 10_000 };
    await writeChunk(deps, claim, scored);
  }
  if (indexed) await indexJob({ pool, crash: createCrashPoints(undefined) }, job.jobId);
  return { jobId: job.jobId, chunks: job.chunks };
}
