/**
 * `npm run bench:blocks [-- --rows 1000000 --explain 3]`: what the layout of scores costs by itself, without intake and engine: encoding
 * and hashing in this process, COPY and lists in PostgreSQL, pages by risk, by facility and of a patient. CPU times, which hold on a
 * busy machine. The last line is one JSON object.
 */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { sql } from 'kysely';
import { startPostgres } from '#dev/local-services/postgres-server.ts';
import { createDatabase, createPool } from '#shared/db/database.ts';
import { migrateToLatest } from '#shared/db/migrator.ts';
import { readResultRows } from '#shared/predictions/read-prediction-rows.ts';
import { encodeChunkScores, type ScoreContext } from '#shared/scores/encode-chunk-scores.ts';
import { indexJob, listOf } from '#shared/scores/index-job.ts';
import type { ScoredRows } from '#shared/scores/score-block.ts';
import { writeChunkScores } from '#shared/scores/write-chunk-scores.ts';
import { pageWhere } from '#shared/predictions/list-pages.ts';
import { insertSampleJob, sampleRows } from '#test/support/sample-job.ts';
import { sampleModel } from '#test/support/sample-model.ts';
import { POSTGRES_SETTINGS } from './stack.ts';

const { values: options } = parseArgs({
  options: { rows: { type: 'string', default: '1000000' }, explain: { type: 'string', default: '3' } },
});
const rows = Number(options.rows);
const k = Number(options.explain);
const CHUNK_ROWS = 10_000;
const FEATURES = 47;
/** Patients of a facility, one after the other in a file, as registers are exported. */
const FACILITY_ROWS = 1_500;
const PAGES = 21;

await using postgres = await startPostgres({ settings: POSTGRES_SETTINGS });
const pool = createPool({
  url: postgres.url(),
  applicationName: 'bench',
  poolSize: 3,
  connectTimeoutMs: 120_000,
  statementTimeoutMs: 0,
});
const db = createDatabase(pool);
await migrateToLatest(db);
const model = sampleModel();
const { jobId } = await insertSampleJob(db, { model, chunks: 1, rowsPerChunk: 1 });
const { period } = await db
  .selectFrom('jobs')
  .select('period')
  .where('id', '=', jobId)
  .executeTakeFirstOrThrow();

const client = await pool.connect();
const backend = (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]!.pid;
const wal = async () =>
  Number(
    (await pool.query<{ at: string }>(`SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') AS at`))
      .rows[0]!.at,
  );
const size = async (table: string) =>
  Number(
    (
      await pool.query<{ bytes: string }>(
        `SELECT sum(pg_total_relation_size(inhrelid)) AS bytes FROM pg_inherits WHERE inhparent = $1::regclass`,
        [table],
      )
    ).rows[0]!.bytes,
  ) / rows;

const walBefore = await wal();
let encodeSeconds = 0;
const backendBefore = await backendSeconds();
for (let chunkNo = 0; chunkNo * CHUNK_ROWS < rows; chunkNo++) {
  const scored = madeUpScores(chunkNo);
  const context: ScoreContext = {
    period,
    jobId,
    tenantId: 1,
    chunkNo,
    recordedAtMicros: BigInt(Date.now()) * 1_000n,
    apiKeyId: randomUUID(),
    actor: 'bench',
    modelVersion: 'bench',
    modelSha256: Buffer.alloc(32),
  };
  const { user, system } = process.cpuUsage();
  const scores = encodeChunkScores(context, scored);
  const spent = process.cpuUsage({ user, system });
  encodeSeconds += (spent.user + spent.system) / 1e6;
  await client.query('BEGIN');
  await writeChunkScores(client, scores);
  await client.query('COMMIT');
}
const copySeconds = (await backendSeconds()) - backendBefore;
const walOfScores = (await wal()) - walBefore;
client.release();
await sql`UPDATE jobs SET status = 'completed', rows_scored = ${rows}, finished_at = now() WHERE id = ${jobId}`.execute(
  db,
);
const ownBefore = process.cpuUsage();
await indexJob({ pool, crash: () => undefined }, jobId);
const own = process.cpuUsage(ownBefore);
const walOfLists = (await wal()) - walBefore - walOfScores;

