import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createKey } from '#api/auth/keys.ts';
import { recordEvent } from '#shared/audit/record-event.ts';
import type { ApiScope } from '#shared/db/schema.ts';
import { createSigner, newCheckpointKey } from '#shared/ledger/signed-note.ts';
import { registerShippedModel } from '#shared/models/store.ts';
import { type Ran, runIit, type RunOptions } from '#test/support/run-iit.ts';
import { type ServiceProcess, startService } from '#test/support/service-process.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { createProgram } from './program.ts';

const run = promisify(execFile);
const ROWS = 600;
/** Each starts several processes, on machines that may have much else to do. */
const LONG = { timeout: 240_000 };
const TODAY = new Date().toISOString().slice(0, 10);
const ORIGIN = 'iit.example.org/log';
const signing = {
  CHECKPOINT_KEY: newCheckpointKey(),
  CHECKPOINT_ORIGIN: ORIGIN,
  CHECKPOINT_SECONDS: '0',
  LEDGER_SECONDS: '0.2',
};

let home: string;
let database: TestDatabase;
let api: ServiceProcess;
let worker: ServiceProcess;
/** What a command needs to find the service with every scope. */
let env: Record<string, string>;
let cohort: string;

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'iit-cli-'));
  database = await createTestDatabase();
  await registerShippedModel(database.db, 'models/iit_lightgbm_model.txt');
  const services = { databaseUrl: database.url, queueUrl: database.url, env: { PUBLISH_SECONDS: '0.2' } };
  [api, worker] = await Promise.all([
    startService({ service: 'api', ...services }),
    startService({ service: 'worker', ...services, env: { ...services.env, ...signing } }),
  ]);
  env = {
    IIT_API_URL: api.url,
    IIT_API_KEY: await key('everything', ['submit', 'read', 'audit', 'admin']),
  };
  cohort = path.join(home, 'cohort.csv');
  const made = await iit(['cohort', '--rows', String(ROWS), '--seed', '5', '--as-of', TODAY]);
  const lines = made.stdout.trimEnd().split('\n');
  lines[3] = lines[3]!.replace(/^([^,]*,[^,]*,[^,]*),[^,]*,/u, '$1,many,');
  await writeFile(cohort, `${lines.join('\n')}\n`);
});
afterAll(async () => {
  await Promise.all([api.stop(), worker.stop()]);
  await database.drop();
  await rm(home, { recursive: true, force: true });
});

async function key(name: string, scopes: ApiScope[]): Promise<string> {
  const manager = { db: database.db, recordEvent, operator: 'test' };
  return (await createKey(manager, { tenant: 'default', name, scopes, expiresAt: undefined })).key;
}

const iit = (args: readonly string[], options: RunOptions = {}): Promise<Ran> =>
  runIit(home, args, { ...options, env: { ...env, ...options.env } });

async function json<Answer>(args: readonly string[]): Promise<Answer> {
  const { code, stdout, stderr } = await iit([...args, '--json']);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Answer;
}

type Run = { id: string; status: string; rows: Record<string, number>; name: string };

describe('sending', LONG, () => {
  test('check tells what was understood and stores nothing', async () => {
    const { code, stdout } = await iit(['check', cohort]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/format\s+table\/csv/u);
    expect(stdout).toMatch(/refused\s+1 /u);
    expect(stdout).toContain('not_a_number');
    const checked = await json<{ rows: object }>(['check', cohort, '--rows', 'all']);
    expect(checked.rows).toMatchObject({ read: ROWS, rejected: 1, whole_file: true });
    expect(await json(['runs', 'ls'])).toEqual([]);
  });

  test('submit --watch follows a run to its end; the same content again is the earlier run, said aloud', async () => {
    const sent = await iit(['submit', cohort, '--name', 'night', '--watch']);
    expect(sent).toMatchObject({ code: 0 });
    expect(sent.stdout).toMatch(/status\s+completed/u);
    expect(sent.stderr).toContain(`${ROWS - 1} rows are stored`);
    const first = await json<Run>(['runs', 'view', 'night']);
    expect(first).toMatchObject({ status: 'completed', rows: { scored: ROWS - 1, rejected: 1 } });

    const again = await iit(['submit', cohort, '--name', 'night', '--json']);
    expect(again.stderr).toContain('This is the earlier run');
    expect((JSON.parse(again.stdout) as Run).id).toBe(first.id);
    const anew = await iit(['submit', cohort, '--name', 'night', '--again', '--json', '--watch']);
    expect(anew.stderr).not.toContain('earlier');
    expect((JSON.parse(anew.stdout) as Run).id).not.toBe(first.id);
  });

  test('takes a line list from standard input', async () => {
    const { stdout: radet } = await iit(['cohort', '--kind', 'radet', '--rows', '40', '--as-of', TODAY]);
    const sent = await iit(['submit', '-', '--name', 'nightly', '--watch', '--json', '--quiet'], {
      input: radet,
    });
    expect(sent).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(sent.stdout)).toMatchObject({
      status: 'completed',
      input: { format: 'line_list/csv' },
    });
  });
});

