import { describe, expect, test } from 'vitest';
import { freePort } from '#dev/local-services/free-port.ts';
import { startTestApi } from '#test/support/test-api.ts';

const TOKEN = 'a-token-of-the-monitoring';
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

describe('metrics', () => {
  test('behind a token are for those who send it, and a key is none', async () => {
    await using api = await startTestApi({ METRICS_TOKEN: TOKEN });
    expect((await api.call('/metrics')).status).toBe(401);
    expect((await api.call('/metrics', bearer('another-token-altogether'))).status).toBe(401);
    expect((await api.call('/metrics', { key: await api.key(['admin']) })).status).toBe(401);
    const answer = await api.call('/metrics', bearer(TOKEN));
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('process_cpu_seconds_total');
  });

  test('on a port of their own are nowhere else, and the token is asked for there too', async () => {
    const port = await freePort();
    await using api = await startTestApi({ METRICS_PORT: String(port), METRICS_TOKEN: TOKEN });
    expect((await api.call('/metrics', bearer(TOKEN))).status).toBe(404);
    const own = `http://127.0.0.1:${port}/metrics`;
    expect((await fetch(own)).status).toBe(401);
    expect((await fetch(own, bearer(TOKEN))).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${port}/v1/jobs`)).status).toBe(404);
  });
});

describe('health', () => {
  test('tells strangers the status alone, and its parts to who sends the token or a key', async () => {
    await using api = await startTestApi({ METRICS_TOKEN: TOKEN });
    const read = async (options: Parameters<typeof api.call>[1]) =>
      Object.keys((await (await api.call('/health', options)).json()) as object);
    expect(await read({})).toEqual(['status']);
    expect(await read(bearer('another-token-altogether'))).toEqual(['status']);
    expect(await read(bearer(TOKEN))).toContain('checks');
    expect(await read({ key: await api.key(['read']) })).toContain('checks');
  });

  test('the description of the API is nobody’s where DOCS is off', async () => {
    await using api = await startTestApi({ DOCS: 'off' });
    for (const path of ['/docs', '/openapi.json']) expect((await api.call(path)).status).toBe(404);
  });
});
