import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKey } from '#api/auth/keys.ts';
import { recordEvent } from '#shared/audit/record-event.ts';
import { isTerminal } from '#shared/jobs/states.ts';
import { loadGoldenRows, loadManifest } from '#shared/models/manifest.ts';
import { manifestPathOf, registerShippedModel } from '#shared/models/store.ts';
import { startService } from '#test/support/service-process.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { testRedisUrl } from '#test/support/test-redis.ts';
import { type CollectedSpan, startTraceCollector } from '#test/support/trace-collector.ts';

const MODEL = path.resolve(import.meta.dirname, '..', '..', 'models', 'iit_lightgbm_model.txt');
const ROWS = 250;
const CHUNK_ROWS = 100;
const CHUNKS = Math.ceil(ROWS / CHUNK_ROWS);
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';
const PATIENT = 'SYN-TRACED-';

let database: TestDatabase;
let key: string;

beforeAll(async () => {
  database = await createTestDatabase();
  await registerShippedModel(database.db, MODEL);
  const manager = { db: database.db, recordEvent, operator: 'test' };
  ({ key } = await createKey(manager, {
    tenant: 'default',
    name: 'traced',
    scopes: ['submit', 'read'],
    expiresAt: undefined,
  }));
});
afterAll(() => database.drop());

const SERVER = 2;
const CLIENT = 3;
const PRODUCER = 4;
const CONSUMER = 5;

test.each(['redis', 'postgres'] as const)(
  'a job is one trace from its request through the queue (%s) and the worker into PostgreSQL, with nothing of a patient in it',
  { timeout: 90_000 },
  async (kind) => {
    await using collector = await startTraceCollector();
    const queueUrl = kind === 'redis' ? await testRedisUrl() : database.url;
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, CHUNK_ROWS, SCORING_THREADS: 1 };
    const services = { databaseUrl: database.url, queueUrl, env };
    await using api = await startService({ service: 'api', ...services });
    await using worker = await startService({ service: 'worker', ...services });

    const answer = await fetch(`${api.url}/v1/jobs`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/x-ndjson',
        traceparent: `00-${TRACE}-${CALLER}-01`,
      },
      body: await cohort(),
    });
    expect(answer.status).toBe(202);
    const { id } = (await answer.json()) as { id: string };
    const status = async () =>
      (await database.db.selectFrom('jobs').select('status').where('id', '=', id).executeTakeFirstOrThrow())
        .status;
    await expect.poll(status, { timeout: 30_000, interval: 50 }).toSatisfy(isTerminal);
    await Promise.all([api.stop(), worker.stop()]);

    const trace = collector.spans.filter(({ traceId }) => traceId === TRACE);
    const named = (name: string) => trace.filter((span) => span.name === name);
    const [request, ...others] = named('POST /v1/jobs');
    expect(others).toEqual([]);
    expect(request).toMatchObject({
      service: 'iit-api',
      parentSpanId: CALLER,
      kind: SERVER,
      attributes: { 'http.route': '/v1/jobs', 'http.response.status_code': 202 },
    });
    const chunkNos = Array.from({ length: CHUNKS }, (_, chunkNo) => chunkNo);
    for (const chunkNo of chunkNos) {
      const ofChunk = (name: string) =>
        named(name).find(({ attributes }) => attributes['iit.chunk.no'] === chunkNo);
      expect(ofChunk('append chunk')).toMatchObject({
        parentSpanId: request?.spanId,
        kind: CLIENT,
        attributes: { 'db.system': 'postgresql', 'iit.job.id': id },
      });
      const ring = ofChunk('ring');
      expect(ring).toMatchObject({ parentSpanId: request?.spanId, kind: PRODUCER });
      const scored = ofChunk('score chunk');
      expect(scored).toMatchObject({
        service: 'iit-worker',
        parentSpanId: ring?.spanId,
        kind: CONSUMER,
        attributes: { 'iit.job.id': id, 'iit.outcome': 'scored' },
      });
      const below = (parent: CollectedSpan | undefined) =>
        trace.filter(({ parentSpanId }) => parentSpanId === parent?.spanId).map(({ name }) => name);
      expect(below(scored)).toEqual(['claim chunk', 'read chunk', 'score rows', 'write chunk']);
      const write = trace.find(
        ({ name, parentSpanId }) => name === 'write chunk' && parentSpanId === scored?.spanId,
      );
      expect(below(write)).toEqual(['copy scores', 'commit']);
    }
    for (const name of ['claim chunk', 'read chunk', 'write chunk', 'copy scores', 'commit']) {
      expect(named(name)).toHaveLength(CHUNKS);
      for (const span of named(name)) expect(span.attributes['db.system']).toBe('postgresql');
    }
    expect(collector.spans.filter(({ status }) => status === 2)).toEqual([]);
    expect(collector.text()).not.toContain(PATIENT);
    expect(collector.text()).not.toContain('/health');
  },
);

/** Golden rows of the shipped model, again and again. */
async function cohort(): Promise<string> {
  const manifest = loadManifest(await readFile(manifestPathOf(MODEL), 'utf8'));
  const golden = loadGoldenRows(
    await readFile(path.join(path.dirname(MODEL), manifest.golden.file), 'utf8'),
  ).rows;
  return Array.from({ length: ROWS }, (_, row) => {
    const values = golden[row % golden.length]?.values ?? [];
    const features = manifest.features.map(({ name }, i) => [name, values[i] ?? null]);
    return JSON.stringify({ patient_id: `${PATIENT}${row}`, ...Object.fromEntries(features) });
  }).join('\n');
}