describe('runs and what they leave', LONG, () => {
  test('are found by name, beginning, search and latest', async () => {
    const runs = await json<Run[]>(['runs', 'ls', '--search', 'night']);
    const night = runs.find(({ name }) => name === 'night')!;
    expect(await json(['runs', 'view', night.id.slice(0, 13)])).toEqual(
      expect.objectContaining({ id: night.id }),
    );
    expect(await json(['runs', 'view', 'latest'])).toMatchObject({ id: runs[0]!.id });
    const table = await iit(['runs', 'ls', '--status', 'completed', '--limit', '2']);
    expect(table.stdout.trim().split('\n')).toHaveLength(3);
    expect(table.stdout).not.toContain('\u001B');
    expect(await iit(['runs', 'view', 'no-such'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'iit: There is no run "no-such"; iit runs ls lists them.\n',
    });
  });

  test('results, work lists and refusals come home as streams, whole or not at all', async () => {
    const { stdout: csv } = await iit(['results', 'night', '--order', 'risk']);
    expect(csv.trimEnd().split('\r\n')).toHaveLength(ROWS);
    const { stdout: rows } = await iit(['results', 'night', '--limit', '3', '--json']);
    expect(
      rows
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { row: number }).row),
    ).toEqual([1, 2, 4]);
    const workbook = path.join(home, 'list.xlsx');
    const taken = await iit(['worklist', 'night', '--capacity', '5', '-o', workbook]);
    expect(taken).toMatchObject({ code: 0, stdout: '' });
    expect((await readFile(workbook)).subarray(0, 2).toString()).toBe('PK');
    expect((await stat(workbook)).mode & 0o777).toBe(0o600);
    const { stdout: refused } = await iit(['rejections', 'night']);
    expect(refused).toContain('not_a_number');
    expect((await iit(['rejections', 'night', '--not-predicted'])).stdout).toContain('patient_id');
    const lost = path.join(home, 'nowhere.csv');
    expect(await iit(['results', '00000000-0000-4000-8000-000000000000', '-o', lost])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('(not_found 404)'),
    });
    expect((await readdir(home)).filter((name) => name.startsWith('nowhere'))).toEqual([]);
  });

  test('the current list of a facility is printed with what came of calls', async () => {
    const [facility] = await json<{ id: string; list_finished_at: string | null }[]>(['facilities', 'ls']);
    await expect
      .poll(async () => (await iit(['worklist', '--current', '--facility', facility!.id])).code)
      .toBe(0);
    const list = await json<{ counts: object }>(['worklist', '--current', '--facility', facility!.id]);
    expect(list.counts).toHaveProperty('missed');
  });

  test('a reader who closes the pipe early is no fault, and no process stays behind', async () => {
    const { stdout, stderr } = await run(
      'bash',
      [
        '-c',
        'set -o pipefail; "$0" cli/bin/iit.js results night | head -n 1; echo "${PIPESTATUS[0]}"',
        process.execPath,
      ],
      { env: { PATH: process.env['PATH'], HOME: home, ...env } },
    );
    expect(stdout).toMatch(/^row,patient_id.*\r\n0\n$/u);
    expect(stderr).toBe('');
  });
});

