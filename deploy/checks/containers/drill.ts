import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { INSIDE_PATHS } from '../public-paths.ts';
import { sampleCohort } from '../sample-cohort.ts';
import { engineAt, startEngine, whyNoEngine, type Engine } from './engine.ts';
import { startGentleLoad } from './gentle-load.ts';
import { buildImage, buildStandIns, importBase } from './images.ts';
import { nextModel } from './next-model.ts';
import { openSite, type Site } from './site.ts';
import { fetchCompose } from './tool-folder.ts';

const USAGE = `npm run drill:containers -- [--rows 200000] [--predictions 5] [--host unix://… [--built]]

Real containers on an engine of its own: both builders make the image, docker/compose.prod.yaml comes up with stand-ins for
PostgreSQL, Redis and Caddy, a job runs, a container is killed, image, schema and model go forth and back under a job and
predictions, a backup is taken and restored, everything goes down.
--host takes an engine that runs already, --built the images that it has.
Ends with 77 where no engine can be started.`;

const SKIPPED = 77;
const OLD = 'iit-ml-service:1.0.0';
const NEW = 'iit-ml-service:1.0.1';
const BLOCK_ROWS = 50_000;
const LIMITS = { contextBytes: 30e6, bytesAboveBase: 150e6, p99Ms: 250 };
/** What the schema of a later release may have: see test/deploy/rolling-update.int.test.ts. */
const EXPANSION = `
ALTER TABLE jobs ADD COLUMN later_note text;
ALTER TABLE score_blocks ADD COLUMN later_score double precision;
ALTER TABLE online_rows ADD COLUMN later_purpose text NOT NULL DEFAULT 'care';`;

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '200000' },
    predictions: { type: 'string', default: '5' },
    host: { type: 'string' },
    built: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
async function main(): Promise<void> {
  const began = performance.now();
  const engine = values.host === undefined ? await ownEngine() : engineAt(values.host);
  if (typeof engine === 'string') return skip(engine);
  await using _engine = engine;
  if (!values.built) {
    await step('tools and base image', async () => {
      await fetchCompose();
      await importBase(engine);
    });
    await step('image by both builders', () => images(engine));
    await step('stand-ins for PostgreSQL, Redis, Caddy, Prometheus, Alertmanager', () =>
      buildStandIns(engine),
    );
  }
  await step('docker run, by the guide', () => bareRun(engine));
  const site = await openSite(engine, { IIT_IMAGE: OLD, LOG_LEVEL: 'INFO', IIT_TLS: 'internal' });
  await using _site = site;
  await step('compose up', async () => {
    await site.up();
    await served(site);
  });
  const keys = await step('keys, that no log holds', () => makeKeys(engine, site));
  await step('who reaches whom', () => reachability(site));
  await step('a job, a worker killed, image, schema and model forth and back', () =>
    rollOuts(engine, site, keys),
  );
  await step('backup and restore', () => backupAndRestore(site, keys));
  say(`everything in ${((performance.now() - began) / 1_000).toFixed(0)} s`);
}

