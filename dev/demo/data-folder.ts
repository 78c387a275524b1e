import { createHash } from 'node:crypto';
import { appendFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Where a demo keeps everything, held by one process at a time. */
export type DataFolder = {
  readonly folder: string;
  readonly postgres: string;
  readonly logs: string;
  /** Notes a service of this demo, for the next one to stop should this one be killed. */
  readonly remember: (pid: number) => Promise<void>;
  /** Lets the next demo in. */
  readonly release: () => Promise<void>;
};

const STOP_TIMEOUT_MS = 30_000;

/**
 * Takes the folder. Throws when another demo is using it; services and PostgreSQL that an earlier demo left behind (it was
 * killed) are stopped first.
 */
export async function takeDataFolder(wanted: string | undefined, repository: string): Promise<DataFolder> {
  const folder = path.resolve(wanted ?? (await defaultFolder(repository)));
  const postgres = path.join(folder, 'postgres');
  const logs = path.join(folder, 'logs');
  await mkdir(logs, { recursive: true });
  const lock = path.join(folder, 'demo.pid');
  const [holder, ...services] = await readPids(lock);
  if (holder !== undefined && holder !== process.pid && isAlive(holder)) {
    throw new Error(
      `Another demo (process ${holder}) is using ${folder}; stop it, or give this one its own --data-dir.`,
    );
  }
  for (const service of services) await stopLeftover(service, SERVICE, 'SIGTERM');
  const [postmaster] = await readPids(path.join(postgres, 'postmaster.pid'));
  if (postmaster !== undefined) await stopLeftover(postmaster, POSTGRES, 'SIGINT');
  await writeFile(lock, `${process.pid}\n`);
  return {
    folder,
    postgres,
    logs,
    remember: (pid) => appendFile(lock, `${pid}\n`),
    release: () => rm(lock, { force: true }),
  };
}

/** PostgreSQL does not run as root, and its own user may not enter a folder that root keeps closed. */
async function defaultFolder(repository: string): Promise<string> {
  if (userInfo().uid !== 0 || (await openToAll(repository))) return path.join(repository, '.data', 'demo');
  const name = createHash('sha256').update(repository).digest('hex').slice(0, 8);
  return path.join(tmpdir(), `iit-demo-${name}`);
}

async function openToAll(folder: string): Promise<boolean> {
  for (let at = folder; ; at = path.dirname(at)) {
    if (((await stat(at)).mode & 0o001) === 0) return false;
    if (at === path.dirname(at)) return true;
  }
}

const SERVICE = /\0(?:api|workers)\/main\.ts\0/u;
const POSTGRES = /(?:^|\/)postgres\0/u;

async function stopLeftover(pid: number, command: RegExp, signal: NodeJS.Signals): Promise<void> {
  if (!isAlive(pid) || !(await isRunning(pid, command))) return;
  process.kill(pid, signal);
  const deadlineMs = performance.now() + STOP_TIMEOUT_MS;
  while (isAlive(pid)) {
    if (performance.now() > deadlineMs) {
      throw new Error(`Process ${pid} of an earlier demo does not stop.`);
    }
    await pause(100);
  }
}

/** A process id is soon given to another program: without /proc to ask what it is, it is left alone. */
async function isRunning(pid: number, command: RegExp): Promise<boolean> {
  return await readFile(`/proc/${pid}/cmdline`, 'utf8').then(
    (line) => command.test(line),
    () => false,
  );
}

/** The lines of a file that are process ids; a postmaster.pid has its own in the first. */
async function readPids(file: string): Promise<number[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .split('\n')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid > 0);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
