import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ServiceError } from '#shared/errors/errors.ts';
import type { Bell } from '#shared/queue/bell.ts';
import { type Action, JobModel } from '#test/support/job-model.ts';
import { insertSampleJob } from '#test/support/sample-job.ts';
import { sampleModel } from '#test/support/sample-model.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { appendToJob } from './append-to-job.ts';
import {
  type Claim,
  claimChunk,
  failChunk,
  finishChunk,
  handBackChunk,
  holdChunk,
  renewLeases,
} from './chunk-transitions.ts';
import { finishReceiving } from './finish-receiving.ts';
import { retryQuarantined } from './retry-quarantined.ts';
import { isTerminal } from './states.ts';
import { abortJob, cancelJob } from './stop-job.ts';
import { expireLeases, reringOverdue } from './sweep-transitions.ts';

const sample = sampleModel();
const LEASE = { owner: 'test', seconds: 3_600 };
const failure = { code: 'scoring_failed', message: 'planned' };
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** A job in PostgreSQL, and everything that was ever handed out about it: stale bells and claims are kept, and used. */
class RealJob {
  readonly bells: Bell[] = [];
  readonly claims: Claim[] = [];
  readonly jobId: string;
  chunkCount = 0;
  rejectedCount = 0;

  constructor(jobId: string) {
    this.jobId = jobId;
  }

  static async open(): Promise<RealJob> {
    const { jobId } = await insertSampleJob(database.db, { model: sample, chunks: 0, finish: false });
    return new RealJob(jobId);
  }

  /** What it did, or the code of its refusal. */
  async do(action: Action): Promise<string> {
    try {
      return await this.#do(action);
    } catch (error) {
      if (error instanceof ServiceError) return error.code;
      throw error;
    }
  }

  async #do(action: Action): Promise<string> {
    const { db } = database;
    const { jobId } = this;
    switch (action.kind) {
      case 'append': {
        const chunkNo = this.chunkCount++;
        const firstRejected = this.rejectedCount;
        this.rejectedCount += action.rejected;
        const bell = await db.transaction().execute((trx) =>
          appendToJob(trx, {
            jobId,
            chunk: {
              chunkNo,
              rowCount: action.rows,
              encoded: { payload: Buffer.from('-'), sha256: Buffer.alloc(32) },
            },
            rejections: Array.from({ length: action.rejected }, (_, index) => ({
              rowNo: firstRejected + index + 1,
              line: 1,
              field: null,
              code: 'invalid_number',
              message: '',
            })),
          }),
        );
        if (bell !== undefined) this.bells.push(bell);
        return 'appended';
      }
      case 'finish':
        await db.transaction().execute((trx) => finishReceiving(trx, jobId));
        return 'finished';
      case 'claim': {
        const bell = at(this.bells, action.which);
        const claim = bell === undefined ? undefined : await claimChunk(db, bell, LEASE);
        if (claim !== undefined) this.claims.push(claim);
        return claim === undefined ? 'void' : 'claimed';
      }
      case 'commit': {
        const claim = at(this.claims, action.which);
        return claim === undefined ? 'lost' : await commit(claim, action.slow);
      }
      case 'fail': {
        const claim = at(this.claims, action.which);
        if (claim === undefined) return 'lost';
        const limits = { maxAttempts: action.maxAttempts, retrySeconds: 0 };
        const failed = await db.transaction().execute((trx) => failChunk(trx, claim, failure, limits));
        if (failed?.bell !== undefined) this.bells.push(failed.bell);
        return failed?.state ?? 'lost';
      }
      case 'handBack': {
        const claim = at(this.claims, action.which);
        const bell = claim === undefined ? undefined : await handBackChunk(db, claim, 0);
        if (bell !== undefined) this.bells.push(bell);
        return bell === undefined ? 'lost' : 'pending';
      }
      case 'renew':
        await renewLeases(db, this.claims, LEASE.seconds);
        return 'renewed';
      case 'expire': {
        await sql`UPDATE chunks SET lease_until = now() - interval '1 second'
          WHERE job_id = ${jobId} AND state = 'leased' AND chunk_no % 2 = ${action.half}`.execute(db);
        const { bells } = await expireLeases(db, { maxAttempts: action.maxAttempts, ringSeconds: 3_600 });
        this.bells.push(...inOrder(bells.filter((bell) => bell.jobId === jobId)));
        return 'swept';
      }
      case 'rering': {
        await sql`UPDATE chunks SET ring_after = now() + make_interval(secs => CASE chunk_no % 2
          WHEN ${action.half} THEN -1 ELSE 3600 END)
          WHERE job_id = ${jobId} AND state = 'pending'`.execute(db);
        const bells = await reringOverdue(db, { ringSeconds: 3_600 });
        this.bells.push(...inOrder(bells.filter((bell) => bell.jobId === jobId)));
        return 'swept';
      }
      case 'cancel':
        await cancelJob(db, { jobId });
        return 'cancelled';
      case 'abort':
        await abortJob(db, { jobId, ...failure });
        return 'aborted';
      case 'retry':
        this.bells.push(...inOrder(await db.transaction().execute((trx) => retryQuarantined(trx, jobId))));
        return 'retried';
    }
  }
}

