import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { registerModel } from '#shared/models/store.ts';
import { knownModel } from '#test/support/known-model.ts';
import { type LocalObjectStore, startLocalObjectStore } from '#test/support/local-object-store.ts';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';
import { planDue, takeRun } from './schedule-store.ts';

type Run = { due_at: string; state: string; job_id: string | null; attempts: number; error: string | null };

let store: LocalObjectStore;
let api: TestApi;
beforeAll(async () => {
  store = await startLocalObjectStore('nights');
  for (const [name, value] of Object.entries(store.environment)) vi.stubEnv(name, value);
  api = await startTestApi({ ...store.environment, SCHEDULE_SECONDS: '0.1', OBJECT_STORE_SECONDS: '0.1' });
  const { id } = await registerModel(api.database.db, {
    ...knownModel({ names: ['days_to_due'] }),
    createdBy: 'test',
  });
  await api.database.db
    .insertInto('model_activations')
    .values({ tenant_id: 1, model_id: id, activated_by: 'test' })
    .execute();
}, 120_000);
afterAll(async () => {
  await api.stop();
  await store[Symbol.asyncDispose]();
  vi.unstubAllEnvs();
});
beforeEach(async () => {
  await api.database.db.deleteFrom('schedules').execute();
});

/** What is due is said by `due`. */
const YEARLY = '0 0 1 1 *';
const COHORT = 'patient_id,days_to_due\nSYN-1,3\n';
/** Every hour: what is due is said by `fallDue`. */
const document = (uri: string, change: object = {}) => ({
  cron: '0 * * * *',
  time_zone: 'Africa/Lagos',
  job: { input: { uri } },
  ...change,
});
const put = (name: string, body: object, status = 200) =>
  api.json(`/v1/schedules/${name}`, { method: 'PUT', status, body: JSON.stringify(body) });
const runs = async (name: string) => (await api.json(`/v1/schedules/${name}/runs`))['runs'] as Run[];
const states = async (name: string) => (await runs(name)).map(({ state }) => state);

/** As if the clock had come to so many hours after the schedule's next time. */
async function fallDue(name: string, hoursAgo = 0): Promise<void> {
  await sql`UPDATE schedules SET next_at = date_trunc('hour', now()) - make_interval(hours => ${hoursAgo})
    WHERE name = ${name}`.execute(api.database.db);
}

/** As if its next time had been so many minutes ago. */
async function due(name: string, minutesAgo: number): Promise<void> {
  await sql`UPDATE schedules SET next_at = now() - make_interval(mins => ${minutesAgo}) WHERE name = ${name}`.execute(
    api.database.db,
  );
}

