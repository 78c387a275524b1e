import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKey } from '#api/auth/keys.ts';
import { recordEvent } from '#shared/audit/record-event.ts';
import { registerShippedModel } from '#shared/models/store.ts';
import { type ServiceProcess, startService } from '#test/support/service-process.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

const run = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, '..', '..');
/** Pages of which every `sh` block that sends something is run as it stands, block after block. */
const PAGES = [
  'README.md',
  'docs/api.md',
  'docs/cohort-input.md',
  'docs/online.md',
  'docs/formats/radet.md',
  'docs/formats/nmrs-art-line-list.md',
  'docs/formats/ndr-treatment-line-list.md',
  'docs/formats/nmrs.md',
  'docs/formats/fhir.md',
];
/** A run that a page tells of: in a test it is the one that a block before has begun. */
const A_RUN = /(?<=\/v1\/jobs\/)[0-9a-f-]{36}/gu;
/** Commands whose failure fails the block, and that write where the reader stands. */
const SHELL = `set -euo pipefail
curl() { command curl --silent --show-error --fail-with-body "$@"; }
npm() { command npm --prefix '${ROOT}' "$@"; }
`;

let database: TestDatabase;
let services: ServiceProcess[];
let folder: string;
let key: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'iit-documents-'));
  database = await createTestDatabase();
  await registerShippedModel(database.db, path.join(ROOT, 'models', 'iit_lightgbm_model.txt'));
  const manager = { db: database.db, recordEvent, operator: 'test' };
  const wanted = {
    tenant: 'default',
    name: 'reader',
    scopes: ['submit', 'read', 'audit'] as const,
    expiresAt: undefined,
  };
  ({ key } = await createKey(manager, wanted));
  const urls = { databaseUrl: database.url, queueUrl: database.url };
  services = [
    await startService({ service: 'api', ...urls }),
    await startService({ service: 'worker', ...urls }),
  ];
});
afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()));
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

test.each(PAGES)('what %s tells to send is taken', { timeout: 120_000 }, async (page) => {
  const text = await readFile(path.join(ROOT, page), 'utf8');
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```/gmu)]
    .map((match) => match[1]!)
    .filter((block) => block.includes('curl '));
  expect(blocks.length).toBeGreaterThan(0);
  let begun = '';
  for (const block of blocks) {
    const script = path.join(folder, 'block.sh');
    await writeFile(script, SHELL + block.replaceAll(A_RUN, begun));
    const stdout = await answerOf(script, { KEY: key, API: services[0]!.url });
    expect(stdout).toMatch(/^\{/u);
    begun = /"id":"([\w-]{36})"/u.exec(stdout)?.[1] ?? begun;
  }
});

/** What the block prints; fails with what it printed, the service's own sentence among it. */
async function answerOf(script: string, environment: Record<string, string>): Promise<string> {
  try {
    const env = { PATH: process.env['PATH'], ...environment };
    const { stdout } = await run('bash', [script], { cwd: folder, env });
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${stderr}\n${stdout}`, { cause: error });
  }
}
