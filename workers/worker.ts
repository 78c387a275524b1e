import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Clock } from '#shared/clock/clock.ts';
import type { Config } from '#shared/config/config.ts';
import { createDatabase, createPool } from '#shared/db/database.ts';
import { driftThresholds } from '#shared/drift/thresholds.ts';
import { createCrashPoints } from '#shared/lifecycle/crash-points.ts';
import { createIntervalTask } from '#shared/lifecycle/interval-task.ts';
import { openSinks } from '#shared/ledger/checkpoint-sinks.ts';
import { createLogKeeper } from '#shared/ledger/log-keeper.ts';
import { createSigner } from '#shared/ledger/signed-note.ts';
import type { Logger } from '#shared/log/logger.ts';
import { addModelMetrics } from '#shared/metrics/model-metrics.ts';
import { addQueueMetrics } from '#shared/metrics/queue-metrics.ts';
import { addPoolMetrics, createRegistry } from '#shared/metrics/registry.ts';
import { createWorkerMetrics } from '#workers/worker-metrics.ts';
import { createModelStore } from '#shared/models/store.ts';
import { createDoorbellConsumer } from '#shared/queue/doorbell-consumer.ts';
import { createDoorbell } from '#shared/queue/doorbell.ts';
import { startTracing } from '#shared/tracing/start-tracing.ts';
import manifest from '../package.json' with { type: 'json' };
import { createLeaseKeeper } from './jobs/score-chunk/lease-keeper.ts';
import { scoreChunkJob, type ScoreChunkDeps } from './jobs/score-chunk/score-chunk-job.ts';
import { indexJobsOnce } from './maintenance/index-jobs.ts';
import { keepOutcomesOnce } from './maintenance/keep-outcomes.ts';
import { measureDriftOnce } from './maintenance/measure-drift.ts';
import { publishListsOnce } from './maintenance/publish-lists.ts';
import { sweep } from './maintenance/sweep.ts';
import { scoreShadowsOnce } from './shadow/score-shadow.ts';
import { startStatusServer } from './status-server.ts';
import { createScoringPool } from './threads/scoring-pool.ts';

export type RunningWorker = AsyncDisposable & {
  /** Of the status server. */
  readonly port: number;
  /** Takes no more chunks, ends those in hand within SHUTDOWN_SECONDS, hands the rest back. Idempotent. */
  readonly stop: () => Promise<void>;
};

export type WorkerOptions = { config: Config; log: Logger; clock: Clock };

const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 60_000;
const SCORE_TIMEOUT_MS = 300_000;
/** While PostgreSQL is away every bell comes to nothing: take the next one later, or an outage empties the queue. */
const OUTAGE_PAUSE_MS = 1_000;
const PARTITION_CHECK_MS = 3_600_000;
const PARTITION_DAYS_AHEAD = 8;
/** Connections beside those that copy chunks: claims, leases, sweeps, the log, metrics, and two that make lists. */
const SIDE_CONNECTIONS = 6;

/**
 * Puts the worker together and lets it take chunks. Throws when PostgreSQL cannot be reached, or a checkpoint's key or sink is no such
 * thing.
 */