describe('a schedule', () => {
  test('begins one job of its objects when its time has come, in the name of its key', async () => {
    const day = new Intl.DateTimeFormat('en-CA', { timeZone: 'Africa/Lagos' });
    await put('nightly', document('s3://nights/in/begins/{date}/*.csv', { job_name: 'night' }));
    const due = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000);
    await store.put(`in/begins/${day.format(due)}/a.csv`, COHORT);
    await fallDue('nightly');
    await expect.poll(() => states('nightly')).toEqual(['started']);
    const [run] = await runs('nightly');
    expect(run!.due_at).toBe(due.toISOString());
    const job = () => api.json(`/v1/jobs/${run!.job_id}`);
    await expect.poll(job).toMatchObject({ name: 'night', status: 'queued', rows: { accepted: 1 } });
    const [schedule] = (await api.json('/v1/schedules'))['schedules'] as { next_at: string }[];
    expect(new Date(schedule!.next_at).getTime()).toBe(due.getTime() + 3_600_000);
  });

  test('begins each time once, however many processes look', async () => {
    await put('many', document('s3://nights/in/many/*', { cron: YEARLY }));
    await due('many', 1);
    const { db } = api.database;
    const planned = await Promise.all(Array.from({ length: 6 }, () => planDue(db)));
    expect(planned.filter(Boolean).length).toBeLessThanOrEqual(1);
    await expect.poll(async () => (await runs('many')).length).toBe(1);
    const taken = await Promise.all(Array.from({ length: 6 }, () => takeRun(db)));
    expect(taken.filter((run) => run !== undefined).length).toBeLessThanOrEqual(1);
    expect(await runs('many')).toHaveLength(1);
  });

  test('waits for objects that are not there yet, until its deadline', async () => {
    await put('late', document('s3://nights/in/late/*.csv', { deadline_minutes: 1_440 }));
    await fallDue('late');
    await expect
      .poll(() => runs('late'))
      .toMatchObject([{ state: 'starting', error: 'No object lies there.' }]);
    await store.put('in/late/a.csv', COHORT);
    await expect.poll(() => states('late'), { timeout: 30_000 }).toEqual(['started']);
  });

  test('that finds nothing by its deadline has missed the run, which a webhook tells', async () => {
    const body = JSON.stringify({ url: 'https://hooks.invalid/', events: ['schedule.missed'] });
    const hook = await api.json('/v1/webhooks', { method: 'POST', status: 201, body });
    await put('missing', document('s3://nights/in/missing/*.csv', { deadline_minutes: 1, cron: YEARLY }));
    await due('missing', 2);
    await expect
      .poll(() => runs('missing'))
      .toMatchObject([{ state: 'missed', error: 'No object lies there.' }]);
    const told = (await api.json(`/v1/webhooks/${String(hook['id'])}/deliveries`))['deliveries'];
    expect(told).toMatchObject([{ type: 'schedule.missed', subject: 'schedule/missing' }]);
  });

  test.each([
    ['latest', ['started', 'missed', 'missed', 'missed']],
    ['none', ['missed', 'missed', 'missed', 'missed']],
  ])('that was away catches up %s', async (catchUp, expected) => {
    await store.put('in/away/a.csv', COHORT);
    await put(
      'away',
      document('s3://nights/in/away/*', { catch_up: catchUp, overlap: 'allow', deadline_minutes: 90 }),
    );
    // Late enough, at whatever minute of the hour this runs, to be noticed too late.
    await sql`UPDATE schedules SET cron = ${minuteAgo(30)}, next_at = ${minuteAgoDate(30)}::timestamptz - interval '3 hours'
      WHERE name = 'away'`.execute(api.database.db);
    await expect.poll(() => states('away')).toEqual(expected);
  });

  test.each([
    ['skip', 'skipped'],
    ['wait', 'starting'],
    ['allow', 'started'],
  ])(
    'whose run before is not over will %s',
    async (overlap, expected) => {
      await store.put('in/overlap/a.csv', COHORT);
      await put('overlap', document('s3://nights/in/overlap/*', { overlap, cron: YEARLY }));
      await due('overlap', 2);
      await expect.poll(() => states('overlap')).toEqual(['started']);
      // Nobody works here: the first job stays open.
      await due('overlap', 1);
      await expect.poll(() => states('overlap')).toEqual([expected, 'started']);
    },
    30_000,
  );

  test('that is paused begins nothing and owes nothing', async () => {
    await put('paused', document('s3://nights/in/overlap/*'));
    await api.json('/v1/schedules/paused/pause', { method: 'POST' });
    await fallDue('paused', 3);
    const resumed = await api.json('/v1/schedules/paused/resume', { method: 'POST' });
    expect(new Date(String(resumed['next_at'])).getTime()).toBeGreaterThan(Date.now());
    expect(await runs('paused')).toEqual([]);
  });

  test('whose key was revoked begins nothing and says so', async () => {
    await store.put('in/revoked/a.csv', COHORT);
    const key = await api.key(['submit']);
    const made = await api.call('/v1/schedules/revoked', {
      method: 'PUT',
      key,
      body: JSON.stringify(document('s3://nights/in/revoked/*')),
    });
    expect(made.status).toBe(200);
    await sql`UPDATE api_keys SET revoked_at = now() WHERE id = (SELECT api_key_id FROM schedules WHERE name = 'revoked')`.execute(
      api.database.db,
    );
    await fallDue('revoked');
    await expect
      .poll(() => runs('revoked'))
      .toMatchObject([{ state: 'failed', error: expect.stringContaining('revoked') }]);
  });

  test.each([
    ['cron', { cron: 'every night' }],
    ['cron', { cron: '0 0 31 2 *' }],
    ['time_zone', { time_zone: 'Lagos' }],
    ['input.uri', { job: { input: { uri: 's3://others/in/*' } } }],
    [
      'job.output.format',
      { job: { input: { uri: 's3://nights/in/*' }, output: { uri: 's3://nights/out/', format: 'xml' } } },
    ],
  ])('is refused where its %s is none', async (field, change) => {
    expect(await put('odd', document('s3://nights/in/a/*', change), 400)).toMatchObject({ field });
  });

  test('is its tenant’s alone', async () => {
    await put('own', document('s3://nights/in/a/*'));
    const other = await api.key(['submit', 'read'], 'other');
    expect(await (await api.call('/v1/schedules', { key: other })).json()).toEqual({ schedules: [] });
    for (const [method, path] of [
      ['GET', 'own/runs'],
      ['POST', 'own/pause'],
      ['DELETE', 'own'],
    ] as const) {
      expect((await api.call(`/v1/schedules/${path}`, { method, key: other })).status).toBe(404);
    }
  });
});

function minuteAgoDate(minutes: number): string {
  const at = new Date(Date.now() - minutes * 60_000);
  at.setUTCSeconds(0, 0);
  return at.toISOString();
}

/** Hourly, at the minute that was so many minutes ago. */
function minuteAgo(minutes: number): string {
  return `${new Date(minuteAgoDate(minutes)).getUTCMinutes()} * * * *`;
}
