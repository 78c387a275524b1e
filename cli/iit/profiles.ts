import { chmod, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { CommandError } from './exit.ts';

/** Where the service is, and the key that opens it. */
export type Profile = { url: string; key?: string };

export type Profiles = {
  /** Name of the one that is used where none is named. */
  current: string | undefined;
  byName: Map<string, Profile>;
};

const NAME = /^[\w-]{1,40}$/u;
const SECTION = /^\[profiles\.([\w-]{1,40})\]$/u;
const ENTRY = /^(\w{1,20}) = ("(?:[^"\\]|\\.){0,1000}")$/u;
const PRIVATE = 0o600;

/** `$XDG_CONFIG_HOME/iit/config.toml` */
export function profilesFile(env: NodeJS.ProcessEnv = process.env): string {
  return path.join(env['XDG_CONFIG_HOME'] || path.join(homedir(), '.config'), 'iit', 'config.toml');
}

/**
 * Reads the file; none is no profiles. `warn` is told where others may read it.
 * @throws CommandError with the line that is not understood.
 */
export async function readProfiles(file: string, warn: (text: string) => void): Promise<Profiles> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw new CommandError(`${file} cannot be read (${error.code}).`);
  });
  if (text === '') return { current: undefined, byName: new Map() };
  if (((await stat(file)).mode & 0o077) !== 0) warn(`Others may read ${file}: chmod 600 it.`);
  return parseProfiles(text, file);
}

/** The few lines of TOML that `writeProfiles` writes, and comments. */
function parseProfiles(text: string, file: string): Profiles {
  const profiles: Profiles = { current: undefined, byName: new Map() };
  let open: Profile | undefined;
  for (const [at, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const section = SECTION.exec(line)?.[1];
    if (section !== undefined) {
      open = { url: '' };
      profiles.byName.set(section, open);
      continue;
    }
    const [, name, quoted] = ENTRY.exec(line) ?? [];
    const value = quoted === undefined ? undefined : textOf(quoted);
    if (value === undefined || !setEntry(profiles, open, name, value))
      throw new CommandError(`${file}, line ${at + 1}, is not understood; iit login writes the file anew.`);
  }
  return profiles;
}

function setEntry(
  profiles: Profiles,
  open: Profile | undefined,
  name: string | undefined,
  value: string,
): boolean {
  if (open === undefined && name === 'current') profiles.current = value;
  else if (open !== undefined && (name === 'url' || name === 'key')) open[name] = value;
  else return false;
  return true;
}

/** A basic string of TOML, as far as it is one of JSON too. */
function textOf(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return undefined;
  }
}

/** Writes the file whole or not at all, for its owner alone. */
export async function writeProfiles(file: string, { current, byName }: Profiles): Promise<void> {
  const sections = [...byName].map(([name, profile]) => {
    const entries = Object.entries(profile).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
    return `\n[profiles.${name}]\n${entries.join('\n')}\n`;
  });
  const head = current === undefined ? '' : `current = ${JSON.stringify(current)}\n`;
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, head + sections.join(''), { mode: PRIVATE });
  await chmod(draft, PRIVATE);
  await rename(draft, file);
}

export function requireProfileName(name: string): string {
  if (!NAME.test(name))
    throw new CommandError('A profile’s name has 1–40 letters, digits, hyphens or underscores.', 2);
  return name;
}
