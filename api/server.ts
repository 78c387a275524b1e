import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { sql } from 'kysely';
import { createAdaptorServer } from '@hono/node-server';
import { createApp, type MountPages } from '#api/app.ts';
import { createAuthenticator } from '#api/auth/authenticator.ts';
import { auditRefusal } from '#api/auth/audit-refusal.ts';
import { RefusalLedger } from '#api/auth/refusal-ledger.ts';
import type { ApiDeps } from '#api/deps.ts';
import { createReadiness } from '#api/health/readiness.ts';
import { createBodyReader } from '#api/http/read-body.ts';
import { createCursorCodec } from '#api/http/cursor.ts';
import { createMessageReaders } from '#api/ingest/patients/message-readers.ts';
import { JobReader } from '#api/jobs/job-reader.ts';
import { UPLOAD_BYTES } from '#api/ingest/body.ts';
import { createLimits } from '#api/limits/limits.ts';
import { MemoryBudget } from '#api/limits/memory-budget.ts';
import { UploadLimiter } from '#api/limits/upload-limiter.ts';
import { addLimitMetrics, createApiMetrics } from '#api/metrics/api-metrics.ts';
import { createModelJudge } from '#api/models/registration/run-child.ts';
import { createOnline } from '#api/online/online.ts';
import { FacilityRows } from '#api/calls/call-list.ts';
import { createLoginLimits } from '#api/people/login-limits.ts';
import { createOidcLogin } from '#api/people/oidc.ts';
import { createSecretBox } from '#api/people/sealed-secret.ts';
import { createSessions } from '#api/people/sessions.ts';
import { ROUTES } from '#api/routes/all.ts';
import { serveMetrics } from '#api/metrics/metrics-server.ts';
import { VERSION } from '#api/version.ts';
import { createObjectJobs } from '#api/objects/object-jobs.ts';
import { createObjectStore } from '#api/objects/object-store.ts';
import { createScheduler } from '#api/schedules/scheduler.ts';
import { createWebhooks } from '#api/webhooks/dispatcher.ts';
import { createReasonTextStore } from '#api/results/reason-text-store.ts';
import { driftThresholds } from '#shared/drift/thresholds.ts';
import { recordEvent } from '#shared/audit/record-event.ts';
import { timeZone } from '#patients/values/time-zone.ts';
import type { Clock } from '#shared/clock/clock.ts';
import type { Config } from '#shared/config/config.ts';
import { createDatabase, createPool } from '#shared/db/database.ts';
import { createIntervalTask } from '#shared/lifecycle/interval-task.ts';
import { createCrashPoints } from '#shared/lifecycle/crash-points.ts';
import type { Logger } from '#shared/log/logger.ts';
import { addBackupMetric } from '#api/metrics/backup-metric.ts';
import { addLogMetric } from '#api/metrics/log-metric.ts';
import { addModelMetrics } from '#shared/metrics/model-metrics.ts';
import { addQueueMetrics } from '#shared/metrics/queue-metrics.ts';
import { addPoolMetrics, createRegistry } from '#shared/metrics/registry.ts';
import { createModelStore } from '#shared/models/store.ts';
import { createDoorbell } from '#shared/queue/doorbell.ts';
import { startTracing } from '#shared/tracing/start-tracing.ts';

/** An upload of millions of rows over a poor line takes hours; intake demands a minimum rate instead. */
const REQUEST_TIMEOUT_MS = 24 * 3_600_000;
/** Bodies that are held whole are small. */
const BODY_DEADLINE_MS = 300_000;
const HEADERS_TIMEOUT_MS = 15_000;
/** How often Node looks for connections whose headers take too long; its own 30 s would triple the limit. */
const CONNECTIONS_CHECK_MS = 5_000;
const IDLE_SWEEP_MS = 50;
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
const MAX_HEADER_BYTES = 16_384;
const PARTITION_CHECK_MS = 3_600_000;
const PARTITION_DAYS_AHEAD = 8;
const STATEMENT_TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** A prediction's audit that takes longer is refused rather than awaited. */
const ONLINE_STATEMENT_TIMEOUT_MS = 5_000;

