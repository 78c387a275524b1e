import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MODEL_NAME, release } from './release.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'iit-release-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function trained(name: string, version: string, model: string): Promise<string> {
  const at = join(folder, name);
  await mkdir(at);
  await writeFile(join(at, `${MODEL_NAME}.txt`), model);
  await writeFile(join(at, `${MODEL_NAME}.golden.json`), '{}');
  await writeFile(join(at, `${MODEL_NAME}.manifest.json`), JSON.stringify({ version }));
  return at;
}

describe('a released version', () => {
  it('is never written over by other bytes, not even when asked to replace', async () => {
    const first = await trained('a', '1.0.0', 'trees');
    const again = await trained('b', '1.0.0', 'other trees');
    const out = join(folder, 'out');
    expect(await release(first, out, '1.0.0', false)).toBe('written');
    await expect(release(again, out, '1.0.0', true)).rejects.toThrow('1.0.0 is released');
    expect(await readFile(join(out, `${MODEL_NAME}.txt`), 'utf8')).toBe('trees');
  });

  it('is reproduced by the same bytes', async () => {
    const first = await trained('a', '1.0.0', 'trees');
    const out = join(folder, 'out');
    await release(first, out, '1.0.0', false);
    expect(await release(await trained('b', '1.0.0', 'trees'), out, '1.0.0', false)).toBe('reproduced');
  });

  it('is followed by another only on demand', async () => {
    const out = join(folder, 'out');
    await release(await trained('a', '1.0.0', 'trees'), out, '1.0.0', false);
    const next = await trained('b', '1.1.0', 'more trees');
    await expect(release(next, out, '1.1.0', false)).rejects.toThrow('holds version 1.0.0');
    expect(await release(next, out, '1.1.0', true)).toBe('written');
  });

  it('that lies there without a readable manifest is kept too', async () => {
    const out = join(folder, 'out');
    await mkdir(out);
    await writeFile(join(out, `${MODEL_NAME}.txt`), 'somebody’s trees');
    await expect(release(await trained('a', '1.0.0', 'trees'), out, '1.0.0', false)).rejects.toThrow(
      'unknown',
    );
  });
});
