import { execFile } from 'node:child_process';
import { glob } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const LIBRARY = '/usr/lib/*/faketime/libfaketime.so.1';

/**
 * A wrapper for startService under which the wall clock is off by `offset` (`+10m`); timers run as ever. Installs
 * Debian's package where apt-get works for this user, and is undefined where it does not.
 */
export async function otherClock(offset: string): Promise<readonly string[] | undefined> {
  const library = (await findLibrary()) ?? (await install());
  if (library === undefined) return undefined;
  // The package's own command forks: a signal to it would not reach the service.
  return ['env', `LD_PRELOAD=${library}`, `FAKETIME=${offset}`, 'FAKETIME_DONT_FAKE_MONOTONIC=1'];
}

async function findLibrary(): Promise<string | undefined> {
  for await (const file of glob(LIBRARY)) return file;
  return undefined;
}

async function install(): Promise<string | undefined> {
  try {
    await run('apt-get', ['install', '-y', '--no-install-recommends', 'faketime'], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      timeout: 120_000,
    });
  } catch {
    return undefined;
  }
  return await findLibrary();
}
