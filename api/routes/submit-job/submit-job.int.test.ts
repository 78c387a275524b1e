import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeChunk } from '#shared/chunks/payload.ts';
import { registerModel } from '#shared/models/store.ts';
import { sampleModel } from '#test/support/sample-model.ts';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';

const model = sampleModel({ features: 3 });
const HEADER = 'patient_id,facility_id,due_date,feature_0,feature_1,feature_2';
let api: TestApi;
let key: string;

beforeAll(async () => {
  api = await startTestApi({
    CHUNK_ROWS: '100',
    MAX_ROW_BYTES: '1048576',
    MAX_UPLOADS: '2',
    MIN_UPLOAD_BYTES_PER_SECOND: '0',
  });
  key = await api.key(['submit', 'read']);
  const { id } = await registerModel(api.database.db, { ...model, createdBy: 'test' });
  await api.database.db
    .insertInto('model_activations')
    .values({ tenant_id: 1, model_id: id, activated_by: 'test' })
    .execute();
});
afterAll(() => api.stop());

type Answer = { status: number; headers: Headers; body: Record<string, unknown> };
type Submission = { query?: string; type?: string; headers?: Record<string, string> };

async function submit(body: Uint8Array | string, options: Submission = {}): Promise<Answer> {
  const answer = await api.call(`/v1/jobs${options.query ?? ''}`, {
    method: 'POST',
    key,
    headers: { 'content-type': options.type ?? 'text/csv', ...options.headers },
    body: body as string,
  });
  return {
    status: answer.status,
    headers: answer.headers,
    body: (await answer.json()) as Record<string, unknown>,
  };
}

const rows = (count: number, from = 1) =>
  Array.from(
    { length: count },
    (_, index) => `P${from + index},F${index % 3},2026-11-30,0.5,${index % 7},`,
  ).join('\n');
const csv = (count: number) => `${HEADER}\n${rows(count)}\n`;
const jobCount = async () =>
  (
    await api.database.db
      .selectFrom('jobs')
      .select(({ fn }) => fn.countAll<number>().as('n'))
      .executeTakeFirstOrThrow()
  ).n;

test('an upload becomes a job of stored chunks whose rows are what was sent', async () => {
  const { status, headers, body } = await submit(csv(250), {
    query: '?name=nightly&explain=2&priority=high',
  });
  expect(status).toBe(202);
  expect(headers.get('location')).toBe(`/v1/jobs/${String(body['id'])}`);
  expect(body).toMatchObject({
    name: 'nightly',
    status: 'queued',
    priority: 'high',
    explain: 2,
    rows: { received: 250, accepted: 250, rejected: 0 },
    chunks: { total: 3, open: 3 },
  });
  const chunks = await api.database.db
    .selectFrom('chunks')
    .select(['chunk_no', 'row_count', 'payload', 'payload_sha256'])
    .where('job_id', '=', String(body['id']))
    .orderBy('chunk_no')
    .execute();
  expect(chunks.map((chunk) => chunk.row_count)).toEqual([100, 100, 50]);
  const last = await decodeChunk(chunks[2]!.payload, chunks[2]!.payload_sha256);
  expect(last.rowNumbers[0]).toBe(201);
  expect(Buffer.from(last.patientIds.bytes.subarray(0, 4)).toString()).toBe('P201');
  expect(last.features[2]?.[0]).toBeNaN();
  expect(new Date((last.dueDates[0] ?? 0) * 86_400_000).toISOString().slice(0, 10)).toBe('2026-11-30');
});

test('gzip in several members, zstd, NDJSON and JSON give the same job as plain CSV', async () => {
  const text = csv(120);
  const halves = [text.slice(0, 1_000), text.slice(1_000)].map((half) => gzipSync(half));
  const objects = Array.from({ length: 120 }, (_, index) =>
    JSON.stringify({
      patient_id: `P${index + 1}`,
      facility_id: `F${index % 3}`,
      due_date: '2026-11-30',
      feature_0: 0.5,
      feature_1: index % 7,
      feature_2: null,
    }),
  );
  const answers = [
    await submit(text),
    await submit(Buffer.concat(halves), { headers: { 'content-encoding': 'gzip' } }),
    await submit(zstdCompressSync(text), { headers: { 'content-encoding': 'zstd' } }),
    await submit(objects.join('\n'), { type: 'application/x-ndjson' }),
    await submit(`[${objects.join(',')}]`, { type: 'application/json; charset=utf-8' }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202]);
  const payloads = await Promise.all(
    answers.map(async ({ body }) =>
      api.database.db
        .selectFrom('chunks')
        .select('payload_sha256')
        .where('job_id', '=', String(body['id']))
        .orderBy('chunk_no')
        .execute(),
    ),
  );
  for (const payload of payloads) expect(payload).toEqual(payloads[0]);
});

