import { readFile, appendFile } from 'node:fs/promises';
import { startPostgres } from '#cli/local-services/postgres-server.ts';
import { startRedis } from '#cli/local-services/redis-server.ts';
import { prepareDatabase } from '#cli/prepare-database.ts';
import { loadConfig } from '#shared/config/config.ts';
import { createDatabase, createPool } from '#shared/db/database.ts';
import { createLogger } from '#shared/log/logger.ts';
import { loadManifest } from '#shared/models/manifest.ts';
import { createDoorbell } from '#shared/queue/doorbell.ts';
import { insertSampleJob } from '#test/support/sample-job.ts';
import { startWorker } from '#workers/worker.ts';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { pipeline } from 'node:stream/promises';
import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { spawn } from 'node:child_process';

const [chunks = 50, rowsPerChunk = 10000, explain = 0, inflight = 3, threads = 0] = process.argv.slice(2).map(Number);
const pg = await startPostgres({ settings: { max_wal_size: '4GB', shared_buffers: '256MB', checkpoint_timeout: '30min' } });
const redis = await startRedis();
const url = pg.url('postgres');
await prepareDatabase({ databaseUrl: url, queueUrl: url });
const pool = createPool({ url, applicationName: 'bench', poolSize: 4, connectTimeoutMs: 5000, statementTimeoutMs: 0 });
const db = createDatabase(pool);
const model = { text: await readFile('models/iit_lightgbm_model.txt'), manifest: loadManifest(await readFile('models/iit_lightgbm_model.manifest.json', 'utf8')) };
const job = await insertSampleJob(db, { model, chunks, rowsPerChunk, explain });
const { encodeChunk, decodeChunk } = await import('#shared/chunks/payload.ts');
for (const [no, rows] of job.chunks.entries()) {
  for (const [f, col] of rows.features.entries()) if (f % 8 !== 0) for (let i = 0; i < col.length; i++) col[i] = Math.floor(col[i]! / (f % 3 === 0 ? 30 : 1));
  const e = await encodeChunk(rows);
  await pool.query('update chunks set payload=$1, payload_sha256=$2 where job_id=$3 and chunk_no=$4', [e.payload, e.sha256, job.jobId, no]);
}
job.chunks.length = 0;
const size = await pool.query(`select sum(octet_length(payload))::float8/1e6 mb from chunks`);
console.log('payload MB', size.rows[0].mb);
const log = createLogger('bench', 'warn');
const env = { ...process.env, DATABASE_URL: url, QUEUE_URL: process.env.PGQUEUE ? url : redis.url(), CHUNKS_IN_FLIGHT: String(inflight), SCORING_THREADS: String(threads), WORKER_PORT: '18999', LOG_LEVEL: 'error' };
const child = spawn(process.execPath, [...(process.env.PROF ? ['--cpu-prof', '--cpu-prof-dir=/tmp/worker-scratch'] : []), 'workers/main.ts'], { env, stdio: 'inherit' });
for (;;) { try { if ((await fetch('http://127.0.0.1:18999/health/ready')).ok) break; } catch {} await new Promise(r => setTimeout(r, 50)); }
const bell = createDoorbell({ url: env.QUEUE_URL, log, clock: { nowMs: () => Date.now() } });
await bell.start();
await new Promise(r => setTimeout(r, 500));
const cpu = () => { const t = (pid) => { const s = require('fs').readFileSync(`/proc/${pid}/stat`, 'utf8').split(' '); return (Number(s[13]) + Number(s[14])) / 100; }; return 0; };
const rssOf = async () => Number((await readFile(`/proc/${child.pid}/status`, 'utf8')).match(/VmRSS:\s+(\d+)/)![1]) / 1024;
console.log('idle rss', await rssOf());
const curve: number[] = [];
const t0 = performance.now();
await bell.ring(job.bells);
let peak = 0;
for (;;) {
  const { rows: [j] } = await pool.query('select status, rows_scored from jobs where id=$1', [job.jobId]);
  const rss = Number((await readFile(`/proc/${child.pid}/status`, 'utf8')).match(/VmRSS:\s+(\d+)/)![1]) / 1024;
  peak = Math.max(peak, rss); curve.push(Math.round(rss));
  if (j.status === 'completed' || j.status === 'failed' || j.status === 'partial') { console.log(j); break; }
  await new Promise(r => setTimeout(r, 20));
}
const s = (performance.now() - t0) / 1000;
const statm = (await readFile(`/proc/${child.pid}/stat`, 'utf8')).split(' ');
console.log(`worker: ${s.toFixed(2)} s, ${(chunks * rowsPerChunk / s).toFixed(0)} rows/s, peak ${peak.toFixed(0)} MB, worker cpu ${(Number(statm[13]) + Number(statm[14])) / 100}s`);
console.log('rss curve', curve.filter((_, i) => i % Math.ceil(curve.length / 15) === 0).join(' '));
child.kill('SIGTERM'); await new Promise(r => child.once('exit', r));
// floor: bare COPY of the very rows, tables of same shape
for (const t of ['predictions', 'audit_log']) {
  const c = await pool.connect();
  await pipeline(c.query(copyTo(`COPY (SELECT * FROM ${t} ORDER BY row_no) TO STDOUT (FORMAT binary)`)), createWriteStream(`/tmp/worker-scratch/${t}.bin`));
  c.release();
  console.log(t, (statSync(`/tmp/worker-scratch/${t}.bin`).size / 1e6).toFixed(1), 'MB');
}
const reset = async () => { await pool.query('ALTER TABLE audit_log DISABLE TRIGGER ALL; '); await pool.query(`do $$ declare p text; begin for p in select inhrelid::regclass::text from pg_inherits where inhparent='audit_log'::regclass loop execute 'alter table '||p||' disable trigger all'; end loop; end $$`); await pool.query('TRUNCATE predictions, audit_log'); await pool.query('CHECKPOINT'); };
const copy = async (t) => { const c = await pool.connect(); await pipeline(createReadStream(`/tmp/worker-scratch/${t}.bin`, { highWaterMark: 1 << 20 }), c.query(copyFrom(`COPY ${t} FROM STDIN (FORMAT binary)`))); c.release(); };
await reset();
let t1 = performance.now(); await copy('predictions'); const tp = (performance.now() - t1) / 1000;
t1 = performance.now(); await copy('audit_log'); const ta = (performance.now() - t1) / 1000;
console.log(`floor sequential: predictions ${tp.toFixed(2)} audit ${ta.toFixed(2)} total ${(tp + ta).toFixed(2)}; worker ratio ${(s / (tp + ta)).toFixed(2)}`);
await reset(); t1 = performance.now(); await Promise.all([copy('predictions'), copy('audit_log')]);
const t2 = (performance.now() - t1) / 1000;
console.log(`floor two connections: ${t2.toFixed(2)}; ratio ${(s / t2).toFixed(2)}`);
await bell.stop(); await db.destroy(); await pg.stop('immediate'); await redis.stop();
