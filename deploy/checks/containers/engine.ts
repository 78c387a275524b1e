import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { startServerProcess } from '#dev/local-services/server-process.ts';
import { hasTool } from '../tools.ts';
import { type Finished, run, type RunOptions } from './run.ts';
import { CLIENT_FOLDER } from './tool-folder.ts';

/** A Docker engine of our own, in a folder of its own, beside any other that the machine may have. */
export type Engine = AsyncDisposable & {
  readonly docker: (args: readonly string[], options?: RunOptions) => Promise<Finished>;
  /** What a program needs in order to speak with this engine. */
  readonly environment: Readonly<Record<string, string>>;
};

/** Debian's client has BuildKit built in; another one on the PATH may want a plugin for it. */
const CLIENT = existsSync('/usr/bin/docker') ? '/usr/bin/docker' : 'docker';

/** Why no engine can be started here, or undefined. */
export function whyNoEngine(): string | undefined {
  if (process.platform !== 'linux') return 'containers need Linux';
  if (userInfo().uid !== 0) return 'the engine has to be started by root';
  if (!hasTool('dockerd')) return 'docker.io is not installed';
  if (!hasTool('debootstrap')) return 'debootstrap is not installed';
  return undefined;
}

/** An engine that runs already; it is left as it is. */
export function engineAt(host: string): Engine {
  return { ...clientOf(host), [Symbol.asyncDispose]: async () => undefined };
}

function clientOf(host: string): Pick<Engine, 'docker' | 'environment'> {
  const environment = { DOCKER_HOST: host, DOCKER_CONFIG: CLIENT_FOLDER };
  return {
    environment,
    docker: (args, options = {}) =>
      run(CLIENT, args, { ...options, environment: { ...environment, ...options.environment } }),
  };
}

/** @throws when the kernel does not let it start (a sandbox without overlayfs, cgroups or network namespaces). */
export async function startEngine(): Promise<Engine> {
  await mkdir('.data', { recursive: true });
  // Images and layers beside the sources; the socket where its path is short enough.
  const root = await mkdtemp(join(process.cwd(), '.data', 'engine-'));
  const sockets = await mkdtemp(join(tmpdir(), 'iit-engine-'));
  const host = `unix://${join(sockets, 'docker.sock')}`;
  const server = await startServerProcess({
    command: 'dockerd',
    args: [
      `--data-root=${join(root, 'data')}`,
      `--exec-root=${join(sockets, 'exec')}`,
      `--pidfile=${join(sockets, 'docker.pid')}`,
      `--host=${host}`,
      '--bridge=none',
      '--iptables=false',
      '--storage-driver=overlay2',
      // Nothing is outside: a name that no container has must not take half a minute to be unknown.
      '--dns-opt=timeout:1',
      '--dns-opt=attempts:1',
    ],
    readyText: 'API listen on',
    readyTimeoutMs: 60_000,
  });
  return {
    ...clientOf(host),
    async [Symbol.asyncDispose]() {
      await server.stop('SIGTERM', 60_000);
      // A mount that the kernel has not let go of yet keeps its folder: .data/ is nobody's but ours.
      await rm(root, { recursive: true, force: true, maxRetries: 5 }).catch(() => undefined);
      await rm(sockets, { recursive: true, force: true });
    },
  };
}
