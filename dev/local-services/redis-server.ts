import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';
import { startServerProcess } from './server-process.ts';

const run = promisify(execFile);

/** A real Redis on 127.0.0.1 in a temporary folder; nothing is kept at stop. */
export type RedisServer = AsyncDisposable & {
  readonly port: number;
  readonly pid: number;
  readonly dataDir: string;
  readonly url: (database?: number) => string;
  readonly output: () => string;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly stop: () => Promise<void>;
};

export type RedisServerOptions = {
  port?: number;
  /** A folder to keep between two starts. */
  dataDir?: string;
  /** Further arguments, such as `['--appendonly', 'yes']`. */
  args?: readonly string[];
};

/** Starts the machine's redis-server (or valkey-server); `installRedis` gets one where it may be installed. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const command = await redisCommand();
  if (command === undefined) throw new Error('There is no redis-server on the PATH.');
  const temporary = options.dataDir === undefined;
  const dataDir = options.dataDir ?? (await mkdtemp(path.join(tmpdir(), 'iit-redis-')));
  const port = options.port ?? (await freePort());
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dataDir, '--save', ''];
  const server = await startServerProcess({
    command,
    args: [...args, '--maxmemory-policy', 'noeviction', '--databases', '4096', ...(options.args ?? [])],
    readyText: 'Ready to accept connections',
    readyTimeoutMs: 15_000,
  });
  const stop = async () => {
    await server.stop('SIGTERM');
    if (temporary) await rm(dataDir, { recursive: true, force: true });
  };
  return {
    port,
    pid: server.pid,
    dataDir,
    url: (database = 0) => `redis://127.0.0.1:${port}/${database}`,
    output: server.output,
    signal: server.signal,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Makes sure that a redis-server is there: Debian's package where apt-get works for this user. Throws plainly. */
export async function installRedis(): Promise<void> {
  if ((await redisCommand()) !== undefined) return;
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await run('apt-get', ['install', '-y', '--no-install-recommends', 'redis-server'], {
      env,
      timeout: 180_000,
    }).catch(async () => {
      await run('apt-get', ['update'], { env, timeout: 120_000 });
      await run('apt-get', ['install', '-y', '--no-install-recommends', 'redis-server'], {
        env,
        timeout: 180_000,
      });
    });
  } catch (error) {
    throw new Error(
      'The tests need a real Redis and there is none: no redis-server or valkey-server on the PATH, and ' +
        '"apt-get install redis-server" is not possible for this user. Install Redis 7 (or Valkey) and try again.',
      { cause: error },
    );
  }
  if ((await redisCommand()) === undefined)
    throw new Error('redis-server was installed but is not on the PATH.');
}

async function redisCommand(): Promise<string | undefined> {
  for (const command of ['redis-server', 'valkey-server']) {
    try {
      await run(command, ['--version'], { timeout: 10_000 });
      return command;
    } catch {
      continue;
    }
  }
  return undefined;
}
