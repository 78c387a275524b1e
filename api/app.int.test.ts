import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerModel } from '#shared/models/store.ts';
import { sampleModel } from '#test/support/sample-model.ts';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';

let api: TestApi;
let reader: string;

beforeAll(async () => {
  api = await startTestApi({ CORS_ORIGINS: 'https://dashboard.example' });
  reader = await api.key(['read']);
});
afterAll(() => api.stop());

const problem = async (answer: Response) => {
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  return (await answer.json()) as Record<string, unknown>;
};

describe('every error', () => {
  test.each([
    ['an unknown address', 'GET', '/v2/nothing', 404, 'not_found'],
    ['a job id that is none', 'GET', '/v1/jobs/17', 404, 'not_found'],
    ['an unknown job', 'GET', '/v1/jobs/00000000-0000-4000-8000-000000000000', 404, 'not_found'],
    ['an unknown model', 'GET', '/v1/models/none', 404, 'model_not_found'],
    ['a wrong method', 'PATCH', '/v1/jobs', 405, 'method_not_allowed'],
    ['a wrong method on a public address', 'POST', '/health', 405, 'method_not_allowed'],
    ['a made-up cursor', 'GET', '/v1/jobs?cursor=abc', 400, 'invalid_cursor'],
    ['a scope that lacks', 'GET', '/v1/audit', 403, 'forbidden'],
    [
      'a scope that lacks for a change',
      'DELETE',
      '/v1/jobs/00000000-0000-4000-8000-000000000000',
      403,
      'forbidden',
    ],
  ])('%s: problem details with a code and the request id', async (_what, method, path, status, code) => {
    const answer = await api.call(path, { method, key: reader, headers: { 'x-request-id': 'my-own-id-1' } });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('x-request-id')).toBe('my-own-id-1');
    expect(await problem(answer)).toMatchObject({
      type: `urn:iit-ml-service:problem:${code}`,
      status,
      code,
      request_id: 'my-own-id-1',
      title: expect.any(String),
      detail: expect.any(String),
    });
  });

  test.each([
    ['/v1/jobs?status=done', 'status'],
    ['/v1/jobs?limit=0', 'limit'],
    ['/v1/jobs?limit=many', 'limit'],
    ['/v1/jobs?sort=name', 'sort'],
    ['/v1/jobs?limit=1&limit=2', 'limit'],
  ])('%s names the field', async (path, field) => {
    const answer = await api.call(path, { key: reader });
    expect(answer.status).toBe(400);
    expect(await problem(answer)).toMatchObject({ code: 'invalid_query', field });
  });

  test('405 tells the methods that are', async () => {
    const answer = await api.call('/v1/jobs/00000000-0000-4000-8000-000000000000', {
      method: 'PUT',
      key: reader,
    });
    expect(answer.headers.get('allow')).toBe('GET, DELETE, HEAD, OPTIONS');
  });

  test('is counted by its code, and requests by the route as a template', async () => {
    await api.call('/v1/jobs/00000000-0000-4000-8000-00000000abcd', { key: reader });
    const text = await (await api.call('/metrics')).text();
    expect(text).toMatch(/iit_api_errors_total\{code="not_found"\} \d+/u);
    expect(text).toMatch(
      /iit_http_requests_total\{method="GET",route="\/v1\/jobs\/\{id\}",status="404"\} \d+/u,
    );
    expect(text).toMatch(/iit_http_request_duration_seconds_bucket/u);
    expect(text).not.toContain('00000000abcd');
  });
});

describe('keys', () => {
  test.each([
    ['none', {}],
    ['one of another form', { authorization: 'Bearer hello' }],
    ['an unknown one', { authorization: `Bearer iit_AAAAAAAAAAAA_${'A'.repeat(43)}` }],
    ['basic authentication', { authorization: 'Basic aWl0OmlpdA==' }],
  ])('%s: 401 that tells nothing', async (_what, headers) => {
    const answer = await api.call('/v1/jobs', { headers });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('Bearer');
    const { detail, code } = await problem(answer);
    expect(code).toBe('unauthenticated');
    expect(detail).toBe('Send a valid API key as `Authorization: Bearer iit_…`.');
  });

  test('with a changed secret: 401', async () => {
    const changed = reader.slice(0, -1) + (reader.endsWith('A') ? 'B' : 'A');
    expect((await api.call('/v1/jobs', { key: changed })).status).toBe(401);
  });

  test('work in X-API-Key as well', async () => {
    expect((await api.call('/v1/jobs', { headers: { 'x-api-key': reader } })).status).toBe(200);
  });

  test.each(['expires_at', 'revoked_at'] as const)('whose %s has passed: 401', async (column) => {
    const key = await api.key(['read']);
    await api.database.db
      .updateTable('api_keys')
      .set({ [column]: new Date(Date.now() - 1_000) })
      .where('lookup', '=', key.slice(4, 16))
      .execute();
    expect((await api.call('/v1/jobs', { key })).status).toBe(401);
  });

  test('refused are audited: the first of a kind at once, with the key that was presented', async () => {
    const key = await api.key(['submit']);
    expect((await api.call('/v1/audit', { key })).status).toBe(403);
    await expect
      .poll(async () => {
        const { events } = await api.json('/v1/audit/events?action=auth.refused&limit=500');
        return events;
      })
      .toContainEqual(
        expect.objectContaining({
          outcome: 'refused',
          network_address: '127.0.0.1',
          details: { code: 'forbidden', reason: 'scope audit', request: 'GET /v1/audit', count: 1 },
        }),
      );
  });
});

