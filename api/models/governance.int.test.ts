import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerModel } from '#shared/models/store.ts';
import { daysOfQuarter, makeEquityReports } from '#shared/governance/equity-report.ts';
import { readJobTiers } from '#shared/tiers/job-tiers.ts';
import { knownModel } from '#test/support/known-model.ts';
import { insertSampleJob } from '#test/support/sample-job.ts';
import { settleSampleJob } from '#test/support/settle-sample-job.ts';
import { randomNumbers } from '#test/support/sample-model.ts';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';

let api: TestApi;
const model = knownModel({ version: 'first', seed: 1 });
let modelId: number;

beforeAll(async () => {
  api = await startTestApi();
  ({ id: modelId } = await registerModel(api.database.db, { ...model, createdBy: 'test' }));
}, 60_000);
afterAll(() => api.stop());

const send = async (method: string, path: string, body: object, status = 200) =>
  await api.json(path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    status,
  });
const events = async (action: string) =>
  await api.database.db.selectFrom('audit_events').selectAll().where('action', '=', action).execute();

/** What became of a model's predictions: `count` patients of a risk, each on a day of its own, interrupted by that risk times `truth`. */
async function outcomes(count: number, truth: number, from = '2026-02-01'): Promise<void> {
  const random = randomNumbers(count);
  const rows = Array.from({ length: count }, (_, at) => {
    const risk = 0.02 + 0.5 * random() ** 3;
    return {
      tenant_id: 1,
      job_id: randomUUID(),
      row_no: 1,
      model_id: modelId,
      patient_id: `o-${from}-${at}`,
      scored_on: from,
      risk,
      interrupted: random() < Math.min(1, risk * truth),
      known_on: '2026-10-01',
      recorded_by: 'test',
      tier: risk > 0.4 ? 2 : 0,
      sex: at % 2 === 0 ? 'female' : 'male',
      age_group: at % 10 === 0 ? '15–19' : '25–49',
      art_group: '1–4 years',
      facility_id: `F${at % 3}`,
      described_at: new Date(),
    };
  });
  for (let at = 0; at < rows.length; at += 500)
    await api.database.db
      .insertInto('outcomes')
      .values(rows.slice(at, at + 500))
      .execute();
}

describe('an activation', () => {
  test('keeps its reason, approver and expiry, and is logged with them', async () => {
    const answer = await api.json(
      '/v1/models/first/activate?reason=tried+in+Kano&approver=Dr.+Bello&expires=2030-01-31',
      { method: 'POST' },
    );
    expect(answer).toMatchObject({
      active: true,
      approver: 'Dr. Bello',
      expires_on: '2030-01-31',
      silent: false,
    });
    expect(await events('model.activate')).toMatchObject([
      {
        details: {
          reason: 'tried in Kano',
          approver: 'Dr. Bello',
          expires_on: '2030-01-31',
          is_silent: false,
        },
      },
    ]);
    await api.json('/v1/models/first/activate', { method: 'POST' });
    expect(await events('model.activate')).toHaveLength(1);
  });

  test('until a day that has passed is refused', async () => {
    const answer = await api.json('/v1/models/first/activate?expires=2020-01-01', {
      method: 'POST',
      status: 409,
    });
    expect(answer).toMatchObject({ code: 'model_conflict', field: 'expires' });
  });

  test('that has expired says so in what is understood of an upload', async () => {
    await sql`UPDATE model_activations SET expires_on = '2020-01-01'`.execute(api.database.db);
    const headers = { 'content-type': 'application/json' };
    const names = model.manifest.features.map(({ name }) => name);
    const row = Object.fromEntries(names.map((name) => [name, 1]));
    const job = await api.json('/v1/jobs', {
      method: 'POST',
      headers,
      body: JSON.stringify([{ patient_id: 'P-1', ...row }]),
      status: 202,
    });
    expect(await api.json(`/v1/jobs/${job['id'] as string}`)).toMatchObject({
      warnings: { by_code: { model_expired: 1 } },
    });
  });
});

