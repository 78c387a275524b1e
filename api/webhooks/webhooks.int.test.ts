import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'kysely';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { claimChunk, finishChunk } from '#shared/jobs/chunk-transitions.ts';
import { cancelJob } from '#shared/jobs/stop-job.ts';
import { insertSampleJob } from '#test/support/sample-job.ts';
import { sampleModel } from '#test/support/sample-model.ts';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';

type Received = { headers: IncomingHttpHeaders; body: string };
type Answer = (response: ServerResponse, attempt: number) => void;

/** A receiver that keeps what it gets and answers as it is told. */
async function startReceiver(answer: Answer = (response) => response.writeHead(204).end()) {
  const received: Received[] = [];
  let answering = answer;
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(parts).toString() });
      answering(response, received.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    answerWith: (next: Answer) => (answering = next),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const model = sampleModel();
let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({
    WEBHOOK_SECONDS: '0.05',
    WEBHOOK_TIMEOUT_SECONDS: '0.5',
    WEBHOOK_RETRY_SECONDS: '0.05,0.05',
    WEBHOOK_PRIVATE_NETWORKS: '127.0.0.0/8,::1/128',
  });
});
afterAll(() => api.stop());

type Made = { id: string; secret: string };
const add = async (url: string, change: object = {}) =>
  (await api.json('/v1/webhooks', {
    method: 'POST',
    status: 201,
    body: JSON.stringify({ url, events: ['job.ended'], ...change }),
  })) as unknown as Made;
const remove = (id: string) => api.json(`/v1/webhooks/${id}`, { method: 'DELETE' });
const post = (path: string, status = 200) => api.json(path, { method: 'POST', status });
const deliveries = async (id: string) =>
  (await api.json(`/v1/webhooks/${id}/deliveries`))['deliveries'] as {
    state: string;
    attempts: number;
    last_status: number | null;
    last_error: string | null;
    event_id: string;
  }[];

async function endJob(): Promise<string> {
  const { db } = api.database;
  const job = await insertSampleJob(db, { model, chunks: 1, rowsPerChunk: 5 });
  await cancelJob(db, { jobId: job.jobId });
  return job.jobId;
}

/** Throws unless the standard's own library takes the message. */
function verified(secret: string, { headers, body }: Received): Record<string, unknown> {
  return new Webhook(secret).verify(body, headers as Record<string, string>) as Record<string, unknown>;
}