describe('exit codes', LONG, () => {
  test.each([
    [['sing'], 2, 'unknown command'],
    [['submit'], 2, 'missing required argument'],
    [['runs', 'ls', '--limit', 'many'], 2, '--limit takes a whole number'],
    [['submit', 'none.csv'], 1, 'none.csv cannot be read (ENOENT).'],
    [['models', 'activate', '9.9.9', '--reason', 'x'], 1, 'model_not_found 404'],
  ])('%j ends with %i', async (args, code, words) => {
    const ran = await iit(args);
    expect(ran).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(words) });
    expect(ran.stderr).not.toContain('    at ');
  });

  test('3 beyond --max-rejected, by number and by share', async () => {
    expect((await iit(['check', cohort, '--max-rejected', '0'])).code).toBe(3);
    expect((await iit(['check', cohort, '--max-rejected', '1'])).code).toBe(0);
    expect((await iit(['check', cohort, '--max-rejected', '0.1%'])).code).toBe(3);
    expect((await iit(['check', cohort, '--max-rejected', '1%'])).code).toBe(0);
  });

  test('4 without a valid key, and without the scope', async () => {
    expect(await iit(['runs', 'ls'], { env: { IIT_API_KEY: 'iit_wrong' } })).toMatchObject({ code: 4 });
    const reader = await key('reader', ['read']);
    expect(await iit(['submit', cohort], { env: { IIT_API_KEY: reader } })).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('forbidden 403'),
    });
  });

  test('5 for a cancelled run, 6 for one that takes too long, 130 when interrupted', async () => {
    await worker.stop();
    try {
      const late = await iit(['submit', cohort, '--again', '--name', 'late', '--watch', '--timeout', '1s']);
      expect(late).toMatchObject({ code: 6, stderr: expect.stringContaining('goes on') });
      const cut = await iit(['runs', 'watch', 'late'], {
        onStderr: (text) => (text.includes('Following run') ? 'SIGINT' : undefined),
      });
      expect(cut).toMatchObject({ code: 130, stderr: expect.stringContaining('Interrupted.') });
      expect(await iit(['runs', 'cancel', 'late'])).toMatchObject({ code: 0 });
      expect(await iit(['runs', 'watch', 'late'])).toMatchObject({
        code: 5,
        stderr: expect.stringContaining('The run is cancelled'),
      });
    } finally {
      const services = { databaseUrl: database.url, queueUrl: database.url };
      worker = await startService({ service: 'worker', ...services });
    }
  });

  test('1 and one sentence where nothing answers; the stack comes with --debug', async () => {
    const nowhere = { IIT_API_URL: 'http://127.0.0.1:9' };
    const ran = await iit(['login', '--url', 'http://127.0.0.1:9'], { input: 'iit_x' });
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringMatching(/^iit: No answer: .*\n$/u) });
    const debugged = await iit(['login', '--url', nowhere.IIT_API_URL, '--debug'], { input: 'iit_x' });
    expect(debugged.stderr).toContain('    at ');
  });
});