describe('thresholds', () => {
  test('are a version with approver and review date; jobs of before keep theirs', async () => {
    const { db } = api.database;
    const before = await insertSampleJob(db, { model, chunks: 1, rowsPerChunk: 50 });
    const set = {
      tiers: { medium: 0.3, high: 0.31, facility_overrides: { 'site-1': { medium: 0, high: 0 } } },
      reason: 'Twelve can call five in a hundred',
      approver: 'Dr. Bello',
      review_on: '2027-05-31',
    };
    expect(await send('PUT', '/v1/models/first/thresholds', set)).toMatchObject({
      current: { thresholds_version: 1, tiers: set.tiers, approver: 'Dr. Bello', review_on: '2027-05-31' },
      review_is_due: false,
    });
    const second = await send('PUT', '/v1/models/first/thresholds', {
      ...set,
      tiers: { medium: 0, high: 0 },
    });
    expect(second).toMatchObject({ current: { thresholds_version: 2 } });
    expect((second['history'] as object[]).length).toBe(3);
    expect(await api.json('/v1/models/first')).toMatchObject({ tiers: { medium: 0, high: 0 } });
    expect((await events('thresholds.set')).map(({ details }) => details)).toMatchObject([
      { thresholds_version: 1 },
      { thresholds_version: 2, before: { medium: 0.3, high: 0.31 } },
    ]);
    const after = await insertSampleJob(db, { model, chunks: 1, rowsPerChunk: 50 });
    await sql`INSERT INTO job_thresholds SELECT ${after.jobId}, max(id) FROM threshold_sets`.execute(db);
    for (const job of [before, after]) await settleSampleJob(api.database, job);
    expect(await readJobTiers(db, before.jobId)).toBeUndefined();
    expect(await readJobTiers(db, after.jobId)).toEqual({ medium: 0, high: 0 });
  });

  test.each([
    { tiers: { medium: 0.5, high: 0.2 } },
    { tiers: { medium: 0.1, high: 0.2 }, approver: '' },
    { tiers: { medium: 0.1, high: 1.2 } },
    { tiers: { medium: 0.1, high: 0.2 }, review_on: 'soon' },
  ])('that are none are refused: %j', async (change) => {
    const set = { reason: 'for the test', approver: 'Dr. Bello', review_on: '2027-05-31', ...change };
    expect(await send('PUT', '/v1/models/first/thresholds', set, 400)).toMatchObject({
      code: 'invalid_body',
    });
  });
});

describe('a trial', () => {
  const day = '2026-01-01';

  test('holds its figures against its rule, and stands between the model and its use', async () => {
    const rule = { minimum_patients: 1_000, minimum_auc: 0.6, maximum_high_share: 0.2 };
    const start = { reason: 'Before the use in Kano', ends_on: '2027-03-31', rule };
    expect(await send('PUT', '/v1/models/first/trial', start)).toMatchObject({ verdict: 'too_early' });
    expect(await send('PUT', '/v1/models/first/trial', start, 409)).toMatchObject({ code: 'model_conflict' });
    expect(
      await api.json('/v1/models/first/activate?approver=X+Y', { method: 'POST', status: 409 }),
    ).toMatchObject({
      code: 'model_conflict',
    });
    expect(await api.json('/v1/models/first/activate?silent=true', { method: 'POST' })).toMatchObject({
      silent: true,
    });
    await sql`UPDATE model_trials SET started_at = ${day}::date`.execute(api.database.db);
    await outcomes(3_000, 1.8);
    const found = await api.json('/v1/models/first/trial');
    expect(found).toMatchObject({ verdict: 'no_go', figures: { patients: 3_000 } });
    const bad = (found['criteria'] as { name: string; verdict: string }[]).filter(
      ({ verdict }) => verdict !== 'go',
    );
    expect(bad.map(({ name }) => name)).toEqual(['observed_expected_to']);
    const decision = { decision: 'go', reason: 'It is needed', approver: 'Dr. Bello' };
    expect(await send('POST', '/v1/models/first/trial/decision', decision, 409)).toMatchObject({
      code: 'model_conflict',
    });
    expect(
      await send('POST', '/v1/models/first/trial/decision', { ...decision, against_rule: true }),
    ).toMatchObject({ decision: 'go', approver: 'Dr. Bello' });
    expect(await events('trial.decide')).toMatchObject([
      { details: { decision: 'go', against_rule: true, verdict: 'no_go' } },
    ]);
    expect(await api.json('/v1/models/first/activate?approver=X+Y', { method: 'POST' })).toMatchObject({
      silent: false,
    });
  });
});

