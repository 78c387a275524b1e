import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { INSIDE_PATHS, isPublic } from '#deploy/checks/public-paths.ts';
import { composeSecrets, writeComposeSecrets } from '#deploy/checks/write-secrets.ts';
import { ROUTES } from '#api/routes/all.ts';
import { createSigner } from '#shared/ledger/signed-note.ts';
import { DEV, PROD } from './rules/compose-files.ts';
import { composeRules, readComposeFiles } from './rules/compose-rules.ts';
import { dockerRules, readImage } from './rules/docker-rules.ts';
import { treeOf } from './rules/rule.ts';

const tree = treeOf();

describe('Dockerfile', () => {
  test.each(dockerRules)('$name', ({ check }) => check(readImage(tree)));
});

describe('Compose', () => {
  test.each(composeRules)('$name', ({ check }) => check(readComposeFiles(tree)));

  test('both files pass dclint without a warning', () => {
    const args = ['-c', 'docker/.dclintrc.yaml', '--max-warnings', '0', DEV, PROD];
    const done = spawnSync('node_modules/.bin/dclint', args, { encoding: 'utf8' });
    expect(done.status === 0 ? '' : done.stdout + done.stderr).toBe('');
  });

  test('secrets:write writes each secret once, and passwords that fit together', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'iit-secrets-'));
    try {
      const first = await writeComposeSecrets(folder);
      const url = readFileSync(join(folder, 'app_database_url'), 'utf8');
      const second = await writeComposeSecrets(folder);
      expect(first.written).toHaveLength(Object.keys(composeSecrets()).length);
      expect(second.written).toEqual([]);
      expect(readFileSync(join(folder, 'app_database_url'), 'utf8')).toBe(url);
      expect(url).toContain(readFileSync(join(folder, 'app_database_password'), 'utf8'));
      rmSync(join(folder, 'checkpoint_key'));
      expect((await writeComposeSecrets(folder)).written).toEqual(['checkpoint_key']);
      const pem = readFileSync(join(folder, 'checkpoint_key'), 'utf8');
      expect(createSigner('localhost/log', pem).verifierKey).toMatch(/^localhost\/log\+/u);
      rmSync(join(folder, 'redis_password'));
      await expect(writeComposeSecrets(folder)).rejects.toThrow('belong together');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test('each route of the api is let in by every front door, or stays inside by name', () => {
  const inside: readonly string[] = INSIDE_PATHS;
  const paths = ROUTES.map((route) => route.path);
  expect(paths.filter((path) => isPublic(path) === inside.includes(path))).toEqual([]);
  expect(inside.filter((path) => !paths.includes(path))).toEqual([]);
});
