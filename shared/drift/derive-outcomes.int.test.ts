import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { knownModel } from '#test/support/known-model.ts';
import { insertSampleJob } from '#test/support/sample-job.ts';
import { randomNumbers } from '#test/support/sample-model.ts';
import { sampleRisk, settleSampleJob } from '#test/support/settle-sample-job.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { deriveOutcomes } from './derive-outcomes.ts';
import { describeOutcomes } from './describe-outcomes.ts';
import { readAtCapacity, readGroups, readRollingBy, readSlope } from './rolling-performance.ts';

let database: TestDatabase;
const model = knownModel({ version: 'm' });
beforeAll(async () => {
  database = await createTestDatabase();
}, 60_000);
afterAll(() => database.drop());

const PATIENTS = 240;
const FIRST = Date.parse('2026-01-05') / 86_400_000;
const iso = (day: number) => new Date(day * 86_400_000).toISOString().slice(0, 10);

/** A job of records: those who are in care on the day, scored, and the interrupted, refused. */
async function job(day: number, ends: readonly number[], scope: string): Promise<string> {
  const { db } = database;
  const made = await insertSampleJob(db, { model, chunks: 1, rowsPerChunk: PATIENTS });
  const ids = ends.map((end, at) => Buffer.from(end > day ? `${scope}-${at}` : `gone-${scope}-${day}-${at}`));
  const offsets = new Uint32Array(PATIENTS + 1);
  for (const [at, id] of ids.entries()) offsets[at + 1] = offsets[at]! + id.length;
  const patientIds = { offsets, bytes: Uint8Array.from(Buffer.concat(ids)) };
  await settleSampleJob(database, made, { change: () => ({ patientIds }) });
  await describeJob(made.jobId, day, ends, scope);
  return made.jobId;
}

/** One of which the scored are left out: it tells of the interrupted, as nights between do. */
async function telling(day: number, ends: readonly number[], scope: string): Promise<void> {
  const { rows } = await sql<{ id: string }>`
    INSERT INTO jobs (id, tenant_id, period, name, status, model_id, api_key_id, actor, content_type, finished_at)
    SELECT gen_random_uuid(), 1, now()::date, 'night', 'completed', model_id, api_key_id, 'test', 'text/csv', now()
    FROM jobs LIMIT 1 RETURNING id`.execute(database.db);
  await describeJob(rows[0]!.id, day, ends, scope);
}

async function describeJob(
  jobId: string,
  day: number,
  ends: readonly number[],
  scope: string,
): Promise<void> {
  const { db } = database;
  const input = JSON.stringify({ format: 'nmrs', as_of: iso(day), warnings: {} });
  await sql`UPDATE jobs SET input = ${input} WHERE id = ${jobId}`.execute(db);
  const gone = ends.flatMap((end, at) => (end <= day ? [{ at, due: iso(end - 28) }] : []));
  if (gone.length > 0) {
    await db
      .insertInto('rejections')
      .values(
        gone.map(({ at, due }) => ({
          job_id: jobId,
          row_no: 1_000 + at,
          line: 1_000 + at,
          field: null,
          code: 'already_interrupted',
          message: 'is interrupted',
          sheet: null,
          patient_id: `${scope}-${at}`,
          facility_id: null,
          due_date: due,
        })),
      )
      .execute();
  }
}

async function derived(): Promise<void> {
  const worker = database.as('iit_worker').db;
  while ((await deriveOutcomes(worker)).length > 0);
}

describe('what later jobs tell', () => {
  test('of an interruption answers the predictions before it, and of care those of 90 days before; once', async () => {
    const ends = Array.from({ length: PATIENTS }, (_, at) => (at === 0 ? FIRST + 60 : Infinity));
    const first = await job(FIRST, ends, 'a');
    const later = await job(FIRST + 70, ends, 'a');
    await derived();
    const filed = async () =>
      (
        await sql<{ job_id: string; row_no: number; interrupted: boolean; recorded_by: string }>`
          SELECT job_id, row_no, interrupted, recorded_by FROM outcomes ORDER BY row_no, scored_on`.execute(
          database.db,
        )
      ).rows;
    expect(await filed()).toEqual([
      { job_id: first, row_no: 1, interrupted: true, recorded_by: `job/${later}` },
    ]);
    await job(FIRST + 95, ends, 'a');
    await derived();
    const all = await filed();
    expect(all).toHaveLength(PATIENTS);
    expect(all.filter(({ interrupted }) => interrupted)).toHaveLength(1);
    expect(new Set(all.map(({ job_id: id }) => id))).toEqual(new Set([first]));
    expect(await derived()).toBeUndefined();
    expect(await filed()).toEqual(all);
  });

  test('is told of whom: facility, tier, and who could be interrupted, from what was scored', async () => {
    const worker = database.as('iit_worker');
    while ((await describeOutcomes(worker.db, worker.pool)) > 0);
    const { rows } = await sql<{ facility_id: string | null; tier: number; age_group: string | null }>`
      SELECT facility_id, tier, age_group FROM outcomes WHERE described_at IS NOT NULL ORDER BY row_no LIMIT 3`.execute(
      database.db,
    );
    expect(rows.map(({ facility_id: facility }) => facility)).toEqual(['facility-a', 'facility-ü', null]);
    expect(rows.every(({ tier }) => tier >= 0)).toBe(true);
    const { rows: left } = await sql`SELECT FROM outcomes WHERE described_at IS NULL`.execute(database.db);
    expect(left).toEqual([]);
  });
});

