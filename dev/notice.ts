/** `npm run notice`: writes NOTICE, the licences of what the service ships with, from what is installed. */
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

type LockedPackage = {
  version?: string;
  license?: string;
  dev?: boolean;
  devOptional?: boolean;
  link?: boolean;
};

export const NOTICE = path.resolve(import.meta.dirname, '..', 'NOTICE');
const LOCK = path.resolve(import.meta.dirname, '..', 'package-lock.json');
const LICENCE_FILE = /^(?:licen[cs]e|copying)(?:\.|-|$)/iu;
const COPYRIGHT = /^\s*(?:copyright|©|\(c\))[^\n]{0,200}$/iu;
const LONGEST_FILE = 200_000;

/** Licences that may be shipped with an Apache-2.0 work without further duties than their notice. */
export const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-0-Clause',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  '(MIT OR Apache-2.0)',
  'Python-2.0',
  'Unlicense',
]);

export type Notice = { name: string; version: string; licence: string; copyright: string };

/** Every package of the lock file that a production install has, by name. */
export async function gatherNotices(): Promise<Notice[]> {
  const lock = JSON.parse(await readFile(LOCK, 'utf8')) as { packages: Record<string, LockedPackage> };
  const shipped = Object.entries(lock.packages).filter(
    ([at, { dev, link }]) => at.startsWith('node_modules/') && dev !== true && link !== true,
  );
  const notices = await Promise.all(
    shipped.map(async ([at, { version = '', license }]) => ({
      name: at.slice(at.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version,
      licence: license ?? builtLicence(at),
      copyright: await copyrightOf(path.resolve(LOCK, '..', at)),
    })),
  );
  const byKey = new Map(notices.map((notice) => [`${notice.name} ${notice.version}`, notice]));
  return [...byKey.keys()].toSorted((a, b) => (a < b ? -1 : 1)).map((key) => byKey.get(key)!);
}

/** Builds for other platforms are not installed, and the lock file knows no licence of them: it is their package's. */
function builtLicence(at: string): string {
  return at.includes('node_modules/@msgpackr-extract/') ? 'MIT' : 'unknown';
}

/** The first line of copyright in the package's licence; '' where it has none, or is not installed on this platform. */
async function copyrightOf(folder: string): Promise<string> {
  const files = await readdir(folder).catch(() => []);
  const file = files.toSorted((a, b) => (a < b ? -1 : 1)).find((name) => LICENCE_FILE.test(name));
  if (file === undefined) return '';
  const text = (await readFile(path.join(folder, file), 'utf8').catch(() => '')).slice(0, LONGEST_FILE);
  return (
    text
      .split('\n')
      .find((line) => COPYRIGHT.test(line))
      ?.trim() ?? ''
  );
}

export function noticeText(notices: readonly Notice[]): string {
  const lines = notices.map(({ name, version, licence, copyright }) =>
    [`${name} ${version} — ${licence}`, ...(copyright === '' ? [] : [`  ${copyright}`])].join('\n'),
  );
  return `iit-ml-service\n\nThis product includes software of others, each under its own licence, whose text is in its package.\n\n${lines.join('\n')}\n`;
}

if (import.meta.main) await writeFile(NOTICE, noticeText(await gatherNotices()));
