import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { freePort } from '#dev/local-services/free-port.ts';
import { replayImage, type ReplayedImage } from '#deploy/checks/replay-image.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

const READY_WITHIN_MS = 20_000;
const asRoot = userInfo().uid === 0;

/** Every file below a folder, relative to it. */
function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

describe('the image, replayed in an empty folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'iit-image-'));
  const scratch = mkdtempSync(join(tmpdir(), 'iit-image-tmp-'));
  const node = join(scratch, 'node');
  const running: ChildProcess[] = [];
  let image: ReplayedImage;
  let database: TestDatabase;

  /** Starts a command as the image's user, in its tree, with its environment and nothing of ours. */
  const start = (command: string[], environment: Record<string, string>) => {
    const [, ...args] = command;
    const child = spawn(node, args, {
      cwd: image.workDir,
      env: { PATH: '/usr/bin:/bin', TMPDIR: '/tmp', ...image.environment, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(asRoot ? image.user : {}),
    });
    running.push(child);
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    child.stderr.on('data', (data: Buffer) => (output += data.toString()));
    return { child, output: () => output };
  };

  const finish = async (command: string[], environment: Record<string, string>) => {
    const { child, output } = start(command, environment);
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output: output() };
  };

  const ready = async (url: string, output: () => string) => {
    const until = Date.now() + READY_WITHIN_MS;
    while (Date.now() < until) {
      const answer = await fetch(url).catch(() => undefined);
      if (answer?.ok === true) return;
      await pause(50);
    }
    throw new Error(`${url} did not become ready:\n${output()}`);
  };

  /** Sends SIGTERM; exit status and how long it took. */
  const stop = async (child: ChildProcess) => {
    const began = Date.now();
    const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    child.kill('SIGTERM');
    const [code, signal] = await ended;
    return { code, signal, tookMs: Date.now() - began };
  };

  beforeAll(async () => {
    copyFileSync(process.execPath, node);
    await Promise.all([chmod(node, 0o755), chmod(scratch, 0o755), chmod(folder, 0o755)]);
    image = await replayImage({
      dockerfile: readFileSync('Dockerfile', 'utf8'),
      dockerignore: readFileSync('.dockerignore', 'utf8'),
      context: process.cwd(),
      target: folder,
    });
    database = await createTestDatabase();
  }, 120_000);

  afterAll(async () => {
    for (const child of running) if (child.exitCode === null) child.kill('SIGKILL');
    await database?.drop();
    await rm(scratch, { recursive: true, force: true });
    spawnSync('chmod', ['-R', 'u+w', folder]);
    await rm(folder, { recursive: true, force: true });
  });

  test('only the init and the folder of backups are not replayed', () => {
    expect(image.skipped).toHaveLength(2);
    expect(image.skipped[0]).toContain('tini');
    expect(image.skipped[1]).toContain('/backups');
    expect(image.entrypoint[0]).toBe('/usr/bin/tini');
  });

  test('holds no development dependency and no optional one', () => {
    type Lock = { packages: Record<string, { dev?: boolean; optional?: boolean; devOptional?: boolean }> };
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock;
    const installed = Object.keys(packages).filter(
      (name) => name !== '' && existsSync(join(image.workDir, name)),
    );
    const unwanted = installed.filter(
      (name) => packages[name]?.dev === true || packages[name]?.optional === true,
    );
    expect(installed.length).toBeGreaterThan(20);
    expect(unwanted).toEqual([]);
  });

  test('holds no test, no training code, no document and no environment file', () => {
    const own = files(image.workDir).filter((file) => !file.startsWith('node_modules/'));
    expect(own).toContain('api/main.ts');
    expect(
      own.filter((file) => /\.test\.ts$|^test\/|^models\/training|\.md$|(^|\/)\.env/u.test(file)),
    ).toEqual([]);
  });

  test('node_modules stays below 90 MB', () => {
    const bytes = files(join(image.workDir, 'node_modules'))
      .map((file) => statSync(join(image.workDir, 'node_modules', file)).size)
      .reduce((sum, size) => sum + size, 0);
    process.stderr.write(`node_modules of the image: ${(bytes / 1e6).toFixed(1)} MB\n`);
    expect(bytes).toBeLessThan(90e6);
  });

  test('no file of it can be written by its user', () => {
    const writable = files(image.workDir).filter(
      (file) => (statSync(join(image.workDir, file)).mode & 0o222) !== 0,
    );
    expect(writable).toEqual([]);
    expect(image.user).toEqual({ uid: 10_001, gid: 10_001 });
  });

  test('a wrong environment ends the start at once, every fault by name and no value', async () => {
    const wrong = { DATABASE_URL: 'mysql://user:secret@nowhere', PORT: 'eighty' };
    const { code, output } = await finish(image.command, wrong);
    expect(code).toBe(1);
    expect(output).toMatch(/DATABASE_URL[\s\S]*PORT/u);
    expect(output).not.toContain('secret');
  });

  test('migrates an empty database, then gives api and workers their login', async () => {
    const name = `image_${process.pid}`;
    const admin = new Client({ connectionString: inject('postgresAdminUrl') });
    await admin.connect();
    try {
      await admin.query(`CREATE DATABASE ${name}`);
      const url = Object.assign(new URL(inject('postgresAdminUrl')), { pathname: `/${name}` }).href;
      const owner = { DATABASE_URL: url, QUEUE_URL: inject('redisUrl'), APP_DATABASE_PASSWORD: 'not-secret' };
      const migrated = await finish(['node', 'cli/migrate.ts'], owner);
      expect(migrated).toMatchObject({ code: 0 });
      const login = { ...owner, APP_DATABASE_USER: `iit_app_${process.pid}` };
      const made = await finish(['node', 'cli/app-login.ts'], login);
      expect(made).toMatchObject({ code: 0 });
      const app = Object.assign(new URL(url), { username: login.APP_DATABASE_USER, password: 'not-secret' });
      const client = new Client({ connectionString: app.href, options: '-c role=iit_api' });
      await client.connect();
      await client.query('SELECT FROM jobs');
      await expect(client.query('DELETE FROM jobs')).rejects.toThrow('permission denied');
      await client.end();
    } finally {
      await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await admin.query(`DROP ROLE IF EXISTS iit_app_${process.pid}`);
      await admin.end();
    }
  });

  test('serves: ready, healthy by its own check, a job done by a worker of the same image, SIGTERM in time', async () => {
    const [port, workerPort] = [await freePort(), await freePort()];
    const shared = {
      DATABASE_URL: database.url,
      QUEUE_URL: database.url,
      HOST: '127.0.0.1',
      PORT: String(port),
      WORKER_PORT: String(workerPort),
    };
    const migrated = await finish(['node', 'cli/migrate.ts'], shared);
    expect(migrated).toMatchObject({ code: 0 });
    const api = start(image.command, shared);
    const worker = start(['node', 'workers/main.ts'], shared);
    const url = `http://127.0.0.1:${port}`;
    await ready(`${url}/health/ready`, api.output);
    await ready(`http://127.0.0.1:${workerPort}/health/ready`, worker.output);

    const [, script = ''] = image.healthCheck;
    for (const at of [port, workerPort]) {
      const check = await finish(['node', script, `http://127.0.0.1:${at}/health/live`], {});
      expect(check).toMatchObject({ code: 0 });
    }
    const dead = await finish(['node', script, 'http://127.0.0.1:1/health/live'], {});
    expect(dead.code).toBe(1);

    const made = await finish(
      ['node', 'cli/keys.ts', 'create', '--name', 'nightly', '--scope', 'submit,read'],
      shared,
    );
    expect(made).toMatchObject({ code: 0 });
    const cohort = join(scratch, 'cohort.csv');
    writeCohort(cohort, 500);
    const submitted = await finish(['node', 'cli/submit-cohort.ts'], {
      IIT_API_URL: url,
      IIT_API_KEY: /iit_[\w-]+/u.exec(made.output)?.[0] ?? '',
      COHORT_PATH: cohort,
    });
    expect(submitted.output).toContain('"status":"completed"');
    expect(submitted).toMatchObject({ code: 0 });
    const { count } = await database.db
      .selectFrom('predictions')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    expect(count).toBe(500);

    const [apiEnd, workerEnd] = await Promise.all([stop(api.child), stop(worker.child)]);
    expect(apiEnd).toMatchObject({ code: 0, signal: null });
    expect(workerEnd).toMatchObject({ code: 0, signal: null });
    expect(Math.max(apiEnd.tookMs, workerEnd.tookMs)).toBeLessThan(10_000);
    const lines = `${api.output()}${worker.output()}`.trim().split('\n');
    for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow();
  }, 60_000);
});

/** A synthetic cohort by the repository's own generator. */
function writeCohort(path: string, rows: number): void {
  const args = ['models/synthetic/main.ts', '--rows', String(rows), '--seed', '7', '--format', 'csv'];
  const made = spawnSync(process.execPath, args, { maxBuffer: 64 * 1024 ** 2 });
  if (made.status !== 0) throw new Error(made.stderr.toString());
  writeFileSync(path, made.stdout, { mode: 0o644 });
}
