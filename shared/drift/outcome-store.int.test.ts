import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';
import { readObservedPerformance } from './outcome-store.ts';
import { randomNumbers } from '#test/support/sample-model.ts';
import { knownModel } from '#test/support/known-model.ts';
import { registerModel } from '#shared/models/store.ts';

let api: TestApi;
let modelId: number;

beforeAll(async () => {
  api = await startTestApi();
  const model = knownModel({ version: 'm' });
  ({ id: modelId } = await registerModel(api.database.db, { ...model, createdBy: 'test' }));
  await api.database.db
    .insertInto('model_activations')
    .values({ tenant_id: 1, model_id: modelId, activated_by: 'test' })
    .execute();
  await sql`SELECT ensure_days(day::date, 1) FROM generate_series('2026-01-01'::date, '2026-12-01', '1 month') day`.execute(
    api.database.db,
  );
});
afterAll(() => api.stop());

/** One audited prediction, as a job or an online request leaves it. */
async function predicted(patientId: string, day: string, risk: number, tenantId = 1): Promise<string> {
  const row = auditRow(patientId, day, risk, tenantId);
  await api.database.db.insertInto('online_rows').values(row).execute();
  return row.job_id;
}

function auditRow(patientId: string, day: string, risk: number, tenantId = 1) {
  return {
    period: `${day.slice(0, 7)}-01`,
    job_id: randomUUID(),
    row_no: 1,
    tenant_id: tenantId,
    chunk_no: 0,
    recorded_at: `${day}T22:00:00Z`,
    source: 'online' as const,
    api_key_id: randomUUID(),
    actor: 'test',
    patient_id: patientId,
    model_version: 'm',
    model_sha256: Buffer.alloc(32),
    raw_score: 0,
    risk,
    tier: 0,
    input_hash: Buffer.alloc(32),
    input: null,
  };
}
const post = async (body: unknown, status = 200) =>
  await api.json('/v1/outcomes', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    status,
  });
const filed = async (patientId: string) =>
  await api.database.db
    .selectFrom('outcomes')
    .select(['job_id', 'interrupted', 'known_on', 'scored_on'])
    .where('patient_id', '=', patientId)
    .orderBy('scored_on')
    .execute();

describe('an outcome', () => {
  test('of an interruption answers every prediction whose window it closes', async () => {
    const before = await predicted('a', '2026-02-01', 0.2);
    const oldest = await predicted('a', '2026-03-15', 0.3);
    const latest = await predicted('a', '2026-05-01', 0.4);
    expect(await post({ patient_id: 'a', outcome: 'interrupted', date: '2026-06-10' })).toEqual({
      matched: 1,
      unmatched: [],
    });
    expect(await filed('a')).toEqual([
      { job_id: before, interrupted: false, known_on: '2026-06-10', scored_on: '2026-02-01' },
      { job_id: oldest, interrupted: true, known_on: '2026-06-10', scored_on: '2026-03-15' },
      { job_id: latest, interrupted: true, known_on: '2026-06-10', scored_on: '2026-05-01' },
    ]);
  });

  test('of a patient in care answers the predictions whose 90 days are over', async () => {
    const latest = await predicted('b', '2026-03-01', 0.2);
    await predicted('b', '2026-04-01', 0.2);
    expect(await post([{ patient_id: 'b', outcome: 'in_care', date: '2026-06-10' }])).toMatchObject({
      matched: 1,
    });
    expect(await filed('b')).toMatchObject([{ job_id: latest, interrupted: false }]);
  });

  test('on the very day 90 is within the window, a day later it is not', async () => {
    await predicted('c', '2026-03-12', 0.2);
    await post({ patient_id: 'c', outcome: 'interrupted', date: '2026-06-11' });
    expect(await filed('c')).toMatchObject([{ interrupted: false }]);
    await post({ patient_id: 'c', outcome: 'interrupted', date: '2026-06-10' });
    expect(await filed('c')).toMatchObject([{ interrupted: true }]);
  });

  test('is replaced by a later word on the same prediction; one of a row that is not there is told apart', async () => {
    await predicted('d', '2026-03-01', 0.2);
    expect(
      await post({ job_id: randomUUID(), row: 1, outcome: 'in_care', date: '2026-09-01' }),
    ).toMatchObject({ unmatched: [{ code: 'no_prediction' }] });
    expect(await post({ patient_id: 'd', outcome: 'in_care', date: '2026-06-01' })).toMatchObject({
      matched: 1,
    });
    expect(await post({ patient_id: 'd', outcome: 'interrupted', date: '2026-05-20' })).toMatchObject({
      matched: 1,
    });
    expect(await filed('d')).toMatchObject([{ interrupted: true, known_on: '2026-05-20' }]);
  });

  test("is not filed with another tenant's prediction", async () => {
    const { rows } = await sql<{
      id: number;
    }>`INSERT INTO tenants (name) VALUES ('other') RETURNING id`.execute(api.database.db);
    await predicted('e', '2026-03-15', 0.3, rows[0]!.id);
    expect(await post({ patient_id: 'e', outcome: 'interrupted', date: '2026-04-10' })).toMatchObject({
      matched: 0,
    });
  });

  test.each([
    { patient_id: 'a', outcome: 'lost', date: '2026-06-10' },
    { patient_id: 'a', outcome: 'in_care', date: '10/06/2026' },
    { outcome: 'in_care', date: '2026-06-10' },
    { job_id: randomUUID(), outcome: 'in_care', date: '2026-06-10' },
    [],
  ])('is refused when it is not clear: %j', async (body) => {
    expect(await post(body, 400)).toMatchObject({ code: 'invalid_body' });
  });
});