describe('oversight and administration', LONG, () => {
  test('audit tells who scored a patient, and who did what', async () => {
    const { stdout } = await iit(['results', 'night', '--limit', '1', '--json']);
    const { patient_id: patient } = JSON.parse(stdout) as { patient_id: string };
    const records = await json<{ patient_id: string; actor: string; input: object }[]>([
      'audit',
      'patient',
      patient,
      '--input',
      '--from',
      TODAY,
    ]);
    expect(records[0]).toMatchObject({ patient_id: patient, actor: 'everything' });
    expect(Object.keys(records[0]!.input).length).toBeGreaterThan(10);
    expect((await iit(['audit', 'patient', patient])).stdout).toContain('everything');
    const events = await json<{ action: string }[]>(['audit', 'events', '--action', 'results.export']);
    expect(events.length).toBeGreaterThan(0);
    const verified = await iit(['audit', 'verify'], { env: { DATABASE_URL: database.url } });
    expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining('as they were written') });
  });

  test('a receipt is fetched and checked here; one that was altered, or signed by somebody else, does not hold', async () => {
    const receiptOf = ['audit', 'receipt', '--job', 'night', '--row', '1'];
    const trusted = ['--public-key', createSigner(ORIGIN, signing.CHECKPOINT_KEY).verifierKey];
    const file = path.join(home, 'receipt.json');
    await expect
      .poll(async () => (await iit([...receiptOf, ...trusted, '-o', file])).code, { timeout: 30_000 })
      .toBe(0);
    const again = await iit(['audit', 'receipt', '--file', file, ...trusted], {
      env: { IIT_API_URL: 'http://127.0.0.1:9' },
    });
    expect(again).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringMatching(/^It holds: row 1 of /u),
    });
    const printed = await iit(receiptOf);
    expect(printed.stderr).toContain('Nobody’s signature was checked');
    const { row } = JSON.parse(printed.stdout) as { row: { number: number; tier: number } };
    expect(row.number).toBe(1);
    const stranger = createSigner(ORIGIN, newCheckpointKey()).verifierKey;
    const kept = path.join(home, 'no-receipt.json');
    expect(await iit([...receiptOf, '--public-key', stranger, '-o', kept])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('does not hold'),
    });
    expect(existsSync(kept)).toBe(false);
    await writeFile(file, printed.stdout.replace(/"tier":\d/u, `"tier":${(row.tier + 1) % 3}`));
    expect(await iit(['audit', 'receipt', '--file', file, ...trusted])).toMatchObject({
      code: 1,
      stderr: 'iit: The receipt does not hold: the row does not stand in the log that was signed.\n',
    });
    for (const [args, words] of [
      [['--file', file, '--row', '1'], 'named by --job and --row'],
      [['--job', 'night'], 'named by --job and --row'],
      [['--file', file, '--public-key', 'mine'], '--public-key: not a verifier key'],
    ] as const) {
      expect(await iit(['audit', 'receipt', ...args])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(words),
      });
    }
  });

  test('a receipt comes straight from the database too, and the newest checkpoint; a key is made once', async () => {
    const direct = { env: { DATABASE_URL: database.url } };
    const { id } = await json<Run>(['runs', 'view', 'night']);
    const printed = await iit(['audit', 'receipt', '--database', '--job', id, '--row', '1'], direct);
    expect(JSON.parse(printed.stdout)).toMatchObject({ type: 'iit-receipt/1', chunk: { job_id: id } });
    expect((await iit(['audit', 'checkpoint'], direct)).stdout).toMatch(/^iit\.example\.org\/log\n\d+\n/u);
    const file = path.join(home, 'keys', 'checkpoint-key.pem');
    const own = { env: { CHECKPOINT_ORIGIN: ORIGIN } };
    const made = await iit(['audit', 'key', file], own);
    expect(made.stdout).toBe(`${createSigner(ORIGIN, await readFile(file, 'utf8')).verifierKey}\n`);
    expect((await stat(file)).mode & 0o777).toBe(0o400);
    expect((await iit(['audit', 'key', file], own)).stdout).toBe(made.stdout);
    await writeFile(path.join(home, 'no-key.pem'), 'no key');
    expect(await iit(['audit', 'key', path.join(home, 'no-key.pem')], own)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no private key in PEM'),
    });
  });

  test('erase takes a patient out of every list, and refuses a reason that names them', async () => {
    const { stdout } = await iit(['results', 'night', '--limit', '1', '--json']);
    const { patient_id: patient } = JSON.parse(stdout) as { patient_id: string };
    const direct = { env: { DATABASE_URL: database.url } };
    const erase = (...args: string[]) => iit(['erase', ...args], direct);
    expect(await erase('--patient', patient)).toMatchObject({ code: 2 });
    expect(await erase('--patient', patient, '--reason', `${patient} asked`)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('has the id in it'),
    });
    expect(await erase('--patient', patient, '--reason', 'x', '--tenant', 'nobody')).toMatchObject({
      code: 1,
      stderr: 'There is no tenant nobody.\n',
    });
    const erased = await erase('--patient', patient, '--reason', 'request 17');
    expect(erased).toMatchObject({ code: 0 });
    const counts = JSON.parse(erased.stdout) as { rows: number; jobs: number };
    expect(counts.rows).toBeGreaterThan(0);
    expect(erased.stdout).not.toContain(patient);
    for (const args of [
      ['results', 'night'],
      ['worklist', 'night'],
      ['audit', 'patient', patient, '--json'],
    ]) {
      expect((await iit(args)).stdout).not.toMatch(new RegExp(`\\b${patient}\\b`, 'u'));
    }
    expect((await iit(['audit', 'verify', '--rescore'], direct)).stdout).toMatch(
      /\([1-9]\d* erased\).*: as they were written\n$/su,
    );
  });

  test('models are listed, shown, registered again, and drift is told', async () => {
    const [model] = await json<{ version: string; active: boolean }[]>(['models', 'ls']);
    expect(model).toMatchObject({ active: true });
    expect((await iit(['models', 'view', model!.version])).stdout).toContain('SYNTHETIC');
    const registered = await json<{ version: string }>([
      'models',
      'register',
      'models/iit_lightgbm_model.txt',
    ]);
    expect(registered.version).toBe(model!.version);
    expect(await iit(['models', 'activate', model!.version, '--reason', 'as it was'])).toMatchObject({
      code: 0,
    });
    expect(await iit(['models', 'activate', model!.version])).toMatchObject({ code: 2 });
    expect(await iit(['models', 'rollback', '--reason', 'none before'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('No other model was active before.'),
    });
    expect((await iit(['models', 'drift', model!.version])).code).toBeLessThan(2);
  });

  test('outcomes are filed from a CSV, and those that fit nothing are told by line', async () => {
    const file = path.join(home, 'outcomes.csv');
    await writeFile(file, `patient_id,outcome,date\nSYN-5-0,interrupted,2099-01-01\n`);
    const filed = await json<{ matched: number; unmatched: { line: number }[] }>(['outcomes', file]);
    expect(filed).toEqual({ matched: 0, unmatched: [{ line: 2, code: expect.any(String) }] });
  });

  test('facilities, keys and people are managed', async () => {
    const register = path.join(home, 'facilities.csv');
    await writeFile(register, 'id,name,lga,state\nF1,"Clinic, Central",Dala,Kano\n');
    expect(await iit(['facilities', 'put', register])).toMatchObject({ code: 0 });
    expect(await json(['facilities', 'ls', '--search', 'central'])).toMatchObject([
      { id: 'F1', lga: 'Dala' },
    ]);
    const made = await iit(['keys', 'create', '--name', 'emr', '--scope', 'submit,read']);
    expect(made.stdout).toMatch(/^iit_[\w-]+\n$/u);
    expect((await iit(['keys', 'ls'])).stdout).toContain('emr');
    expect(await iit(['keys', 'revoke', '--name', 'emr'])).toMatchObject({ code: 0 });
    const invited = await iit([
      'people',
      'invite',
      '--email',
      'ada@example.org',
      '--name',
      'Ada',
      '--role',
      'officer',
    ]);
    expect(invited.stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/welcome\/[\w-]+\n$/u);
    await iit(['people', 'change', 'ada@example.org', '--disable']);
    expect(await json(['people', 'ls'])).toMatchObject([
      { email: 'ada@example.org', disabled_at: expect.any(String) },
    ]);
  });

  test('webhooks are added, tested, listed and removed', async () => {
    const url = 'https://hooks.invalid/iit';
    const added = await iit(['webhooks', 'add', url, '--events', 'job.ended,drift.found']);
    expect(added.stdout).toMatch(/^whsec_\S+\n$/u);
    const [hook] = JSON.parse((await iit(['webhooks', 'ls', '--json'])).stdout) as { id: string }[];
    expect((await iit(['webhooks', 'ls'])).stdout).toContain(url);
    expect(await iit(['webhooks', 'test', hook!.id])).toMatchObject({ code: 0 });
    expect((await iit(['webhooks', 'deliveries', hook!.id])).stdout).toContain('webhook.test');
    expect((await iit(['webhooks', 'rotate', hook!.id])).stdout).not.toBe(added.stdout);
    expect(await iit(['webhooks', 'replay', hook!.id])).toMatchObject({ code: 0 });
    expect(await iit(['webhooks', 'add', url, '--events', 'job.begun'])).toMatchObject({ code: 2 });
    expect(await iit(['webhooks', 'rm', hook!.id])).toMatchObject({ code: 0 });
    expect(JSON.parse((await iit(['webhooks', 'ls', '--json'])).stdout)).toEqual([]);
  });

  test('keys and people also go straight into the database, for the first of all', async () => {
    const direct = { DATABASE_URL: database.url };
    const made = await iit(['keys', '--database', 'create', '--name', 'first', '--scope', 'read'], {
      env: direct,
    });
    expect(made.stdout).toMatch(/^iit_[\w-]+\n$/u);
    expect((await iit(['keys', '--database', 'ls'], { env: direct })).stdout).toContain('first');
  });

  test('doctor names what must be mended and how', async () => {
    const well = await iit(['doctor', '--json'], { env: { DATABASE_URL: database.url } });
    const findings = JSON.parse(well.stdout) as { name: string; status: string; remedy?: string }[];
    expect(Object.fromEntries(findings.map(({ name, status }) => [name, status]))).toMatchObject({
      Node: 'ok',
      PostgreSQL: 'ok',
      schema: 'ok',
      'active model': 'warn',
      Redis: 'skipped',
      service: 'ok',
      key: 'ok',
    });
    expect(well.code).toBe(0);
    const ill = await iit(['doctor'], {
      env: { DATABASE_URL: 'postgres://nobody:secret@127.0.0.1:9/none', IIT_API_KEY: 'iit_wrong' },
    });
    expect(ill).toMatchObject({ code: 1, stderr: expect.stringContaining('PostgreSQL, key') });
    expect(ill.stdout + ill.stderr).not.toMatch(/secret|nobody/u);
  });
});

