import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { verifyAudit } from '#shared/audit/verify.ts';
import { createDatabase, createPool, type Db } from '#shared/db/database.ts';
import { migrateThrough } from '#shared/db/migrator.ts';
import { readCheckpoint } from '#shared/ledger/checkpoint.ts';
import { createSigner, newCheckpointKey, parseVerifierKey } from '#shared/ledger/signed-note.ts';
import { auditOf, fillAsBefore, MIGRATIONS_BEFORE, predictionsOf } from '#test/support/release-before.ts';
import { type Cohort, makeCohort } from './cohort.ts';
import { copyFolder } from './copy-folder.ts';
import { type FaultStack, model, QUEUES, startFaultStack } from './fault-stack.ts';

const ORIGIN = 'iit.example.org/log';
const KEY = newCheckpointKey();
/** It may die before anybody has seen it ready. */
const DOOMED = { waitUntilReady: false };

let stack: FaultStack;
/** Where checkpoints are kept outside the database. */
let outside: string;
beforeEach(async () => {
  outside = await mkdtemp(path.join(tmpdir(), 'iit-outside-'));
});
afterEach(async () => {
  await stack[Symbol.asyncDispose]();
  await rm(outside, { recursive: true, force: true });
});

/** What lets a worker sign at each round, as `origin`, into the folder outside. */
const signing = (origin = ORIGIN) => ({
  CHECKPOINT_KEY: KEY,
  CHECKPOINT_ORIGIN: origin,
  CHECKPOINT_SECONDS: 0,
  CHECKPOINT_SINKS: pathToFileURL(outside).href,
  LEDGER_SECONDS: 0.05,
});

/** The checkpoints of an origin in the folder outside, the smallest log first. */
async function kept(origin = ORIGIN) {
  const folder = path.join(outside, encodeURIComponent(origin));
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.txt'));
  const verifier = parseVerifierKey(createSigner(origin, KEY).verifierKey);
  const notes = await Promise.all(names.map((name) => readFile(path.join(folder, name), 'utf8')));
  return notes.map((note) => readCheckpoint(note, verifier)).toSorted((a, b) => a.size - b.size);
}

async function logSizes(): Promise<{ entries: number; waiting: number; signed: number }> {
  const { rows } = await sql<{ entries: number; waiting: number; signed: number }>`
    SELECT (SELECT count(*) FROM log_entries) AS entries, (SELECT count(*) FROM log_queue) AS waiting,
      (SELECT coalesce(max(tree_size), 0) FROM log_checkpoints) AS signed`.execute(stack.db());
  return rows[0]!;
}

/** Waits until everything that was audited is in the log, signed, and kept outside; then all of it has to verify. */
async function expectSigned(origin = ORIGIN): Promise<void> {
  await expect
    .poll(
      async () => {
        const { entries, waiting, signed } = await logSizes();
        const newest = (await kept(origin)).at(-1)?.size;
        return { waiting, unsigned: entries - signed, notKept: entries - (newest ?? 0) };
      },
      { timeout: 30_000, interval: 50 },
    )
    .toEqual({ waiting: 0, unsigned: 0, notKept: 0 });
  const found = await verifyAudit(stack.database(), {}, { checkpoints: await kept(origin) });
  expect(found.problems).toEqual([]);
}

/** Row numbers by falling risk, as the API gives them. */
async function orderByRisk(api: { url: string }, jobId: string): Promise<number[]> {
  const answer = await fetch(`${api.url}/v1/jobs/${jobId}/results?format=ndjson&order=risk`, {
    headers: { authorization: `Bearer ${stack.key}` },
  });
  expect(answer.status).toBe(200);
  const lines = (await answer.text()).trimEnd().split('\n');
  return lines.map((line) => (JSON.parse(line) as { row: number }).row);
}

function expectedOrder({ rawScores, rowCount }: Cohort): number[] {
  const risk = (row: number) => 1 / (1 + Math.exp(-rawScores[row - 1]!));
  return Array.from({ length: rowCount }, (_, at) => at + 1).toSorted((a, b) => risk(b) - risk(a) || a - b);
}

/** Of a process, as Linux names it: T is stopped. */
async function stateOf(pid: number): Promise<string | undefined> {
  return /^State:\s+(\w)/mu.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
}