test('outcomes give the observed AUC, calibration and months of a model, and its gauge', async () => {
  for (let i = 0; i < 40; i++) {
    await predicted(`p-${i}`, i % 2 === 0 ? '2026-01-10' : '2026-02-10', i / 40);
  }
  await post(
    Array.from({ length: 40 }, (_, i) => ({
      patient_id: `p-${i}`,
      outcome: i >= 30 ? 'interrupted' : 'in_care',
      date: i >= 30 ? '2026-03-01' : '2026-06-30',
    })),
  );
  await sql`DELETE FROM outcomes WHERE patient_id !~ '^p-'`.execute(api.database.db);
  const performance = await api.json('/v1/models/m/performance');
  expect(performance).toMatchObject({ n: 40, interrupted: 10, auc: 1 });
  expect((performance['months'] as { month: string; n: number }[]).map(({ month, n }) => [month, n])).toEqual(
    [
      ['2026-02', 20],
      ['2026-01', 20],
    ],
  );
  const scrape = async () => await (await api.call('/metrics')).text();
  expect(await scrape()).toMatch(/^iit_model_drift_detected 0$/mu);
  // The scrape starts the measuring and does not wait for it.
  await expect.poll(scrape).toMatch(/^iit_model_auc_score 1$/mu);
});

test('figures of tied risks are those of the definitions', async () => {
  const random = randomNumbers(7);
  const seen = Array.from({ length: 500 }, () => {
    const risk = Math.round(random() * 20) / 20;
    return { risk, interrupted: random() < risk };
  });
  await sql`DELETE FROM outcomes`.execute(api.database.db);
  await api.database.db
    .insertInto('outcomes')
    .values(
      seen.map(({ risk, interrupted }, i) => ({
        tenant_id: 1,
        job_id: randomUUID(),
        row_no: 1,
        model_id: modelId,
        patient_id: `t-${i}`,
        scored_on: '2026-03-01',
        risk,
        interrupted,
        known_on: '2026-06-10',
        recorded_by: 'test',
      })),
    )
    .execute();
  const positives = seen.filter(({ interrupted }) => interrupted);
  const negatives = seen.filter(({ interrupted }) => !interrupted);
  let wins = 0;
  for (const { risk } of positives) {
    for (const other of negatives) wins += risk > other.risk ? 1 : risk === other.risk ? 0.5 : 0;
  }
  const found = await readObservedPerformance(api.database.db, 1, modelId);
  expect(found.auc).toBeCloseTo(wins / (positives.length * negatives.length), 12);
  const brier = seen.reduce((sum, { risk, interrupted }) => sum + (risk - Number(interrupted)) ** 2, 0) / 500;
  expect(found.brier).toBeCloseTo(brier, 12);
  expect(found.months[0]).toMatchObject({
    month: '2026-03',
    n: 500,
    interrupted: positives.length,
    auc: found.auc,
  });
  expect(found.calibration.map(({ n }) => n)).toEqual(Array.from({ length: 10 }, () => 50));
  const predicted = found.calibration.map((bin) => bin.mean_predicted);
  expect(predicted).toEqual(predicted.toSorted((a, b) => a - b));
});