export async function startWorker({ config, log, clock }: WorkerOptions): Promise<RunningWorker> {
  const signer =
    config.CHECKPOINT_KEY === undefined
      ? undefined
      : createSigner(config.CHECKPOINT_ORIGIN, config.CHECKPOINT_KEY);
  const sinks = openSinks(config.CHECKPOINT_SINKS, log);
  if (signer === undefined) log.warn('nobody signs the log of predictions: CHECKPOINT_KEY is not set');
  else log.info({ verifierKey: signer.verifierKey }, 'signs checkpoints of the log of predictions');
  const crash = createCrashPoints(config.CRASH_AT);
  const tracing = await startTracing({ config, service: 'iit-worker', version: manifest.version, log });
  const pool = createPool({
    url: config.DATABASE_URL,
    applicationName: 'iit-worker',
    role: config.WORKER_DATABASE_ROLE,
    poolSize: Math.max(config.DATABASE_POOL_SIZE, config.CHUNKS_IN_FLIGHT + SIDE_CONNECTIONS),
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  });
  const db = createDatabase(pool);
  const registry = createRegistry();
  addPoolMetrics(registry, pool);
  addQueueMetrics(registry, { db, clock, log });
  const thresholds = driftThresholds(config);
  addModelMetrics(registry, { db, clock, log, thresholds, windowDays: config.DRIFT_WINDOW_DAYS });
  const metrics = createWorkerMetrics(registry);
  const doorbell = createDoorbell({ url: config.QUEUE_URL, log, clock });
  const models = createModelStore({ db, modelsInMemory: config.MODELS_IN_MEMORY });
  const scoring = createScoringPool({
    threads: config.SCORING_THREADS,
    maxTasks: config.CHUNKS_IN_FLIGHT,
    modelsInMemory: config.MODELS_IN_MEMORY,
    timeoutMs: SCORE_TIMEOUT_MS,
    heapMb: config.SCORING_THREAD_HEAP_MB,
    log,
  });
  const leases = createLeaseKeeper({
    db,
    log,
    owner: `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`,
    leaseSeconds: config.LEASE_SECONDS,
  });
  const deps: ScoreChunkDeps = {
    pool,
    db,
    models,
    scoring,
    doorbell,
    leases,
    metrics,
    crash,
    log,
    tracer: tracing.tracer,
    limits: {
      leaseSeconds: config.LEASE_SECONDS,
      maxAttempts: config.CHUNK_MAX_ATTEMPTS,
      retrySeconds: config.RETRY_SECONDS,
      writeTimeoutMs: STATEMENT_TIMEOUT_MS * 2,
    },
  };
  const consumer = createDoorbellConsumer({
    url: config.QUEUE_URL,
    log,
    concurrency: config.CHUNKS_IN_FLIGHT,
    onBell: async (bell, signal) => {
      try {
        await scoreChunkJob(deps, bell, signal);
      } catch (error) {
        metrics.bells.inc({ outcome: 'error' });
        const { jobId, chunkNo, epoch } = bell;
        log.warn({ jobId, chunkNo, epoch, err: error }, 'left a chunk to the sweeper');
        await pause(OUTAGE_PAUSE_MS, undefined, { signal }).catch(() => undefined);
      }
    },
  });
  const limits = {
    maxAttempts: config.CHUNK_MAX_ATTEMPTS,
    ringSeconds: config.RING_SECONDS,
    orphanSeconds: config.ORPHAN_SECONDS,
  };
  const keeper = createLogKeeper({
    db,
    log,
    crash,
    signer,
    sinks,
    checkpointSeconds: config.CHECKPOINT_SECONDS,
  });
  const tasks = [
    createIntervalTask({
      name: 'sweep',
      intervalMs: config.SWEEP_SECONDS * 1_000,
      log,
      run: (signal) => sweep({ db, doorbell, metrics, crash, log, limits }, signal),
    }),
    createIntervalTask({
      name: 'ledger',
      intervalMs: config.LEDGER_SECONDS * 1_000,
      log,
      run: async () => {
        crash('before_log');
        await keeper.runOnce();
      },
    }),
    createIntervalTask({
      name: 'index',
      intervalMs: config.INDEX_SECONDS * 1_000,
      log,
      run: async (signal) => void (await indexJobsOnce({ pool, log, crash }, signal)),
    }),
    createIntervalTask({
      name: 'shadow',
      intervalMs: config.SHADOW_SECONDS * 1_000,
      log,
      run: (signal) => scoreShadowsOnce({ db, models, log }, signal),
    }),
    createIntervalTask({
      name: 'drift',
      intervalMs: config.DRIFT_SECONDS * 1_000,
      log,
      run: () => measureDriftOnce({ db, log, thresholds, windowDays: config.DRIFT_WINDOW_DAYS }),
    }),
    createIntervalTask({
      name: 'outcomes',
      intervalMs: config.OUTCOMES_SECONDS * 1_000,
      log,
      run: (signal) =>
        keepOutcomesOnce({ db, pool, log, fromJobs: config.OUTCOMES_FROM_JOBS === 'on' }, signal),
    }),
    createIntervalTask({
      name: 'publish',
      intervalMs: config.PUBLISH_SECONDS * 1_000,
      log,
      run: () => publishListsOnce({ db, log, currentListName: config.CURRENT_LIST_NAME }),
    }),
    createIntervalTask({
      name: 'partitions',
      intervalMs: PARTITION_CHECK_MS,
      log,
      run: () => sql`SELECT ensure_days(now()::date, ${PARTITION_DAYS_AHEAD})`.execute(db),
    }),
  ];

  let stopping = false;
  const stop = async () => {
    stopping = true;
    await Promise.all(tasks.map((task) => task.stop()));
    await consumer.stop(config.SHUTDOWN_SECONDS * 600);
    await leases.stop();
    await scoring.stop();
    await status?.stop();
    await doorbell.stop();
    await db.destroy();
    await tracing.stop();
  };
  let stopped: Promise<void> | undefined;
  const stopOnce = () => (stopped ??= stop());

  let status: Awaited<ReturnType<typeof startStatusServer>> | undefined;
  try {
    await sql`SELECT ensure_days(now()::date, ${PARTITION_DAYS_AHEAD})`.execute(db);
    status = await startStatusServer({
      host: config.HOST,
      port: config.WORKER_PORT,
      registry,
      log,
      stopping: () => stopping,
      checks: {
        postgresql: async () => void (await sql`SELECT 1`.execute(db)),
        queue: async () => {
          if (!consumer.connected()) await doorbell.counts();
        },
      },
    });
    await doorbell.start();
    leases.start();
    await consumer.start();
  } catch (error) {
    await stopOnce();
    throw error;
  }
  for (const task of tasks) task.start();
  return { port: status.port, stop: stopOnce, [Symbol.asyncDispose]: stopOnce };
}
