import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql } from 'kysely';
import { attachModel, prepareModel } from '#engine/index.ts';
import { inputHash } from '#shared/audit/input-hash.ts';
import { verifyAudit } from '#shared/audit/verify.ts';
import { registerModel } from '#shared/models/store.ts';
import { insertSampleJob } from '#test/support/sample-job.ts';
import { type SampleModel, sampleModel } from '#test/support/sample-model.ts';
import { settleSampleJob } from '#test/support/settle-sample-job.ts';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';

type Prediction = {
  row: number;
  patient_id: string;
  facility_id: string | null;
  as_of: string | null;
  risk: number;
  tier: string;
  reasons: { feature: string; value: number | null; contribution: number; text: string }[];
};
type Answer = {
  run_id: string;
  model: { version: string; sha256: string };
  notice: string;
  predictions: Prediction[];
  not_found: string[];
  refused: unknown[];
};

let api: TestApi;
let model: SampleModel;

beforeAll(async () => {
  api = await startTestApi();
  model = sampleModel({
    tiers: { medium: 0.3, high: 0.5, facility_overrides: { strict: { medium: 0, high: 0 } } },
  });
  await activate(model);
});
afterAll(async () => {
  await api.stop();
});

async function activate(sample: SampleModel): Promise<void> {
  const { id } = await registerModel(api.database.db, { ...sample, createdBy: 'test' });
  await api.database.db
    .insertInto('model_activations')
    .values({ tenant_id: 1, model_id: id, activated_by: 'test' })
    .execute();
}