test('a patient who came back stays interrupted in the predictions that foretold it', async () => {
  await predicted('back', '2026-02-01', 0.4);
  await post({ patient_id: 'back', outcome: 'interrupted', date: '2026-03-10' });
  await post({ patient_id: 'back', outcome: 'in_care', date: '2026-08-01' });
  expect(await filed('back')).toMatchObject([{ interrupted: true, known_on: '2026-03-10' }]);
});

describe('how often people report', () => {
  const PATIENTS = 300;
  const FIRST = Date.parse('2026-01-05') / 86_400_000;
  const PREDICTED_EVERY = 28;
  const PREDICTIONS = 7;
  const LAST = FIRST + PREDICTED_EVERY * PREDICTIONS + 95;
  const iso = (day: number) => new Date(day * 86_400_000).toISOString().slice(0, 10);

  test.each([
    ['nightly', 1, 0.8],
    ['nightly', 1, 1],
    ['nightly', 1, 1.3],
    ['weekly', 7, 0.8],
    ['weekly', 7, 1],
    ['weekly', 7, 1.3],
    ['monthly', 30, 0.8],
    ['monthly', 30, 1],
    ['monthly', 30, 1.3],
  ])(
    'does not move what is observed: %s (each %i days), truth %d',
    async (_, every, truth) => {
      await sql`DELETE FROM outcomes`.execute(api.database.db);
      const random = randomNumbers(every * 100 + truth * 10);
      const name = (i: number) => `sim-${every}-${truth}-${i}`;
      const records = [];
      const ends: number[] = [];
      for (let i = 0; i < PATIENTS; i++) {
        const hazard = 0.001 * Math.exp(2 * random() - 1);
        const risk = 1 - Math.exp(-90 * hazard);
        // Whoever is interrupted leaves the lists.
        const end = FIRST + Math.ceil(-Math.log(1 - random()) / (hazard * truth));
        ends.push(end);
        for (let k = 0; k < PREDICTIONS; k++) {
          const day = FIRST + k * PREDICTED_EVERY;
          if (day < end) records.push({ patientId: name(i), day: iso(day), risk });
        }
      }
      await predictedAll(records);
      const told = new Set<number>();
      for (let day = FIRST + every; day <= LAST; day += every) {
        const body = [];
        for (let i = 0; i < PATIENTS; i++) {
          if (told.has(i)) continue;
          if (ends[i]! <= day) {
            told.add(i);
            body.push({ patient_id: name(i), outcome: 'interrupted', date: iso(ends[i]!) });
          } else body.push({ patient_id: name(i), outcome: 'in_care', date: iso(day) });
        }
        if (body.length > 0) await post(body);
      }
      const { rolling } = await readObservedPerformance(api.database.db, 1, modelId);
      // What would be found by looking at every prediction of those days.
      const wanted = records.filter(({ day }) => day >= rolling!.from && day <= rolling!.to);
      expect(rolling!.n).toBe(wanted.length);
      const [low, high] = rolling!.observedExpectedInterval;
      // Risks within 90 days saturate: the truth on their scale.
      const exact = wanted.reduce((sum, { risk }) => sum + 1 - (1 - risk) ** truth, 0) / rolling!.expected;
      expect(exact).toBeGreaterThan(low);
      expect(exact).toBeLessThan(high);
      expect(high - low).toBeLessThan(0.8);
      const [aucLow, aucHigh] = rolling!.aucInterval!;
      expect(rolling!.auc).toBeGreaterThan(aucLow);
      expect(rolling!.auc).toBeLessThan(aucHigh);
    },
    120_000,
  );
});

async function predictedAll(
  records: readonly { patientId: string; day: string; risk: number }[],
): Promise<void> {
  for (let at = 0; at < records.length; at += 500) {
    await api.database.db
      .insertInto('online_rows')
      .values(records.slice(at, at + 500).map(({ patientId, day, risk }) => auditRow(patientId, day, risk)))
      .execute();
  }
}