describe('health', () => {
  test('live depends on nothing', async () => {
    expect(await (await api.call('/health/live')).json()).toStrictEqual({ status: 'ok' });
  });

  test('ready names each dependency to those who send a key; without a model it is 503', async () => {
    const stranger = await api.call('/health/ready');
    expect([stranger.status, await stranger.json()]).toStrictEqual([503, { status: 'unavailable' }]);
    const before = await api.call('/health/ready', { key: reader });
    expect(before.status).toBe(503);
    expect(await before.json()).toMatchObject({
      status: 'unavailable',
      checks: [
        { name: 'postgresql', status: 'up' },
        { name: 'migrations', status: 'up' },
        { name: 'partitions', status: 'up' },
        { name: 'model', status: 'down' },
        { name: 'queue', status: 'up' },
      ],
    });
    const { id } = await registerModel(api.database.db, { ...sampleModel(), createdBy: 'test' });
    await api.json(`/v1/models/test-1/activate`, { method: 'POST' });
    await expect.poll(async () => (await api.call('/health')).status, { timeout: 5_000 }).toBe(200);
    expect(id).toBeGreaterThan(0);
  });
});

describe('models', () => {
  test('are listed, shown with their manifest, and activated once, audited', async () => {
    await registerModel(api.database.db, { ...sampleModel(), createdBy: 'test' });
    await registerModel(api.database.db, {
      ...sampleModel({ version: 'test-2', seed: 2 }),
      createdBy: 'test',
    });
    expect(await api.json('/v1/models/test-2/activate', { method: 'POST' })).toMatchObject({
      version: 'test-2',
      active: true,
    });
    await api.json('/v1/models/test-2/activate', { method: 'POST' });
    const { models } = await api.json('/v1/models');
    expect(models).toMatchObject([
      { version: 'test-2', active: true, features: 6 },
      { version: 'test-1', active: false },
    ]);
    expect(await api.json('/v1/models/test-1')).toMatchObject({
      manifest: { version: 'test-1', synthetic: true },
    });
    const { events } = await api.json('/v1/audit/events?entity=model/test-2&action=model.activate');
    expect(events).toHaveLength(1);
    expect((await api.call('/v1/models/test-1/activate', { method: 'POST', key: reader })).status).toBe(403);
  });
});

describe('answers', () => {
  test('carry security headers', async () => {
    const { headers } = await api.call('/');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
  });

  test('allow the origins of CORS_ORIGINS and no others', async () => {
    const preflight = (origin: string) =>
      api.call('/v1/jobs', {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
    expect((await preflight('https://dashboard.example')).headers.get('access-control-allow-origin')).toBe(
      'https://dashboard.example',
    );
    expect(
      (await preflight('https://elsewhere.example')).headers.get('access-control-allow-origin'),
    ).toBeNull();
  });

  test('of some length come compressed to those who take gzip', async () => {
    const answer = await api.call('/openapi.json', { headers: { 'accept-encoding': 'gzip' } });
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect(await answer.json()).toMatchObject({ openapi: '3.1.0' });
  });

  test('at / are a page for browsers and JSON for others; /docs loads nothing from elsewhere', async () => {
    expect(await (await api.call('/')).json()).toMatchObject({ service: 'iit-ml-service' });
    expect(await (await api.call('/', { headers: { accept: 'text/html' } })).text()).toContain(
      '<h1>iit-ml-service',
    );
    const docs = await api.call('/docs');
    const page = await docs.text();
    expect(page).toContain('/v1/jobs/{id}/results');
    expect(page).not.toMatch(/<script|src=|href="http/u);
    expect(docs.headers.get('content-security-policy')).toContain("default-src 'none'");
  });
});
