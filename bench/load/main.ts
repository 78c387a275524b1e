/**
 * `npm run bench:load -- --rps 1000 --seconds 300 --processes 2`: the load test of the deployment guide. POST /v1/predict at
 * a fixed rate, one patient a request, against several api processes over one PostgreSQL, the rate split evenly over
 * them. The rate is open: a request is sent when it is due, and its time counts from then. Fails unless every
 * answer is in the audit. The last line is one JSON object, which is also a line of bench/results/load.md.
 */
import { appendFile, readFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { sql } from 'kysely';
import { createKey } from '#api/auth/keys.ts';
import { startPostgres } from '#dev/local-services/postgres-server.ts';
import { prepareDatabase } from '#cli/prepare-database.ts';
import { recordEvent } from '#shared/audit/record-event.ts';
import { createDatabase, createPool } from '#shared/db/database.ts';
import { loadGoldenRows, loadManifest } from '#shared/models/manifest.ts';
import { manifestPathOf, registerShippedModel } from '#shared/models/store.ts';
import { type ServiceProcess, startService } from '#test/support/service-process.ts';
import { machineName } from '../machine.ts';
import { load, type LoadResult } from '../predict/load.ts';

const { values: options } = parseArgs({
  options: {
    rps: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '300' },
    processes: { type: 'string', default: '2' },
    connections: { type: 'string', default: '64' },
    explain: { type: 'string', default: '0' },
  },
});
const targetRps = Number(options.rps);
const seconds = Number(options.seconds);
const processCount = Number(options.processes);
const ROOT = path.resolve(import.meta.dirname, '..', '..');
const MODEL = path.join(ROOT, 'models', 'iit_lightgbm_model.txt');
const WARM_UP_SECONDS = 3;
const PATIENTS = 1_000;

const loadBefore = loadavg()[0] ?? NaN;
await using postgres = await startPostgres({ settings: { shared_buffers: '256MB', max_wal_size: '4GB' } });
const databaseUrl = postgres.url('postgres');
await prepareDatabase({ databaseUrl, queueUrl: databaseUrl });
await using db = createDatabase(
  createPool({
    url: databaseUrl,
    applicationName: 'bench',
    poolSize: 2,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 0,
  }),
);
await registerShippedModel(db, MODEL);
const { key } = await createKey(
  { db, recordEvent, operator: 'bench' },
  { tenant: 'default', name: 'bench', scopes: ['submit'], expiresAt: undefined },
);
await using services = new AsyncDisposableStack();
const processes: ServiceProcess[] = [];
for (let index = 0; index < processCount; index++) {
  const env = { LOG_LEVEL: 'warn' };
  processes.push(
    services.use(await startService({ service: 'api', databaseUrl, queueUrl: databaseUrl, env })),
  );
}
const bodies = await requestBodies();

await atRate(WARM_UP_SECONDS);
const auditedBefore = await audited();
const startMs = performance.now();
const results = await atRate(seconds);
const elapsedSeconds = (performance.now() - startMs) / 1_000;

const timesMs = Float64Array.from(results.flatMap((result) => result.timesMs)).sort();
const errors = results.reduce((sum, result) => sum + result.errors, 0);
for (const { firstError } of results) if (firstError !== undefined) process.stderr.write(`${firstError}\n`);
const auditedRows = (await audited()) - auditedBefore;
if (auditedRows !== timesMs.length - errors) {
  throw new Error(`${timesMs.length - errors} predictions were answered and ${auditedRows} audited`);
}
const quantileMs = (share: number) => round(timesMs[Math.floor(share * (timesMs.length - 1))] ?? NaN);
const result = {
  target_rps: targetRps,
  achieved_rps: round((timesMs.length - errors) / elapsedSeconds),
  errors,
  p50_ms: quantileMs(0.5),
  p95_ms: quantileMs(0.95),
  p99_ms: quantileMs(0.99),
  max_ms: quantileMs(1),
  seconds: round(elapsedSeconds),
};
const busy = `${round(loadBefore)} → ${round(loadavg()[0] ?? NaN)}`;
const cells = [
  new Date().toISOString().slice(0, 16),
  processCount,
  ...Object.values(result),
  auditedRows,
  busy,
  machineName(),
];
await appendFile(path.join(ROOT, 'bench/results/load.md'), `| ${cells.join(' | ')} |\n`);
process.stdout.write(`${JSON.stringify(result)}\n`);

/** All processes at once, each with its own connections and its share of the rate. */
async function atRate(lastsSeconds: number): Promise<LoadResult[]> {
  return await Promise.all(
    processes.map(({ url }) =>
      load({
        url,
        path: `/v1/predict?explain=${options.explain}`,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
        bodies,
        seconds: lastsSeconds,
        connections: Number(options.connections),
        perSecond: targetRps / processCount,
        countErrors: true,
      }),
    ),
  );
}

async function requestBodies(): Promise<string[]> {
  const manifest = loadManifest(await readFile(manifestPathOf(MODEL), 'utf8'));
  const goldenPath = path.join(path.dirname(MODEL), manifest.golden.file);
  const golden = loadGoldenRows(await readFile(goldenPath, 'utf8')).rows;
  return Array.from({ length: PATIENTS }, (_, patient) => {
    const values = golden[patient % golden.length]?.values ?? [];
    const features = manifest.features.map(({ name }, i) => [name, values[i] ?? null]);
    return JSON.stringify({ patient_id: `SYN-${patient}`, ...Object.fromEntries(features) });
  });
}

async function audited(): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    SELECT count(*)::int AS n FROM audit_log WHERE source = 'online'`.execute(db);
  return rows[0]?.n ?? NaN;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