export type ApiServer = AsyncDisposable & {
  readonly port: number;
  /** Turns readiness off, lets what runs end within the deadline, then closes everything. Idempotent. */
  readonly stop: () => Promise<void>;
};

export type ApiServerOptions = {
  config: Config;
  log: Logger;
  clock: Clock;
  /** Pages for people; none without it. */
  mountPages?: MountPages;
};

/** Puts the api together and listens. It starts without its dependencies; readiness tells when they are there. */
export async function startApi({ config, log, clock, mountPages }: ApiServerOptions): Promise<ApiServer> {
  const stopping = new AbortController();
  const crash = createCrashPoints(config.CRASH_AT);
  const tracing = await startTracing({ config, service: 'iit-api', version: VERSION, log });
  const pool = createPool({
    url: config.DATABASE_URL,
    applicationName: 'iit-api',
    role: config.API_DATABASE_ROLE,
    poolSize: config.DATABASE_POOL_SIZE,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  });
  pool.on('error', (error) => log.warn({ err: error }, 'an idle database connection broke'));
  const db = createDatabase(pool);
  const onlinePool = createPool({
    url: config.DATABASE_URL,
    applicationName: 'iit-api-online',
    role: config.API_DATABASE_ROLE,
    poolSize: 2,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    statementTimeoutMs: ONLINE_STATEMENT_TIMEOUT_MS,
  });
  onlinePool.on('error', (error) => log.warn({ err: error }, 'an idle database connection broke'));
  const doorbell = createDoorbell({ url: config.QUEUE_URL, log, clock });
  const models = createModelStore({ db, modelsInMemory: config.MODELS_IN_MEMORY });
  const registry = createRegistry();
  addPoolMetrics(registry, pool);
  addQueueMetrics(registry, { db, clock, log });
  addModelMetrics(registry, {
    db,
    clock,
    log,
    thresholds: driftThresholds(config),
    windowDays: config.DRIFT_WINDOW_DAYS,
  });
  addBackupMetric(registry, { db, clock, log });
  addLogMetric(registry, { db, clock, log });
  const refusals = new RefusalLedger({
    write: (refusal) => auditRefusal(db, recordEvent, refusal),
    onError: (error) => log.error({ err: error }, 'a refusal could not be audited'),
  });
  const memory = new MemoryBudget(config.MEMORY_BUDGET_MB * 1024 ** 2);
  const uploads = new UploadLimiter({
    max: config.MAX_UPLOADS,
    maxPerTenant: config.MAX_UPLOADS_PER_TENANT,
    memory,
    uploadBytes: UPLOAD_BYTES,
  });
  addLimitMetrics(registry, { uploads, memory });
  const limits = createLimits(config);
  const deps: ApiDeps = {
    config,
    pool,
    db,
    clock,
    zone: timeZone(config.TIME_ZONE),
    log,
    tracer: tracing.tracer,
    metrics: createApiMetrics(registry),
    authenticator: createAuthenticator({ db, clock, lookups: limits.lookups }),
    refusals,
    sessions: createSessions(db),
    loginLimits: createLoginLimits(pool),
    secrets: createSecretBox(config.WEB_SECRET),
    oidc:
      config.OIDC_ISSUER === undefined || config.OIDC_CLIENT_ID === undefined
        ? undefined
        : createOidcLogin(db, {
            issuer: config.OIDC_ISSUER,
            clientId: config.OIDC_CLIENT_ID,
            clientSecret: config.OIDC_CLIENT_SECRET,
          }),
    recordEvent,
    readiness: createReadiness({ db, doorbell, models, clock, log, stopping: stopping.signal }),
    uploads,
    readers: createMessageReaders({ threads: config.INTAKE_THREADS, log }),
    memory,
    limits,
    bodies: createBodyReader({
      memory,
      minBytesPerSecond: config.MIN_UPLOAD_BYTES_PER_SECOND,
      deadlineMs: BODY_DEADLINE_MS,
    }),
    doorbell,
    crash,
    models,
    modelJudge: createModelJudge({ clock, log }),
    objects: createObjectStore({ pathStyle: config.OBJECT_STORE_PATH_STYLE === 'on' }),
    jobs: new JobReader({ db, clock }),
    cursors: createCursorCodec(config.DATABASE_URL),
    reasonTexts: createReasonTextStore(models),
    facilityRows: new FacilityRows(db, pool),
    online: createOnline({ config, db, auditPool: onlinePool, models, clock, log, registry }),
    stopping: stopping.signal,
  };
  const server = createAdaptorServer({
    fetch: createApp(deps, ROUTES, mountPages).fetch,
    createServer: ((options: ServerOptions, common: RequestListener) =>
      createServer(options, behindFastLanes(deps, common))) as typeof createServer,
    serverOptions: {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
  }) as Server;
  // Hourly; the worker does the same: whichever runs, tomorrow is there in time.
  const partitions = createIntervalTask({
    name: 'partitions',
    intervalMs: PARTITION_CHECK_MS,
    log,
    run: () => sql`SELECT ensure_days(now()::date, ${PARTITION_DAYS_AHEAD})`.execute(db),
  });

  const objectJobs =
    config.OBJECT_STORE_ALLOW === '' ? undefined : createObjectJobs({ ...deps, store: deps.objects });
  const scheduler = config.OBJECT_STORE_ALLOW === '' ? undefined : createScheduler(deps);
  const webhooks = createWebhooks({
    db,
    log,
    clock,
    secrets: deps.secrets,
    settings: config,
    onAttempt: (outcome) => deps.metrics.webhookAttempts.inc({ outcome }),
  });

  await listen(server, config.PORT, config.HOST);
  const metricsServer =
    config.METRICS_PORT === undefined ? undefined : await serveMetrics(deps, config.METRICS_PORT);
  refusals.start();
  partitions.start();
  void partitions.runNow();
  webhooks.start();
  objectJobs?.start();
  scheduler?.start();
  await doorbell.start();

  const stop = async () => {
    stopping.abort();
    const objectsStopped = Promise.all([objectJobs?.stop(), scheduler?.stop()]);
    await closeServer(server, config.SHUTDOWN_SECONDS * 1_000, log);
    await deps.readers.stop();
    await deps.online.stop();
    await refusals.stop();
    await partitions.stop();
    await webhooks.stop();
    await objectsStopped;
    await metricsServer?.stop();
    await doorbell.stop();
    await onlinePool.end();
    await db.destroy();
    await tracing.stop();
  };
  let stopped: Promise<void> | undefined;
  const stopOnce = () => (stopped ??= stop());
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : config.PORT,
    stop: stopOnce,
    [Symbol.asyncDispose]: stopOnce,
  };
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Takes no more connections, waits for the answers under way, and cuts what is left at the deadline. */
async function closeServer(server: Server, deadlineMs: number, log: Logger): Promise<void> {
  await new Promise<void>((resolve) => {
    const deadline = setTimeout(() => {
      log.warn('requests were cut off: the deadline for stopping has passed');
      server.closeAllConnections();
    }, deadlineMs);
    // close() ends idle connections once; those that turn idle after their last answer would be kept alive.
    const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
    server.close(() => {
      clearTimeout(deadline);
      clearInterval(sweep);
      resolve();
    });
  });
}

/** The fast lanes of the routes that have one, one before the other, and the whole application behind them. */
function behindFastLanes(deps: ApiDeps, common: RequestListener): RequestListener {
  return ROUTES.reduceRight((behind, { fastLane }) => fastLane?.(deps, behind) ?? behind, common);
}
