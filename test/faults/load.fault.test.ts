import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterEach, describe, expect, test } from 'vitest';
import type { ServiceProcess } from '#test/support/service-process.ts';
import { makeCohort } from './cohort.ts';
import { type FaultStack, model, startFaultStack } from './fault-stack.ts';

let stack: FaultStack;
afterEach(() => stack[Symbol.asyncDispose]());

// None of these touches the queue: one backend is enough.
describe('clients that are slow, and too many', () => {
  test('fault 13: headers that drip are cut off, and others are served meanwhile', async () => {
    stack = await startFaultStack({ kind: 'postgres' });
    const api = await stack.api();
    const started = performance.now();
    const closed = Promise.all(Array.from({ length: 50 }, () => dripHeaders(api)));
    const cohort = makeCohort(model, 300);
    const jobId = await stack.submit(api, cohort);
    await stack.worker();
    expect(await stack.ends(jobId)).toBe('completed');
    const answers = await closed;
    expect(performance.now() - started).toBeLessThan(40_000);
    expect(new Set(answers.map((answer) => answer.slice(0, 12)))).toEqual(new Set(['HTTP/1.1 408']));
  });

  test('fault 13: bodies that drip end with 408 and an aborted job, and give their places back', async () => {
    stack = await startFaultStack({ kind: 'postgres' });
    const api = await stack.api({ MAX_UPLOADS: 3 });
    // Half of it is more than is looked at before a job is opened.
    const cohort = makeCohort(model, 6_000);
    const drips = [0, 1, 2].map(() => dripBody(stack, api, cohort.csv));
    await expect
      .poll(async () => (await stack.db().selectFrom('jobs').select('id').execute()).length)
      .toBe(3);
    const shed = await stack.call(api, '/v1/jobs', {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: cohort.csv,
    });
    expect([shed.status, Number(shed.headers.get('retry-after')) > 0]).toEqual([503, true]);
    expect(await Promise.all(drips)).toEqual([408, 408, 408]);
    const ended = await stack.db().selectFrom('jobs').select(['status', 'error_code']).execute();
    expect(ended).toEqual(
      Array.from({ length: 3 }, () => ({ status: 'aborted', error_code: 'upload_too_slow' })),
    );
    const jobId = await stack.submit(api, cohort);
    await stack.worker();
    expect(await stack.ends(jobId)).toBe('completed');
    await stack.expectExact(jobId, cohort);
  });

  test('fault 13: clients that take results a byte a second hold neither a connection of the pool nor the whole answer', async () => {
    stack = await startFaultStack({ kind: 'postgres' });
    const api = await stack.api({
      DATABASE_POOL_SIZE: 2,
      SHUTDOWN_SECONDS: 2,
      CHUNK_ROWS: 5_000,
      // Without limits V8 would rather take more memory than look for garbage.
      NODE_OPTIONS: '--max-old-space-size=128 --max-semi-space-size=4',
    });
    const cohort = makeCohort(model, 60_000);
    const jobId = await stack.submit(api, cohort);
    await stack.worker();
    expect(await stack.ends(jobId)).toBe('completed');
    const readers = Array.from({ length: 10 }, () =>
      slowReader(api, stack.key, `/v1/jobs/${jobId}/results?format=csv`),
    );
    await Promise.all(readers.map((reader) => reader.begun));
    await pause(8_000);
    expect(await residentMb(api)).toBeLessThan(300);
    const { rows } = await sql<{ busy: number }>`SELECT count(*)::int AS busy FROM pg_stat_activity
      WHERE application_name LIKE 'iit-api%' AND state <> 'idle'`.execute(stack.db());
    expect(rows[0]?.busy).toBe(0);
    expect((await stack.call(api, `/v1/jobs/${jobId}`)).status).toBe(200);
    await api.stop(10_000);
    expect((await api.exited).code).toBe(0);
    for (const reader of readers) reader.close();
  });

  test('fault 21: a pool of two that is held up sheds load with 503 and Retry-After, does not deadlock, and recovers', async () => {
    stack = await startFaultStack({ kind: 'postgres' });
    const api = await stack.api({
      DATABASE_POOL_SIZE: 2,
      MAX_UPLOADS: 100,
      MAX_UPLOADS_PER_TENANT: 100,
      MEMORY_BUDGET_MB: 8_192,
    });
    const cohort = makeCohort(model, 300);
    const submit = async () => {
      const answer = await stack.call(api, '/v1/jobs?explain=0', {
        method: 'POST',
        headers: { 'content-type': 'text/csv' },
        body: cohort.csv,
      });
      const { id } = (await answer.json()) as { id?: string };
      return { status: answer.status, retryAfter: answer.headers.get('retry-after'), id };
    };
    const list = async () => {
      const answer = await stack.call(api, '/v1/jobs');
      await answer.arrayBuffer();
      return { status: answer.status, retryAfter: answer.headers.get('retry-after'), id: undefined };
    };

    const crowd = await Promise.all(
      Array.from({ length: 60 }, (_, index) => (index % 2 === 0 ? submit() : list())),
    );
    expect(crowd.filter(({ status }) => ![200, 202, 503].includes(status))).toEqual([]);

    const held = Promise.withResolvers<void>();
    const locking = stack
      .db()
      .transaction()
      .execute(async (trx) => {
        await sql`LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE`.execute(trx);
        await held.promise;
      });
    await pause(200);
    const started = performance.now();
    const shed = await Promise.all(Array.from({ length: 40 }, list).slice(2));
    held.resolve();
    await locking;
    expect(performance.now() - started).toBeLessThan(45_000);
    const refused = shed.filter(({ status }) => status === 503);
    expect(refused.length).toBeGreaterThan(30);
    expect(refused.filter(({ retryAfter }) => !(Number(retryAfter) > 0))).toEqual([]);

    const { id, status } = await submit();
    expect(status).toBe(202);
    await stack.worker();
    const accepted = [...crowd.flatMap((answer) => (answer.status === 202 ? [answer.id] : [])), id];
    for (const jobId of accepted) {
      expect(await stack.ends(jobId ?? '')).toBe('completed');
      await stack.expectExact(jobId ?? '', cohort);
    }
    await expect
      .poll(
        async () =>
          (await stack.db().selectFrom('jobs').select('status').where('status', '=', 'receiving').execute())
            .length,
        { timeout: 20_000 },
      )
      .toBe(0);
    const completed = await stack
      .db()
      .selectFrom('jobs')
      .select('id')
      .where('status', '=', 'completed')
      .execute();
    expect(new Set(completed.map((job) => job.id))).toEqual(new Set(accepted));
  });
});