describe('a tier', () => {
  test('is overridden by a person with a reason; the score stays, and the log names it', async () => {
    const job = await insertSampleJob(api.database.db, { model, chunks: 1, rowsPerChunk: 10 });
    await settleSampleJob(api.database, job);
    const before = await api.database.db
      .selectFrom('predictions')
      .select(['tier', 'risk', 'patient_id'])
      .where('job_id', '=', job.jobId)
      .where('row_no', '=', 3)
      .executeTakeFirstOrThrow();
    const path = `/v1/jobs/${job.jobId}/rows/3/tier`;
    expect(await send('POST', path, { tier: 'high', reason: 'Has moved away' }, 201)).toMatchObject({
      row: 3,
      tier: 'high',
      reason: 'Has moved away',
    });
    await send('POST', path, { tier: 'medium', reason: 'Is back again' }, 201);
    expect(await api.json(`/v1/jobs/${job.jobId}/tier-overrides`)).toMatchObject({
      overrides: [{ row: 3, tier: 'medium', reason: 'Is back again' }],
    });
    expect(
      await api.database.db
        .selectFrom('predictions')
        .select(['tier', 'risk', 'patient_id'])
        .where('job_id', '=', job.jobId)
        .where('row_no', '=', 3)
        .executeTakeFirstOrThrow(),
    ).toEqual(before);
    const logged = await events('tier.override');
    expect(logged).toHaveLength(2);
    // Why is the patient's own affair: it can be erased from the table, and the log is for ever.
    expect(JSON.stringify(logged)).not.toContain('moved away');
    expect(
      await send('POST', `/v1/jobs/${job.jobId}/rows/99/tier`, { tier: 'low', reason: 'nobody' }, 404),
    ).toMatchObject({ code: 'not_found' });
    const key = await api.key(['read']);
    expect((await api.call(path, { method: 'POST', key, body: '{}' })).status).toBe(403);
  });
});

describe('the equity report of a quarter', () => {
  test('is made once, logged, and names whom the model serves less', async () => {
    const { db } = api.database;
    await sql`DELETE FROM outcomes`.execute(db);
    await outcomes(2_000, 1);
    // Of those who are interrupted, the men are never in the high tier.
    await sql`UPDATE outcomes SET tier = CASE WHEN sex = 'male' THEN 0 ELSE 2 END WHERE interrupted`.execute(
      db,
    );
    const live = await api.json('/v1/models/first/equity?quarter=2026-Q1');
    expect(live).toMatchObject({ made_at: null, from: '2026-01-01', to: '2026-03-31', predictions: 2_000 });
    const made = await makeEquityReports(api.database.as('iit_worker').db);
    expect(made).toEqual([{ tenantId: 1, version: 'first', quarter: '2026-Q1' }]);
    expect(await makeEquityReports(api.database.as('iit_worker').db)).toEqual([]);
    const report = await api.json('/v1/models/first/equity');
    expect(report).toMatchObject({ quarter: '2026-Q1', quarters: ['2026-Q1'] });
    expect(report['made_at']).not.toBeNull();
    const groups = report['groups'] as { group: string; underserved: boolean; sensitivity: number | null }[];
    expect(groups.filter(({ underserved }) => underserved).map(({ group }) => group)).toContain('male');
    expect(groups.find(({ group }) => group === 'male')!.sensitivity).toBe(0);
    expect(await events('equity.report')).toMatchObject([
      { actor: 'worker', details: { quarter: '2026-Q1' } },
    ]);
  });

  test('spans whole months', () => {
    expect(daysOfQuarter('2026-Q1')).toEqual({ from: '2026-01-01', to: '2026-03-31' });
    expect(daysOfQuarter('2027-Q4')).toEqual({ from: '2027-10-01', to: '2027-12-31' });
  });
});
