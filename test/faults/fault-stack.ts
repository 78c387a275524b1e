import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Pool } from 'pg';
import { createKey } from '#api/auth/keys.ts';
import { type PostgresServer, startPostgres } from '#dev/local-services/postgres-server.ts';
import { type RedisServer, startRedis } from '#dev/local-services/redis-server.ts';
import { prepareDatabase } from '#cli/prepare-database.ts';
import { recordEvent } from '#shared/audit/record-event.ts';
import { createDatabase, createPool, type Db } from '#shared/db/database.ts';
import type { JobStatus } from '#shared/db/schema.ts';
import { isTerminal } from '#shared/jobs/states.ts';
import { registerModel } from '#shared/models/store.ts';
import { sampleModel } from '#test/support/sample-model.ts';
import { type ServiceOptions, type ServiceProcess, startService } from '#test/support/service-process.ts';
import type { Cohort } from './cohort.ts';
import { brokenInvariants, brokenRows } from './invariants.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
import { until } from './until.ts';

export const QUEUES = ['redis', 'postgres'] as const;
export type QueueKind = (typeof QUEUES)[number];

export const model = sampleModel({ features: 6, trees: 60, depth: 4 });

/** Times short enough for a lost chunk to be found again within a test. */
const QUICK = {
  CHUNK_ROWS: 100,
  SWEEP_SECONDS: 0.2,
  LEDGER_SECONDS: 0.2,
  LEASE_SECONDS: 2,
  RETRY_SECONDS: 0.2,
  RING_SECONDS: 1,
  ORPHAN_SECONDS: 8,
  CHUNK_MAX_ATTEMPTS: 20,
  SCORING_THREADS: 1,
  SHUTDOWN_SECONDS: 5,
};

/** Work on the data folder of a server that is down. */
type WhileDown = (dataDir: string) => Promise<void>;

type Env = Readonly<Record<string, string | number>>;

/** Servers of its own, with cables between them and the services that a test can pull. */
export type FaultStack = AsyncDisposable & {
  kind: QueueKind;
  postgres: () => PostgresServer;
  redis: () => RedisServer;
  /** Between every service and PostgreSQL; the queue's connections too where it lives there. */
  postgresCable: TcpProxy;
  redisCable: TcpProxy | undefined;
  /** As the services know it: through its cable. */
  queueUrl: string;
  /** The test's own connection, around the cables, as superuser. Opened anew after a restart. */
  db: () => Db;
  database: () => { db: Db; pool: Pool };
  restartPostgres: (mode: 'fast' | 'immediate', downMs?: number, whileDown?: WhileDown) => Promise<void>;
  /** Keeps the data folder. */
  restartRedis: (signal: NodeJS.Signals, downMs?: number) => Promise<void>;
  api: (env?: Env, options?: Partial<ServiceOptions>) => Promise<ServiceProcess>;
  worker: (env?: Env, options?: Partial<ServiceOptions>) => Promise<ServiceProcess>;
  /** A key of all scopes. */
  key: string;
  submit: (api: ServiceProcess, cohort: Cohort, query?: string) => Promise<string>;
  statusOf: (jobId: string) => Promise<JobStatus>;
  /** Waits until so many chunks of the job are done: the middle of it. */
  untilDone: (jobId: string, chunks: number) => Promise<void>;
  /** The status in which the job ends. */
  ends: (jobId: string, timeoutMs?: number) => Promise<JobStatus>;
  /** Sessions that PostgreSQL holds for the services. */
  sessions: () => Promise<number>;
  /** All invariants, and each row's score bit for bit as without any fault; of all rows but those that `without` names. */
  expectExact: (jobId: string, cohort: Cohort, without?: (rowNo: number) => boolean) => Promise<void>;
  /** A call with the key of all scopes. */
  call: (api: ServiceProcess, path: string, init?: RequestInit) => Promise<Response>;
};

export type FaultStackOptions = {
  kind: QueueKind;
  postgresDataDir?: string;
  postgresSettings?: Record<string, string | number>;
  redisArgs?: readonly string[];
};

const DATABASE = 'faults';

