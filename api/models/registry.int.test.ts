import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '#shared/config/config.ts';
import { systemClock } from '#shared/clock/clock.ts';
import { createLogger } from '#shared/log/logger.ts';
import { createModelStore } from '#shared/models/store.ts';
import { insertSampleJob } from '#test/support/sample-job.ts';
import { type KnownModel, knownModel } from '#test/support/known-model.ts';
import { settleSampleJob } from '#test/support/settle-sample-job.ts';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';

let api: TestApi;
const first = knownModel({ version: 'first', seed: 1 });
const second = knownModel({ version: 'second', seed: 2, tiers: { medium: 0.2, high: 0.4 } });

beforeAll(async () => {
  api = await startTestApi({ MAX_MODEL_BYTES: '200000' });
});
afterAll(() => api.stop());

function form(
  model: KnownModel,
  more: Partial<Record<'model' | 'manifest' | 'golden', string>> = {},
): FormData {
  const data = new FormData();
  data.set('model', new Blob([more.model ?? model.text.toString()]), 'model.txt');
  data.set('manifest', more.manifest ?? JSON.stringify(model.manifest));
  data.set('golden', new Blob([more.golden ?? model.golden.toString()]), 'golden.json');
  return data;
}
const upload = async (body: FormData, status = 201) =>
  await api.json('/v1/models', { method: 'POST', body, status });
const activate = async (version: string) =>
  await api.json(`/v1/models/${version}/activate`, { method: 'POST' });
const events = async (action: string) =>
  await api.database.db.selectFrom('audit_events').selectAll().where('action', '=', action).execute();

describe('a model is registered', () => {
  test('from a form, and once: the same again is no second one', async () => {
    expect(await upload(form(first))).toMatchObject({
      version: 'first',
      sha256: first.manifest.sha256,
      active: false,
    });
    expect(await upload(form(first), 200)).toMatchObject({ version: 'first' });
    expect(await events('model.register')).toMatchObject([{ entity: 'model/first', outcome: 'success' }]);
  });

  test('from a JSON object of texts', async () => {
    const body = JSON.stringify({
      model: second.text.toString(),
      manifest: JSON.stringify(second.manifest),
      golden: second.golden.toString(),
    });
    const headers = { 'content-type': 'application/json' };
    expect(await api.json('/v1/models', { method: 'POST', headers, body, status: 201 })).toMatchObject({
      version: 'second',
    });
  });

  test.each<[string, Parameters<typeof form>[1], number, string]>([
    [
      'whose text was changed',
      { model: first.text.toString().replace('leaf_value=', 'leaf_value=0') },
      422,
      'model_invalid',
    ],
    ['that is no model', { model: 'hello' }, 422, 'model_invalid'],
    [
      'whose golden rows say something else',
      { golden: first.golden.toString().replace('"raw":', '"raw":1') },
      422,
      'model_invalid',
    ],
    ['whose manifest is not valid', { manifest: '{"schema_version":1}' }, 422, 'model_invalid'],
    ['whose manifest is no JSON', { manifest: '{' }, 422, 'model_invalid'],
    ['that is too large', { model: 'x'.repeat(300_000) }, 413, 'body_too_large'],
  ])('but none %s', async (_, change, status, code) => {
    expect(await upload(form(first, change), status)).toMatchObject({ code });
  });

  test('but none with features that nobody can give it, named', async () => {
    const strange = knownModel({ version: 'strange', seed: 3 });
    const manifest = structuredClone(strange.manifest) as { features: { name: string; kind: string }[] };
    manifest.features[0]!.kind = 'boolean';
    const answer = await upload(form(strange, { manifest: JSON.stringify(manifest) }), 422);
    expect(answer).toMatchObject({ code: 'feature_mismatch', problems: [expect.stringContaining('age')] });
  });

  test("but no other model under a version that is taken, and not by a reader's key", async () => {
    expect(await upload(form(knownModel({ version: 'first', seed: 4 })), 409)).toMatchObject({
      code: 'model_conflict',
    });
    const key = await api.key(['read', 'submit']);
    expect((await api.call('/v1/models', { method: 'POST', key, body: form(first) })).status).toBe(403);
  });
});

describe('a roll back', () => {
  test('activates the model before, audited; without one before it is refused', async () => {
    await activate('first');
    expect(await api.json('/v1/models/rollback', { method: 'POST', status: 404 })).toMatchObject({
      code: 'model_not_found',
    });
    await activate('second');
    expect(await api.json('/v1/models/rollback', { method: 'POST' })).toMatchObject({
      version: 'first',
      active: true,
    });
    expect(await events('model.rollback')).toMatchObject([
      { entity: 'model/first', details: { before: 'second' } },
    ]);
    expect(await api.json('/v1/models/rollback', { method: 'POST' })).toMatchObject({
      version: 'second',
      active: true,
    });
    expect(await api.json('/v1/models/rollback', { method: 'POST' })).toMatchObject({
      version: 'first',
      active: true,
    });
  });
});

