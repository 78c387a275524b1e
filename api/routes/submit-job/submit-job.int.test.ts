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
  [
    'a table without a header',
    'P1,F1,2026-11-30,0.5,1,\nP2,F1,2026-11-30,0.5,1,\n',
    {},
    422,
    { code: 'missing_header', line: 1 },
  ],
  [
    'a name of no column at all',
    Buffer.from([0xc3, 0x28, 0x0a]),
    {},
    422,
    { code: 'missing_columns', field: 'patient_id' },
  ],
  [
    'an old Excel workbook',
    Buffer.from('d0cf11e0a1b11ae100000000', 'hex'),
    { type: 'application/vnd.ms-excel' },
    415,
    { code: 'unsupported_media_type' },
  ],
  [
    'a parameter that does not exist',
    csv(3),
    { query: '?ignore_unkown=true' },
    400,
    { code: 'invalid_query', field: 'ignore_unkown', detail: expect.stringContaining('ignore_unknown') },
  ],
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
    { type: 'image/png' },
    415,
    { code: 'unsupported_media_type', field: 'Content-Type' },
  ],
  [
    'a single JSON object without the features',
    '{"patient_id":"a"}',
    { type: 'application/json' },
    422,
    { code: 'missing_columns', field: 'feature_0' },
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
  expect(other.body).toMatchObject({
    status: 409,
    code: 'idempotency_conflict',
    differs: 'query or content type',
  });
});

test('a mended cohort of the same length under a used key is a conflict that says what differs, never dropped', async () => {
  const headers = { 'idempotency-key': 'night-mended' };
  const first = await submit(csv(5), { headers });
  const mended = csv(5).replace('P1,', 'P9,');
  expect(await submit(mended, { headers })).toMatchObject({
    status: 409,
    body: { code: 'idempotency_conflict', differs: 'body', job_id: first.body['id'] },
  });
});

test('a refused upload gives its key up: the corrected file under the same key is a job', async () => {
  const headers = { 'idempotency-key': 'night-open-quote' };
  const open = await submit(`${csv(2)}"P3,F1,,1,1,1\n`, { headers });
  expect(open.body).toMatchObject({ status: 400, code: 'unterminated_quote', line: 4 });
  const corrected = await submit(csv(3), { headers });
  expect(corrected.body).toMatchObject({ rows: { received: 3, accepted: 3 } });
});

test('gzip and zstd that nobody declared, and the one file of a form, are read like the plain file', async () => {
  const plain = await submit(csv(30));
  const form = (text: string) =>
    [
      '--cut',
      'Content-Disposition: form-data; name="note"',
      '',
      'from a browser',
      '--cut',
      'Content-Disposition: form-data; name="file"; filename="night.csv"',
      'Content-Type: application/vnd.ms-excel',
      '',
      text,
      '--cut--',
      '',
    ].join('\r\n');
  const answers = [
    plain,
    await submit(gzipSync(csv(30))),
    await submit(zstdCompressSync(csv(30))),
    await submit(csv(30), { type: 'application/vnd.ms-excel' }),
    await submit(form(csv(30)), { type: 'multipart/form-data; boundary=cut' }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202]);
  expect(answers.map(({ body }) => (body['input'] as Record<string, unknown>)['compression'])).toEqual([
    'identity',
    'gzip',
    'zstd',
    'identity',
    'identity',
  ]);
  const digests = await Promise.all(
    answers.map(async ({ body }) =>
      api.database.db
        .selectFrom('chunks')
        .select('payload_sha256')
        .where('job_id', '=', String(body['id']))
        .execute(),
    ),
  );
  for (const digest of digests) expect(digest).toEqual(digests[0]);
  expect(
    await submit(form(csv(3)).replaceAll('--cut', '--other'), { type: 'multipart/form-data; boundary=cut' }),
  ).toMatchObject({
    status: 400,
    body: { code: 'invalid_body' },
  });
});

test('POST /v1/check tells what would be understood, and stores nothing', async () => {
  const before = await jobCount();
  const body = `sep=;\n${HEADER.replaceAll(',', ';')}\nP1;F1;25/12/2026;0,5;1;\nP2;F1;01/12/2026;1,5;x;\n`;
  const answer = await api.call('/v1/check?rows=all', {
    method: 'POST',
    key,
    headers: { 'content-type': 'text/csv' },
    body,
  });
  expect(await answer.json()).toMatchObject({
    input: {
      format: 'table/csv',
      delimiter: ';',
      header_line: 2,
      decimal: 'comma',
      date_order: 'dmy',
      columns: [{ name: 'patient_id', read_as: 'patient_id' }, {}, {}, {}, {}, {}],
    },
    rows: { read: 2, accepted: 1, rejected: 1, whole_file: true },
    codes: { not_a_number: 1 },
    sample: [{ patient_id: 'P1', due_date: '2026-12-25', features: { feature_0: 0.5 } }],
    rejections: [{ line: 4, field: 'feature_1', code: 'not_a_number', patient_id: 'P2' }],
  });
  expect(await jobCount()).toBe(before);
});

test('everybody without a risk is listed with who and why, as CSV and as a workbook', async () => {
  const { body } = await submit(`${HEADER}\nP1,F1,2026-11-30,1,1,1\nP2,F2,2026-12-05,x,1,1\n`);
  const list = await api.call(`/v1/jobs/${String(body['id'])}/not-predicted`, { key });
  expect((await list.text()).trimEnd().split('\r\n')).toEqual([
    'patient_id,facility_id,due_date,code,reason,sheet,row,line',
    'P2,F2,2026-12-05,not_a_number,feature_0 is not a number.,,2,3',
  ]);
  const workbook = await api.call(`/v1/jobs/${String(body['id'])}/not-predicted?format=xlsx`, { key });
  expect(
    Buffer.from(await workbook.arrayBuffer())
      .subarray(0, 2)
      .toString(),
  ).toBe('PK');
});

test('a client that goes away at 99 % leaves an aborted job; its retry with the same key is the one job', async () => {
  // More than the head by which a file is judged: the job exists before the upload has ended.
  const text = csv(4_000);
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
  expect(retry.body).toMatchObject({ status: 'queued', rows: { accepted: 4_000 } });
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
      await new Promise<void>((done) => upload.write(csv(4_000), () => done()));
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
