import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { sql } from 'kysely';
import { verifyAudit } from '#shared/audit/verify.ts';
import { systemClock } from '#shared/clock/clock.ts';
import type { JobStatus } from '#shared/db/schema.ts';
import { retryQuarantined } from '#shared/jobs/retry-quarantined.ts';
import { isTerminal } from '#shared/jobs/states.ts';
import { cancelJob } from '#shared/jobs/stop-job.ts';
import type { CrashPoint } from '#shared/lifecycle/crash-points.ts';
import { createLogger } from '#shared/log/logger.ts';
import { createDoorbell, type Doorbell } from '#shared/queue/doorbell.ts';
import { expectExactRows } from '#test/support/expect-exact.ts';
import { insertSampleJob } from '#test/support/sample-job.ts';
import { sampleModel } from '#test/support/sample-model.ts';
import { type ServiceProcess, startService } from '#test/support/service-process.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { testRedisUrl } from '#test/support/test-redis.ts';

const model = sampleModel();
/** Short enough for a lost chunk to be found again within a test. */
const quick = {
  SWEEP_SECONDS: 0.2,
  LEDGER_SECONDS: 0.2,
  LEASE_SECONDS: 1,
  RETRY_SECONDS: 0,
  RING_SECONDS: 1,
  CHUNK_MAX_ATTEMPTS: 3,
  SCORING_THREADS: 1,
  CHUNKS_IN_FLIGHT: 2,
};

const CRASHES = [
  'before_claim',
  'after_claim',
  'after_score',
  'mid_copy',
  'after_copy',
  'before_commit',
  'after_commit',
] as const satisfies readonly CrashPoint[];