/** Resolves with what the server said before it closed. */
async function dripHeaders(api: ServiceProcess): Promise<string> {
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
  let heard = '';
  socket.on('data', (bytes: Buffer) => (heard += bytes.toString()));
  socket.on('error', () => undefined);
  socket.write('GET /v1/jobs HTTP/1.1\r\nHost: x\r\n');
  const drip = setInterval(() => socket.write('X: y\r\n'), 500);
  await new Promise<void>((done) => socket.once('close', () => done()));
  clearInterval(drip);
  return heard;
}

/** A body of which half comes at once and then a byte a second. */
async function dripBody(on: FaultStack, api: ServiceProcess, csv: string): Promise<number> {
  const upload = request(`${api.url}/v1/jobs?explain=0`, {
    method: 'POST',
    headers: { authorization: `Bearer ${on.key}`, 'content-type': 'text/csv' },
  });
  const half = csv.length >> 1;
  upload.write(csv.slice(0, half));
  let at = half;
  const drip = setInterval(() => upload.write(csv.slice(at, ++at)), 1_000);
  try {
    return await new Promise<number>((resolve, reject) => {
      upload.once('response', (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      upload.once('error', reject);
    });
  } finally {
    clearInterval(drip);
    upload.on('error', () => undefined);
    upload.destroy();
  }
}

function slowReader(api: ServiceProcess, key: string, target: string) {
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.pause();
  socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\n\r\n`);
  const begun = new Promise<void>((done) => socket.once('readable', () => done()));
  const sip = setInterval(() => socket.read(1), 1_000);
  const close = () => {
    clearInterval(sip);
    socket.destroy();
  };
  return { begun, close };
}

async function residentMb(service: ServiceProcess): Promise<number> {
  const status = await readFile(`/proc/${service.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/u.exec(status)?.[1] ?? NaN) / 1024;
}
