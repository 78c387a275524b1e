import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export const MODEL_NAME = 'iit_lightgbm_model';
const FILES = [`${MODEL_NAME}.txt`, `${MODEL_NAME}.golden.json`, `${MODEL_NAME}.manifest.json`];

/** A version that lies in the target folder with other bytes: it is never written over. */
class ReleasedVersionError extends Error {
  readonly code = 'version_released';
}

/**
 * Puts a freshly trained model into its folder. Returns `reproduced` where the same bytes lie there already.
 * A folder that holds the same version with other bytes is refused, whatever the difference; another version
 * is followed by the new one only where `mayReplace`.
 */
export async function release(
  from: string,
  to: string,
  version: string,
  mayReplace: boolean,
): Promise<'written' | 'reproduced'> {
  await mkdir(to, { recursive: true });
  const differing: string[] = [];
  let present = 0;
  for (const file of FILES) {
    const before = await readFile(join(to, file)).catch(() => undefined);
    if (before === undefined) continue;
    present++;
    if (!before.equals(await readFile(join(from, file)))) differing.push(file);
  }
  if (present === FILES.length && differing.length === 0) return 'reproduced';
  if (present > 0) {
    const there = await versionIn(to);
    if (there === version)
      throw new ReleasedVersionError(
        `version ${version} is released in ${to} and this training gives other bytes (${differing.join(', ')}): ` +
          'give --version a new one',
      );
    if (!mayReplace)
      throw new ReleasedVersionError(
        `${to} holds version ${there ?? 'unknown'}: choose another --out, or --replace to put ${version} in its place`,
      );
  }
  for (const file of FILES) await copyFile(join(from, file), join(to, file));
  return 'written';
}

async function versionIn(folder: string): Promise<string | undefined> {
  try {
    const manifest: unknown = JSON.parse(await readFile(join(folder, `${MODEL_NAME}.manifest.json`), 'utf8'));
    return (manifest as { version?: string }).version;
  } catch {
    return undefined;
  }
}
