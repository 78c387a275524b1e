import { rm } from 'node:fs/promises';
import path from 'node:path';
import { sql } from 'kysely';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '#shared/clock/clock.ts';
import { isTerminal } from '#shared/jobs/states.ts';
import { reringOverdue } from '#shared/jobs/sweep-transitions.ts';
import { createLogger } from '#shared/log/logger.ts';
import { createDoorbell } from '#shared/queue/doorbell.ts';
import { makeCohort } from './cohort.ts';
import { copyFolder } from './copy-folder.ts';
import { otherClock } from './other-clock.ts';
import { type FaultStack, model, QUEUES, startFaultStack } from './fault-stack.ts';
import { type SmallDisk, smallDisk } from './small-disk.ts';

let stack: FaultStack | undefined;
let disk: SmallDisk | undefined;
afterEach(async () => {
  await stack?.[Symbol.asyncDispose]();
  await disk?.[Symbol.asyncDispose]();
  stack = undefined;
  disk = undefined;
});

describe.each(QUEUES)('a machine that misbehaves, the queue on %s', (kind) => {
  test('fault 9: a full disk under PostgreSQL fails cleanly, accepts nothing falsely, and work resumes when there is room', async (context) => {
    disk = await smallDisk(160);
    context.skip(disk === undefined, 'a small tmpfs takes root and the right to mount');
    if (disk === undefined) return;
    stack = await startFaultStack({ kind, postgresDataDir: disk.dataDir });
    const cohort = makeCohort(model, 20_000);
    const api = await stack.api();
    const jobId = await stack.submit(api, cohort);
    const worker = await stack.worker({ CHUNKS_IN_FLIGHT: 1 });
    await stack.untilDone(jobId, 2);
    await disk.fill();
    await expect.poll(() => worker.output(), { timeout: 30_000 }).toContain('No space left');
    const refused = await stack.call(api, '/v1/jobs?explain=0', {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: makeCohort(model, 8_000, 2).csv,
    });
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(isTerminal(await stack.statusOf(jobId))).toBe(false);
    await disk.free();
    expect(await stack.ends(jobId, 90_000)).toBe('completed');
    await stack.expectExact(jobId, cohort);
    const others = await stack.db().selectFrom('jobs').select('status').where('id', '<>', jobId).execute();
    expect(others.filter((job) => job.status !== 'aborted')).toEqual([]);
    const again = makeCohort(model, 500, 3);
    const next = await stack.submit(api, again);
    expect(await stack.ends(next)).toBe('completed');
    await stack.expectExact(next, again);
  });

  test('fault 10: workers whose clocks are ten minutes fast and ten minutes slow share a job with one that is right', async (context) => {
    const [fast, slow] = [await otherClock('+10m'), await otherClock('-10m')];
    context.skip(fast === undefined, 'libfaketime is not here and cannot be installed');
    if (fast === undefined || slow === undefined) return;
    stack = await startFaultStack({ kind });
    const cohort = makeCohort(model, 6_000);
    const jobId = await stack.submit(await stack.api(), cohort);
    const before = Date.now();
    const workers = await Promise.all([
      stack.worker({ CHUNKS_IN_FLIGHT: 1 }, { wrapper: fast }),
      stack.worker({ CHUNKS_IN_FLIGHT: 1 }, { wrapper: slow }),
      stack.worker({ CHUNKS_IN_FLIGHT: 1, CRASH_AT: 'mid_copy:3' }),
    ]);
    expect(await stack.ends(jobId)).toBe('completed');
    await stack.expectExact(jobId, cohort);
    const logged = workers.slice(0, 2).map((worker) => firstTime(worker.output()) - before);
    expect(logged[0]).toBeGreaterThan(9 * 60_000);
    expect(logged[1]).toBeLessThan(-9 * 60_000);
    const { wrong } = await stack
      .db()
      .selectFrom('audit_log')
      .select((query) => query.fn.countAll<number>().as('wrong'))
      .where((where) =>
        where.or([
          where('recorded_at', '<', new Date(before - 60_000)),
          where('recorded_at', '>', new Date(Date.now() + 60_000)),
        ]),
      )
      .executeTakeFirstOrThrow();
    expect(wrong).toBe(0);
  });

  test('fault 24: PostgreSQL restored from an older copy refuses the bells of what came later, and ends what was open', async () => {
    stack = await startFaultStack({ kind });
    const cohort = makeCohort(model, 3_000);
    const jobId = await stack.submit(await stack.api(), cohort);
    let copy = '';
    await stack.restartPostgres('fast', 0, async (dataDir) => {
      copy = path.join(path.dirname(dataDir), 'copy');
      await copyFolder(dataDir, copy);
    });
    const worker = await stack.worker({ CRASH_AT: 'after_commit:9', CHUNKS_IN_FLIGHT: 1 });
    await worker.exited;
    // What is rung from here on is of epochs, and of a job, that the copy has never seen.
    const rung = await ringLeftChunksAnew(stack);
    expect(rung).toBeGreaterThan(1);
    const lost = await stack.submit(await stack.api(), makeCohort(model, 500, 2));
    await stack.restartPostgres('immediate', 0, async (dataDir) => {
      await rm(dataDir, { recursive: true });
      await copyFolder(copy, dataDir);
    });
    expect(await stack.statusOf(jobId)).toBe('queued');
    const last = await stack.worker();
    expect(await stack.ends(jobId)).toBe('completed');
    await stack.expectExact(jobId, cohort);
    const found = await stack.db().selectFrom('jobs').select('id').where('id', '=', lost).execute();
    expect(found).toEqual([]);
    expect(last.output()).not.toContain('left a chunk to the sweeper');
  });
});

/** As a sweeper does for chunks whose bells were lost; how many there were. */
async function ringLeftChunksAnew(on: FaultStack): Promise<number> {
  await on
    .db()
    .updateTable('chunks')
    .set({ ring_after: sql<Date>`now()` })
    .where('state', '=', 'pending')
    .execute();
  const bells = await reringOverdue(on.db(), { ringSeconds: 60 });
  await using doorbell = createDoorbell({
    url: on.queueUrl,
    log: createLogger('test', 'silent'),
    clock: systemClock,
  });
  return await doorbell.ring(bells);
}

/** The time of the first line that a service logged, in ms since 1970. */
function firstTime(output: string): number {
  return Date.parse(/"time":"([^"]+)"/u.exec(output)?.[1] ?? '');
}
