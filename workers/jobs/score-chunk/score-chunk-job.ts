import type { Pool } from 'pg';
import { readPayload } from '#shared/chunks/read-payload.ts';
import type { Db } from '#shared/db/database.ts';
import { isServerFailure } from '#shared/db/database-failure.ts';
import { driftBaseline } from '#shared/drift/binning.ts';
import { type ErrorCode, ServiceError } from '#shared/errors/errors.ts';
import { type Claim, claimChunk, failChunk, handBackChunk } from '#shared/jobs/chunk-transitions.ts';
import { scoreContextOf } from '#shared/scores/encode-chunk-scores.ts';
import type { Settled } from '#shared/jobs/settle-job.ts';
import type { CrashPoints } from '#shared/lifecycle/crash-points.ts';
import type { Logger } from '#shared/log/logger.ts';
import type { WorkerMetrics } from '#workers/worker-metrics.ts';
import type { ModelStore } from '#shared/models/store.ts';
import type { Bell } from '#shared/queue/bell.ts';
import type { Doorbell } from '#shared/queue/doorbell.ts';
import { type OpenSpan, POSTGRESQL, type Tracer } from '#shared/tracing/tracer.ts';
import type { ScoringPool } from '#workers/threads/scoring-pool.ts';
import type { LeaseKeeper } from './lease-keeper.ts';
import { writeChunk } from './write-chunk.ts';

export type ScoreChunkDeps = {
  pool: Pool;
  db: Db;
  models: ModelStore;
  scoring: ScoringPool;
  doorbell: Doorbell;
  leases: LeaseKeeper;
  metrics: WorkerMetrics;
  crash: CrashPoints;
  log: Logger;
  tracer: Tracer;
  limits: {
    leaseSeconds: number;
    maxAttempts: number;
    /** Wait before the second attempt; doubled for each one more. */
    retrySeconds: number;
    /** Of a chunk's whole transaction. */
    writeTimeoutMs: number;
  };
};

/** What became of a bell. */
export type BellOutcome = 'scored' | 'void' | 'lost' | 'handed_back' | 'retry' | 'quarantined';

/** How long others have the first go at a chunk that this worker cannot take on. */
const HAND_BACK_SECONDS = 3;
const LONGEST_RETRY_SECONDS = 300;

/**
 * Takes a chunk from its bell to its commit. Whatever fails, the chunk ends where somebody finds it: pending
 * again, quarantined, or leased until the sweeper notices. Throws only when PostgreSQL cannot even be told.
 */
export async function scoreChunkJob(
  deps: ScoreChunkDeps,
  bell: Bell,
  signal: AbortSignal,
): Promise<BellOutcome> {
  const about = { 'iit.job.id': bell.jobId, 'iit.chunk.no': bell.chunkNo, 'iit.chunk.epoch': bell.epoch };
  const work = async (span: OpenSpan) => {
    const outcome = await answerBell(deps, bell, signal, span);
    span.set({ 'iit.outcome': outcome });
    return outcome;
  };
  const origin = { kind: 'consumer', traceparent: bell.traceparent } as const;
  return await deps.tracer.withSpan('score chunk', about, work, origin);
}

async function answerBell(
  deps: ScoreChunkDeps,
  bell: Bell,
  signal: AbortSignal,
  span: OpenSpan,
): Promise<BellOutcome> {
  const { db, leases, metrics, crash, limits, tracer } = deps;
  crash('before_claim');
  const lease = { owner: leases.owner, seconds: limits.leaseSeconds };
  const claim = await tracer.withSpan('claim chunk', POSTGRESQL, () => claimChunk(db, bell, lease), {
    kind: 'client',
  });
  if (claim === undefined) {
    metrics.bells.inc({ outcome: 'void' });
    return 'void';
  }
  crash('after_claim');
  const startedMs = performance.now();
  leases.add(claim);
  let outcome: BellOutcome;
  try {
    await scoreAndWrite(deps, claim, signal);
    outcome = 'scored';
  } catch (error) {
    outcome = await giveUp(deps, claim, error, signal);
    if (outcome === 'retry' || outcome === 'quarantined') span.fail(outcome);
  } finally {
    leases.remove(claim);
  }
  metrics.bells.inc({ outcome });
  metrics.chunkDuration.observe((performance.now() - startedMs) / 1_000);
  return outcome;
}

