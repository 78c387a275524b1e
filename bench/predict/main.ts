/**
 * `npm run bench:predict [-- --seconds 5 --rounds 3 --out]`: online prediction, audited, against FastAPI + LightGBM that
 * audits nothing, in turn on one core. The load has the other core; PostgreSQL takes what either leaves. PYTHON names an interpreter with fastapi,
 * uvicorn and lightgbm (bench/peer/requirements.txt). The last line is one JSON object.
 */
import { execFileSync } from 'node:child_process';
import { appendFile, readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { sql } from 'kysely';
import { createKey } from '#api/auth/keys.ts';
import { freePort } from '#dev/local-services/free-port.ts';
import { startPostgres } from '#dev/local-services/postgres-server.ts';
import { prepareDatabase } from '#cli/prepare-database.ts';
import { recordEvent } from '#shared/audit/record-event.ts';
import { verifyAudit } from '#shared/audit/verify.ts';
import { createDatabase, createPool } from '#shared/db/database.ts';
import { loadGoldenRows, loadManifest } from '#shared/models/manifest.ts';
import { manifestPathOf, registerShippedModel } from '#shared/models/store.ts';
import { median } from '../median.ts';
import { load } from './load.ts';
import { ROOT, serve, type Served } from '#dev/stack/served.ts';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '128' },
    model: { type: 'string', default: 'models/iit_lightgbm_model.txt' },
    out: { type: 'boolean', default: false },
  },
});
const seconds = Number(options.seconds);
const rounds = Number(options.rounds);
const connections = Number(options.connections);
const SERVICE_CORE = 0;
const LOAD_CORE = 1;
const MODEL = path.resolve(ROOT, options.model);

pin(process.pid, LOAD_CORE);
const manifest = loadManifest(await readFile(manifestPathOf(MODEL), 'utf8'));
const golden = loadGoldenRows(await readFile(path.join(path.dirname(MODEL), manifest.golden.file), 'utf8'));
const bodies = golden.rows.slice(0, 200).map(({ values }, row) =>
  JSON.stringify({
    patient_id: `patient-${row}`,
    facility_id: `facility-${row % 7}`,
    ...Object.fromEntries(manifest.features.map(({ name }, i) => [name, values[i] ?? null])),
  }),
);

// A fresh cluster fills every new WAL segment with zeros while all commits wait; an older one takes used segments again.
await using postgres = await startPostgres({
  settings: { shared_buffers: '256MB', max_wal_size: '4GB', wal_init_zero: 'off' },
});
pin(postgres.pid, `${SERVICE_CORE},${LOAD_CORE}`);
const databaseUrl = postgres.url('postgres');
await prepareDatabase({ databaseUrl, queueUrl: databaseUrl });
const pool = createPool({
  url: databaseUrl,
  applicationName: 'bench',
  poolSize: 2,
  connectTimeoutMs: 5_000,
  statementTimeoutMs: 0,
});
const db = createDatabase(pool);
await registerShippedModel(db, MODEL);
const { key } = await createKey(
  { db, recordEvent, operator: 'bench' },
  { tenant: 'default', name: 'bench', scopes: ['submit'], expiresAt: undefined },
);

const port = await freePort();
const peerPort = await freePort();
await using service = await serve({
  core: SERVICE_CORE,
  command: 'node',
  args: ['api/main.ts'],
  env: {
    DATABASE_URL: databaseUrl,
    HOST: '127.0.0.1',
    PORT: String(port),
    KEY_PREDICTIONS_PER_SECOND: '0',
  },
  url: `http://127.0.0.1:${port}`,
  readyPath: '/health/live',
});
await using peer = await serve({
  core: SERVICE_CORE,
  command: process.env['PYTHON'] ?? 'python3',
  args: [
    '-m',
    'uvicorn',
    '--app-dir',
    'bench/peer',
    'predict_api:app',
    '--port',
    String(peerPort),
    '--no-access-log',
  ],
  env: { MODEL, MANIFEST: manifestPathOf(MODEL) },
  url: `http://127.0.0.1:${peerPort}`,
  readyPath: '/openapi.json',
});

const HEADERS = { 'content-type': 'application/json', authorization: `Bearer ${key}` };

