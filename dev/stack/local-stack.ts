import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createKey } from '#api/auth/keys.ts';
import { recordEvent } from '#shared/audit/record-event.ts';
import { createDatabase, createPool } from '#shared/db/database.ts';
import { type ServiceProcess, startService } from './service-process.ts';
import { freePort } from '../local-services/free-port.ts';
import { startPostgres } from '../local-services/postgres-server.ts';
import { installRedis, startRedis } from '../local-services/redis-server.ts';
import { prepareDatabase } from '#cli/prepare-database.ts';

export type LocalStackOptions = {
  /** Made in the PostgreSQL that is started. */
  database: string;
  /** For api and workers alike. */
  environment?: Readonly<Record<string, string>>;
};

/** A running worker and how it ended: stopped cleanly, or killed at the deadline. */
export type LocalWorker = {
  readonly port: number;
  readonly process: ServiceProcess;
  /** SIGTERM; true when the worker ended by itself, having handed back what it held. */
  readonly stop: () => Promise<boolean>;
};

/** Real PostgreSQL and Redis with the production's durability, and processes of api and worker beside them. */
export type LocalStack = AsyncDisposable & {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** Of another database on the same server. */
  readonly otherDatabase: (name: string) => string;
  /** With every scope. */
  readonly key: string;
  readonly startApi: (
    databaseUrl?: string,
  ) => Promise<{ url: string; port: number; process: ServiceProcess }>;
  readonly startWorker: (databaseUrl?: string) => Promise<LocalWorker>;
};

export async function startLocalStack(options: LocalStackOptions): Promise<LocalStack> {
  const logs = await mkdtemp(path.join(tmpdir(), 'iit-local-'));
  await installRedis();
  const [postgres, redis] = await Promise.all([
    startPostgres({ settings: { max_wal_size: '4GB', shared_buffers: '512MB' } }),
    startRedis({ args: ['--appendonly', 'yes'] }),
  ]);
  const processes: ServiceProcess[] = [];
  const dispose = async () => {
    for (const process of processes.toReversed()) await process.stop();
    await Promise.all([redis.stop(), postgres.stop()]);
    await rm(logs, { recursive: true, force: true });
  };
  try {
    await createEmptyDatabase(postgres.url(), options.database);
    const databaseUrl = postgres.url(options.database);
    const redisUrl = redis.url();
    await prepareDatabase({ databaseUrl, queueUrl: redisUrl, modelPath: 'models/iit_lightgbm_model.txt' });
    const key = await makeKey(databaseUrl);
    let started = 0;
    const start = async (kind: 'api' | 'worker', url: string) => {
      const port = await freePort();
      const process = await startService({
        name: `${kind}-${++started}`,
        script: kind === 'api' ? 'api/main.ts' : 'workers/main.ts',
        repository: globalThis.process.cwd(),
        logs,
        environment: {
          DATABASE_URL: url,
          QUEUE_URL: redisUrl,
          HOST: '127.0.0.1',
          LOG_LEVEL: 'info',
          ...options.environment,
          [kind === 'api' ? 'PORT' : 'WORKER_PORT']: String(port),
        },
        readyUrl: `http://127.0.0.1:${port}/health/ready`,
      });
      processes.push(process);
      return { port, process };
    };
    return {
      databaseUrl,
      redisUrl,
      key,
      otherDatabase: (name) => postgres.url(name),
      async startApi(url = databaseUrl) {
        const { port, process } = await start('api', url);
        return { port, process, url: `http://127.0.0.1:${port}` };
      },
      async startWorker(url = databaseUrl) {
        const { port, process } = await start('worker', url);
        const stop = async () => {
          await process.stop();
          return (await readFile(process.logFile, 'utf8')).includes('the worker has stopped');
        };
        return { port, process, stop };
      },
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

export async function createEmptyDatabase(adminUrl: string, name: string): Promise<void> {
  const { Client } = await import('pg');
  const admin = new Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    await admin.query(`DROP DATABASE IF EXISTS ${admin.escapeIdentifier(name)} WITH (FORCE)`);
    await admin.query(`CREATE DATABASE ${admin.escapeIdentifier(name)}`);
  } finally {
    await admin.end();
  }
}

async function makeKey(databaseUrl: string): Promise<string> {
  const pool = createPool({
    url: databaseUrl,
    applicationName: 'iit-local',
    poolSize: 1,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 30_000,
  });
  const db = createDatabase(pool);
  try {
    const { key } = await createKey(
      { db, recordEvent, operator: 'local' },
      {
        tenant: 'default',
        name: 'local',
        scopes: ['submit', 'read', 'audit', 'admin'],
        expiresAt: undefined,
      },
    );
    return key;
  } finally {
    await db.destroy();
  }
}