async function scoreAndWrite(deps: ScoreChunkDeps, claim: Claim, signal: AbortSignal): Promise<void> {
  const { models, scoring, metrics, crash, limits, pool, tracer } = deps;
  const model = await models.load(claim.model.sha256.toString('hex'));
  const read = () => readPayload(pool, claim);
  const { payload, sha256: payloadSha256 } = await tracer.withSpan('read chunk', POSTGRESQL, read, {
    kind: 'client',
  });
  const { rowCount, explain } = claim;
  const score = () =>
    scoring.score(
      {
        payload,
        payloadSha256,
        rowCount,
        explain,
        tiers: claim.tiers ?? model.manifest.tiers,
        prediction: model.manifest.prediction,
        baseline: driftBaseline(model.manifest),
        context: scoreContextOf(claim),
      },
      model.prepared,
      signal,
    );
  const scored = await tracer.withSpan('score rows', { 'iit.rows': rowCount }, score);
  crash('after_score');
  metrics.inference.observe(scored.inferenceMs / 1_000);
  const write = () => writeChunk({ pool, crash, tracer, timeoutMs: limits.writeTimeoutMs }, claim, scored);
  const settled = await tracer.withSpan('write chunk', POSTGRESQL, write, { kind: 'client' });
  scoring.recycle(scored);
  metrics.rowsScored.inc(scored.rowCount);
  announce(deps, settled);
}

async function giveUp(
  deps: ScoreChunkDeps,
  claim: Claim,
  error: unknown,
  signal: AbortSignal,
): Promise<BellOutcome> {
  const { db, doorbell, metrics, log, limits } = deps;
  const { jobId, chunkNo, epoch, attempts } = claim;
  const about = { jobId, chunkNo, epoch, attempts };
  const code: ErrorCode = error instanceof ServiceError ? error.code : 'internal';
  if (code === 'lease_lost') {
    log.warn(about, 'the chunk was given to somebody else; its rows were dropped');
    return 'lost';
  }
  if (signal.aborted) {
    const back = await handBackChunk(db, claim, 0);
    if (back !== undefined) await doorbell.ring([back]);
    log.info(about, 'stopping: handed the chunk back');
    return 'handed_back';
  }
  if (code === 'model_not_found' || code === 'database_unavailable' || isServerFailure(error)) {
    log.warn({ ...about, err: error }, 'handed the chunk back: not its own fault');
    await handBackChunk(db, claim, HAND_BACK_SECONDS);
    return 'handed_back';
  }
  const message = error instanceof ServiceError ? error.message : 'The chunk could not be written.';
  const failed = await db.transaction().execute((trx) =>
    failChunk(
      trx,
      claim,
      { code, message },
      {
        maxAttempts: limits.maxAttempts,
        retrySeconds: Math.min(limits.retrySeconds * 2 ** (attempts - 1), LONGEST_RETRY_SECONDS),
        hopeless: code === 'feature_mismatch',
      },
    ),
  );
  if (failed === undefined) return 'lost';
  if (failed.state === 'pending') {
    log.warn({ ...about, err: error }, 'the chunk failed and will be tried again');
    return 'retry';
  }
  log.error({ ...about, err: error }, 'the chunk is quarantined');
  metrics.quarantined.inc();
  announce(deps, failed.settled);
  return 'quarantined';
}

function announce(
  { metrics, log }: Pick<ScoreChunkDeps, 'metrics' | 'log'>,
  settled: Settled | undefined,
): void {
  if (settled === undefined) return;
  metrics.jobs.inc({ status: settled.status });
  metrics.jobDuration.observe(settled.durationSeconds);
  log.info(settled, 'a job ended');
}