type Side = { served: Served; path: string };
const ours = (explain: number): Side => ({ served: service, path: `/v1/predict?explain=${explain}` });
const theirs = (explain: number): Side => ({ served: peer, path: `/predict?explain=${explain}` });

await sameAnswers();
const plain = await inTurn(ours(0), theirs(0));
const explained = await inTurn(ours(3), theirs(3));
const halfs = [];
for (let turn = 0; turn < rounds; turn++) halfs.push(await run(ours(0), seconds, plain.service / 2));
const { rows: counted } = await sql<{
  n: number;
}>`SELECT count(*) AS n FROM audit_log WHERE source = 'online'`.execute(db);
const verified = await verifyAudit({ db, pool });
if (verified.problems.length > 0) throw new Error('the audit does not verify');

const result = {
  service_rps: Math.round(plain.service),
  fastapi_rps: Math.round(plain.peer),
  ratio: round(plain.service / plain.peer),
  p50_ms: median(halfs.map(({ p50Ms }) => p50Ms)),
  p99_ms: median(halfs.map(({ p99Ms }) => p99Ms)),
  explained_service_rps: Math.round(explained.service),
  explained_fastapi_rps: Math.round(explained.peer),
  explained_ratio: round(explained.service / explained.peer),
  cpu_ratio: plain.onCore,
  explained_cpu_ratio: explained.onCore,
  audited_rows: counted[0]?.n ?? 0,
};
if (options.out) {
  await appendFile(
    path.join(ROOT, 'bench/results/predict.md'),
    `| ${new Date().toISOString().slice(0, 16)} | ${cpus()[0]?.model ?? ''} | ${result.service_rps} | ${result.fastapi_rps} | ${result.ratio} | ${result.explained_service_rps} | ${result.explained_fastapi_rps} | ${result.explained_ratio} | ${result.p50_ms} | ${result.p99_ms} |\n`,
  );
}
await db.destroy();
console.log(JSON.stringify(result));

/** Medians of requests a second; the two sides take turns, and who begins alternates. */
async function inTurn(service: Side, peer: Side): Promise<{ service: number; peer: number; onCore: number }> {
  await run(service, 2);
  await run(peer, 1);
  const rates = { service: [] as number[], peer: [] as number[] };
  const onCore = { service: [] as number[], peer: [] as number[] };
  for (let turn = 0; turn < rounds; turn++) {
    for (const side of turn % 2 === 0 ? (['service', 'peer'] as const) : (['peer', 'service'] as const)) {
      const asked = side === 'service' ? service : peer;
      const before = await cpuSeconds(asked.served.pid);
      const { answered, perSecond } = await run(asked, seconds);
      const cpu = (await cpuSeconds(asked.served.pid)) - before;
      rates[side].push(perSecond);
      onCore[side].push(answered / cpu);
      console.error(
        `${asked.path}: ${Math.round(perSecond)} a second, ${Math.round(answered / cpu)} a CPU second`,
      );
    }
  }
  return {
    service: median(rates.service),
    peer: median(rates.peer),
    onCore: round(median(onCore.service) / median(onCore.peer)),
  };
}

async function run({ served, path }: Side, duration: number, perSecond?: number) {
  return await load({
    url: served.url,
    path,
    headers: HEADERS,
    bodies,
    seconds: duration,
    connections,
    ...(perSecond === undefined ? {} : { perSecond }),
  });
}

/** Both sides must say the same of a patient before they are compared. */
async function sameAnswers(): Promise<void> {
  for (const body of bodies.slice(0, 20)) {
    const ask = async ({ served, path }: Side) =>
      (await (
        await fetch(served.url + path, {
          method: 'POST',
          headers: HEADERS,
          body,
        })
      ).json()) as { risk: number; predictions?: { risk: number }[] };
    const own = (await ask(ours(3))).predictions?.[0]?.risk ?? NaN;
    const other = (await ask(theirs(3))).risk;
    if (!(Math.abs(own - other) < 1e-12)) throw new Error(`the two disagree: ${own} and ${other}`);
  }
}

/** Processor time that a process has used, all its threads together. */
async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function pin(pid: number, cores: number | string): void {
  execFileSync('taskset', ['-acp', String(cores), String(pid)], { stdio: 'ignore' });
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