export async function startFaultStack(options: FaultStackOptions): Promise<FaultStack> {
  const { kind } = options;
  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(tmpdir(), 'iit-faults-'));
  await chmod(folder, 0o755);
  started.defer(() => rm(folder, { recursive: true, force: true }));
  const settings = { ...options.postgresSettings };
  const dataDir = options.postgresDataDir ?? path.join(folder, 'postgres');
  let postgres = await startPostgres({ settings, dataDir });
  started.defer(() => postgres.stop('immediate'));
  const redisDir = path.join(folder, 'redis');
  await mkdir(redisDir);
  const redisArgs = options.redisArgs ?? ['--appendonly', 'yes', '--appendfsync', 'always'];
  let redis = kind === 'redis' ? await startRedis({ args: redisArgs, dataDir: redisDir }) : undefined;
  started.defer(async () => redis?.stop());
  const postgresCable = started.use(await startTcpProxy(postgres.port));
  const redisCable = redis === undefined ? undefined : started.use(await startTcpProxy(redis.port));

  const direct = () => postgres.url(DATABASE);
  const databaseUrl = direct().replace(`:${postgres.port}/`, `:${postgresCable.port}/`);
  const queueUrl = redisCable === undefined ? databaseUrl : `redis://127.0.0.1:${redisCable.port}`;
  let pool = openPool(postgres.url());
  let db = createDatabase(pool);
  await sql.raw(`CREATE DATABASE ${DATABASE}`).execute(db);
  await db.destroy();
  await prepareDatabase({ databaseUrl: direct(), queueUrl: kind === 'redis' ? queueUrl : direct() });
  pool = openPool(direct());
  db = createDatabase(pool);
  started.defer(() => db.destroy());
  const { id } = await registerModel(db, { ...model, createdBy: 'test' });
  await db
    .insertInto('model_activations')
    .values({ tenant_id: 1, model_id: id, activated_by: 'test' })
    .execute();
  const { key } = await createKey(
    { db, recordEvent, operator: 'test' },
    { tenant: 'default', name: 'faults', scopes: ['submit', 'read', 'audit', 'admin'], expiresAt: undefined },
  );

  const processes = new AsyncDisposableStack();
  const service = async (name: 'api' | 'worker', env: Env, more: Partial<ServiceOptions>) => {
    const process = await startService({
      service: name,
      databaseUrl,
      queueUrl,
      env: { ...QUICK, ...env },
      ...more,
    });
    // Whatever the test did to it: stopped, suspended or cut off, it must not outlive the test.
    processes.defer(async () => {
      process.signal('SIGCONT');
      process.signal('SIGKILL');
      await process.exited;
    });
    return process;
  };
  const running = started.move();
  const statusOf = async (jobId: string) =>
    (await db.selectFrom('jobs').select('status').where('id', '=', jobId).executeTakeFirstOrThrow()).status;
  const stack: FaultStack = {
    kind,
    postgres: () => postgres,
    redis: () => {
      if (redis === undefined) throw new Error('this stack has no Redis');
      return redis;
    },
    postgresCable,
    redisCable,
    queueUrl,
    db: () => db,
    database: () => ({ db, pool }),
    restartPostgres: async (mode, downMs = 0, whileDown) => {
      const { port } = postgres;
      await db.destroy();
      await postgres.stop(mode);
      await pause(downMs);
      await whileDown?.(dataDir);
      postgres = await startPostgres({ settings, port, dataDir });
      pool = openPool(direct());
      db = createDatabase(pool);
    },
    restartRedis: async (signal, downMs = 0) => {
      if (redis === undefined) throw new Error('this stack has no Redis');
      const { port } = redis;
      redis.signal(signal);
      await redis.stop();
      await pause(downMs);
      redis = await startRedis({ args: redisArgs, dataDir: redisDir, port });
    },
    api: (env = {}, more = {}) => service('api', env, more),
    worker: (env = {}, more = {}) => service('worker', env, more),
    key,
    submit: async (api, cohort, query = '') => {
      const answer = await fetch(`${api.url}/v1/jobs?explain=0${query}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'text/csv' },
        body: cohort.csv,
      });
      const body = (await answer.json()) as { id: string };
      assert.equal(answer.status, 202, JSON.stringify(body));
      return body.id;
    },
    statusOf,
    untilDone: async (jobId, chunks) => {
      const done = async () => {
        const { n } = await db
          .selectFrom('chunks')
          .select((query) => query.fn.countAll<number>().as('n'))
          .where('job_id', '=', jobId)
          .where('state', '=', 'done')
          .executeTakeFirstOrThrow();
        return n >= chunks;
      };
      await until(`${chunks} chunks are done`, done, { timeoutMs: 60_000, intervalMs: 5 });
    },
    ends: async (jobId, timeoutMs = 60_000) => {
      let status: JobStatus = 'receiving';
      const ended = async () => {
        status = await statusOf(jobId);
        return isTerminal(status);
      };
      // PostgreSQL may be away while a test waits.
      const quiet = () => ended().catch(() => false);
      await until(() => `the job ends, which is ${status}`, quiet, { timeoutMs, intervalMs: 50 });
      return status;
    },
    sessions: async () => {
      const { rows } = await sql<{ n: number }>`SELECT count(*)::int AS n FROM pg_stat_activity
        WHERE application_name LIKE 'iit-%'`.execute(db);
      return rows[0]?.n ?? 0;
    },
    expectExact: async (jobId, cohort, without = () => false) => {
      assert.deepEqual(await brokenInvariants({ db, pool }, jobId), []);
      assert.deepEqual(await brokenRows(db, jobId, cohort, without), []);
    },
    call: async (api, path, init = {}) =>
      await fetch(`${api.url}${path}`, {
        ...init,
        headers: { authorization: `Bearer ${key}`, ...Object.fromEntries(new Headers(init.headers)) },
      }),
    [Symbol.asyncDispose]: async () => {
      await processes.disposeAsync();
      await running.disposeAsync();
    },
  };
  return stack;
}

function openPool(url: string) {
  const pool = createPool({
    url,
    applicationName: 'faults',
    poolSize: 4,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 60_000,
  });
  pool.on('error', () => undefined);
  return pool;
}