describe('the command itself', LONG, () => {
  test('login keeps a profile for its owner alone; logout forgets the key', async () => {
    const own = { env: { XDG_CONFIG_HOME: path.join(home, 'config') } };
    const bare = (args: readonly string[], input?: string) =>
      runIit(home, args, { ...own, ...(input === undefined ? {} : { input }) });
    expect(await bare(['whoami'])).toMatchObject({ code: 2, stderr: expect.stringContaining('iit login') });
    const login = await bare(
      ['login', '--url', `${api.url}/`, '--profile', 'here'],
      `${env['IIT_API_KEY']}\n`,
    );
    expect(login).toMatchObject({ code: 0, stderr: expect.stringContaining('as everything') });
    const file = path.join(home, 'config/iit/config.toml');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await bare(['whoami'])).stdout).toMatch(/who\s+everything/u);
    expect(JSON.parse((await bare(['profile', 'ls', '--json'])).stdout)).toEqual([
      { name: 'here', url: api.url, in_use: true, has_key: true },
    ]);
    expect(await bare(['whoami', '--profile', 'elsewhere'])).toMatchObject({ code: 2 });
    expect(await bare(['logout'])).toMatchObject({ code: 0 });
    expect(await readFile(file, 'utf8')).not.toContain('iit_');
    expect(await bare(['whoami'])).toMatchObject({ code: 4 });
    expect(await bare(['profile', 'rm', 'here'])).toMatchObject({ code: 0 });
  });

  test('every verb shows its help, without a service, a configuration or an effect', async () => {
    const nowhere = await mkdtemp(path.join(tmpdir(), 'iit-help-'));
    const paths = verbsOf(createProgram(new AbortController().signal), []);
    expect(paths.length).toBeGreaterThan(35);
    for (const batch of Array.from({ length: Math.ceil(paths.length / 4) }, (_, at) =>
      paths.slice(at * 4, at * 4 + 4),
    )) {
      const ran = await Promise.all(batch.map(async (verb) => await runIit(nowhere, [...verb, '--help'])));
      for (const [at, { code, stdout, stderr }] of ran.entries()) {
        expect({ verb: batch[at], code, stderr }).toEqual({ verb: batch[at], code: 0, stderr: '' });
        expect(stdout.length).toBeGreaterThan(40);
      }
    }
    expect(existsSync(path.join(nowhere, '.config'))).toBe(false);
    await rm(nowhere, { recursive: true });
  });

  test('bash completes verbs and options', async () => {
    const { stdout: script } = await iit(['completion', 'bash']);
    const typed = `${script}\nCOMP_WORDS=(iit runs wat) COMP_CWORD=2; _iit; echo "\${COMPREPLY[@]}"
      COMP_WORDS=(iit submit --wa) COMP_CWORD=2; _iit; echo "\${COMPREPLY[@]}"`;
    expect((await run('bash', ['-c', typed])).stdout).toBe('watch\n--watch\n');
    for (const shell of ['zsh', 'fish'])
      expect((await iit(['completion', shell])).stdout).toContain('worklist');
    expect(await iit(['completion', 'tcsh'])).toMatchObject({ code: 2 });
  });

  test('help is there within 150 ms, or within twice and a half what Node alone takes on a busy machine', async () => {
    const times = { bare: [] as number[], help: [] as number[] };
    const measure = async (into: number[], args: string[]) => {
      const startMs = performance.now();
      await run(process.execPath, args, { env: { PATH: process.env['PATH'], HOME: home } });
      into.push(performance.now() - startMs);
    };
    for (let at = 0; at < 5; at++) {
      await measure(times.bare, ['-e', '0']);
      await measure(times.help, ['cli/bin/iit.js', '--help']);
    }
    const median = (all: number[]) => all.toSorted((a, b) => a - b)[2]!;
    process.stdout.write(
      `iit --help: median ${median(times.help).toFixed(0)} ms of 5, node alone ${median(times.bare).toFixed(0)} ms\n`,
    );
    expect(Math.min(...times.help)).toBeLessThan(Math.max(150, 2.5 * Math.min(...times.bare)));
  });
});

function verbsOf(command: Command, path: readonly string[]): string[][] {
  return [[...path], ...command.commands.flatMap((verb) => verbsOf(verb, [...path, verb.name()]))];
}