test('a spoiled row is rejected by line, field and code, and spoils nothing else', async () => {
  const lines = csv(150).split('\n');
  lines[3] = 'P3,F0,2026-11-30,abc,1,1';
  lines[51] = 'P51,F0,2026-02-30,1,1,1';
  lines[120] = 'P120,F0,2026-11-30,1e400,1,1';
  const { status, body } = await submit(lines.join('\n'));
  expect(status).toBe(202);
  expect(body['rows']).toMatchObject({ received: 150, accepted: 147, rejected: 3 });
  const rejected = await api.database.db
    .selectFrom('rejections')
    .select(['row_no', 'line', 'field', 'code'])
    .where('job_id', '=', String(body['id']))
    .orderBy('row_no')
    .execute();
  expect(rejected).toEqual([
    { row_no: 3, line: 4, field: 'feature_0', code: 'not_a_number' },
    { row_no: 51, line: 52, field: 'due_date', code: 'not_a_date' },
    { row_no: 120, line: 121, field: 'feature_0', code: 'not_finite' },
  ]);
});

test('the same patient twice is scored twice and counted as a warning', async () => {
  const { body } = await submit(`${HEADER}\n${rows(120)}\n${rows(30)}\n`);
  expect(body).toMatchObject({ rows: { accepted: 150 }, warnings: { duplicate_patients: 30 } });
});

test('a cohort of which every row is refused ends as failed, its rejections at hand', async () => {
  const { status, body } = await submit(`${HEADER}\n,F0,2026-11-30,1,1,1\n`);
  expect(status).toBe(202);
  expect(body).toMatchObject({ status: 'failed', rows: { received: 1, accepted: 0, rejected: 1 } });
});

const refusals: [string, Uint8Array | string, Submission, number, Record<string, unknown>][] = [
  ['an empty body', '', {}, 400, { code: 'empty_body' }],
  ['a header without rows', `${HEADER}\n`, {}, 422, { code: 'empty_cohort' }],
  [
    'an unknown column',
    `${HEADER},shoe_size\n`,
    {},
    422,
    { code: 'unknown_columns', field: 'shoe_size', line: 1, columns: ['shoe_size'] },
  ],
  ['a missing required column', 'feature_0\n1\n', {}, 422, { code: 'missing_columns', field: 'patient_id' }],
  ['a duplicate column', `${HEADER},feature_0\n`, {}, 422, { code: 'duplicate_columns', field: 'feature_0' }],
  [
    '10,001 columns',
    `${Array.from({ length: 10_001 }, (_, index) => `c${index}`).join(',')}\n`,
    {},
    422,
    { code: 'too_many_columns' },
  ],
  [
    'a quote that does not end',
    `${HEADER}\nP1,"F1,,1,1,1\n`,
    {},
    400,
    { code: 'unterminated_quote', line: 2 },
  ],
  ['a header that is not UTF-8', Buffer.from([0xc3, 0x28, 0x0a]), {}, 400, { code: 'invalid_encoding' }],
  [
    'truncated gzip',
    gzipSync(csv(2_000)).subarray(0, 3_000),
    { headers: { 'content-encoding': 'gzip' } },
    400,
    { code: 'truncated_body' },
  ],
  [
    'truncated zstd',
    zstdCompressSync(csv(2_000)).subarray(0, 2_000),
    { headers: { 'content-encoding': 'zstd' } },
    400,
    { code: 'truncated_body' },
  ],
  ['what is not gzip', csv(3), { headers: { 'content-encoding': 'gzip' } }, 400, { code: 'invalid_body' }],
  ['what is not zstd', csv(3), { headers: { 'content-encoding': 'zstd' } }, 400, { code: 'invalid_body' }],
  [
    'an unknown encoding',
    csv(3),
    { headers: { 'content-encoding': 'br' } },
    415,
    { code: 'unsupported_encoding' },
  ],
  [
    'a wrong content type',
    csv(3),
    { type: 'text/plain' },
    415,
    { code: 'unsupported_media_type', field: 'Content-Type' },
  ],
  [
    'JSON that is no array',
    '{"patient_id":"a"}',
    { type: 'application/json' },
    400,
    { code: 'malformed_json', line: 1 },
  ],
  ['an unknown model', csv(3), { query: '?model=none' }, 404, { code: 'model_not_found' }],
  [
    'an explain out of range',
    csv(3),
    { query: '?explain=21' },
    400,
    { code: 'invalid_query', field: 'explain' },
  ],
  [
    'an unknown priority',
    csv(3),
    { query: '?priority=urgent' },
    400,
    { code: 'invalid_query', field: 'priority' },
  ],
  [
    'an Idempotency-Key with a space',
    csv(3),
    { headers: { 'idempotency-key': 'a b' } },
    400,
    { code: 'invalid_query', field: 'Idempotency-Key' },
  ],
];

for (const [what, body, options, status, problem] of refusals) {
  test(`${what} is refused as ${String(problem['code'])}, and no job of it can be mistaken for a cohort`, async () => {
    const answer = await submit(body, options);
    expect(answer.body).toMatchObject({ ...problem, status });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/u);
    const open = await api.database.db
      .selectFrom('jobs')
      .select('id')
      .where('status', '=', 'receiving')
      .execute();
    expect(open).toEqual([]);
  });
}

