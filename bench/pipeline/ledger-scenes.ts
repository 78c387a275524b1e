/**
 * What the ledger promises beside a job's speed: `node ledger-scenes.ts --nights 365 --night-rows 1600000`. One patient over so many
 * nights (one job scored by the real stack, its pages repeated; inputs left out), one patient erased from a million rows in 60
 * jobs, a checkpoint on a log over a billion rows. The last line is one JSON object.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Client } from 'pg';
import { recordEvent } from '#shared/audit/record-event.ts';
import { createDatabase, createPool } from '#shared/db/database.ts';
import { erasePatient } from '#shared/erasure/erase-patient.ts';
import { createLogKeeper } from '#shared/ledger/log-keeper.ts';
import { type LogEntry, writeEntries } from '#shared/ledger/log-store.ts';
import { LogEdge } from '#shared/ledger/log-tree.ts';
import { createSigner, newCheckpointKey } from '#shared/ledger/signed-note.ts';
import { createCrashPoints } from '#shared/lifecycle/crash-points.ts';
import { createLogger } from '#shared/log/logger.ts';
import { median } from '../median.ts';
import { writeCohortFile } from './cohort-file.ts';
import { runJob } from './job.ts';
import { type Stack, startStack } from './stack.ts';

const EXPLAIN = 3;
const READS = 21;
const ERASE_JOBS = 60;
const ERASE_ROWS = 1_000_000;
/** Entries over chunks of 10,000 rows. */
const LOG_ENTRIES = 100_000;
const ENTRIES_AT_ONCE = 5_000;
/** Pages, hashes and what PostgreSQL needs besides, of a row and night. */
const BYTES_A_ROW = 80;
const PAGES = ['score_chunks', 'score_blocks', 'patient_blocks'] as const;

const { values: options } = parseArgs({
  options: {
    nights: { type: 'string', default: '365' },
    'night-rows': { type: 'string', default: '1600000' },
  },
});

