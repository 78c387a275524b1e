import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { startTestApi } from '#test/support/test-api.ts';

/** The status of a request whose path goes out as it is written here: fetch would tidy it. */
async function statusOf(url: string, path: string): Promise<number> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n`);
  const answer = await text(socket);
  return Number(/^HTTP\/1\.1 (\d{3})/u.exec(answer)?.[1]);
}

test('metrics and readiness answer to their own spelling alone, so that a proxy can keep them inside by their path', async () => {
  await using api = await startTestApi();
  expect(await statusOf(api.url, '/metrics')).toBe(200);
  const detours = [
    '/%6Detrics',
    '/v1/../metrics',
    '/v1/%2e%2e/metrics',
    '/v1/.%2E/health/ready',
    '/./metrics',
    '/health/%72eady',
    '//api/metrics',
    'http://api/metrics',
  ];
  const answered: string[] = [];
  for (const path of detours) if ((await statusOf(api.url, path)) === 200) answered.push(path);
  expect(answered).toEqual([]);
});
