import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { startTestApi } from '#test/support/test-api.ts';

test('the access log has route, status, key and request id, and nothing of the caller’s making', async () => {
  const lines: Record<string, unknown>[] = [];
  const sink = new Writable({
    write: (line: Buffer, _encoding, done) => {
      lines.push(JSON.parse(line.toString()) as Record<string, unknown>);
      done();
    },
  });
  await using api = await startTestApi({}, pino({ level: 'info' }, sink));
  const key = await api.key(['audit']);
  await api.call('/v1/audit?patient_id=PATIENT-SECRET', { key });
  await api.call('/v1/audit?patient_id=PATIENT-SECRET&limit=0', {
    key,
    headers: { 'x-request-id': 'bad id {}' },
  });
  await api.call('/nowhere/PATIENT-SECRET', { method: 'PROPFIND' });
  await expect.poll(() => lines.filter(({ msg }) => msg === 'request').length).toBe(3);
  // A line is written when its answer is through: which of two comes first is open.
  const requests = lines.filter(({ msg }) => msg === 'request');
  expect(requests.toSorted((a, b) => Number(a['status']) - Number(b['status']))).toMatchObject([
    {
      method: 'GET',
      route: '/v1/audit',
      status: 200,
      key: 'key-1',
      request_id: expect.stringMatching(/^[0-9a-f-]{36}$/u),
    },
    {
      route: '/v1/audit',
      status: 400,
      code: 'invalid_query',
      request_id: expect.stringMatching(/^[0-9a-f-]{36}$/u),
    },
    { method: 'OTHER', route: 'unmatched', status: 404, code: 'not_found' },
  ]);
  const text = JSON.stringify(lines);
  expect(text).not.toContain('PATIENT-SECRET');
  expect(text).not.toContain(key.slice(17));
});
