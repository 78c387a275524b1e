import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Where a demo keeps everything, held by one process at a time. */
export type DataFolder = {
  readonly folder: string;
  readonly postgres: string;
  readonly logs: string;
  /** Lets the next demo in. */
  readonly release: () => Promise<void>;
};

const STOP_TIMEOUT_MS = 30_000;

/**
 * Takes the folder. Throws when another demo is using it; a PostgreSQL that an earlier demo left behind (it was killed)
 * is stopped first.
 */
export async function takeDataFolder(wanted: string | undefined, repository: string): Promise<DataFolder> {
  const folder = path.resolve(wanted ?? (await defaultFolder(repository)));
  const postgres = path.join(folder, 'postgres');
  const logs = path.join(folder, 'logs');
  await mkdir(logs, { recursive: true });
  const lock = path.join(folder, 'demo.pid');
  const holder = await readPid(lock);
  if (holder !== undefined && holder !== process.pid && isAlive(holder)) {
    throw new Error(
      `Another demo (process ${holder}) is using ${folder}; stop it, or give this one its own --data-dir.`,
    );
  }
  await writeFile(lock, `${process.pid}\n`);
  await stopLeftover(path.join(postgres, 'postmaster.pid'));
  return { folder, postgres, logs, release: () => rm(lock, { force: true }) };
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

async function stopLeftover(pidFile: string): Promise<void> {
  const pid = await readPid(pidFile);
  if (pid === undefined || !isAlive(pid) || !(await isPostgres(pid))) return;
  process.kill(pid, 'SIGINT');
  const deadlineMs = performance.now() + STOP_TIMEOUT_MS;
  while (isAlive(pid)) {
    if (performance.now() > deadlineMs)
      throw new Error(`The PostgreSQL of an earlier demo (process ${pid}) does not stop.`);
    await pause(100);
  }
}

/** A process id is soon given to another program: without /proc to ask, it is left alone. */
async function isPostgres(pid: number): Promise<boolean> {
  return await readFile(`/proc/${pid}/cmdline`, 'utf8').then(
    (command) => path.basename(command.split('\0')[0] ?? '') === 'postgres',
    () => false,
  );
}

async function readPid(file: string): Promise<number | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const pid = Number(text.split('\n')[0]);
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
