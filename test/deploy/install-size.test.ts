import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const MOST_MB = 100;

type Lock = {
  packages: Record<string, { dev?: boolean; devOptional?: boolean; optional?: boolean; link?: boolean }>;
};

/** Bytes of a package's own files, without the packages inside of it: those have entries of their own. */
async function bytesOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const at = path.join(folder, entry.name);
    if (entry.isFile()) bytes += (await stat(at)).size;
    else if (entry.isDirectory() && entry.name !== 'node_modules') bytes += await bytesOf(at);
  }
  return bytes;
}

test(`what runs the service takes less than ${MOST_MB} MB of packages, Node itself apart`, async () => {
  const { packages } = JSON.parse(await readFile(path.join(ROOT, 'package-lock.json'), 'utf8')) as Lock;
  const shipped = Object.entries(packages)
    .filter(([at, one]) => at.startsWith('node_modules/') && one.link !== true)
    .filter(([, one]) => one.dev !== true && one.devOptional !== true && one.optional !== true)
    .map(([at]) => at);
  expect(shipped.length).toBeGreaterThan(20);
  const sizes = await Promise.all(
    shipped.map(async (at) => [at, (await bytesOf(path.join(ROOT, at))) / 1e6] as const),
  );
  const total = sizes.reduce((sum, [, mb]) => sum + mb, 0);
  const largest = sizes.toSorted((a, b) => b[1] - a[1]).slice(0, 8);
  console.log(
    `production install: ${total.toFixed(1)} MB in ${shipped.length} packages; ${largest
      .map(([at, mb]) => `${at.replace('node_modules/', '')} ${mb.toFixed(1)}`)
      .join(', ')}`,
  );
  expect(total).toBeLessThan(MOST_MB);
});