describe('a webhook', () => {
  test('is told that a job has ended, signed so that the standard’s library takes it, without patients', async () => {
    await using receiver = await startReceiver();
    const hook = await add(receiver.url);
    const jobId = await endJob();
    await expect.poll(() => receiver.received.length).toBe(1);
    const [message] = receiver.received;
    expect(verified(hook.secret, message!)).toMatchObject({
      type: 'job.ended',
      data: { id: jobId, status: 'cancelled', rows: { accepted: 5, cancelled: 5 } },
    });
    expect(message!.body).not.toContain('patient');
    expect(() =>
      verified(hook.secret, { ...message!, body: message!.body.replace('cancelled', 'completed') }),
    ).toThrow(/signature/iu);
    await expect
      .poll(() => deliveries(hook.id))
      .toMatchObject([{ state: 'delivered', attempts: 1, last_status: 204 }]);
    await remove(hook.id);
  });

  test('is told in the form of CloudEvents where it asks for that', async () => {
    await using receiver = await startReceiver();
    const hook = await add(receiver.url, { form: 'cloudevents' });
    const jobId = await endJob();
    await expect.poll(() => receiver.received.length).toBe(1);
    const [message] = receiver.received;
    expect(message!.headers['content-type']).toContain('application/cloudevents+json');
    expect(verified(hook.secret, message!)).toMatchObject({
      specversion: '1.0',
      id: message!.headers['webhook-id'],
      source: 'iit-ml-service',
      type: 'org.iit-ml-service.job.ended',
      subject: `job/${jobId}`,
      data: { id: jobId },
    });
    await remove(hook.id);
  });

  test('that fails is tried again under the same id, given up after the last attempt, and replayed', async () => {
    await using receiver = await startReceiver((response) => response.writeHead(500).end('no'));
    const hook = await add(receiver.url);
    await endJob();
    await expect
      .poll(() => deliveries(hook.id))
      .toMatchObject([{ state: 'dead', attempts: 3, last_status: 500 }]);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(receiver.received).toHaveLength(3);
    for (const message of receiver.received) verified(hook.secret, message);
    receiver.answerWith((response) => response.writeHead(200).end());
    expect(await post(`/v1/webhooks/${hook.id}/replay`)).toMatchObject({ replayed: 1 });
    await expect.poll(() => deliveries(hook.id)).toMatchObject([{ state: 'delivered', attempts: 1 }]);
    await remove(hook.id);
  });

  test('whose receiver hangs fails by its deadline and keeps no other waiting', async () => {
    await using hanging = await startReceiver(() => undefined);
    await using well = await startReceiver();
    const slow = await add(hanging.url);
    const quick = await add(well.url);
    for (let job = 0; job < 6; job++) await endJob();
    await expect.poll(() => well.received.length).toBe(6);
    await expect
      .poll(async () => (await deliveries(slow.id)).map(({ state }) => state), { timeout: 20_000 })
      .toEqual(Array.from({ length: 6 }, () => 'dead'));
    expect((await deliveries(slow.id))[0]).toMatchObject({ last_error: 'there was no answer in time' });
    await remove(slow.id);
    await remove(quick.id);
  });

  test('does not follow where a receiver redirects it', async () => {
    await using inner = await startReceiver();
    await using receiver = await startReceiver((response) =>
      response.writeHead(307, { location: inner.url }).end(),
    );
    const hook = await add(receiver.url);
    await endJob();
    await expect.poll(() => deliveries(hook.id)).toMatchObject([{ state: 'dead', last_status: 307 }]);
    expect(inner.received).toHaveLength(0);
    await remove(hook.id);
  });

  test('whose receiver is gone for good is switched off, until it is replayed', async () => {
    await using receiver = await startReceiver((response) => response.writeHead(410).end());
    const hook = await add(receiver.url);
    await endJob();
    await expect
      .poll(() => deliveries(hook.id))
      .toMatchObject([{ state: 'dead', attempts: 1, last_status: 410 }]);
    await endJob();
    expect((await api.json('/v1/webhooks'))['webhooks']).toMatchObject([
      { disabled_reason: expect.stringContaining('410') },
    ]);
    expect(await deliveries(hook.id)).toHaveLength(1);
    receiver.answerWith((response) => response.writeHead(200).end());
    await post(`/v1/webhooks/${hook.id}/replay`);
    await expect.poll(() => deliveries(hook.id)).toMatchObject([{ state: 'delivered' }]);
    await remove(hook.id);
  });

  test('signs by both secrets while one replaces the other', async () => {
    await using receiver = await startReceiver();
    const hook = await add(receiver.url);
    const { secret } = (await post(`/v1/webhooks/${hook.id}/secret`)) as unknown as Made;
    expect(secret).not.toBe(hook.secret);
    await post(`/v1/webhooks/${hook.id}/test`, 202);
    await expect.poll(() => receiver.received.length).toBe(1);
    for (const known of [hook.secret, secret])
      expect(verified(known, receiver.received[0]!)).toMatchObject({ type: 'webhook.test' });
    await remove(hook.id);
  });

  test('is told of a model that was made active, drift and checkpoints, each once', async () => {
    await using receiver = await startReceiver();
    const hook = await add(receiver.url, { events: ['model.changed', 'drift.found', 'log.checkpoint'] });
    const { db } = api.database;
    const job = await insertSampleJob(db, { model, chunks: 1, rowsPerChunk: 5 });
    const { model_id: modelId } = await db
      .selectFrom('jobs')
      .select('model_id')
      .where('id', '=', job.jobId)
      .executeTakeFirstOrThrow();
    await db
      .insertInto('model_activations')
      .values({ tenant_id: 1, model_id: modelId, activated_by: 'test' })
      .execute();
    const drift = (drifted: string[]) => ({
      job_id: job.jobId,
      tenant_id: 1,
      model_id: modelId,
      row_count: 5,
      counts: Buffer.alloc(0),
      score_psi: 0.4,
      feature_psi: '{}',
      drifted,
      finished_at: new Date(),
    });
    await db
      .insertInto('job_drift')
      .values(drift(['age']))
      .execute();
    await db
      .insertInto('log_checkpoints')
      .values({ origin: 'test', tree_size: 1, root: Buffer.alloc(32), note: 'note' })
      .execute();
    await expect.poll(() => receiver.received.length).toBe(3);
    const told = receiver.received.map((message) => verified(hook.secret, message));
    expect(told).toContainEqual(expect.objectContaining({ type: 'model.changed' }));
    expect(told).toContainEqual(
      expect.objectContaining({ type: 'drift.found', data: expect.objectContaining({ drifted: ['age'] }) }),
    );
    expect(told).toContainEqual(
      expect.objectContaining({ type: 'log.checkpoint', data: expect.objectContaining({ tree_size: 1 }) }),
    );
    await remove(hook.id);
  });
});

