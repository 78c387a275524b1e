/**
 * One job through the real stack of the tree in which this file lies, and what it left: `node ledger-measure.ts --rows N --explain K
 * --file COHORT.csv --model MODEL.txt`, a cohort of N rows and a model with its manifest beside it.
 * bench/pipeline/ledger.ts copies it into the tree that it compares with, so it knows nothing of either layout but its SQL views.
 * The last line is one JSON object.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Client } from 'pg';
import { createDatabase, createPool } from '#shared/db/database.ts';
import { registerShippedModel } from '#shared/models/store.ts';
import { runJob } from './job.ts';
import { startStack } from './stack.ts';

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    explain: { type: 'string', default: '3' },
    reads: { type: 'string', default: '21' },
    file: { type: 'string' },
    model: { type: 'string' },
  },
});

const rows = Number(options.rows);
const reads = Number(options.reads);
const { file, model } = options;
if (file === undefined || model === undefined)
  throw new Error('--file and --model say what is scored by what.');
{
  await using stack = await startStack({ workers: 1, queue: 'redis' });
  const client = new Client({ connectionString: stack.databaseUrl });
  // A failure below ends PostgreSQL before this connection, and is what is to be told.
  client.on('error', () => undefined);
  await client.connect();
  const one = async <T>(text: string): Promise<T> => (await client.query(text)).rows[0] as T;
  await activate(stack, model);
  const before = await one<{ wal: string; bytes: string }>(WAL_AND_BYTES());
  const idle = await stack.cpuSeconds();
  const job = await runJob({ ...stack, file, format: 'csv', explain: Number(options.explain) });
  if (job.rows.scored !== rows) throw new Error(`scored ${job.rows.scored} of ${rows} rows`);
  const indexedSeconds = await untilIndexed(client, job.id);
  const busy = await stack.cpuSeconds();
  await client.query('CHECKPOINT');
  const after = await one<{ wal: string; bytes: string }>(WAL_AND_BYTES());
  const memory = await stack.peakMemoryMb();
  const { rows: relations } = await client.query<{ name: string; bytes: string }>(
    `SELECT regexp_replace(c.relname, '_20\\d\\d.*', '') AS name, sum(pg_total_relation_size(c.oid)) AS bytes FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' GROUP BY 1 HAVING sum(pg_total_relation_size(c.oid)) > 1e6
     ORDER BY 2 DESC`,
  );
  const read = async (query: string) => {
    const answer = await fetch(`${stack.apiUrl}/v1/jobs/${job.id}/${query}`, {
      headers: { authorization: `Bearer ${stack.key}` },
    });
    if (!answer.ok) throw new Error(`${query}: ${answer.status}`);
    return answer;
  };
  const facility = await one<{ id: string }>(
    `SELECT facility_id AS id FROM predictions WHERE facility_id IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC LIMIT 1`,
  );
  const patient = await one<{ id: string }>(
    `SELECT patient_id AS id FROM predictions ORDER BY row_no DESC LIMIT 1`,
  );
  const firstPageMs = await medianOf(
    async () => void (await (await read('results?order=risk&limit=1000')).json()),
  );
  const pageMs = await medianOf(await pageReader(read));
  const listMs = await medianOf(async () => {
    const { rows: found } = await client.query(
      `SELECT patient_id FROM predictions WHERE job_id = $1 AND facility_id = $2 ORDER BY risk DESC LIMIT 1`,
      [job.id, facility.id],
    );
    if (found.length === 0) throw new Error('no list');
  }, 3);
  const worklistMs = await medianOf(
    async () => void (await (await read(`worklist?facility_id=${facility.id}&capacity=200`)).text()),
  );
  const patientMs = await medianOf(async () => {
    const answer = await fetch(`${stack.apiUrl}/v1/audit?patient_id=${patient.id}`, {
      headers: { authorization: `Bearer ${stack.key}` },
    });
    if (!(await answer.text()).includes(patient.id)) throw new Error('the patient was not found');
  });
  const stream = await streamRate(read, stack);
  const cpu = {
    api: busy.api - idle.api,
    worker: busy.worker - idle.worker,
    postgres: busy.postgres - idle.postgres,
  };
  await client.end();
  process.stdout.write(
    `${JSON.stringify({
      rows,
      wall_seconds: job.seconds,
      upload_seconds: job.uploadSeconds,
      indexed_after_seconds: indexedSeconds,
      cpu,
      cpu_seconds: cpu.api + cpu.worker + cpu.postgres,
      bytes_per_row: (Number(after.bytes) - Number(before.bytes)) / rows,
      wal_per_row: (Number(after.wal) - Number(before.wal)) / rows,
      relations: Object.fromEntries(relations.map(({ name, bytes }) => [name, Number(bytes) / rows])),
      api_peak_mb: memory.api,
      worker_peak_mb: memory.worker,
      first_page_ms: firstPageMs,
      page_ms: pageMs,
      facility_sql_ms: listMs,
      worklist_ms: worklistMs,
      patient_ms: patientMs,
      ...stream,
    })}\n`,
  );
}

/** Registers the model and scores by it from here on. */
async function activate(
  stack: { databaseUrl: string; apiUrl: string; key: string },
  text: string,
): Promise<void> {
  const pool = createPool({
    url: stack.databaseUrl,
    applicationName: 'bench',
    poolSize: 1,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 60_000,
  });
  const db = createDatabase(pool);
  const { version } = await registerShippedModel(db, text);
  await db.destroy();
  const answer = await fetch(`${stack.apiUrl}/v1/models/${version}/activate`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stack.key}` },
  });
  if (!answer.ok) throw new Error(`the model could not be activated: ${await answer.text()}`);
}

function WAL_AND_BYTES(): string {
  return `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') AS wal,
    (SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r') AS bytes`;
}

/** Seconds from the job's end until its lists are there; 0 in a tree without lists. */
async function untilIndexed(client: Client, jobId: string): Promise<number> {
  const startedMs = performance.now();
  for (;;) {
    const { rows: found } = await client.query<{ done: boolean }>(
      `SELECT coalesce(to_jsonb(j) -> 'indexed_rows', to_jsonb(rows_scored)) = to_jsonb(rows_scored) AS done FROM jobs j WHERE id = $1`,
      [jobId],
    );
    if (found[0]?.done === true) return (performance.now() - startedMs) / 1_000;
    await pause(20);
  }
}

async function medianOf(work: () => Promise<void>, count = reads): Promise<number> {
  const times: number[] = [];
  for (let turn = 0; turn < count; turn++) {
    const startedMs = performance.now();
    await work();
    times.push(performance.now() - startedMs);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(count / 2)] ?? NaN;
}

/** Reads the pages by risk one after the other, from wherever the last reading ended. */
async function pageReader(read: (query: string) => Promise<Response>): Promise<() => Promise<void>> {
  let cursor = '';
  const next = async (limit: number) => {
    const page = (await (await read(`results?order=risk&limit=${limit}${cursor}`)).json()) as {
      next_cursor: string | null;
    };
    cursor = page.next_cursor === null ? '' : `&cursor=${page.next_cursor}`;
  };
  await next(100);
  return () => next(100);
}

/** Rows a second of the api's CPU. */
async function streamRate(
  read: (query: string) => Promise<Response>,
  stack: { cpuSeconds: () => Promise<{ api: number }> },
): Promise<Record<string, number>> {
  const rates: Record<string, number> = {};
  for (const format of ['csv', 'ndjson']) {
    const { api: start } = await stack.cpuSeconds();
    const answer = await read(`results?format=${format}`);
    for await (const part of answer.body ?? []) void part;
    const { api: end } = await stack.cpuSeconds();
    rates[`${format}_rows_per_cpu_second`] = rows / (end - start);
  }
  return rates;
}
