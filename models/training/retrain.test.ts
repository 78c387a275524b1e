import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyModel } from '#shared/models/verify.ts';
import { findPython } from './python.ts';
import { MODEL_NAME } from './release.ts';

const python = findPython();
const FILES = [`${MODEL_NAME}.txt`, `${MODEL_NAME}.golden.json`, `${MODEL_NAME}.manifest.json`];
let folder: string;

function run(script: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    encoding: 'buffer',
    maxBuffer: 1 << 30,
  });
  if (status !== 0) throw new Error(stderr.toString());
  return stdout.toString();
}

// The whole check, on all 60,000 patients, is `npm run model:train`: it says “reproduced byte for byte”.
describe.skipIf(python === undefined)('training with real LightGBM', () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'iit-retrain-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('gives the same bytes from the generator’s file as from the generator, and a model that verifies', () => {
    const common = ['--rows', '1500', '--seed', '5'];
    run('models/training/main.ts', ...common, '--out', join(folder, 'a'), '--version', 't1');
    const messages = run(
      'models/synthetic/main.ts',
      ...common,
      '--kind',
      'nmrs',
      '--population',
      'ever',
      '--extra-history',
      '780',
    );
    writeFileSync(join(folder, 'patients.ndjson'), messages);
    const input = ['--input', join(folder, 'patients.ndjson'), '--end', '2026-06-30', '--seed', '5'];
    run('models/training/main.ts', ...input, '--out', join(folder, 'b'), '--version', 't1');
    const bytes = (name: string) => FILES.map((file) => readFileSync(join(folder, name, file)));
    expect(bytes('b')).toEqual(bytes('a'));
    const [model, golden, manifest] = bytes('a') as [Buffer, Buffer, Buffer];
    expect(verifyModel({ model, golden, manifest: manifest.toString() }).problems).toEqual([]);
  }, 120_000);
});
