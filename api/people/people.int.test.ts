import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSessions, csrfToken, IDLE_MINUTES } from '#api/people/sessions.ts';
import { systemClock } from '#shared/clock/clock.ts';
import type { Role } from '#shared/db/schema.ts';
import { publishFinishedJobs } from '#shared/lists/publish-jobs.ts';
import { knownModel } from '#test/support/known-model.ts';
import { insertSampleJob, type SampleJob } from '#test/support/sample-job.ts';
import { settleSampleJob } from '#test/support/settle-sample-job.ts';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';
import { type Area, facilitiesOf } from './areas.ts';
import { createLoginLimits } from './login-limits.ts';
import { passwordLogin, setCredentials } from './login.ts';
import { hashPassword } from './password.ts';
import { addPerson, makeInvitation, useInvitation } from './people.ts';
import { ROLES } from './roles.ts';
import { createSecretBox } from './sealed-secret.ts';
import { SESSION_COOKIE } from './session-cookie.ts';
import { totpCode } from './totp.ts';

let api: TestApi;
let job: SampleJob;
const tokens = new Map<Role, string>();
const ids = new Map<Role, string>();
let made = 0;

async function person(role: Role, areas: Area[] = []): Promise<{ id: string; token: string; email: string }> {
  const { db } = api.database;
  const email = `${role}-${++made}@example.org`;
  const id = await addPerson(db, {
    tenantId: 1,
    email,
    name: role,
    role,
    language: 'en',
    areas,
    createdBy: 'test',
  });
  return { id, email, token: await createSessions(db).open(db, id, 'link') };
}

beforeAll(async () => {
  api = await startTestApi();
  const model = knownModel({ names: ['days_to_due', 'days_since_last_refill'] });
  job = await insertSampleJob(api.database.db, { model, chunks: 2, rowsPerChunk: 45, explain: 2 });
  await api.database.db
    .insertInto('model_activations')
    .values({
      tenant_id: 1,
      model_id: sql<number>`(SELECT model_id FROM jobs WHERE id = ${job.jobId})`,
      activated_by: 'test',
    })
    .execute();
  await settleSampleJob(api.database, job, { reasons: 2 });
  await publishFinishedJobs(api.database.as('iit_worker').db, 'sample');
  for (const role of ROLES) {
    const one = await person(role, [{ kind: 'facility', facilityId: 'facility-a' }]);
    tokens.set(role, one.token);
    ids.set(role, one.id);
  }
});
afterAll(() => api.stop());