/** How many rows the lists and hashes of a job hold. */
async function indexed(jobId: string): Promise<{ whole: number; hashes: number; done: boolean }> {
  const { rows } = await sql<{ whole: number; hashes: number; done: boolean }>`
    SELECT (SELECT coalesce(sum(cardinality(entries)), 0) FROM order_blocks WHERE job_id = ${jobId} AND list = '*')::int AS whole,
      (SELECT coalesce(sum(cardinality(hashes)), 0) FROM patient_blocks WHERE job_id = ${jobId})::int AS hashes,
      (SELECT indexed_rows IS NOT DISTINCT FROM rows_scored FROM jobs WHERE id = ${jobId}) AS done`.execute(
    stack.db(),
  );
  return rows[0]!;
}

describe.each(QUEUES)('the ledger, the queue on %s', (kind) => {
  test.each(['mid_index', 'before_index_commit'])(
    'fault 26: a worker killed at %s leaves no half a list: the job is read without, and another worker makes them',
    async (point) => {
      stack = await startFaultStack({ kind });
      const cohort = makeCohort(model, 3_000);
      const api = await stack.api();
      const jobId = await stack.submit(api, cohort);
      const doomed = await stack.worker({ CRASH_AT: point, INDEX_SECONDS: 0.05 }, DOOMED);
      expect((await doomed.exited).signal).toBe('SIGKILL');
      expect(await stack.ends(jobId)).toBe('completed');
      expect(await indexed(jobId)).toEqual({ whole: 0, hashes: 0, done: false });
      const order = expectedOrder(cohort);
      expect(await orderByRisk(api, jobId)).toEqual(order);
      await stack.worker({ INDEX_SECONDS: 0.05 });
      await expect
        .poll(async () => await indexed(jobId), { timeout: 20_000 })
        .toEqual({ whole: 3_000, hashes: 3_000, done: true });
      expect(await orderByRisk(api, jobId)).toEqual(order);
      await stack.expectExact(jobId, cohort);
    },
  );

  test.each(['before_log:2', 'before_checkpoint:3', 'before_checkpoint_sink:3'])(
    'fault 26: a worker killed at %s signs no log twice and loses no entry; another goes on and brings what the store has not got',
    async (point) => {
      stack = await startFaultStack({ kind });
      const cohort = makeCohort(model, 3_000);
      const jobId = await stack.submit(await stack.api(), cohort);
      const doomed = await stack.worker({ ...signing(), CRASH_AT: point, CHUNKS_IN_FLIGHT: 1 }, DOOMED);
      expect((await doomed.exited).signal).toBe('SIGKILL');
      const before = await kept();
      await stack.worker(signing());
      expect(await stack.ends(jobId)).toBe('completed');
      await stack.expectExact(jobId, cohort);
      await expectSigned();
      // What was kept before is still there, note by note.
      expect((await kept()).map(({ note }) => note)).toEqual(
        expect.arrayContaining(before.map(({ note }) => note)),
      );
    },
  );

  test('fault 26: an erasure killed before its end has erased nothing, and the log holds; the next one erases everything', async () => {
    stack = await startFaultStack({ kind });
    const cohort = makeCohort(model, 1_000);
    const api = await stack.api();
    const jobs = [await stack.submit(api, cohort), await stack.submit(api, cohort, '&name=again')];
    await stack.worker(signing());
    for (const jobId of jobs) expect(await stack.ends(jobId)).toBe('completed');
    const patient = 'SYN-1-17';
    const erase = async (env: Record<string, string>) => {
      const child = spawn(
        process.execPath,
        ['cli/erase.ts', '--patient', patient, '--reason', 'request 17'],
        {
          env: { PATH: process.env['PATH'], DATABASE_URL: stack.postgres().url('faults'), ...env },
          stdio: 'ignore',
        },
      );
      return (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    };
    expect(await erase({ CRASH_AT: 'before_erasure_commit' })).toEqual([null, 'SIGKILL']);
    const found = () => sql`SELECT FROM audit_of_patient(${patient})`.execute(stack.db());
    // PostgreSQL ends the dead erasure's transaction by itself, and lets the next one in.
    expect((await found()).rows).toHaveLength(2);
    for (const jobId of jobs) await stack.expectExact(jobId, cohort);
    expect(await erase({})).toEqual([0, null]);
    expect((await found()).rows).toEqual([]);
    for (const jobId of jobs) await stack.expectExact(jobId, cohort);
    await expectSigned();
    const { erased } = await verifyAudit(stack.database(), {}, { rescore: true });
    expect(erased).toBe(2);
  });

  test('fault 27: four sequencers at once, two of them killed: one log, every entry once, one checkpoint a size', async () => {
    stack = await startFaultStack({ kind });
    const cohort = makeCohort(model, 8_000);
    const jobId = await stack.submit(await stack.api(), cohort);
    const workers = await Promise.all([
      stack.worker({ ...signing(), CRASH_AT: 'before_checkpoint', CHUNKS_IN_FLIGHT: 1 }, DOOMED),
      stack.worker({ ...signing(), CRASH_AT: 'before_checkpoint_sink:2', CHUNKS_IN_FLIGHT: 1 }, DOOMED),
      stack.worker({ ...signing(), CHUNKS_IN_FLIGHT: 1 }),
      stack.worker({ ...signing(), CHUNKS_IN_FLIGHT: 1 }),
    ]);
    expect(await stack.ends(jobId)).toBe('completed');
    for (const worker of workers.slice(0, 2)) expect((await worker.exited).signal).toBe('SIGKILL');
    await stack.expectExact(jobId, cohort);
    await expectSigned();
    const { rows } = await sql<{ twice: number; holes: number }>`
      SELECT count(*) - count(DISTINCT (kind, ref)) AS twice, max(entry_no) + 1 - count(*) AS holes FROM log_entries`.execute(
      stack.db(),
    );
    expect(rows).toEqual([{ twice: 0, holes: 0 }]);
    const sizes = (await kept()).map(({ size }) => size);
    expect(new Set(sizes).size).toBe(sizes.length);
    for (const worker of workers.slice(2)) expect(worker.output()).not.toContain('LogForkedError');
  });

  test('fault 27: a checkpoint store that is away keeps no job back, is told of once, and gets the newest checkpoint when it is back', async () => {
    stack = await startFaultStack({ kind });
    // A file stands where the folder should be.
    await rm(outside, { recursive: true });
    await writeFile(outside, '');
    const cohort = makeCohort(model, 3_000);
    const jobId = await stack.submit(await stack.api(), cohort);
    const worker = await stack.worker(signing());
    expect(await stack.ends(jobId)).toBe('completed');
    await stack.expectExact(jobId, cohort);
    await expect
      .poll(async () => (await logSizes()).entries - (await logSizes()).signed, { timeout: 20_000 })
      .toBe(0);
    expect(worker.output().split('the checkpoint store is away')).toHaveLength(2);
    await rm(outside);
    await expectSigned();
    expect(await kept()).toHaveLength(1);
    await expect.poll(() => worker.output()).toContain('the checkpoint store answers again');
  });
});

describe('the ledger of a server that went back in time', () => {
  test('fault 27: restored from an older copy, the log is signed no more and says why; jobs go on, verification names the cut, a new name signs', async () => {
    stack = await startFaultStack({ kind: 'redis' });
    const cohort = makeCohort(model, 1_000);
    const api = await stack.api();
    const first = await stack.submit(api, cohort);
    const before = await stack.worker(signing());
    expect(await stack.ends(first)).toBe('completed');
    await expectSigned();
    await before.stop();
    let copy = '';
    await stack.restartPostgres('fast', 0, async (dataDir) => {
      copy = path.join(path.dirname(dataDir), 'copy');
      await copyFolder(dataDir, copy);
    });
    const between = await stack.worker(signing());
    expect(await stack.ends(await stack.submit(api, cohort, '&name=lost'))).toBe('completed');
    await expectSigned();
    await between.stop();
    const lostSize = (await kept()).at(-1)?.size;
    await stack.restartPostgres('immediate', 0, async (dataDir) => {
      await rm(dataDir, { recursive: true });
      await copyFolder(copy, dataDir);
    });
    const worker = await stack.worker(signing());
    const next = await stack.submit(api, cohort, '&name=next');
    expect(await stack.ends(next)).toBe('completed');
    await stack.expectExact(next, cohort);
    await expect.poll(() => worker.output(), { timeout: 20_000 }).toContain('LogForkedError');
    expect((await logSizes()).waiting).toBeGreaterThan(0);
    expect((await kept()).at(-1)?.size).toBe(lostSize);
    const { problems } = await verifyAudit(stack.database(), {}, { checkpoints: await kept() });
    expect(problems.map(({ kind: problem }) => problem)).toContain('log_cut');
    await worker.stop();
    const renamed = `${ORIGIN}-2`;
    await stack.worker(signing(renamed));
    await expectSigned(renamed);
  });

  // PostgreSQL itself has to end the sleeper's transaction, which takes a minute.
  test('fault 27: a sequencer suspended while it signs holds the others up until PostgreSQL ends its transaction; awake, it writes nothing', async () => {
    stack = await startFaultStack({ kind: 'redis' });
    const cohort = makeCohort(model, 2_000);
    const sleeper = await stack.worker({ ...signing(), CRASH_AT: 'before_checkpoint:1:SIGSTOP' }, DOOMED);
    await expect.poll(async () => await stateOf(sleeper.pid), { timeout: 60_000 }).toBe('T');
    const jobId = await stack.submit(await stack.api(), cohort);
    await stack.worker(signing());
    expect(await stack.ends(jobId, 100_000)).toBe('completed');
    await expect
      .poll(async () => (await kept()).length, { timeout: 100_000, interval: 500 })
      .toBeGreaterThan(0);
    sleeper.signal('SIGCONT');
    await expect.poll(() => sleeper.output(), { timeout: 20_000 }).toContain('a round failed');
    await stack.expectExact(jobId, cohort);
    await expectSigned();
  }, 240_000);
});

describe('the conversion of a database of the release before', () => {
  const ROWS = 2_000;

  /** Where the migration stands still: the test holds a table that it needs next. */
  const LOCKS = [
    ['when the rows are pages', 'LOCK TABLE audit_batches IN ROW EXCLUSIVE MODE'],
    ['when the log is made', 'LOCK TABLE audit_events IN ACCESS SHARE MODE'],
  ] as const;

  test.each(
    LOCKS.flatMap(([when, lock]) =>
      (['the migration', 'PostgreSQL'] as const).map((who) => [who, when, lock] as const),
    ),
  )(
    'fault 26: %s killed %s leaves the database of before, and the next attempt converts it to the bit',
    async (who, _when, lock) => {
      stack = await startFaultStack({ kind: 'redis' });
      await sql`CREATE DATABASE before`.execute(stack.db());
      const predictions = await within('before', async (db) => {
        await migrateThrough(db, MIGRATIONS_BEFORE);
        await fillAsBefore(db, ROWS);
        return { rows: await predictionsOf(db), audit: await auditOf(db) };
      });
      await within('before', async (_db, pool) => {
        const holder = await pool.connect();
        await holder.query('BEGIN');
        await holder.query(lock);
        const migration = migrate('before');
        const died = once(migration, 'exit');
        await expect.poll(async () => await waitsForLock(), { timeout: 60_000 }).toBe(true);
        if (who === 'PostgreSQL') await stack.restartPostgres('immediate');
        else migration.kill('SIGKILL');
        await died;
        holder.release(true);
      });
      await within('before', async (db) => {
        await expect.poll(async () => await migrationsLeft(), { timeout: 20_000 }).toBe(0);
        expect(await predictionsOf(db)).toEqual(predictions.rows);
        expect(await isTable(db, 'predictions')).toBe(true);
      });
      const [code] = (await once(migrate('before'), 'exit')) as [number | null];
      expect(code).toBe(0);
      await within('before', async (db, pool) => {
        expect(await isTable(db, 'predictions')).toBe(false);
        expect(await predictionsOf(db)).toStrictEqual(predictions.rows);
        expect(await auditOf(db)).toStrictEqual(predictions.audit);
        expect((await verifyAudit({ db, pool })).problems).toEqual([]);
      });
    },
  );

  async function within<T>(
    name: string,
    work: (db: Db, pool: ReturnType<typeof createPool>) => Promise<T>,
  ): Promise<T> {
    const pool = createPool({
      url: stack.postgres().url(name),
      applicationName: 'faults',
      poolSize: 3,
      connectTimeoutMs: 5_000,
      statementTimeoutMs: 0,
    });
    const db = createDatabase(pool);
    try {
      return await work(db, pool);
    } finally {
      await db.destroy();
    }
  }

  function migrate(name: string) {
    return spawn(process.execPath, ['cli/migrate.ts'], {
      env: {
        PATH: process.env['PATH'],
        DATABASE_URL: stack.postgres().url(name),
        QUEUE_URL: stack.queueUrl,
      },
      stdio: 'ignore',
    });
  }

  async function waitsForLock(): Promise<boolean> {
    const { rows } = await sql`SELECT FROM pg_stat_activity
      WHERE application_name = 'iit-migrate' AND wait_event_type = 'Lock'`.execute(stack.db());
    return rows.length > 0;
  }

  async function migrationsLeft(): Promise<number> {
    const { rows } = await sql`SELECT FROM pg_stat_activity WHERE application_name = 'iit-migrate'`.execute(
      stack.db(),
    );
    return rows.length;
  }

  async function isTable(db: Db, name: string): Promise<boolean> {
    const { rows } = await sql<{ kind: string }>`
      SELECT relkind AS kind FROM pg_class WHERE oid = ${name}::regclass`.execute(db);
    return rows[0]?.kind === 'p';
  }
});
