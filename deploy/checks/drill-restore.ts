import { execFile } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { Queue } from 'bullmq';
import { Client } from 'pg';
import { QUEUE_PREFIX, queueBackend } from '#shared/queue/backend.ts';
import { bellId, QUEUE_NAME } from '#shared/queue/bell.ts';
import { canRunMoto, startLocalS3 } from './local-s3.ts';
import { createEmptyDatabase, type LocalStack, startLocalStack } from '#dev/stack/local-stack.ts';
import { sampleCohort } from './sample-cohort.ts';
import { skipWithout } from './tools.ts';

const USAGE = `npm run drill:restore -- [--rows 200000]

Scores a cohort, leaves another one half done, backs up to a local S3, goes on, then loses the database, restores it,
and checks rows, the audit, that what the queue still holds from before is refused, and that the open job is finished.`;

const run = promisify(execFile);
const BUCKET = 'iit-backups';
const BLOCK_ROWS = 10_000;
/** Tables whose counts are compared, and the sum that stands for their content. */
const COMPARED: Record<string, string> = {
  jobs: 'sum(rows_accepted)',
  predictions: 'sum(hashtextextended(patient_id || raw_score::text, 0))',
  score_chunks: `sum(hashtextextended(encode(row_root || input_root, 'hex'), 0))`,
  audit_events: `sum(hashtextextended(id::text || encode(digest, 'hex'), 0))`,
  audit_batches: `sum(hashtextextended(encode(digest, 'hex'), 0))`,
  log_nodes: `sum(hashtextextended(encode(hash, 'hex'), 0))`,
  models: `sum(hashtextextended(encode(sha256, 'hex'), 0))`,
  api_keys: 'count(*)',
  chunks: `sum(hashtextextended(encode(payload_sha256, 'hex'), 0))`,
};

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '200000' }, help: { type: 'boolean', default: false } },
});
if (values.help) process.stdout.write(`${USAGE}\n`);
else if (!skipWithout('moto_server')) {
  if (canRunMoto()) await main();
  else
    process.stderr.write('SKIP: moto_server is on the PATH and does not run (npm run setup:deploy-tools)\n');
}

async function main(): Promise<void> {
  const cohort = await sampleCohort(BLOCK_ROWS);
  await using s3 = await startLocalS3(BUCKET);
  await using stack = await startLocalStack({ database: 'before', environment: { SHUTDOWN_SECONDS: '30' } });
  const api = await stack.startApi();
  const worker = await stack.startWorker();
  const submit = async (rows: number) => {
    const answer = await fetch(`${api.url}/v1/jobs?explain=1`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stack.key}`, 'content-type': 'text/csv' },
      body: cohort.body(rows),
      duplex: 'half',
    });
    if (answer.status !== 202) throw new Error(`The api answers ${answer.status}: ${await answer.text()}`);
    return ((await answer.json()) as { id: string }).id;
  };
  const before = await connect(stack.databaseUrl);
  const finished = await submit(Number(values.rows));
  await untilEnded(before, finished);
  await logged(before);
  await worker.stop();
  const open = await submit(BLOCK_ROWS * 2);
  say(`One job is done (${values.rows} rows), one is open (${BLOCK_ROWS * 2} rows); no worker runs`);

  const script = async (name: string, environment: Record<string, string>) => {
    const { stdout } = await run(process.execPath, [`cli/${name}.ts`], {
      env: {
        PATH: process.env['PATH'],
        ...s3.environment,
        BACKUP_URI: `s3://${BUCKET}/postgres`,
        ...environment,
      },
    });
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  const expected = await fingerprint(before);
  const backup = await script('backup', { DATABASE_URL: stack.databaseUrl });
  say(`Backup: ${JSON.stringify(backup)}`);

  const after = await submit(BLOCK_ROWS);
  say('A job was accepted after the backup: it is what a loss would cost without point-in-time recovery');
  const stale = await heldBells(stack);
  await before.end();
  await api.process.stop();

  const lostAt = performance.now();
  await createEmptyDatabase(stack.otherDatabase('postgres'), 'before');
  await createEmptyDatabase(stack.otherDatabase('postgres'), 'restored');
  const databaseUrl = stack.otherDatabase('restored');
  const restored = await script('restore', { DATABASE_URL: databaseUrl });
  say(`Restore: ${JSON.stringify(restored)}`);
  const found = await connect(databaseUrl);
  const checks: Record<string, boolean> = {};
  const actual = await fingerprint(found);
  for (const name of Object.keys(COMPARED)) checks[`${name} as backed up`] = actual[name] === expected[name];
  const lost = await found.query('SELECT FROM jobs WHERE id = $1', [after]);
  checks['the job after the backup is gone'] = lost.rowCount === 0;
  checks['the audit is append-only again'] = await refuses(found, 'DELETE FROM score_blocks');

  // The worker hears the bells from before the loss, of chunks that exist and of one that does not.
  checks['the queue still holds bells from before'] = stale >= 3;
  const survivor = await stack.startWorker(databaseUrl);
  const newApi = await stack.startApi(databaseUrl);
  const rtoSeconds = Math.round((performance.now() - lostAt) / 100) / 10;
  await untilEnded(found, open);
  const bells = await metric(`http://127.0.0.1:${survivor.port}/metrics`, 'iit_bells_total{outcome="void"}');
  checks['stale bells were refused'] = bells >= 1;
  const done = await found.query<{ epoch: number; doubled: number }>(
    `SELECT min(epoch) AS epoch, (SELECT count(*) - count(DISTINCT row_no) FROM predictions WHERE job_id = $1)::int AS doubled
       FROM chunks WHERE job_id = $1`,
    [open],
  );
  checks['the open job was finished under a new epoch, no row twice'] =
    (done.rows[0]?.epoch ?? 0) > 1_000_000 && done.rows[0]?.doubled === 0;
  const totals = await found.query<{ right: boolean }>(
    `SELECT bool_and(rows_accepted = rows_scored) AS right FROM jobs`,
  );
  checks['every accepted row is scored'] = totals.rows[0]?.right === true;
  const verified = await run(process.execPath, ['cli/audit-verify.ts'], {
    env: { PATH: process.env['PATH'], DATABASE_URL: databaseUrl },
  }).then(
    ({ stdout }) => stdout.trim(),
    (error: unknown) => say(String(error)),
  );
  say(`Audit: ${verified ?? 'not as it was written'}`);
  checks['every digest and the log over them hold'] = verified?.includes('as they were written') === true;
  const age = await metric(`${newApi.url}/metrics`, 'iit_backup_last_success_timestamp_seconds');
  checks['a restored service says that its own backups have yet to begin'] = age === 0;
  await found.end();

  for (const [name, held] of Object.entries(checks)) say(`${held ? 'ok  ' : 'FAIL'} ${name}`);
  const failed = Object.values(checks).filter((held) => !held).length;
  const { rows, bytes, seconds: backupSeconds } = backup;
  const result = { rows, bytes, backupSeconds, restoreSeconds: restored['seconds'], rtoSeconds, failed };
  process.stdout.write(`${JSON.stringify(result)}\n`);
  if (failed > 0) process.exitCode = 1;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return client;
}