async function as(
  token: string | undefined,
  path: string,
  options: { method?: string; body?: unknown; csrf?: string } = {},
): Promise<Response> {
  return await api.call(path, {
    ...(options.method === undefined ? {} : { method: options.method }),
    headers: {
      ...(token === undefined ? {} : { cookie: `${SESSION_COOKIE}=${token}` }),
      ...(options.csrf === undefined ? {} : { 'x-csrf-token': options.csrf }),
      'content-type': 'application/json',
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
}

describe('one rule', () => {
  const MATRIX: [string, Role[]][] = [
    ['/v1/facilities', ['worker', 'supervisor', 'officer', 'admin']],
    ['/v1/facilities/facility-a/calls', ['worker', 'supervisor', 'officer', 'admin']],
    ['/v1/contacts?patient_id=x', ['worker', 'supervisor', 'officer', 'admin']],
    ['/v1/overview', ['supervisor', 'officer', 'scientist', 'admin']],
    ['/v1/jobs', ['officer', 'admin']],
    ['/v1/models', ['scientist', 'auditor', 'admin']],
    ['/v1/audit', ['auditor', 'admin']],
    ['/v1/people', ['admin']],
    ['/v1/keys', ['admin']],
  ];
  test.each(MATRIX)('%s is for %j and nobody else', async (path, allowed) => {
    const statuses = await Promise.all(
      ROLES.map(async (role) => [role, (await as(tokens.get(role), path)).status] as const),
    );
    expect(Object.fromEntries(statuses)).toEqual(
      Object.fromEntries(ROLES.map((role) => [role, allowed.includes(role) ? 200 : 403])),
    );
  });

  test('everybody learns who they are to the log, and nobody without a key or session does', async () => {
    expect(await (await as(tokens.get('worker'), '/v1/whoami')).json()).toEqual({
      actor: expect.stringMatching(/^worker-/u),
      tenant: 'default',
      scopes: [],
      role: 'worker',
    });
    const key = await api.key(['read', 'audit']);
    expect(await (await api.call('/v1/whoami', { key })).json()).toMatchObject({
      scopes: ['read', 'audit'],
      role: null,
    });
    expect((await as(undefined, '/v1/whoami')).status).toBe(401);
  });

  test('another facility looks like none, to whoever has an area, and is audited', async () => {
    const path = `/v1/facilities/${encodeURIComponent('facility-ü')}/calls`;
    const statuses = await Promise.all(
      (['worker', 'supervisor', 'officer'] as const).map(
        async (role) => (await as(tokens.get(role), path)).status,
      ),
    );
    expect(statuses).toEqual([404, 404, 200]);
    const key = await api.key(['audit']);
    await expect
      .poll(async () => {
        const answer = await api.call('/v1/audit/events?action=auth.refused&limit=500', { key });
        const { events } = (await answer.json()) as {
          events: { actor: string; details: { reason: string } }[];
        };
        return events.filter(({ details }) => details.reason === 'facility').map(({ actor }) => actor);
      })
      .toEqual(expect.arrayContaining([expect.stringContaining('worker-')]));
  });

  test('a change needs the session’s own token, and is done in the person’s name', async () => {
    const token = tokens.get('worker')!;
    const patient = (
      (await (await as(token, '/v1/facilities/facility-a/calls?list=unknown&on=2024-11-01')).json()) as {
        patients: { patient_id: string }[];
      }
    ).patients[0]!.patient_id;
    const body = {
      facility_id: 'facility-a',
      patient_id: patient,
      result: 'will_come',
      coming_on: '2026-12-01',
    };
    expect((await as(token, '/v1/contacts', { method: 'POST', body })).status).toBe(403);
    const csrf = csrfToken(tokens.get('supervisor')!);
    expect((await as(token, '/v1/contacts', { method: 'POST', body, csrf })).status).toBe(403);
    const answer = await as(token, '/v1/contacts', { method: 'POST', body, csrf: csrfToken(token) });
    expect(answer.status).toBe(201);
    const { contacts } = (await (
      await as(token, `/v1/contacts?patient_id=${encodeURIComponent(patient)}`)
    ).json()) as { contacts: Record<string, unknown>[] };
    expect(contacts).toMatchObject([
      {
        patient_id: patient,
        result: 'will_come',
        recorded_by: expect.stringContaining('worker-'),
      },
    ]);
    const events = await api.json('/v1/audit/events?action=contact.record');
    expect(events['events']).toMatchObject([
      { actor: expect.stringContaining('worker-'), entity: `patient/${patient}` },
    ]);
  });

  test('an area is a state, an LGA, a facility, or everything', async () => {
    const { db } = api.database;
    await db
      .insertInto('facilities')
      .values(
        [
          ['K1', 'Kano', 'Dala'],
          ['K2', 'Kano', 'Gwale'],
          ['L1', 'Lagos', 'Dala'],
        ].map(([id, state, lga]) => ({
          tenant_id: 1,
          id: id!,
          name: id!,
          state: state!,
          lga: lga!,
          source: 'registry' as const,
          updated_by: 'test',
        })),
      )
      .execute();
    const of = async (areas: Area[]) => {
      const found = await facilitiesOf(db, 1, (await person('worker', areas)).id);
      return found === undefined ? 'everything' : [...found].toSorted();
    };
    expect(await of([{ kind: 'state', state: 'Kano' }])).toEqual(['K1', 'K2']);
    expect(await of([{ kind: 'lga', state: 'Kano', lga: 'Dala' }])).toEqual(['K1']);
    expect(await of([{ kind: 'facility', facilityId: 'L1' }])).toEqual(['L1']);
    expect(await of([{ kind: 'all' }])).toBe('everything');
    expect(await of([])).toEqual([]);
  });
});

describe('a session', () => {
  const status = async (token: string) => (await as(token, '/v1/facilities')).status;

  test('ends by log-out, after half an hour of silence, after twelve hours, and with its person', async () => {
    const { db } = api.database;
    const area: Area[] = [{ kind: 'all' }];
    const [out, idle, old, off] = await Promise.all([
      person('worker', area),
      person('worker', area),
      person('worker', area),
      person('worker', area),
    ]);
    for (const { token } of [out, idle, old, off]) expect(await status(token)).toBe(200);
    await createSessions(db).end(db, out.token);
    await sql`UPDATE sessions SET last_seen_at = now() - make_interval(mins => ${IDLE_MINUTES}, secs => 1)
      WHERE person_id = ${idle.id}`.execute(db);
    await sql`UPDATE sessions SET expires_at = now() WHERE person_id = ${old.id}`.execute(db);
    await sql`UPDATE people SET disabled_at = now() WHERE id = ${off.id}`.execute(db);
    for (const { token } of [out, idle, old, off]) expect(await status(token)).toBe(401);
  });

  test('leaves nothing in the database that opens one', async () => {
    const { token } = await person('worker');
    const { rows } = await sql<{ text: string }>`SELECT sessions::text AS text FROM sessions`.execute(
      api.database.db,
    );
    expect(rows.some(({ text }) => text.includes(token))).toBe(false);
  });

  test('of a person has a key of no use: its parts open nothing', async () => {
    const { id } = await person('admin');
    const { rows } = await sql<{ lookup: string }>`
      SELECT lookup FROM api_keys k JOIN people p ON p.api_key_id = k.id WHERE p.id = ${id}`.execute(
      api.database.db,
    );
    const answer = await api.call('/v1/people', { key: `iit_${rows[0]!.lookup}_${'A'.repeat(43)}` });
    expect(answer.status).toBe(401);
  });
});

describe('log-in', () => {
  const secrets = createSecretBox(undefined);
  const secret = Buffer.from('12345678901234567890');
  const password = 'a sentence that is long enough';

  async function withPassword(): Promise<string> {
    const { id, email } = await person('worker');
    const passwordHash = await hashPassword(password);
    await setCredentials(api.database.db, id, {
      passwordHash,
      totpSecret: secrets.close(secret),
      totpStep: 0,
    });
    return email;
  }
  const deps = () => {
    const { db, pool } = api.database.as('iit_api');
    return { db, clock: systemClock, limits: createLoginLimits(pool), secrets };
  };
  const code = () => totpCode(secret, Math.floor(systemClock.nowMs() / 30_000));

  test('takes password and code together, a code once', async () => {
    const email = await withPassword();
    const given = { email: ` ${email.toUpperCase()} `, password, code: code(), networkAddress: 'a' };
    await expect(passwordLogin(deps(), given)).resolves.toMatchObject({ email });
    await expect(passwordLogin(deps(), given)).rejects.toMatchObject({ code: 'login_failed' });
    await expect(passwordLogin(deps(), { ...given, password: 'x', code: code() })).rejects.toMatchObject({
      code: 'login_failed',
    });
  });

  test('shuts an account after five wrong attempts, known or not, whoever asks', async () => {
    const email = await withPassword();
    for (const address of [email, 'nobody@example.org']) {
      const given = { email: address, password: 'wrong', code: '000000', networkAddress: address };
      const outcomes: string[] = [];
      for (let attempt = 0; attempt < 7; attempt++) {
        outcomes.push(
          await passwordLogin(deps(), given).then(
            () => 'in',
            (error: { code: string }) => error.code,
          ),
        );
      }
      expect(outcomes).toEqual([
        ...Array.from({ length: 5 }, () => 'login_failed'),
        'too_many_attempts',
        'too_many_attempts',
      ]);
    }
    await expect(
      passwordLogin(deps(), { email, password, code: code(), networkAddress: 'elsewhere' }),
    ).rejects.toMatchObject({ code: 'too_many_attempts' });
  });

  test('a link works once, also when two use it at the same time', async () => {
    const { db } = api.database;
    const { id } = await person('worker');
    const token = await makeInvitation(db, { personId: id, purpose: 'login', createdBy: 'test' });
    const used = await Promise.all(Array.from({ length: 5 }, () => useInvitation(db, token)));
    expect(used.filter((one) => one !== undefined)).toHaveLength(1);
    const late = await makeInvitation(db, { personId: id, purpose: 'login', createdBy: 'test', hours: 0 });
    expect(await useInvitation(db, late)).toBeUndefined();
  });
});

describe('people', () => {
  test('are invited, changed and shut out by an administrator, who cannot change themselves', async () => {
    const token = tokens.get('admin')!;
    const csrf = csrfToken(token);
    const body = { email: 'New@Example.org', name: 'New', role: 'worker', areas: ['facility:facility-a'] };
    const invited = await as(token, '/v1/people', { method: 'POST', body, csrf });
    expect(invited.status).toBe(201);
    const { id, link } = (await invited.json()) as { id: string; link: string };
    expect(link).toMatch(/^\/welcome\/[\w-]{43}$/u);
    expect((await as(token, '/v1/people', { method: 'POST', body, csrf })).status).toBe(409);
    const changed = await as(token, `/v1/people/${id}`, {
      method: 'PUT',
      body: { role: 'officer', disabled: true },
      csrf,
    });
    expect(await changed.json()).toMatchObject({
      email: 'new@example.org',
      role: 'officer',
      disabled_at: expect.any(String),
    });
    const self = await as(token, `/v1/people/${ids.get('admin')}`, {
      method: 'PUT',
      body: { role: 'worker' },
      csrf,
    });
    expect(self.status).toBe(403);
    const events = await api.json('/v1/audit/events?action=person.invite');
    expect(events['events']).toMatchObject([
      { actor: expect.stringContaining('admin-'), entity: `person/${id}` },
    ]);
  });

  test('make keys for machines; a machine makes none that may more than itself', async () => {
    const token = tokens.get('admin')!;
    const csrf = csrfToken(token);
    const body = { name: 'emr-night', scopes: ['submit', 'read'] };
    const answer = await as(token, '/v1/keys', { method: 'POST', body, csrf });
    const { key } = (await answer.json()) as { key: string };
    expect((await api.call('/v1/jobs', { key })).status).toBe(200);
    const admin = await api.key(['admin']);
    const more = await api.call('/v1/keys', {
      method: 'POST',
      key: admin,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'more', scopes: ['audit'] }),
    });
    expect(more.status).toBe(403);
    expect((await as(token, '/v1/keys/emr-night', { method: 'DELETE', csrf })).status).toBe(200);
    const listed = (await (await as(token, '/v1/keys')).json()) as {
      keys: { name: string; revoked_at: string | null }[];
    };
    expect(listed.keys.find(({ name }) => name === 'emr-night')?.revoked_at).not.toBeNull();
    expect(listed.keys.some(({ name }) => name.includes('@'))).toBe(false);
  });
});

describe('a current list', () => {
  test('is counted by facility and shows everybody of the facility once', async () => {
    const facilities = (await api.json('/v1/facilities'))['facilities'] as { id: string; patients: number }[];
    const expected = job.chunks
      .flatMap((chunk) => [...chunk.facilities.indices])
      .filter((index) => index === 0).length;
    expect(facilities.find(({ id }) => id === 'facility-a')?.patients).toBe(expected);
    const lists = await Promise.all(
      ['due', 'missed', 'interrupted', 'unknown'].map((list) =>
        api.json(`/v1/facilities/facility-a/calls?list=${list}&on=2024-10-20&capacity=500`),
      ),
    );
    const patients = lists.flatMap(
      (list) => list['patients'] as { patient_id: string; days_to_due: number | null }[],
    );
    const { counts } = lists[0] as unknown as { counts: Record<string, number> };
    expect(patients).toHaveLength(Object.values(counts).reduce((sum, count) => sum + count, 0));
    expect(new Set(patients.map(({ patient_id: id }) => id)).size).toBe(patients.length);
  });

  test('shows which contacts were followed by a pickup', async () => {
    const { db } = api.database;
    const { patient_id: patientId, due_date: due } = await db
      .selectFrom('predictions')
      .select(['patient_id', 'due_date'])
      .where('facility_id', '=', 'facility-a')
      .where('due_date', 'is not', null)
      .executeTakeFirstOrThrow();
    const before = new Date(Date.parse(due!) - 86_400_000).toISOString().slice(0, 10);
    await db
      .insertInto('contacts')
      .values(
        [before, due!].map((date) => ({
          tenant_id: 1,
          facility_id: 'facility-a',
          patient_id: patientId,
          job_id: null,
          due_date: date,
          contacted_on: sql<string>`current_date`,
          result: 'will_come' as const,
          coming_on: null,
          recorded_by: 'test',
          api_key_id: sql<string>`(SELECT api_key_id FROM people LIMIT 1)`,
          returned_on: null,
        })),
      )
      .execute();
    await sql`UPDATE job_publications SET finished_at = 'epoch' WHERE job_id = ${job.jobId}`.execute(db);
    await publishFinishedJobs(api.database.as('iit_worker').db, 'sample');
    const { contacts } = (await api.json(
      `/v1/contacts?patient_id=${encodeURIComponent(patientId)}`,
    )) as unknown as {
      contacts: { returned_on: string | null }[];
    };
    expect(contacts.filter(({ returned_on: on }) => on !== null)).toHaveLength(1);
  });

  test('has small cells suppressed in the overview', async () => {
    const { rows } = (await api.json('/v1/overview')) as unknown as { rows: { contacted: number | null }[] };
    expect(rows.map(({ contacted }) => contacted)).toContain(null);
  });
});