/** An engine, or why there can be none. */
async function ownEngine(): Promise<Engine | string> {
  const reason = whyNoEngine();
  if (reason !== undefined) return reason;
  try {
    return await startEngine();
  } catch (error) {
    return `this kernel starts no engine: ${(error as Error).message.split('\n').at(-2) ?? ''}`;
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function skip(reason: string): void {
  say(`SKIP: containers: ${reason}`);
  process.exitCode = SKIPPED;
}

async function step<T>(name: string, body: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await body().catch((error: Error) => {
    say(`FAIL ${name}: ${error.message}`);
    throw error;
  });
  say(`ok ${name} (${((performance.now() - began) / 1_000).toFixed(1)} s)`);
  return result;
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

async function images(engine: Engine): Promise<void> {
  const legacy = await buildImage(engine, { tag: OLD, version: '1.0.0', buildKit: false });
  const buildKit = await buildImage(engine, { tag: NEW, version: '1.0.1', buildKit: true });
  for (const [name, built] of Object.entries({ legacy, buildKit })) {
    const [context, above] = [built.contextBytes / 1e6, built.bytesAboveBase / 1e6];
    say(
      `   ${name}: ${built.seconds.toFixed(0)} s, context ${context.toFixed(1)} MB, ${above.toFixed(0)} MB above the base`,
    );
    demand(built.contextBytes < LIMITS.contextBytes, `${name}: the context is ${context} MB`);
    demand(
      built.bytesAboveBase < LIMITS.bytesAboveBase,
      `${name}: the layers above the base are ${above} MB`,
    );
  }
  demand(
    legacy.files.length > 1_000 && legacy.files === buildKit.files,
    'The two builders made different files.',
  );
}

/** The lines of the guide that need no other container: what the image says of itself, and of a wrong environment. */
async function bareRun({ docker }: Engine): Promise<void> {
  const bare = ['run', '--rm', '--network=none', '--read-only', '--cap-drop=ALL'];
  const { stdout } = await docker([...bare, OLD, 'id', '-u']);
  demand(stdout.trim() === '10001', `The image runs as ${stdout.trim()}.`);
  const wrong = ['-e', 'DATABASE_URL=mysql://user:secret@nowhere', '-e', 'LOG_LEVEL=INFO', OLD];
  const refused = await docker([...bare, ...wrong]).then(
    () => '',
    (error: Error) => error.message,
  );
  demand(/DATABASE_URL: must start/u.test(refused), `A wrong DATABASE_URL is not named: ${refused}`);
  demand(!refused.includes('LOG_LEVEL: '), 'LOG_LEVEL=INFO is refused.');
  demand(!/\n.*secret@/u.test(refused), 'A value of the environment is shown.');
}

type Keys = { submit: string; admin: string };

async function makeKeys({ docker }: Engine, site: Site): Promise<Keys> {
  const make = async (name: string, scope: string) => {
    const { stdout } = await site.compose([
      'run',
      '--rm',
      '-T',
      'keys',
      'create',
      '--name',
      name,
      '--scope',
      scope,
    ]);
    return stdout.trim();
  };
  const keys = { submit: await make('nightly', 'submit,read,audit'), admin: await make('admin', 'admin') };
  const { stdout: ids } = await docker(['ps', '--all', '--quiet']);
  for (const id of ids.trim().split('\n')) {
    const { stdout, stderr } = await docker(['logs', id]);
    demand(!`${stdout}${stderr}`.includes(keys.submit), `A key is in the log of ${id}.`);
  }
  return keys;
}

/** Which service of docker/compose.prod.yaml reaches which port; everything else must be closed. */
const REACHES: Record<string, string[]> = {
  api: ['postgres:5432', 'redis:6379', 'api:8000', 'worker:8001', 'prometheus:9090', 'alertmanager:9093'],
  worker: ['postgres:5432', 'redis:6379', 'api:8000', 'worker:8001', 'prometheus:9090', 'alertmanager:9093'],
  proxy: ['api:8000', 'proxy:443', 'prometheus:9090', 'alertmanager:9093'],
  prometheus: [
    'postgres:5432',
    'redis:6379',
    'api:8000',
    'worker:8001',
    'proxy:443',
    'alertmanager:9093',
    'prometheus:9090',
  ],
};
const TARGETS = [
  'postgres:5432',
  'redis:6379',
  'api:8000',
  'worker:8001',
  'proxy:443',
  'prometheus:9090',
  'alertmanager:9093',
];

async function reachability(site: Site): Promise<void> {
  const script = `const net = require('node:net');
    Promise.all(process.argv.slice(1).map((target) => new Promise((done) => {
      const [host, port] = target.split(':');
      const socket = net.connect(Number(port), host);
      const end = (open) => { socket.destroy(); done(open ? [target] : []); };
      socket.once('connect', () => end(true)); socket.once('error', () => end(false)); setTimeout(() => end(false), 20000).unref();
    }))).then((open) => console.log(open.flat().sort().join(' ')));`;
  for (const [from, expected] of Object.entries(REACHES)) {
    const allowed = from === 'api' ? [...expected, 'proxy:443'] : expected;
    const { stdout } = await site.compose([
      'exec',
      '-T',
      '-e',
      'UV_THREADPOOL_SIZE=16',
      from,
      'node',
      '-e',
      script,
      ...TARGETS,
    ]);
    const open = stdout.trim().split(' ');
    demand(
      open.toSorted().join() === allowed.toSorted().join(),
      `${from} reaches ${open.join(', ')}, and should reach ${allowed.join(', ')}.`,
    );
  }
  for (const service of ['postgres', 'redis', 'api']) {
    const { stdout } = await site.compose(['ps', '--format', '{{.Ports}}', service]);
    demand(!stdout.includes('->'), `${service} publishes a port: ${stdout}`);
  }
  const paths = [
    ...INSIDE_PATHS,
    '/%6Detrics',
    '/v1/%2e%2e/metrics',
    '/v1/../metrics',
    '//metrics',
    '/docs/%2e%2e/metrics',
  ];
  for (const path of paths) {
    const { status } = await site.call(path);
    demand(status >= 400, `${path} is answered to the outside with ${status}.`);
  }
  demand((await site.call('/health')).status === 200, '/health is not answered to the outside.');
  demand((await site.call('/v1/jobs')).status === 401, '/v1/jobs does not ask for a key.');
}

async function rollOuts({ docker }: Engine, site: Site, { submit, admin }: Keys): Promise<void> {
  const cohort = await sampleCohort(BLOCK_ROWS);
  const rows = Math.ceil(Number(values.rows) / BLOCK_ROWS) * BLOCK_ROWS;
  const post = async (count: number) => {
    const body = Readable.fromWeb(cohort.body(count) as never);
    const job = await site.json('/v1/jobs?explain=1', {
      method: 'POST',
      key: submit,
      type: 'text/csv',
      body,
    });
    return String(job['id']);
  };
  const row = JSON.stringify({
    patient_id: 'P-1',
    facility_id: 'F-9',
    age: 34,
    days_to_due: -3,
    last_days_supply: 30,
    days_since_last_refill: 33,
  });
  const predictions = startGentleLoad(site, { key: submit, row, perSecond: Number(values.predictions) });
  const job = await post(rows);

  const [victim = ''] = await site.containers('worker');
  // Its process from outside, as the kernel would: what `docker kill` ends, the engine does not start again.
  const { stdout: pid } = await docker(['inspect', '--format', '{{.State.Pid}}', victim]);
  process.kill(Number(pid), 'SIGKILL');
  say(`   a worker was killed; ${await progress(site, job)}`);

  await site.json('/v1/models', {
    method: 'POST',
    key: admin,
    type: 'application/json',
    body: await nextModel('1.0.1'),
  });
  await site.json('/v1/models/1.0.1/activate', { method: 'POST', key: admin });
  const second = await post(BLOCK_ROWS);

  await site.sql(EXPANSION);
  await site.set({ IIT_IMAGE: NEW });
  say(`   forth to ${NEW}; ${await progress(site, job)}`);
  const forth = await site.rollOut();
  demand(/api: 2 new, 2 old gone/u.test(forth.stdout), forth.stdout + forth.stderr);
  await demandImage({ docker }, site, NEW);

  await site.json('/v1/models/rollback', { method: 'POST', key: admin });
  const third = await post(BLOCK_ROWS);
  await site.set({ IIT_IMAGE: OLD });
  say(`   back to ${OLD}; ${await progress(site, job)}`);
  await site.rollOut();
  await demandImage({ docker }, site, OLD);

  const models: string[] = [];
  for (const id of [job, second, third]) models.push(await ended(site, id, submit));
  demand(models.join() === '1.0.0,1.0.1,1.0.0', `Jobs were scored by the models ${models.join()}.`);
  const report = await predictions.stop();
  say(
    `   ${report.sent} predictions meanwhile: p50 ${report.p50Ms} ms, p99 ${report.p99Ms} ms, ${report.failed.length} failed`,
  );
  demand(report.failed.length === 0, `Predictions failed: ${[...new Set(report.failed)].join('; ')}`);
  if (report.p99Ms > LIMITS.p99Ms)
    say(`   NOTE: p99 is above ${LIMITS.p99Ms} ms; a machine with other work cannot say more`);
  await nothingLost(site, rows + 2 * BLOCK_ROWS, report.sent);
}

async function progress(site: Site, job: string): Promise<string> {
  const state = await site.sql(
    `SELECT status || ', ' || rows_scored || ' of ' || rows_accepted || ' rows' FROM jobs WHERE id = '${job}'`,
  );
  return `the job is ${state}`;
}

async function demandImage({ docker }: Pick<Engine, 'docker'>, site: Site, tag: string): Promise<void> {
  for (const service of ['api', 'worker']) {
    const ids = await site.containers(service);
    demand(ids.length === 2, `${service} has ${ids.length} containers.`);
    for (const id of ids) {
      const { stdout } = await docker(['inspect', '--format', '{{.Config.Image}}', id]);
      demand(stdout.trim() === tag, `${service} runs ${stdout.trim()}.`);
    }
  }
}

/** Waits for a job's end; the version of the model that scored it. */
async function ended(site: Site, id: string, key: string): Promise<string> {
  for (;;) {
    const job = await site.json(`/v1/jobs/${id}`, { key, headers: { prefer: 'wait=30' } });
    if (job['status'] === 'completed') return (job['model'] as { version: string }).version;
    demand(
      ['queued', 'running', 'receiving'].includes(String(job['status'])),
      `A job ended as ${String(job['status'])}.`,
    );
  }
}

async function nothingLost(site: Site, jobRows: number, online: number): Promise<void> {
  const counted = await site.sql(`SELECT
    (SELECT count(*) FROM (SELECT DISTINCT job_id, row_no FROM predictions) AS each) || ' ' ||
    (SELECT count(*) FROM predictions) || ' ' ||
    (SELECT sum(rows_scored) FROM jobs) || ' ' ||
    (SELECT count(*) FROM audit_log) || ' ' ||
    (SELECT count(*) FROM chunks WHERE state IN ('pending', 'leased', 'quarantined'))`);
  const expected = `${jobRows} ${jobRows} ${jobRows} ${jobRows + online} 0`;
  demand(
    counted === expected,
    `Predictions, scored rows, audit and open chunks are ${counted}, and should be ${expected}.`,
  );
  await logHolds(site);
}

/** The log by its checkpoints on the volume, under the key that the workers say they sign with. */
async function logHolds(site: Site): Promise<void> {
  const { stdout: lines } = await site.compose(['logs', '--no-log-prefix', 'worker']);
  const verifierKey = /"verifierKey":"([^"]+)"/u.exec(lines)?.[1] ?? '';
  demand(verifierKey !== '', 'No worker says that it signs the log.');
  const command = [
    'node',
    'cli/audit-verify.ts',
    '--checkpoint',
    '/checkpoints',
    '--public-key',
    verifierKey,
  ];
  const { stdout } = await site.compose(['run', '--rm', '-T', 'verify', ...command]);
  demand(
    /against [1-9]\d* checkpoints.*: as they were written/u.test(stdout),
    `The log does not hold: ${stdout}`,
  );
}

async function backupAndRestore(site: Site, { submit }: Keys): Promise<void> {
  const fingerprint = `SELECT count(*) || ' ' || sum(hashtextextended(patient_id || raw_score::text, 0)) FROM predictions`;
  const before = await site.sql(fingerprint);
  await site.compose(['run', '--rm', '-T', 'backup']);
  await site.compose(['stop', 'api', 'worker']);
  await site.sql('DROP DATABASE iit WITH (FORCE)', 'postgres');
  await site.sql('CREATE DATABASE iit', 'postgres');
  await site.compose(['run', '--rm', '-T', 'restore']);
  demand((await site.sql(fingerprint)) === before, 'The restored predictions differ.');
  await site.compose(['run', '--rm', '-T', 'retention']);
  await site.up();
  await served(site);
  const { status } = await site.call('/v1/jobs?limit=1', { key: submit });
  demand(status === 200, `After the restore /v1/jobs answers ${status}.`);
}

const SERVED_WITHIN_MS = 300_000;

/** Waits until every replica is healthy and the proxy passes a request on. */
async function served(site: Site): Promise<void> {
  const until = Date.now() + SERVED_WITHIN_MS;
  for (;;) {
    const { stdout } = await site.compose(['ps', '--format', '{{.Health}}', 'api', 'worker']);
    const healthy = stdout
      .trim()
      .split('\n')
      .filter((health) => health === 'healthy').length;
    const { status } = await site.call('/health').catch(() => ({ status: 0 }));
    if (healthy === 4 && status === 200) return;
    demand(Date.now() < until, `${healthy} of 4 containers are healthy, and /health answers ${status}.`);
    await pause(500);
  }
}

if (values.help) process.stdout.write(`${USAGE}\n`);
else await main();