/** What a worker promises, on either queue; a file each runs them, so that both can run at once. */
export function describeWorker(kind: 'redis' | 'postgres'): void {
  describe(`a worker on ${kind}`, () => {
    let database: TestDatabase;
    let queueUrl: string;
    let doorbell: Doorbell;
    const workers: ServiceProcess[] = [];

    beforeAll(async () => {
      database = await createTestDatabase();
      queueUrl = kind === 'redis' ? await testRedisUrl() : database.url;
      doorbell = createDoorbell({ url: queueUrl, log: createLogger('test', 'silent'), clock: systemClock });
      await doorbell.start();
    });
    afterEach(async () => {
      await Promise.all(workers.splice(0).map((worker) => worker.stop()));
    });
    afterAll(async () => {
      await doorbell.stop();
      await database.drop();
    });

    async function worker(env: Record<string, string | number> = {}): Promise<ServiceProcess> {
      const started = await startService({
        service: 'worker',
        databaseUrl: database.url,
        queueUrl,
        env: { ...quick, ...env },
      });
      workers.push(started);
      return started;
    }

    const jobOf = (id: string) =>
      database.db.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

    const ends = (jobId: string): Promise<JobStatus> =>
      expect
        .poll(async () => (await jobOf(jobId)).status, { timeout: 25_000, interval: 30 })
        .toSatisfy(isTerminal)
        .then(async () => (await jobOf(jobId)).status);

    const auditIsWhole = async (jobId: string) => {
      const { problems, batches } = await verifyAudit(database, { jobId });
      expect(problems).toEqual([]);
      return batches;
    };

    test('scores every row of a job exactly, once, audited', async () => {
      const job = await insertSampleJob(database.db, { model, chunks: 6, rowsPerChunk: 40 });
      await worker();
      await doorbell.ring(job.bells);
      expect(await ends(job.jobId)).toBe('completed');
      await expectExactRows(database.db, job, model);
      const { tier_low, tier_medium, tier_high, rows_scored } = await jobOf(job.jobId);
      expect(tier_low + tier_medium + tier_high).toBe(rows_scored);
      expect(await auditIsWhole(job.jobId)).toBe(6);
    });

    test('keeps the reasons that the engine gives, missing values as NULL', async () => {
      const job = await insertSampleJob(database.db, { model, chunks: 1, rowsPerChunk: 30, explain: 3 });
      await worker();
      await doorbell.ring(job.bells);
      expect(await ends(job.jobId)).toBe('completed');
      const rows = await database.db
        .selectFrom('predictions')
        .select(['reason_features', 'reason_contributions', 'reason_values'])
        .where('job_id', '=', job.jobId)
        .orderBy('row_no')
        .execute();
      for (const [row, { reason_features, reason_contributions, reason_values }] of rows.entries()) {
        expect(reason_features).toHaveLength(3);
        const sizes = reason_contributions!.map(Math.abs);
        expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
        const inputs = reason_features!.map((feature) => job.chunks[0]!.features[feature]![row]!);
        expect(reason_values).toEqual(inputs.map((value) => (Number.isNaN(value) ? null : value)));
      }
    });

    // Where a worker dies within a chunk has nothing to do with the queue: one backend has all the points.
    test.each(
      kind === 'redis'
        ? CRASHES
        : CRASHES.filter((point) => point === 'before_claim' || point === 'after_copy'),
    )('killed at %s and replaced, no row is missing and none is there twice', async (point) => {
      const job = await insertSampleJob(database.db, { model, chunks: 4, rowsPerChunk: 25 });
      const doomed = await worker({ CRASH_AT: `${point}:2` });
      await doorbell.ring(job.bells);
      expect((await doomed.exited).signal).toBe('SIGKILL');
      await worker();
      expect(await ends(job.jobId)).toBe('completed');
      await expectExactRows(database.db, job, model);
      await auditIsWhole(job.jobId);
    });

    test.each(kind === 'redis' ? (['mid_index', 'before_index_commit'] as const) : [])(
      'killed at %s, the next worker makes the lists of the job, each row once in each',
      async (point) => {
        const job = await insertSampleJob(database.db, { model, chunks: 2, rowsPerChunk: 25 });
        const doomed = await worker({ CRASH_AT: point });
        await doorbell.ring(job.bells);
        expect((await doomed.exited).signal).toBe('SIGKILL');
        expect((await jobOf(job.jobId)).indexed_rows).toBeNull();
        await worker();
        await expect
          .poll(async () => (await jobOf(job.jobId)).indexed_rows, { timeout: 20_000, interval: 20 })
          .toBe(50);
        const { rows } = await sql<{ list: boolean; entries: number }>`
        SELECT list = '*' AS list, sum(cardinality(entries))::int AS entries FROM order_blocks WHERE job_id = ${job.jobId}
        GROUP BY 1 ORDER BY 1`.execute(database.db);
        expect(rows).toEqual([
          { list: false, entries: 50 },
          { list: true, entries: 50 },
        ]);
      },
    );

    test('bells that were never rung, or lost, are rung by the sweeper', async () => {
      const job = await insertSampleJob(database.db, { model, chunks: 3, rowsPerChunk: 10 });
      await database.db
        .updateTable('chunks')
        .set({ ring_after: new Date(0) })
        .where('job_id', '=', job.jobId)
        .execute();
      await worker();
      expect(await ends(job.jobId)).toBe('completed');
      await expectExactRows(database.db, job, model);
    });

    test('a zombie that comes back after its lease writes nothing', async () => {
      const job = await insertSampleJob(database.db, { model, chunks: 1, rowsPerChunk: 20 });
      const zombie = await worker({ SWEEP_SECONDS: 600, CRASH_AT: 'after_score:1:SIGSTOP' });
      await doorbell.ring(job.bells);
      await worker();
      expect(await ends(job.jobId)).toBe('completed');
      zombie.signal('SIGCONT');
      await zombie.stop();
      await expectExactRows(database.db, job, model);
      await auditIsWhole(job.jobId);
    });

    test('a chunk that cannot be scored is quarantined, the others are not touched, and a retry heals it', async () => {
      const job = await insertSampleJob(database.db, { model, chunks: 3, rowsPerChunk: 10 });
      const sound = await database.db
        .selectFrom('chunks')
        .select('payload')
        .where('job_id', '=', job.jobId)
        .where('chunk_no', '=', 1)
        .executeTakeFirstOrThrow();
      const setPayload = (payload: Buffer) =>
        database.db
          .updateTable('chunks')
          .set({ payload })
          .where('job_id', '=', job.jobId)
          .where('chunk_no', '=', 1)
          .execute();
      await setPayload(Buffer.from('poison'));
      await worker();
      await doorbell.ring(job.bells);
      expect(await ends(job.jobId)).toBe('partial');
      const chunk = await database.db
        .selectFrom('chunks')
        .select(['state', 'attempts', 'error_code'])
        .where('job_id', '=', job.jobId)
        .where('chunk_no', '=', 1)
        .executeTakeFirstOrThrow();
      expect(chunk).toEqual({ state: 'quarantined', attempts: 3, error_code: 'payload_corrupt' });
      await expectExactRows(database.db, job, model, [0, 2]);
      await setPayload(sound.payload);
      await doorbell.ring(await database.db.transaction().execute((trx) => retryQuarantined(trx, job.jobId)));
      expect(await ends(job.jobId)).toBe('completed');
      await expectExactRows(database.db, job, model);
    });

    test('a chunk that takes its worker down each time is quarantined with its reason', async () => {
      const job = await insertSampleJob(database.db, { model, chunks: 1, rowsPerChunk: 10 });
      for (let attempt = 0; attempt < 3; attempt++) {
        const doomed = await worker({ CRASH_AT: 'after_claim' });
        if (attempt === 0) await doorbell.ring(job.bells);
        await doomed.exited;
      }
      await worker();
      expect(await ends(job.jobId)).toBe('failed');
      const chunk = await database.db
        .selectFrom('chunks')
        .select(['state', 'error_code'])
        .where('job_id', '=', job.jobId)
        .executeTakeFirstOrThrow();
      expect(chunk).toEqual({ state: 'quarantined', error_code: 'lease_lost' });
    });

    test('a job cancelled while it runs has one end, and exactly the rows of its done chunks', async () => {
      const job = await insertSampleJob(database.db, { model, chunks: 12, rowsPerChunk: 25 });
      await worker();
      await doorbell.ring(job.bells);
      await expect
        .poll(async () => (await jobOf(job.jobId)).chunks_done, { timeout: 10_000, interval: 5 })
        .toBeGreaterThan(0);
      await cancelJob(database.db, { jobId: job.jobId }).catch(() => undefined);
      const ended = await jobOf(job.jobId);
      expect(isTerminal(ended.status)).toBe(true);
      const done = await database.db
        .selectFrom('chunks')
        .select('chunk_no')
        .where('job_id', '=', job.jobId)
        .where('state', '=', 'done')
        .orderBy('chunk_no')
        .execute();
      await expectExactRows(
        database.db,
        job,
        model,
        done.map((chunk) => chunk.chunk_no),
      );
      expect(ended.rows_scored + ended.rows_cancelled).toBe(job.rowCount);
      await auditIsWhole(job.jobId);
    });

    test('two workers, every bell rung three times, share a job without a row twice', async () => {
      const job = await insertSampleJob(database.db, { model, chunks: 10, rowsPerChunk: 20 });
      await Promise.all([worker(), worker()]);
      await Promise.all([doorbell.ring(job.bells), doorbell.ring(job.bells), doorbell.ring(job.bells)]);
      expect(await ends(job.jobId)).toBe('completed');
      await expectExactRows(database.db, job, model);
    });

    test('SIGTERM ends what is in hand, loses nothing and exits with 0', async () => {
      const job = await insertSampleJob(database.db, { model, chunks: 8, rowsPerChunk: 50 });
      const first = await worker();
      await doorbell.ring(job.bells);
      await expect
        .poll(async () => (await jobOf(job.jobId)).started_at, { timeout: 10_000, interval: 5 })
        .not.toBeNull();
      first.signal('SIGTERM');
      expect(await first.exited).toEqual({ code: 0, signal: null });
      const leased = await database.db
        .selectFrom('chunks')
        .select('chunk_no')
        .where('job_id', '=', job.jobId)
        .where('state', '=', 'leased')
        .execute();
      expect(leased).toEqual([]);
      await worker();
      expect(await ends(job.jobId)).toBe('completed');
      await expectExactRows(database.db, job, model);
    });

    test('metrics tell the depth of the queue from the first scrape, readiness names its dependencies', async () => {
      const { url } = await worker();
      const metrics = await (await fetch(`${url}/metrics`)).text();
      expect(metrics).toContain('iit_queue_depth{queue="iit-chunks",state="pending"} 0');
      expect(metrics).toContain('iit_rows_scored_total');
      const ready = await fetch(`${url}/health/ready`);
      expect(await ready.json()).toEqual({ status: 'ok', dependencies: { postgresql: 'ok', queue: 'ok' } });
      expect((await fetch(`${url}/health/live`)).status).toBe(200);
      expect((await fetch(`${url}/nothing`)).status).toBe(404);
    });
  });
}