/** PostgreSQL returns the rows of an update in any order; the model rings by number. */
function inOrder(bells: readonly Bell[]): Bell[] {
  return bells.toSorted((a, b) => a.chunkNo - b.chunkNo);
}

/** As a worker writes a chunk: rows and state in one transaction, behind the fence. */
async function commit(claim: Claim, slow: boolean): Promise<'done' | 'lost'> {
  return await database.db.transaction().execute(async (trx) => {
    if (!(await holdChunk(trx, claim))) return 'lost';
    await sql`INSERT INTO score_blocks (period, job_id, first_row, chunk_no, tenant_id, row_count, reason_count, patient_ids,
        raw_scores, tiers)
      SELECT ${claim.period}, ${claim.jobId}, ${claim.chunkNo} * 100 + 1, ${claim.chunkNo}, ${claim.tenantId},
        ${claim.rowCount}::int, 0, array_agg('SYN-' || n), array_agg(0::float8), string_agg(set_byte('\\x00', 0, 0), '')
      FROM generate_series(1, ${claim.rowCount}::int) AS n`.execute(trx);
    if (slow) await sql`SELECT pg_sleep(0.01)`.execute(trx);
    await finishChunk(trx, claim, { rowCount: claim.rowCount, tiers: [claim.rowCount, 0, 0] });
    return 'done';
  });
}

function at<T>(list: readonly T[], which: number): T | undefined {
  return list.length === 0 ? undefined : list[which % list.length];
}

async function stateOf(jobId: string) {
  const job = await database.db
    .selectFrom('jobs')
    .select(['status', 'rows_received', 'rows_accepted', 'rows_rejected', 'rows_scored', 'rows_quarantined'])
    .select([
      'rows_cancelled',
      'chunks_total',
      'chunks_done',
      'chunks_quarantined',
      'chunks_cancelled',
      'finished_at',
    ])
    .where('id', '=', jobId)
    .executeTakeFirstOrThrow();
  const chunks = await database.db
    .selectFrom('chunks')
    .select(['state', 'epoch', 'attempts', 'row_count as rows'])
    .select(
      sql<number>`(SELECT count(*) FROM predictions p WHERE p.job_id = chunks.job_id
      AND p.chunk_no = chunks.chunk_no)`.as('written'),
    )
    .where('job_id', '=', jobId)
    .orderBy('chunk_no')
    .execute();
  return { job, chunks };
}

/** The promises of states.ts and of FAULTS, on the tables alone. */
function expectInvariants({ job, chunks }: Awaited<ReturnType<typeof stateOf>>): void {
  const rowsIn = (...states: string[]) =>
    chunks.filter(({ state }) => states.includes(state)).reduce((sum, { rows }) => sum + rows, 0);
  expect(job.rows_received).toBe(job.rows_accepted + job.rows_rejected);
  expect(job.rows_accepted).toBe(rowsIn('pending', 'leased', 'done', 'quarantined', 'cancelled'));
  expect([job.rows_scored, job.rows_quarantined, job.rows_cancelled]).toEqual([
    rowsIn('done'),
    rowsIn('quarantined'),
    rowsIn('cancelled'),
  ]);
  expect(chunks.filter(({ state, rows, written }) => written !== (state === 'done' ? rows : 0))).toEqual([]);
  expect(job.finished_at !== null).toBe(isTerminal(job.status));
  const open = rowsIn('pending', 'leased') > 0;
  expect(open).toBe(job.status === 'receiving' ? open : !isTerminal(job.status));
}

