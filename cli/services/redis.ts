import { spawn, spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { Redis } from 'ioredis';
import { freePort } from './embedded-postgres.ts';

export type RedisOptions = {
  /** Working folder for the append-only file. */
  dataDir: string;
  port?: number;
  /** `redis.conf` directives given on the command line, such as `{ appendonly: 'no' }`. */
  settings?: Record<string, string>;
};

export type RedisServer = AsyncDisposable & {
  url: string;
  port: number;
  pid: number;
  stop: (signal?: 'SIGTERM' | 'SIGKILL') => Promise<void>;
};

/** Whether a `redis-server` (or valkey) is on the PATH. */
export function findRedisServer(): string | undefined {
  return ['redis-server', 'valkey-server'].find((name) => spawnSync(name, ['--version']).status === 0);
}

/** Starts a Redis on 127.0.0.1 that keeps an append-only file and evicts nothing. Throws where no server is installed. */
export async function startRedis(options: RedisOptions): Promise<RedisServer> {
  const binary = findRedisServer();
  if (binary === undefined) {
    throw new Error('No redis-server is on the PATH. On Debian: apt-get install redis-server.');
  }
  await mkdir(options.dataDir, { recursive: true });
  const port = options.port === undefined || options.port === 0 ? await freePort() : options.port;
  const settings = {
    bind: '127.0.0.1',
    dir: options.dataDir,
    appendonly: 'yes',
    save: '',
    'maxmemory-policy': 'noeviction',
    ...options.settings,
  };
  const server = spawn(
    binary,
    ['--port', String(port), ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])],
    { stdio: 'ignore', detached: true },
  );
  const exited = new Promise<void>((done) => server.once('exit', () => done()));
  const stop = async (signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM') => {
    if (server.exitCode === null && server.signalCode === null) server.kill(signal);
    await exited;
  };
  const url = `redis://127.0.0.1:${port}`;
  const client = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
  client.on('error', () => undefined);
  try {
    await Promise.race([
      client.ping(),
      exited.then(() => Promise.reject(new Error(`${binary} ended at once on port ${port}.`))),
    ]);
  } finally {
    client.disconnect();
  }
  return { url, port, pid: server.pid as number, stop, [Symbol.asyncDispose]: () => stop() };
}