describe('how often jobs come', () => {
  const TRUTHS = [0.8, 1, 1.3];

  test.each([
    ['nightly', 1, 93],
    ['weekly', 7, 161],
    ['monthly', 30, 150],
  ])(
    'does not move what is derived, be the truth 0.8, 1.0 or 1.3: %s (each %i days, %i in all)',
    async (_, every, span) => {
      await sql`TRUNCATE outcomes, derived_jobs`.execute(database.db);
      await sql`UPDATE jobs SET finished_at = finished_at - interval '30 days', input = NULL`.execute(
        database.db,
      );
      const random = randomNumbers(every + 7);
      // One third of the patients of each truth, in the same jobs.
      const truthOf = (at: number) => TRUTHS[at % 3]!;
      const ends = Array.from({ length: PATIENTS }, (__, at) => {
        const hazard = (-Math.log(1 - sampleRisk(at + 1)) / 90) * truthOf(at);
        return hazard === 0 ? Infinity : FIRST + Math.ceil(-Math.log(1 - random()) / hazard);
      });
      for (let day = FIRST; day <= FIRST + span; day += every) {
        const isBetween = every === 1 && day - FIRST >= 4 && day - FIRST < 90;
        await (isBetween ? telling : job)(day, ends, `s${every}`);
      }
      await derived();
      await sql`UPDATE outcomes SET facility_id = ((row_no - 1) % 3)::text`.execute(database.db);
      const { rows: models } = await sql<{ id: number }>`SELECT id FROM models WHERE version = 'm'`.execute(
        database.db,
      );
      const found = await readRollingBy(database.db, 1, models[0]!.id, 'facility');
      expect(found.map(({ group }) => group)).toEqual(['0', '1', '2']);
      for (const {
        group,
        n,
        observedExpectedInterval: [low, high],
        from,
        to,
      } of found) {
        const truth = TRUTHS[Number(group)]!;
        const { rows: seen } = await sql<{ risk: number }>`
        SELECT risk FROM outcomes WHERE facility_id = ${group} AND scored_on BETWEEN ${from}::date AND ${to}::date`.execute(
          database.db,
        );
        expect(n).toBe(seen.length);
        const expected = seen.reduce((sum, { risk }) => sum + risk, 0);
        // Risks within 90 days saturate: the truth on their scale.
        const exact = seen.reduce((sum, { risk }) => sum + 1 - (1 - risk) ** truth, 0) / expected;
        expect(exact).toBeGreaterThan(low);
        expect(exact).toBeLessThan(high);
        expect(high - low).toBeLessThan(0.6);
      }
    },
    240_000,
  );
});

test('performance is told by group, at capacity and by slope, and raises an alarm where risks are far off', async () => {
  await sql`TRUNCATE outcomes`.execute(database.db);
  const { rows: models } = await sql<{ id: number }>`SELECT id FROM models WHERE version = 'm'`.execute(
    database.db,
  );
  const modelId = models[0]!.id;
  const random = randomNumbers(5);
  const rows = Array.from({ length: 3_000 }, (_, at) => {
    const risk = 0.02 + 0.4 * random() ** 2;
    const isOff = at % 3 === 0;
    return {
      tenant_id: 1,
      job_id: '00000000-0000-4000-8000-000000000001',
      row_no: at + 1,
      model_id: modelId,
      patient_id: `g-${at}`,
      scored_on: '2026-03-01',
      risk,
      interrupted: random() < Math.min(1, risk * (isOff ? 1.74 : 1)),
      known_on: '2026-06-30',
      recorded_by: 'test',
      facility_id: isOff ? 'off' : 'right',
      sex: at % 2 === 0 ? 'female' : 'male',
      is_at_risk: true,
      described_at: new Date(),
    };
  });
  for (let at = 0; at < rows.length; at += 500)
    await database.db
      .insertInto('outcomes')
      .values(rows.slice(at, at + 500))
      .execute();
  const groups = await readGroups(database.db, 1, modelId);
  const alarmed = groups.filter(({ alarm }) => alarm).map(({ dimension, group }) => `${dimension} ${group}`);
  expect(alarmed).toContain('facility off');
  expect(alarmed).not.toContain('facility right');
  const off = groups.find(({ group }) => group === 'off')!;
  expect(off.observedExpectedInterval[0]).toBeLessThan(1.74);
  expect(off.observedExpectedInterval[1]).toBeGreaterThan(1.6);
  const capacity = await readAtCapacity(database.db, 1, modelId);
  expect(capacity.map(({ share }) => share)).toEqual([0.05, 0.1, 0.2]);
  const tenth = capacity[1]!;
  const riskiest = rows.toSorted((a, b) => b.risk - a.risk).slice(0, 300);
  expect(tenth.n).toBe(300);
  expect(tenth.positivePredictiveValue).toBeCloseTo(
    riskiest.filter(({ interrupted }) => interrupted).length / 300,
    12,
  );
  const slope = await readSlope(database.db, 1, modelId);
  expect(slope!.slopeInterval[0]).toBeLessThan(1.1);
  expect(slope!.slopeInterval[1]).toBeGreaterThan(0.9);
});
