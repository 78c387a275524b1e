import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { type PostgresServer, startPostgres } from '#dev/local-services/postgres-server.ts';
import { startRedis } from '#dev/local-services/redis-server.ts';
import { prepareDatabase } from '#cli/prepare-database.ts';
import { cpuSeconds } from './cpu-time.ts';
import { type ServiceProcess, startService } from '#test/support/service-process.ts';

const run = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, '..', '..');
const DATABASE = 'bench';

/** The real thing on this machine: PostgreSQL, a queue, one api and some workers as processes of their own. */
export type Stack = AsyncDisposable & {
  apiUrl: string;
  key: string;
  postgres: PostgresServer;
  databaseUrl: string;
  /** Highest resident memory since the start, MB: the api's, and the largest worker's. */
  peakMemoryMb: () => Promise<{ api: number; worker: number }>;
  /** CPU seconds since the start: the api's, all workers', PostgreSQL's. */
  cpuSeconds: () => Promise<{ api: number; worker: number; postgres: number }>;
};

export type StackOptions = {
  workers: number;
  queue: 'redis' | 'postgres';
  env?: Record<string, string>;
};

/** PostgreSQL keeps fsync and synchronous_commit on: a completed job is a promise here too. */
export const POSTGRES_SETTINGS = { shared_buffers: '512MB', max_wal_size: '4GB', max_connections: 100 };

export async function startStack(options: StackOptions): Promise<Stack> {
  await using started = new AsyncDisposableStack();
  const postgres = started.use(await startPostgres({ settings: POSTGRES_SETTINGS }));
  const databaseUrl = postgres.url(DATABASE);
  await createMigrated(postgres, DATABASE);
  const redis = options.queue === 'redis' ? started.use(await startRedis()) : undefined;
  const queueUrl = redis?.url() ?? databaseUrl;
  const key = await createKey(databaseUrl);
  const env = { LOG_LEVEL: 'warn', ...options.env };
  const api = started.use(await startService({ service: 'api', databaseUrl, queueUrl, env }));
  const workers: ServiceProcess[] = [];
  for (let index = 0; index < options.workers; index++) {
    workers.push(started.use(await startService({ service: 'worker', databaseUrl, queueUrl, env })));
  }
  const running = started.move();
  return {
    apiUrl: api.url,
    key,
    postgres,
    databaseUrl,
    peakMemoryMb: async () => ({
      api: await peakMemoryMb(api.pid),
      worker: Math.max(...(await Promise.all(workers.map((worker) => peakMemoryMb(worker.pid))))),
    }),
    cpuSeconds: async () => {
      const spent = await Promise.all(workers.map((worker) => cpuSeconds(worker.pid)));
      return {
        api: await cpuSeconds(api.pid),
        worker: spent.reduce((sum, seconds) => sum + seconds, 0),
        postgres: await cpuSeconds(postgres.pid),
      };
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** A migrated, empty database of that name. */
export async function createMigrated(postgres: PostgresServer, name: string): Promise<void> {
  const admin = new Client({ connectionString: postgres.url() });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  const url = postgres.url(name);
  await prepareDatabase({
    databaseUrl: url,
    queueUrl: url,
    modelPath: path.join(ROOT, 'models/iit_lightgbm_model.txt'),
  });
}

/**
 * From here on nothing is vacuumed, what had begun is broken off: the vacuum of the rows that the job wrote would take a core
 * from the floor, which would flatter the job.
 */
export async function withoutAutovacuum(postgres: PostgresServer): Promise<void> {
  const admin = new Client({ connectionString: postgres.url() });
  await admin.connect();
  await admin.query('ALTER SYSTEM SET autovacuum = off');
  await admin.query('SELECT pg_reload_conf()');
  await admin.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'`,
  );
  await admin.end();
}

async function createKey(databaseUrl: string): Promise<string> {
  const args = ['cli/keys.ts', 'create', '--name', 'bench', '--scope', 'submit,read,audit,admin'];
  const { stdout } = await run(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, DATABASE_URL: databaseUrl },
  });
  const key = /iit_[\w-]+/u.exec(stdout)?.[0];
  if (key === undefined) throw new Error(`cli/keys.ts printed no key:\n${stdout}`);
  return key;
}

async function peakMemoryMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kilobytes = /^VmHWM:\s+(\d+) kB$/mu.exec(status)?.[1];
  return Math.round(Number(kilobytes ?? NaN) / 1024);
}
