import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import type { TestProject } from 'vitest/node';
import { createKey } from '#api/auth/keys.ts';
import { IitClient } from '#client/index.ts';
import { prepareDatabase } from '#cli/prepare-database.ts';
import { startPostgres } from '#dev/local-services/postgres-server.ts';
import { loginLinkPath, registerDemo } from '#dev/demo/demo-people.ts';
import { submitStories } from '#dev/demo/stories.ts';
import { recordEvent } from '#shared/audit/record-event.ts';
import { createDatabase, createPool } from '#shared/db/database.ts';
import { startService } from '#test/support/service-process.ts';

declare module 'vitest' {
  interface ProvidedContext {
    web: { url: string; databaseUrl: string; key: string; chromium: string | undefined };
  }
}

const ROWS = Number(process.env['WEB_ROWS'] ?? 3_000);
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** PostgreSQL, api and worker as processes, a nightly list dated today, and somebody of each role. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = await startPostgres({
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' },
  });
  const databaseUrl = postgres.url();
  await prepareDatabase({ databaseUrl, queueUrl: databaseUrl, modelPath: 'models/iit_lightgbm_model.txt' });
  const services = { databaseUrl, queueUrl: databaseUrl };
  const env = { PUBLISH_SECONDS: '0.2', EMR_PATIENT_URL: 'https://emr.example.org/patient/{patient_id}' };
  const [api, worker] = await Promise.all([
    startService({ ...services, service: 'api', env }),
    startService({ ...services, service: 'worker', env }),
  ]);
  const pool = createPool({
    url: databaseUrl,
    applicationName: 'web-test',
    poolSize: 2,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 30_000,
  });
  const db = createDatabase(pool);
  try {
    await registerDemo(db, ROWS);
    const { key } = await createKey(
      { db, recordEvent, operator: 'test' },
      { tenant: 'default', name: 'emr', scopes: ['submit', 'read', 'audit', 'admin'], expiresAt: undefined },
    );
    const nightly = await submitNightly(api.url, key);
    // Two lists of one facility: the later one is the current one.
    for (;;) {
      const job = await db
        .selectFrom('jobs')
        .select('finished_at')
        .where('id', '=', nightly)
        .executeTakeFirst();
      if (job?.finished_at !== null && job !== undefined) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const { id } = await submitStories(new IitClient({ url: api.url, key }), {
      repository: process.cwd(),
      seed: 2,
    });
    for (;;) {
      const current = await db
        .selectFrom('current_lists')
        .select('job_id')
        .where('job_id', '=', id)
        .executeTakeFirst();
      if (current !== undefined) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const chromium = CHROMIUM.find((path) => existsSync(path));
    if (chromium === undefined)
      process.stdout.write(
        'SKIPPED: no Chromium here, so no page is opened; on Debian: apt-get install chromium\n',
      );
    project.provide('web', { url: api.url, databaseUrl, key, chromium });
    if (process.env['WEB_SERVE'] !== undefined) {
      const people = await registerDemo(db, ROWS);
      for (const [role, id] of people)
        process.stdout.write(`${role} ${api.url}${await loginLinkPath(db, id)}\n`);
    }
  } finally {
    await db.destroy();
  }
  return async () => {
    await Promise.all([api.stop(), worker.stop()]);
    await postgres.stop('immediate');
  };
}

async function submitNightly(url: string, key: string): Promise<string> {
  const today = new Date().toISOString().slice(0, 10);
  const generator = spawn(
    process.execPath,
    ['models/synthetic/main.ts', '--rows', String(ROWS), '--seed', '1', '--as-of', today],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(generator, 'exit');
  const answer = await fetch(`${url}/v1/jobs?name=nightly&explain=5`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'text/csv' },
    body: ReadableStream.from(generator.stdout),
    duplex: 'half',
  });
  await ended;
  if (answer.status !== 202)
    throw new Error(`the cohort was answered with ${answer.status}: ${await answer.text()}`);
  return ((await answer.json()) as { id: string }).id;
}