const folder = await mkdtemp(path.join(tmpdir(), 'iit-scenes-'));
try {
  const patient = await patientOverNights(Number(options.nights), Number(options['night-rows']));
  const eraseSeconds = await eraseOne();
  const checkpointMs = await checkpointOverABillion();
  process.stdout.write(
    `${JSON.stringify({ ...patient, erase_seconds: eraseSeconds, checkpoint_ms: checkpointMs })}\n`,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function scored(stack: Stack, client: Client, file: string): Promise<string> {
  const { id } = await runJob({ ...stack, file, format: 'csv', explain: EXPLAIN });
  for (;;) {
    const { rows } = await client.query<{ done: boolean }>(
      'SELECT indexed_rows = rows_scored AS done FROM jobs WHERE id = $1',
      [id],
    );
    if (rows[0]?.done === true) return id;
    await pause(20);
  }
}

/** Milliseconds of GET /v1/audit for one patient whom every night has; the first reading, and the median. */
async function patientOverNights(
  nights: number,
  rows: number,
): Promise<{ patient_ms: number | null; patient_first_ms?: number; patient_nights?: number }> {
  if (nights === 0) return { patient_ms: null };
  const { bavail, bsize } = await statfs(folder);
  if (nights * rows * BYTES_A_ROW > bavail * bsize * 0.9) {
    process.stderr.write(
      `one patient over ${nights} nights is not measured: the disk has no room for them\n`,
    );
    return { patient_ms: null };
  }
  const file = path.join(folder, 'night.csv');
  await writeCohortFile({ rows, format: 'csv', seed: '1' }, file);
  await using stack = await startStack({ workers: 1, queue: 'redis' });
  await using client = await connected(stack.databaseUrl);
  const first = await scored(stack, client.of, file);
  // What is read does not depend on how safely it was written.
  await client.of.query('SET synchronous_commit = off');
  await client.of.query(`SELECT ensure_days(now()::date - ${nights}, ${nights})`);
  for (let night = 1; night < nights; night++) await repeatNight(client.of, first, night);
  await client.of.query('CHECKPOINT');
  await client.of.query('ANALYZE');
  const { rows: found } = await client.of.query<{ id: string }>(
    'SELECT patient_id AS id FROM prediction($1, $2)',
    [first, Math.ceil(rows / 2)],
  );
  const id = found[0]?.id ?? '';
  const times: number[] = [];
  for (let read = 0; read <= READS; read++) {
    const startedMs = performance.now();
    const answer = await fetch(`${stack.apiUrl}/v1/audit?limit=500&patient_id=${encodeURIComponent(id)}`, {
      headers: { authorization: `Bearer ${stack.key}` },
    });
    const { records } = (await answer.json()) as { records: unknown[] };
    times.push(performance.now() - startedMs);
    if (records.length !== nights) throw new Error(`${records.length} records of ${nights}`);
  }
  const [cold = NaN, ...warm] = times;
  return { patient_ms: round(median(warm)), patient_first_ms: round(cold), patient_nights: nights };
}

/** The first night's pages as those of another job, so many days ago; unlogged, because a night's log is not what is measured. */
async function repeatNight(client: Client, first: string, daysAgo: number): Promise<void> {
  const id = randomUUID();
  const columns = async (table: string) => {
    const { rows } = await client.query<{ list: string }>(
      `SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS list FROM pg_attribute
        WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attname NOT IN ('period', 'job_id')`,
      [table],
    );
    return rows[0]?.list ?? '';
  };
  const { rows } = await client.query<{ day: string; suffix: string }>(
    `SELECT (now()::date - $1::int)::text AS day, to_char(now()::date - $1::int, 'YYYY_MM_DD') AS suffix`,
    [daysAgo],
  );
  const { day, suffix } = rows[0] ?? { day: '', suffix: '' };
  await client.query(
    `INSERT INTO jobs SELECT (jsonb_populate_record(j, jsonb_build_object('id', $2::text, 'period', $3::text, 'idempotency_key', NULL,
       'created_at', j.created_at - make_interval(days => $4), 'finished_at', j.finished_at - make_interval(days => $4)))).*
     FROM jobs j WHERE id = $1`,
    [first, id, day, daysAgo],
  );
  for (const table of PAGES) {
    await client.query(`ALTER TABLE ${table}_${suffix} DISABLE TRIGGER USER`);
    await client.query(`ALTER TABLE ${table}_${suffix} SET UNLOGGED`);
    const list = await columns(table);
    await client.query(
      `INSERT INTO ${table}_${suffix} (period, job_id, ${list}) SELECT '${day}', '${id}', ${list} FROM ${table}
        WHERE job_id = $1 AND period = now()::date`,
      [first],
    );
  }
}

/** Seconds in which one patient goes out of a million rows in 60 jobs. */
async function eraseOne(): Promise<number> {
  const file = path.join(folder, 'erase.csv');
  await writeCohortFile({ rows: Math.floor(ERASE_ROWS / ERASE_JOBS), format: 'csv', seed: '3' }, file);
  await using stack = await startStack({ workers: 1, queue: 'redis' });
  await using client = await connected(stack.databaseUrl);
  let id = '';
  for (let job = 0; job < ERASE_JOBS; job++) id = await scored(stack, client.of, file);
  const { rows } = await client.of.query<{ id: string }>(
    'SELECT patient_id AS id FROM prediction($1, 5000)',
    [id],
  );
  await using owner = owned(stack.databaseUrl);
  const startedMs = performance.now();
  const erased = await erasePatient(
    { ...owner.of, crash: createCrashPoints(undefined) },
    { tenantId: 1, patientId: rows[0]?.id ?? '', reason: 'bench', actor: 'bench' },
  );
  if (erased.jobs !== ERASE_JOBS) throw new Error(`erased from ${erased.jobs} of ${ERASE_JOBS} jobs`);
  return round((performance.now() - startedMs) / 1_000);
}

/** Milliseconds of a round that adds an event and signs, median of several, on a log over a billion rows (its roots made up). */
async function checkpointOverABillion(): Promise<number> {
  await using stack = await startStack({ workers: 0, queue: 'redis' });
  await using owner = owned(stack.databaseUrl);
  const { db } = owner.of;
  const keeper = createLogKeeper({
    db,
    log: createLogger('bench', 'silent'),
    crash: createCrashPoints(undefined),
    checkpointSeconds: 0,
    signer: createSigner('bench/log', newCheckpointKey()),
    sinks: [],
  });
  const edge = new LogEdge();
  while (edge.size < LOG_ENTRIES) {
    const entries = Array.from({ length: ENTRIES_AT_ONCE }, (_, at): LogEntry => ({
      kind: 'batch',
      ref: `${randomUUID()}/${at}`,
      digest: randomBytes(32),
    }));
    await db.transaction().execute((trx) => writeEntries(trx, edge, entries));
  }
  await keeper.runOnce();
  const times: number[] = [];
  for (let read = 0; read < READS; read++) {
    await recordEvent(db, { tenantId: 1, actor: 'bench', action: 'bench', outcome: 'success' });
    const startedMs = performance.now();
    await keeper.runOnce();
    times.push(performance.now() - startedMs);
  }
  return round(median(times));
}

async function connected(url: string): Promise<{ of: Client } & AsyncDisposable> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return { of: client, [Symbol.asyncDispose]: () => client.end() };
}

function owned(url: string) {
  const pool = createPool({
    url,
    applicationName: 'bench',
    poolSize: 6,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 0,
  });
  const db = createDatabase(pool);
  return { of: { db, pool }, [Symbol.asyncDispose]: () => db.destroy() };
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