const which = fc.nat(30);
const half = fc.nat(1);
const maxAttempts = fc.integer({ min: 1, max: 3 });
const append = fc.record({
  kind: fc.constant('append' as const),
  rows: fc.integer({ min: 1, max: 4 }),
  rejected: fc.nat(2),
});
const claim = fc.record({ kind: fc.constant('claim' as const), which });
const commitAction = fc.record({ kind: fc.constant('commit' as const), which, slow: fc.constant(false) });
const fail = fc.record({ kind: fc.constant('fail' as const), which, maxAttempts });
const handBack = fc.record({ kind: fc.constant('handBack' as const), which });
const expire = fc.record({ kind: fc.constant('expire' as const), half, maxAttempts });
const rering = fc.record({ kind: fc.constant('rering' as const), half });
const simple = (kind: 'finish' | 'cancel' | 'abort' | 'retry' | 'renew') => fc.constant({ kind });

const anyAction: fc.Arbitrary<Action> = fc.oneof(
  { weight: 12, arbitrary: append },
  { weight: 64, arbitrary: claim },
  { weight: 18, arbitrary: commitAction },
  { weight: 12, arbitrary: fail },
  { weight: 6, arbitrary: handBack },
  { weight: 9, arbitrary: expire },
  { weight: 9, arbitrary: rering },
  { weight: 6, arbitrary: simple('finish') },
  { weight: 6, arbitrary: simple('retry') },
  { weight: 3, arbitrary: simple('renew') },
  { weight: 1, arbitrary: simple('cancel') },
  { weight: 1, arbitrary: simple('abort') },
);

function command(action: Action): fc.AsyncCommand<JobModel, RealJob> {
  return {
    check: () => true,
    run: async (model, real) => {
      expect(await real.do(action)).toBe(model.do(action));
      const state = await stateOf(real.jobId);
      expect(state).toMatchObject(model.expected());
      expectInvariants(state);
    },
    toString: () => JSON.stringify(action),
  };
}

test('worker, zombie, sweeper, intake, cancel, abort and retry in any order do what the model says, step by step', async () => {
  const checked = fc.assert(
    fc.asyncProperty(
      fc.commands([anyAction.map(command)], { maxCommands: 60, size: 'max' }),
      async (commands) => {
        const real = await RealJob.open();
        await fc.asyncModelRun(() => ({ model: new JobModel(), real }), commands);
      },
    ),
    { numRuns: 30, interruptAfterTimeLimit: 6_000, markInterruptAsFailure: false },
  );
  await expect(checked).resolves.toBeUndefined();
});

test('the same at one and the same time keeps every invariant, ends no job twice, and can always be brought to an end', async () => {
  const crowd = fc.array(fc.array(anyAction, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 5 });
  const checked = fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), crowd, async (chunks, rounds) => {
      const real = await RealJob.open();
      for (let chunk = 0; chunk < chunks; chunk++) {
        await real.do({ kind: 'append', rows: 2, rejected: 0 });
        await real.do({ kind: 'claim', which: chunk });
      }
      for (const round of rounds) {
        await Promise.all(
          round.map((action) => real.do(action.kind === 'commit' ? { ...action, slow: true } : action)),
        );
        expectInvariants(await stateOf(real.jobId));
      }
      await bringToItsEnd(real);
    }),
    { numRuns: 40, interruptAfterTimeLimit: 6_000, markInterruptAsFailure: false },
  );
  await expect(checked).resolves.toBeUndefined();
});

/** What services that have recovered do: end the upload, sweep, retry and score until nothing is open. */
async function bringToItsEnd(real: RealJob): Promise<void> {
  await real.do({ kind: 'finish' });
  await real.do({ kind: 'retry' });
  for (const half of [0, 1]) {
    await real.do({ kind: 'expire', half, maxAttempts: 20 });
    await real.do({ kind: 'rering', half });
  }
  for (let bell = 0; bell < real.bells.length; bell++) {
    const claims = real.claims.length;
    await real.do({ kind: 'claim', which: bell });
    if (real.claims.length > claims) await real.do({ kind: 'commit', which: claims, slow: false });
  }
  const state = await stateOf(real.jobId);
  expectInvariants(state);
  expect(state.job.status).toBeOneOf(['completed', 'cancelled', 'aborted']);
}