test('a row of 2 MB is rejected by its line; the rows around it are taken', async () => {
  const { status, body } = await submit(
    `${HEADER}\n${rows(2)}\n"${'x'.repeat(2_000_000)}",F,,1,1,1\n${rows(2, 3)}\n`,
  );
  expect(status).toBe(202);
  expect(body['rows']).toMatchObject({ received: 5, accepted: 4, rejected: 1 });
});

test('a gzip bomb is stopped by its ratio long before its end', async () => {
  const bomb = gzipSync(Buffer.concat([Buffer.from(csv(1)), Buffer.alloc(200 * 1024 ** 2, 'x')]));
  const { status, body } = await submit(bomb, { headers: { 'content-encoding': 'gzip' } });
  expect(status).toBe(413);
  expect(body).toMatchObject({ code: 'compression_ratio_exceeded' });
});

test('the same Idempotency-Key and request make one job; another request under the key is a conflict', async () => {
  const headers = { 'idempotency-key': 'night-1' };
  const first = await submit(csv(5), { headers });
  const before = await jobCount();
  const again = await submit(csv(5), { headers });
  expect(again.status).toBe(202);
  expect(again.body['id']).toBe(first.body['id']);
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(await jobCount()).toBe(before);
  const other = await submit(csv(5), { headers, query: '?explain=1' });
  expect(other.body).toMatchObject({ status: 409, code: 'idempotency_conflict' });
});

test('a client that goes away at 99 % leaves an aborted job; its retry with the same key is the one job', async () => {
  const text = csv(400);
  const headers = { 'idempotency-key': 'night-2', 'content-length': String(Buffer.byteLength(text)) };
  const upload = request(`${api.url}/v1/jobs`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'text/csv', authorization: `Bearer ${key}` },
  });
  upload.on('error', () => undefined);
  await new Promise<void>((done) => upload.write(text.slice(0, -50), () => done()));
  const jobs = () =>
    api.database.db
      .selectFrom('jobs')
      .select(['id', 'status'])
      .where('content_type', '=', 'text/csv')
      .where('name', '=', 'cohort')
      .orderBy('created_at', 'desc')
      .execute();
  await expect.poll(async () => (await jobs())[0]?.status).toBe('receiving');
  upload.destroy();
  await expect.poll(async () => (await jobs())[0]?.status).toBe('aborted');
  const retry = await submit(text, { headers: { 'idempotency-key': 'night-2' } });
  expect(retry.body).toMatchObject({ status: 'queued', rows: { accepted: 400 } });
  const replay = await submit(text, { headers: { 'idempotency-key': 'night-2' } });
  expect(replay.body['id']).toBe(retry.body['id']);
});

test('uploads are bounded in number: the next one is told when to come back', async () => {
  const open = await Promise.all(
    [1, 2].map(async () => {
      const upload = request(`${api.url}/v1/jobs`, {
        method: 'POST',
        headers: { 'content-type': 'text/csv', authorization: `Bearer ${key}` },
      });
      upload.on('error', () => undefined);
      await new Promise<void>((done) => upload.write(csv(150), () => done()));
      return upload;
    }),
  );
  await expect
    .poll(
      async () =>
        (await api.database.db.selectFrom('jobs').select('id').where('status', '=', 'receiving').execute())
          .length,
    )
    .toBe(2);
  const refused = await submit(csv(1));
  expect(refused.body).toMatchObject({ status: 503, code: 'too_many_uploads' });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  const answers = open.map((upload) => once(upload, 'response'));
  for (const upload of open) upload.end();
  const statuses = (await Promise.all(answers)).map(([response]) => {
    const message = response as { statusCode?: number; resume: () => void };
    message.resume();
    return message.statusCode;
  });
  expect(statuses).toEqual([202, 202]);
});

test('a client that goes on sending after its refusal still reads the answer', async () => {
  const url = new URL(api.url);
  const socket = connect(Number(url.port), url.hostname);
  socket.write(
    `POST /v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nContent-Type: text/csv\r\nContent-Length: 9000000\r\n\r\nno_such_column\n`,
  );
  const piece = Buffer.alloc(100_000, 'x\n');
  let answer = '';
  socket.on('data', (bytes: Buffer) => (answer += bytes.toString()));
  socket.on('error', () => undefined);
  for (let sent = 0; sent < 80 && socket.writable; sent++) {
    await new Promise<void>((done) => socket.write(piece, () => done()));
  }
  socket.end();
  await expect.poll(() => answer).toMatch(/^HTTP\/1\.1 422/u);
});

test('without the scope an upload is refused before its body is read', async () => {
  const reader = await api.key(['read']);
  const answer = await api.call('/v1/jobs', {
    method: 'POST',
    key: reader,
    headers: { 'content-type': 'text/csv' },
    body: csv(1),
  });
  expect(answer.status).toBe(403);
});