describe('a shadow', () => {
  test('is refused for the active model and for one with other features', async () => {
    expect(await api.json('/v1/models/first/shadow', { method: 'PUT', status: 409 })).toMatchObject({
      code: 'model_conflict',
    });
    const other = knownModel({ version: 'other', seed: 5, names: ['age', 'gender'] });
    await upload(form(other));
    expect(await api.json('/v1/models/other/shadow', { method: 'PUT', status: 422 })).toMatchObject({
      code: 'feature_mismatch',
    });
    expect(await api.json('/v1/models/second/shadow-report', { status: 404 })).toMatchObject({
      code: 'not_found',
    });
  });

  test('scores the jobs that come after it, keeps both risks and reports how they differ', async () => {
    const { db } = api.database;
    const earlier = await insertSampleJob(db, { model: first, chunks: 1, rowsPerChunk: 10 });
    await settleSampleJob(api.database, earlier);
    expect(await api.json('/v1/models/second/shadow', { method: 'PUT' })).toEqual({
      version: 'second',
      shadowing: true,
    });
    const job = await insertSampleJob(db, { model: first, chunks: 2, rowsPerChunk: 60 });
    await settleSampleJob(api.database, job);

    // The worker's own code, under its own role.
    const { scoreShadowsOnce } = await import('#workers/shadow/score-shadow.ts');
    const worker = api.database.as('iit_worker').db;
    const models = createModelStore({ db: worker, modelsInMemory: 2 });
    const log = createLogger('test', 'silent');
    const signal = new AbortController().signal;
    expect(await scoreShadowsOnce({ db: worker, models, log }, signal)).toBe(2);
    expect(await scoreShadowsOnce({ db: worker, models, log }, signal)).toBe(0);

    const { attachModel, prepareModel } = await import('#engine/index.ts');
    const engine = attachModel(prepareModel(second.text.toString()));
    const risks = job.chunks.flatMap((chunk) => [...engine.predictColumns(chunk.features)]);
    const kept = await db.selectFrom('shadow_predictions').selectAll().orderBy('row_no').execute();
    expect(kept.map((row) => row.risk)).toEqual(risks);
    const champion = await db
      .selectFrom('predictions')
      .select(['risk', 'tier'])
      .where('job_id', '=', job.jobId)
      .orderBy('row_no')
      .execute();
    expect(kept.map((row) => [row.champion_risk, row.champion_tier])).toEqual(
      champion.map((row) => [row.risk, row.tier]),
    );

    const report = await api.json('/v1/models/second/shadow-report');
    expect(report).toMatchObject({ jobs: 1, rows: 120, chunks: { scored: 2, failed: 0 }, stopped_at: null });
    const mean = (list: number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
    const { mean_risk, rank_correlation, tier_moves } = report as {
      mean_risk: { shift: number };
      rank_correlation: number;
      tier_moves: Record<string, Record<string, number>>;
    };
    expect(mean_risk.shift).toBeCloseTo(mean(risks) - mean(champion.map((row) => row.risk)), 12);
    expect(Math.abs(rank_correlation)).toBeLessThanOrEqual(1);
    expect(
      Object.values(tier_moves)
        .flatMap((to) => Object.values(to))
        .reduce((a, b) => a + b),
    ).toBe(120);

    expect(await api.json('/v1/models/second/shadow', { method: 'DELETE' })).toMatchObject({
      shadowing: false,
    });
    expect((await events('model.shadow')).length + (await events('model.unshadow')).length).toBe(2);
  });
});

test('roll back during a running job: the job ends with the model it began with, and the audit tells it', async () => {
  const { db, url } = api.database;
  await activate('first');
  const { startWorker } = await import('#workers/worker.ts');
  const submit = async () =>
    (await api.json('/v1/jobs', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(
        Array.from({ length: 50 }, (_, i) => ({
          patient_id: `p-${i}`,
          ...Object.fromEntries(
            first.manifest.features.map(({ name }, at) => [name, (i * 7 + at * 13) % 100]),
          ),
        })),
      ),
      status: 202,
    })) as { id: string };
  await activate('second');
  const accepted = await submit();
  await api.json('/v1/models/rollback', { method: 'POST' });
  const after = await submit();
  const config = loadConfig({
    DATABASE_URL: url,
    HOST: '127.0.0.1',
    WORKER_PORT: '0',
    LOG_LEVEL: 'silent',
    SCORING_THREADS: '1',
    SWEEP_SECONDS: '0.2',
  });
  await using worker = await startWorker({ config, log: createLogger('test', 'silent'), clock: systemClock });
  void worker;
  for (const [job, version] of [
    [accepted, 'second'],
    [after, 'first'],
  ] as const) {
    const ended = await api.json(`/v1/jobs/${job.id}`, { headers: { prefer: 'wait=20' } });
    expect(ended).toMatchObject({ status: 'completed', model: { version } });
    const { rows } = await sql<{ model_version: string; n: number }>`
      SELECT model_version, count(*) AS n FROM audit_log WHERE job_id = ${job.id} GROUP BY 1`.execute(db);
    expect(rows).toEqual([{ model_version: version, n: 50 }]);
  }
});