const filter = { jobId, period, order: 'risk', tier: undefined, minRisk: undefined } as const;
let after: { row: number; risk: number } | undefined;
const firstPageMs = await medianOf(async () => void (await readResultRows(pool, filter, undefined, 1_000)));
const pageMs = await medianOf(async () => {
  const page = await readResultRows(pool, filter, after, 100);
  const last = page.at(-1);
  if (last === undefined) throw new Error('the job has no such page');
  after = { row: last.row, risk: last.risk };
});
const facilityMs = await medianOf(async () => {
  const list = listOf(`FAC-${Math.floor((Math.random() * rows) / FACILITY_ROWS)}`);
  await pageWhere(pool, filter, list, undefined, FACILITY_ROWS, () => true);
});
const patientMs = await medianOf(async () => {
  const { rows: found } = await pool.query('SELECT risk FROM audit_of_patient($1)', [
    `patient-é-${1 + Math.floor(Math.random() * rows)}`,
  ]);
  if (found.length !== 1) throw new Error(`found ${found.length} rows of a patient`);
});
const scanMs = await medianOf(
  async () => void (await pool.query(`SELECT row_no FROM predictions WHERE patient_id = 'nobody'`)),
  3,
);
const { user, system } = process.cpuUsage();
let streamed = 0;
for (let position: { row: number; risk: number } | undefined; ;) {
  const page = await readResultRows(pool, { ...filter, order: 'input' }, position, 4_000);
  streamed += page.length;
  const last = page.at(-1);
  if (last === undefined || page.length < 4_000) break;
  position = { row: last.row, risk: last.risk };
}
const reading = process.cpuUsage({ user, system });
const bytes = {
  score_blocks: round(await size('score_blocks')),
  score_chunks: round(await size('score_chunks')),
  order_blocks: round(await size('order_blocks')),
  patient_blocks: round(await size('patient_blocks')),
};
await db.destroy();
process.stdout.write(
  `${JSON.stringify({
    rows,
    reasons: k,
    encode_and_hash_cpu_us: round((encodeSeconds * 1e6) / rows),
    copy_backend_cpu_us: round((copySeconds * 1e6) / rows),
    lists_cpu_us: round((own.user + own.system) / rows),
    wal_scores: round(walOfScores / rows),
    wal_lists: round(walOfLists / rows),
    bytes,
    first_page_ms: round(firstPageMs),
    page_ms: round(pageMs),
    facility_list_ms: round(facilityMs),
    patient_ms: round(patientMs),
    patient_by_plain_where_ms: round(scanMs),
    read_in_order_cpu_us: round((reading.user + reading.system) / streamed),
  })}\n`,
);

/** Ids, facilities and values as the synthetic cohort has them in kind; scores spread as a model's are. */
function madeUpScores(chunkNo: number): ScoredRows {
  const first = chunkNo * CHUNK_ROWS + 1;
  const count = Math.min(CHUNK_ROWS, rows - first + 1);
  const made = sampleRows(count, FEATURES, chunkNo + 1, first);
  const facilities = new Map<string, number>();
  const indices = Int32Array.from({ length: count }, (_, at) => {
    const name = `FAC-${Math.floor((first - 1 + at) / FACILITY_ROWS)}`;
    if (!facilities.has(name)) facilities.set(name, facilities.size);
    return facilities.get(name)!;
  });
  const features = made.features.map((column) => column.map((value) => Math.round(value)));
  const rawScores = Float64Array.from({ length: count }, () => 4 * (Math.random() + Math.random() - 1) - 1);
  const risks = rawScores.map((raw) => 1 / (1 + Math.exp(-raw)));
  return {
    rows: { ...made, features, facilities: { names: [...facilities.keys()], indices } },
    rawScores,
    risks,
    tiers: Uint8Array.from(risks, (risk) => (risk >= 0.5 ? 2 : risk >= 0.3 ? 1 : 0)),
    reasons: {
      k,
      features: Int32Array.from({ length: count * k }, (_, at) => (at * 7) % FEATURES),
      contributions: Float64Array.from({ length: count * k }, () => Math.random() - 0.5),
    },
  };
}

async function backendSeconds(): Promise<number> {
  const text = await readFile(`/proc/${backend}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function medianOf(work: () => Promise<void>, count = PAGES): Promise<number> {
  const times: number[] = [];
  for (let turn = 0; turn < count; turn++) {
    const startedMs = performance.now();
    await work();
    times.push(performance.now() - startedMs);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(count / 2)] ?? NaN;
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