async function untilEnded(client: Client, job: string): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ status: string }>('SELECT status FROM jobs WHERE id = $1', [job]);
    const status = rows[0]?.status ?? 'missing';
    if (status === 'completed') return;
    if (!['receiving', 'queued', 'running'].includes(status)) throw new Error(`The job ended as ${status}.`);
    await pause(100);
  }
}

/** Waits until the log has every batch: the worker adds them a little later than it scores. */
async function logged(client: Client): Promise<void> {
  for (;;) {
    const { rowCount } = await client.query(
      `SELECT FROM audit_batches b WHERE NOT EXISTS (
         SELECT FROM log_entries e WHERE e.kind = 'batch' AND e.digest = b.digest) LIMIT 1`,
    );
    if (rowCount === 0) return;
    await pause(200);
  }
}

async function fingerprint(client: Client): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [table, content] of Object.entries(COMPARED)) {
    const { rows } = await client.query<{ mark: string }>(
      `SELECT count(*)::text || ' ' || coalesce((${content})::text, '-') AS mark FROM ${table}`,
    );
    found[table] = rows[0]?.mark ?? '';
  }
  return found;
}

async function refuses(client: Client, statement: string): Promise<boolean> {
  return await client.query(statement).then(
    () => false,
    (error: Error) => error.message.includes('append-only'),
  );
}

/** Rings an old epoch once more for every chunk that is open, and counts what the queue holds. */
async function heldBells(stack: LocalStack): Promise<number> {
  const client = await connect(stack.databaseUrl);
  const { connection, factory } = queueBackend(stack.redisUrl, 'producer');
  const queue = new Queue(QUEUE_NAME, { connection, prefix: QUEUE_PREFIX, skipMetasUpdate: true }, factory);
  try {
    const { rows } = await client.query<{ jobId: string; chunkNo: number; epoch: number }>(
      `SELECT job_id AS "jobId", chunk_no AS "chunkNo", epoch FROM chunks WHERE state IN ('pending', 'leased')`,
    );
    for (const row of rows) {
      const bell = { ...row, priority: 'normal' as const };
      await queue.add('bell', bell, { jobId: bellId(bell), removeOnComplete: true, removeOnFail: true });
    }
    const counts = await queue.getJobCounts('waiting', 'prioritized', 'delayed', 'active');
    return Object.values(counts).reduce((sum, count) => sum + count, 0);
  } finally {
    await queue.close();
    await client.end();
  }
}

/** A sample's value by its whole name; 0 where it is not exported. */
async function metric(url: string, sample: string): Promise<number> {
  const text = await (await fetch(url)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${sample} `));
  return Number(line?.split(' ').at(-1) ?? 0);
}
