import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeChunk } from '#shared/chunks/payload.ts';
import { registerModel } from '#shared/models/store.ts';
import { randomNumbers, sampleModel } from '#test/support/sample-model.ts';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';

const ROWS = 200_000;
const FEATURES = 8;
/** Every so many rows one is spoiled. */
const SPOILED_EVERY = 200;

let api: TestApi;
let key: string;

beforeAll(async () => {
  api = await startTestApi({ MAX_OPEN_CHUNKS: '15' });
  key = await api.key(['submit', 'read']);
  const model = sampleModel({ features: FEATURES });
  const { id } = await registerModel(api.database.db, { ...model, createdBy: 'test' });
  await api.database.db
    .insertInto('model_activations')
    .values({ tenant_id: 1, model_id: id, activated_by: 'test' })
    .execute();
});
afterAll(() => api.stop());

type Fault = { field: string | null; code: string; spoil: (cells: string[]) => string };
/** Cells are id, facility, due date, features. */
const FAULTS: Fault[] = [
  { field: 'feature_3', code: 'not_a_number', spoil: (cells) => cells.with(6, '9 days').join(',') },
  { field: 'feature_0', code: 'not_finite', spoil: (cells) => cells.with(3, '1e400').join(',') },
  { field: 'feature_7', code: 'not_finite', spoil: (cells) => cells.with(10, '-Infinity').join(',') },
  { field: 'patient_id', code: 'missing_value', spoil: (cells) => cells.with(0, '').join(',') },
  { field: 'patient_id', code: 'too_long', spoil: (cells) => cells.with(0, 'x'.repeat(65)).join(',') },
  { field: 'due_date', code: 'not_a_date', spoil: (cells) => cells.with(2, '2027-02-29').join(',') },
  { field: null, code: 'wrong_column_count', spoil: (cells) => cells.slice(1).join(',') },
  { field: null, code: 'wrong_column_count', spoil: (cells) => `${cells.join(',')},1` },
  { field: 'facility_id', code: 'malformed_quote', spoil: (cells) => cells.with(1, '"F"1').join(',') },
  { field: 'patient_id', code: 'control_character', spoil: (cells) => cells.with(0, '"P\n1"').join(',') },
];

test('200,000 rows as gzip with 1,000 spoiled ones: every good row is stored to the bit, every bad one is named', async () => {
  const random = randomNumbers(11);
  const lines = [
    'patient_id,facility_id,due_date,' + Array.from({ length: FEATURES }, (_, i) => `feature_${i}`).join(','),
  ];
  const good = new Map<number, { id: string; values: number[] }>();
  const bad: { row_no: number; line: number; field: string | null; code: string }[] = [];
  let line = 2;
  for (let row = 1; row <= ROWS; row++) {
    const features = Array.from({ length: FEATURES }, (_, index) =>
      random() < 0.1
        ? ''
        : index % 2 === 0
          ? String(Math.floor(random() * 90))
          : String(random() * 10 ** (index - 3)),
    );
    const cells = [`P-${row}`, `F${row % 37}`, '2026-11-30', ...features];
    const fault = row % SPOILED_EVERY === 0 ? FAULTS[(row / SPOILED_EVERY) % FAULTS.length] : undefined;
    const text = fault === undefined ? cells.join(',') : fault.spoil(cells);
    lines.push(text);
    if (fault === undefined) {
      good.set(row, { id: cells[0]!, values: features.map((cell) => (cell === '' ? NaN : Number(cell))) });
    } else {
      bad.push({ row_no: row, line, field: fault.field, code: fault.code });
    }
    line += text.split('\n').length;
  }

  const answer = await api.call('/v1/jobs', {
    method: 'POST',
    key,
    headers: { 'content-type': 'text/csv', 'content-encoding': 'gzip' },
    body: gzipSync(lines.join('\n'), { level: 1 }) as unknown as string,
  });
  const job = (await answer.json()) as { id: string; rows: object };
  expect(answer.status).toBe(202);
  expect(job.rows).toMatchObject({ received: ROWS, accepted: good.size, rejected: bad.length });
  expect(bad).toHaveLength(1_000);

  const { db } = api.database;
  const rejections = await db
    .selectFrom('rejections')
    .select(['row_no', 'line', 'field', 'code'])
    .where('job_id', '=', job.id)
    .orderBy('row_no')
    .execute();
  expect(rejections).toEqual(bad);

  const chunks = await db
    .selectFrom('chunks')
    .select(['payload', 'payload_sha256'])
    .where('job_id', '=', job.id)
    .orderBy('chunk_no')
    .execute();
  let differing = 0;
  for (const chunk of chunks) {
    const rows = await decodeChunk(chunk.payload, chunk.payload_sha256);
    const { offsets, bytes } = rows.patientIds;
    for (let at = 0; at < rows.rowCount; at++) {
      const rowNo = rows.rowNumbers[at]!;
      const expected = good.get(rowNo);
      good.delete(rowNo);
      const id = Buffer.from(bytes.subarray(offsets[at], offsets[at + 1])).toString();
      const same =
        expected?.id === id &&
        rows.facilities.names[rows.facilities.indices[at]!] === `F${rowNo % 37}` &&
        expected.values.every((value, feature) => Object.is(rows.features[feature]![at], value));
      if (!same) differing++;
    }
  }
  expect({ differing, missing: good.size }).toEqual({ differing: 0, missing: 0 });
});

test('while more chunks are open than the workers can clear, a cohort is told to come back', async () => {
  const answer = await api.call('/v1/jobs', {
    method: 'POST',
    key,
    headers: { 'content-type': 'text/csv' },
    body: 'patient_id\nP-1\n',
  });
  expect(await answer.json()).toMatchObject({ status: 503, code: 'overloaded' });
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
});
