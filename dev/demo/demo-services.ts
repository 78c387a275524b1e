import path from 'node:path';
import { createKey } from '#api/auth/keys.ts';
import { recordEvent } from '#shared/audit/record-event.ts';
import { createDatabase, createPool } from '#shared/db/database.ts';
import { startPostgres } from '../local-services/postgres-server.ts';
import { freePort } from '../local-services/free-port.ts';
import { prepareDatabase } from '#cli/prepare-database.ts';
import type { DataFolder } from './data-folder.ts';
import { demoPort } from './demo-port.ts';
import { type ServiceProcess, startService } from '../stack/service-process.ts';

export type DemoServices = {
  readonly apiUrl: string;
  readonly workerUrl: string;
  readonly databaseUrl: string;
  /** With every scope. */
  readonly key: string;
  readonly processes: readonly ServiceProcess[];
  /** The services first, PostgreSQL after them. Idempotent. */
  readonly stop: () => Promise<void>;
};

const MODEL_PATH = 'models/iit_lightgbm_model.txt';

/** Everything of the production path but Redis: the queue lives in the same PostgreSQL. `say` tells each step. */
export async function startDemoServices(options: {
  data: DataFolder;
  repository: string;
  port: number;
  say: (step: string) => void;
}): Promise<DemoServices> {
  const { data, repository, say } = options;
  const started: (() => Promise<void>)[] = [];
  let stopping: Promise<void> | undefined;
  const stop = () =>
    (stopping ??= (async () => {
      for (const stopOne of started.toReversed()) await stopOne();
    })());
  try {
    say(`PostgreSQL in ${data.postgres}`);
    const postgres = await startPostgres({ dataDir: data.postgres });
    started.push(() => postgres.stop());
    const databaseUrl = postgres.url();

    const { applied, model } = await prepareDatabase({
      databaseUrl,
      queueUrl: databaseUrl,
      modelPath: path.join(repository, MODEL_PATH),
    });
    say(applied.length === 0 ? 'Schema is up to date' : `Schema: ${applied.join(', ')}`);
    const key = await makeDemoKey(databaseUrl);
    say(`Model ${model} is registered, an API key is made`);

    const port = await demoPort(options.port);
    if (port !== options.port && options.port !== 0)
      say(`Port ${options.port} is taken; the api gets ${port}`);
    const workerPort = await freePort();
    const environment = {
      DATABASE_URL: databaseUrl,
      QUEUE_URL: databaseUrl,
      HOST: '127.0.0.1',
      PORT: String(port),
      WORKER_PORT: String(workerPort),
      MODEL_PATH,
    };
    const apiUrl = `http://127.0.0.1:${port}`;
    const workerUrl = `http://127.0.0.1:${workerPort}`;
    const shared = { repository, logs: data.logs, environment };
    const processes = await Promise.all(
      [
        startService({ ...shared, name: 'api', script: 'api/main.ts', readyUrl: `${apiUrl}/health/ready` }),
        startService({
          ...shared,
          name: 'worker',
          script: 'workers/main.ts',
          readyUrl: `${workerUrl}/health/ready`,
        }),
      ].map(async (starting) => {
        const service = await starting;
        started.push(service.stop);
        await data.remember(service.pid);
        return service;
      }),
    );
    for (const service of processes) say(`${service.name} is ready (process ${service.pid})`);
    return { apiUrl, workerUrl, databaseUrl, key, processes, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function makeDemoKey(databaseUrl: string): Promise<string> {
  const pool = createPool({
    url: databaseUrl,
    applicationName: 'iit-demo',
    poolSize: 2,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 60_000,
  });
  const db = createDatabase(pool);
  try {
    const { key } = await createKey(
      { db, recordEvent, operator: 'demo' },
      {
        tenant: 'default',
        name: `demo-${new Date().toISOString()}`,
        scopes: ['submit', 'read', 'audit', 'admin'],
        expiresAt: new Date(Date.now() + 7 * 86_400_000),
      },
    );
    return key;
  } finally {
    await db.destroy();
  }
}