describe('an event', () => {
  test('stands or falls with the transaction of what it tells, also in a worker’s role', async () => {
    await using receiver = await startReceiver();
    const hook = await add(receiver.url);
    const { db } = api.database;
    const job = await insertSampleJob(db, { model, chunks: 1, rowsPerChunk: 5 });
    const claim = await claimChunk(db, job.bells[0]!, { owner: 'test', seconds: 60 });
    const finish = async (fails: boolean) =>
      await db.transaction().execute(async (trx) => {
        await sql`SET LOCAL ROLE iit_worker`.execute(trx);
        await finishChunk(trx, claim!, { rowCount: 5, tiers: [5, 0, 0] });
        if (fails) throw new Error('undone');
      });
    await expect(finish(true)).rejects.toThrow('undone');
    expect(await deliveries(hook.id)).toHaveLength(0);
    await finish(false);
    await expect.poll(() => receiver.received.length).toBe(1);
    expect(verified(hook.secret, receiver.received[0]!)).toMatchObject({ data: { status: 'completed' } });
    await remove(hook.id);
  });

  test('of one tenant is nothing that another is told, and its webhook nothing that another sees', async () => {
    await using receiver = await startReceiver();
    const other = await api.key(['admin'], 'other');
    const answer = await api.call('/v1/webhooks', {
      method: 'POST',
      key: other,
      body: JSON.stringify({ url: receiver.url, events: ['job.ended'] }),
    });
    const { id } = (await answer.json()) as Made;
    await endJob();
    expect((await api.json('/v1/webhooks'))['webhooks']).toEqual([]);
    for (const [method, path] of [
      ['GET', 'deliveries'],
      ['POST', 'replay'],
      ['POST', 'secret'],
      ['POST', 'test'],
    ] as const) {
      await api.json(`/v1/webhooks/${id}/${path}`, { method, status: 404 });
    }
    await api.json(`/v1/webhooks/${id}`, { method: 'DELETE', status: 404 });
    const seen = await api.call(`/v1/webhooks/${id}/deliveries`, { key: other });
    expect(await seen.json()).toEqual({ deliveries: [] });
    await api.call(`/v1/webhooks/${id}`, { method: 'DELETE', key: other });
  });
});

describe('an address is refused', () => {
  test.each([
    ['inside the service’s networks', 'https://10.0.0.8/hook'],
    ['of the cloud’s metadata', 'https://169.254.169.254/latest'],
    ['with a password', 'https://user:secret@example.org/'],
    ['of another protocol', 'ftp://example.org/'],
  ])('%s', async (_, url) => {
    const refused = await api.json('/v1/webhooks', {
      method: 'POST',
      status: 400,
      body: JSON.stringify({ url, events: ['job.ended'] }),
    });
    expect(refused).toMatchObject({ code: 'invalid_body', field: 'url' });
    expect(JSON.stringify(refused)).not.toContain('secret@');
  });

  test('that a name leads to, when something is sent', async () => {
    await using other = await startTestApi({ WEBHOOK_SECONDS: '0.05', WEBHOOK_RETRY_SECONDS: '0' });
    const made = await other.json('/v1/webhooks', {
      method: 'POST',
      status: 201,
      body: JSON.stringify({ url: 'https://localhost/', events: ['job.ended'] }),
    });
    const path = `/v1/webhooks/${String(made['id'])}`;
    await other.json(`${path}/test`, { method: 'POST', status: 202 });
    const dead = async () => (await other.json(`${path}/deliveries`))['deliveries'];
    await expect.poll(dead).toMatchObject([{ state: 'dead', last_error: 'the address is not public' }]);
  });
});