const patient = (id: string, seed: number, more: object = {}) => ({
  patient_id: id,
  ...Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`feature_${i}`, ((seed + i) * 37) % 100])),
  ...more,
});
const predict = async (body: unknown, query = '', status = 200): Promise<Answer> =>
  (await api.json(`/v1/predict${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    status,
  })) as unknown as Answer;
const problem = async (body: unknown, status: number, query = '') =>
  (await predict(body, query, status)) as unknown as { code: string; errors: unknown[]; detail: string };

function expected(values: readonly number[]): { raw: number; risk: number } {
  const engine = attachModel(prepareModel(model.text.toString()));
  const row = Float64Array.from(values);
  return { raw: engine.predict(row, { raw: true })[0]!, risk: engine.predict(row)[0]! };
}

describe('a prediction', () => {
  test('is what the engine says, with tier, reasons and the model that made it', async () => {
    const one = patient('P-1', 3, { facility_id: 'F-1', as_of: '2026-11-20' });
    const answer = await predict(one);
    expect(answer.model).toEqual({ version: 'test-1', sha256: model.manifest.sha256 });
    expect(answer.notice).toMatch(/^Prioritises supportive contact/u);
    const values = Array.from({ length: 6 }, (_, i) => one[`feature_${i}` as never] as number);
    const [found] = answer.predictions;
    expect(found).toMatchObject({
      patient_id: 'P-1',
      facility_id: 'F-1',
      as_of: '2026-11-20',
      risk: expected(values).risk,
    });
    expect(found?.reasons).toHaveLength(3);
    expect(found?.reasons[0]?.value).toBe(one[found?.reasons[0]?.feature as keyof typeof one]);
    expect((await predict(one, '?explain=0')).predictions[0]?.reasons).toEqual([]);
  });

  test('answers an array in its order, missing values as missing', async () => {
    const rows = Array.from({ length: 100 }, (_, i) =>
      patient(`P-${i}`, i, i % 2 ? { feature_2: null } : {}),
    );
    const { predictions } = await predict(rows, '?explain=2');
    expect(predictions.map((p) => p.patient_id)).toEqual(rows.map((row) => row.patient_id));
    expect(predictions.map((p) => p.row - predictions[0]!.row)).toEqual(rows.map((_, i) => i));
    const risks = rows.map(
      (row) => expected(Array.from({ length: 6 }, (_, i) => row[`feature_${i}` as never] ?? NaN)).risk,
    );
    expect(predictions.map((p) => p.risk)).toEqual(risks);
  });

  test("takes the facility's own cut-offs", async () => {
    const { predictions } = await predict([patient('a', 1, { facility_id: 'strict' }), patient('a', 1)]);
    expect(predictions[0]?.tier).toBe('high');
    const risk = predictions[1]!.risk;
    expect(predictions[1]?.tier).toBe(risk >= 0.5 ? 'high' : risk >= 0.3 ? 'medium' : 'low');
  });
});

describe('the audit of a prediction', () => {
  test('lies in the database when the answer arrives: actor, model, risk, input and its hash', async () => {
    const given = patient('P-é', 9, { feature_3: null });
    const { run_id, predictions } = await predict(given);
    const rows = await api.database.db
      .selectFrom('audit_log')
      .selectAll()
      .where('job_id', '=', run_id)
      .execute();
    expect(rows).toHaveLength(1);
    const [row] = rows;
    const values = Array.from({ length: 6 }, (_, i) => (given[`feature_${i}` as never] ?? NaN) as number);
    expect(row).toMatchObject({
      row_no: predictions[0]?.row,
      source: 'online',
      patient_id: 'P-é',
      model_version: 'test-1',
      risk: predictions[0]?.risk,
      raw_score: expected(values).raw,
    });
    expect(row?.model_sha256.toString('hex')).toBe(model.manifest.sha256);
    const input = Buffer.from(Float64Array.from(values).buffer);
    expect(row?.input).toEqual(input);
    const bytes = Buffer.from('P-é');
    const scored = {
      patientIds: { offsets: Uint32Array.of(0, bytes.length), bytes },
      features: values.map((value) => Float64Array.of(value)),
    };
    expect(row?.input_hash.toString('hex')).toBe(inputHash(scored, 0));
  });

  test('holds for many requests at once, each answered with its own rows, and verifies', async () => {
    const answers = await Promise.all(
      Array.from(
        { length: 60 },
        async (_, i) => await predict([patient(`x-${i}`, i), patient(`y-${i}`, i + 7)], `?explain=${i % 4}`),
      ),
    );
    for (const [i, answer] of answers.entries()) {
      expect(answer.predictions.map((p) => p.patient_id)).toEqual([`x-${i}`, `y-${i}`]);
      expect(answer.predictions.map((p) => p.reasons.length)).toEqual([i % 4, i % 4]);
    }
    const keys = new Set(
      answers.flatMap((a) => a.predictions.map((p) => `${a.run_id}/${p.row}/${p.patient_id}`)),
    );
    const { rows } = await sql<{ key: string }>`
      SELECT job_id || '/' || row_no || '/' || patient_id AS key FROM audit_log
      WHERE patient_id ~ '^[xy]-'`.execute(api.database.db);
    expect(rows.map((row) => row.key).toSorted()).toEqual([...keys].toSorted());
    expect(keys.size).toBe(120);
    const verified = await verifyAudit(api.database);
    expect(verified.problems).toEqual([]);
    const runs = new Set(answers.map((answer) => answer.run_id));
    expect(runs.size).toBeLessThan(60);
  });

  test('failing means no answer: nothing leaves that is not audited', async () => {
    await sql`ALTER TABLE audit_batches RENAME TO audit_batches_gone`.execute(api.database.db);
    try {
      await problem(patient('unaudited', 1), 500);
    } finally {
      await sql`ALTER TABLE audit_batches_gone RENAME TO audit_batches`.execute(api.database.db);
    }
    const left = await api.database.db
      .selectFrom('audit_log')
      .selectAll()
      .where('patient_id', '=', 'unaudited')
      .execute();
    expect(left).toEqual([]);
    expect((await predict(patient('audited', 1))).predictions).toHaveLength(1);
  });
});

describe('a faulty request is refused', () => {
  test.each([
    [
      'a text in place of a number',
      patient('a', 1, { feature_1: 'seven' }),
      400,
      'invalid_body',
      'feature_1',
    ],
    ['a value out of range', patient('a', 1, { feature_1: 1e10 }), 400, 'invalid_body', 'feature_1'],
    ['an unknown feature', patient('a', 1, { shoe_size: 44 }), 422, 'unknown_columns', 'shoe_size'],
    ['a feature left out', { patient_id: 'a', feature_0: 1 }, 422, 'missing_columns', 'feature_1'],
    ['no patient', { ...patient('a', 1), patient_id: undefined }, 400, 'invalid_body', 'patient_id'],
    ['a date that is none', patient('a', 1, { due_date: '2026-02-31x' }), 400, 'invalid_body', 'due_date'],
    ['no object', 7, 400, 'invalid_body', undefined],
    ['nobody', [], 422, 'empty_cohort', undefined],
    ['too many', Array.from({ length: 101 }, () => patient('a', 1)), 413, 'body_too_large', undefined],
    ['ids that are none', { patient_ids: [7] }, 400, 'invalid_body', 'patient_ids'],
  ])('%s', async (_, body, status, code, field) => {
    expect(await problem(body, status)).toMatchObject({ code, ...(field === undefined ? {} : { field }) });
  });

  test('with all its faults named by row and field', async () => {
    const { errors } = await problem(
      [patient('a', 1), patient('b', 2, { feature_1: 'x', feature_2: true })],
      400,
    );
    expect(errors).toMatchObject([
      { row: 2, field: 'feature_1' },
      { row: 2, field: 'feature_2' },
    ]);
  });

  test('by body, type and key', async () => {
    const key = await api.key(['submit']);
    const post = async (body: RequestInit['body'], headers: Record<string, string> = {}) =>
      await api.call('/v1/predict', {
        method: 'POST',
        key,
        body,
        headers: { 'content-type': 'application/json', ...headers },
      });
    expect((await post('{"a":')).status).toBe(400);
    expect((await post(Buffer.from([0x22, 0xff, 0x22]))).status).toBe(400);
    expect((await post('')).status).toBe(400);
    expect((await post('a,b', { 'content-type': 'text/csv' })).status).toBe(415);
    expect((await post('x', { 'content-encoding': 'gzip' })).status).toBe(415);
    const reader = await api.key(['read']);
    expect((await api.call('/v1/predict', { method: 'POST', key: reader, body: '{}' })).status).toBe(403);
    expect(
      (await predict(patient('a', 1, { shoe_size: 44 }), '?ignore_unknown=true')).predictions,
    ).toHaveLength(1);
    expect(await problem(patient('a', 1), 404, '?model=no-such')).toMatchObject({ code: 'model_not_found' });
  });
});

describe('a prediction by id', () => {
  const put = async (body: unknown, status = 200) =>
    await api.json('/v1/features', {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      status,
    });

  test('uses the features that were put, and names those without', async () => {
    const row = patient('kept', 5, { facility_id: 'F-1', as_of: '2026-11-01', feature_4: null });
    expect(await put([row])).toEqual({ stored: 1 });
    const direct = await predict(row);
    const answer = await predict({ patient_ids: ['stranger', 'kept'] });
    expect(answer.not_found).toEqual(['stranger']);
    expect(answer.predictions).toMatchObject([
      { patient_id: 'kept', facility_id: 'F-1', as_of: '2026-11-01', risk: direct.predictions[0]?.risk },
    ]);
    expect(await predict({ patient_ids: ['stranger'] })).toMatchObject({ run_id: null, predictions: [] });
  });

  test('finds by itself what the last job scored, and then in the store', async () => {
    const job = await insertSampleJob(api.database.db, { model, chunks: 2, rowsPerChunk: 20 });
    await settleSampleJob(api.database, job);
    const chunk = job.chunks[1]!;
    const values = chunk.features.map((column) => column[3]!);
    const id = `patient-é-${chunk.rowNumbers[3]}`;
    const before = await metric('iit_feature_store_cache_misses_total');
    const first = await predict({ patient_ids: [id] });
    expect(first.predictions[0]?.risk).toBe(expected(values).risk);
    expect(await metric('iit_feature_store_cache_misses_total')).toBe(before + 1);
    const hits = await metric('iit_feature_store_cache_hits_total');
    expect((await predict({ patient_ids: [id] })).predictions[0]?.risk).toBe(first.predictions[0]?.risk);
    expect(await metric('iit_feature_store_cache_hits_total')).toBe(hits + 1);
  });

  test('takes what a later job scored in place of what was put before, and what was put after that', async () => {
    const id = 'patient-é-5';
    await put(patient(id, 70));
    const old = await predict({ patient_ids: [id] });
    const job = await insertSampleJob(api.database.db, { model, chunks: 1, rowsPerChunk: 20, seed: 21 });
    await settleSampleJob(api.database, job);
    const chunk = job.chunks[0]!;
    const values = chunk.features.map((column) => column[4]!);
    const answer = await predict({ patient_ids: [id] });
    expect(answer.predictions[0]?.risk).toBe(expected(values).risk);
    expect(answer.predictions[0]?.risk).not.toBe(old.predictions[0]?.risk);
    await put(patient(id, 70));
    expect((await predict({ patient_ids: [id] })).predictions[0]?.risk).toBe(old.predictions[0]?.risk);
  });

  test("does not see another tenant's patients, and refuses faulty features", async () => {
    const key = await api.key(['submit'], 'elsewhere');
    const { rows } = await sql<{ id: number }>`SELECT id FROM tenants WHERE name = 'elsewhere'`.execute(
      api.database.db,
    );
    await sql`INSERT INTO model_activations (tenant_id, model_id, activated_by)
      SELECT ${rows[0]?.id}, id, 'test' FROM models`.execute(api.database.db);
    const answer = await api.call('/v1/predict', {
      method: 'POST',
      key,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ patient_ids: ['kept'] }),
    });
    expect(await answer.json()).toMatchObject({ not_found: ['kept'] });
    expect(await put(patient('b', 1, { feature_0: 'x' }), 400)).toMatchObject({ code: 'invalid_body' });
  });
});

test('a new active model is used within a second, the old one still by its version', async () => {
  const next = sampleModel({ version: 'test-2', seed: 2 });
  await activate(next);
  await expect
    .poll(async () => (await predict(patient('a', 1))).model.version, { timeout: 5_000, interval: 50 })
    .toBe('test-2');
  expect((await predict(patient('a', 1), '?model=test-1')).model.version).toBe('test-1');
});

test('the common way answers as the fast lane does, and both count', async () => {
  const key = await api.key(['submit']);
  const body = JSON.stringify([patient('a', 4), patient('b', 5, { feature_1: null })]);
  const ask = async (headers: Record<string, string>) => {
    const answer = await api.call('/v1/predict?explain=2', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-request-id')).toMatch(/^[\w.:-]{8,64}$/u);
    const { predictions, model } = (await answer.json()) as Answer;
    return { model, predictions: predictions.map((one) => ({ ...one, row: 0 })) };
  };
  const before = await metric('iit_prediction_requests_total');
  const fast = await ask({ authorization: `Bearer ${key}` });
  expect(await ask({ 'x-api-key': key })).toEqual(fast);
  expect(await ask({ authorization: `Bearer ${key}`, origin: 'https://example.org' })).toEqual(fast);
  expect(await metric('iit_prediction_requests_total')).toBe(before + 3);
});

test('behind with its audit it refuses more than it may hold, and answers all that it took', async () => {
  await using small = await startTestApi({ MAX_WAITING_PREDICTIONS: '3' });
  const { id } = await registerModel(small.database.db, { ...model, createdBy: 'test' });
  await small.database.db
    .insertInto('model_activations')
    .values({ tenant_id: 1, model_id: id, activated_by: 'test' })
    .execute();
  const key = await small.key(['submit']);
  const ask = async () =>
    await small.call('/v1/predict', {
      method: 'POST',
      key,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(patient('a', 1)),
    });
  expect((await ask()).status).toBe(200);
  const locker = await small.database.pool.connect();
  await locker.query('BEGIN; LOCK TABLE audit_log IN ACCESS EXCLUSIVE MODE');
  const asked = Array.from({ length: 20 }, ask);
  const refused = await Promise.any(
    asked.map(async (answer) => {
      const { status, headers } = await answer;
      if (status !== 503) throw new Error('not refused');
      return headers.get('retry-after');
    }),
  );
  expect(refused).toBe('1');
  await locker.query('ROLLBACK');
  locker.release();
  const statuses = (await Promise.all(asked)).map(({ status }) => status);
  expect(new Set(statuses)).toEqual(new Set([200, 503]));
  const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM audit_log`.execute(small.database.db);
  expect(rows[0]?.n).toBe(1 + statuses.filter((status) => status === 200).length);
});

async function metric(name: string): Promise<number> {
  const text = await (await api.call('/metrics')).text();
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'mu').exec(text)?.[1] ?? NaN);
}
