import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

const run = promisify(execFile);
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const keys = (...args: string[]) =>
  run(process.execPath, ['cli/keys.ts', ...args], {
    env: { PATH: process.env['PATH'], DATABASE_URL: database.url },
  });

test('a key is printed once, alone on standard output, listed without its secret, and revoked', async () => {
  const { stdout, stderr } = await keys(
    'create',
    '--name',
    'nightly',
    '--scope',
    'submit,read',
    '--expires',
    '2099-01-01',
  );
  expect(stdout).toMatch(/^iit_[0-9A-Za-z]{12}_[\w-]{43}\n$/u);
  expect(stderr).toContain('shown this once');
  const listed = (await keys('list')).stdout;
  expect(listed).toMatch(
    /^iit_\w{12}… {2}default {2}nightly {2}submit,read {2}made .* {2}expires 2099-01-01T00:00:00.000Z\n$/u,
  );
  expect(listed).not.toContain(stdout.trim().slice(17));
  await keys('revoke', '--name', 'nightly');
  expect((await keys('list')).stdout).toContain('revoked');
});

test.each([
  [['create', '--name', 'x', '--scope', 'everything'], '"everything" is no scope'],
  [['create', '--scope', 'read'], '--name is needed'],
  [['create', '--name', 'x', '--scope', 'read', '--expires', 'soon'], 'is no date'],
  [['create', '--name', 'x', '--scope', 'read', '--expires', '2001-01-01'], 'over already'],
  [['create', '--name', 'x', '--scope', 'read', '--tenant', 'elsewhere'], 'no tenant named'],
  [['revoke', '--name', 'never'], 'no key named'],
  [['destroy'], 'npm run keys'],
  [['list', '--all'], 'npm run keys'],
])('%j is refused in words', async (args, words) => {
  await expect(keys(...args)).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining(words) });
});
