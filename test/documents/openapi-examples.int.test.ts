import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { registerShippedModel } from '#shared/models/store.ts';
import { type LocalObjectStore, startLocalObjectStore } from '#test/support/local-object-store.ts';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';

const MODEL = path.resolve(import.meta.dirname, '../../models/iit_lightgbm_model.txt');

/** Examples that cannot be sent as they stand, with why. */
const NOT_SENT: Readonly<Record<string, string>> = {
  'post /v1/models': 'holds a whole model where the example has an ellipsis',
  'put /v1/people/{id}': 'needs the id of somebody',
  'post /v1/jobs/{id}/rows/{row}/tier':
    'needs a row that was scored; api/models/governance.int.test.ts sends it',
  'post /v1/contacts': 'needs a list of the night with that patient; web/ tests send it',
};

type Operation = { requestBody?: { content: Record<string, { example?: string }> } };
type Document = { paths: Record<string, Record<string, Operation>> };

let store: LocalObjectStore;
let api: TestApi;
let key: string;
let version: string;
beforeAll(async () => {
  store = await startLocalObjectStore('nights');
  // Where the example of a job document looks for its cohort.
  await store.put('in/2026-11-27/a.parquet', 'patient_id\nSYN-1\n');
  for (const [name, value] of Object.entries(store.environment)) vi.stubEnv(name, value);
  api = await startTestApi(store.environment);
  ({ version } = await registerShippedModel(api.database.db, MODEL));
  key = await api.key(['submit', 'read', 'audit', 'admin']);
});
afterAll(async () => {
  await api.stop();
  await store[Symbol.asyncDispose]();
  vi.unstubAllEnvs();
});

test('every example body of the API description is taken as it stands', async () => {
  const { paths } = (await api.json('/openapi.json')) as unknown as Document;
  const refused: string[] = [];
  let sent = 0;
  for (const [route, operations] of Object.entries(paths)) {
    for (const [method, { requestBody }] of Object.entries(operations)) {
      if (NOT_SENT[`${method} ${route}`] !== undefined) continue;
      for (const [type, { example }] of Object.entries(requestBody?.content ?? {})) {
        if (example === undefined) continue;
        const asOf = type.includes('nmrs') ? '?as_of=2026-11-27' : '';
        const answer = await api.call(`${route.replace('{version}', version)}${asOf}`, {
          method: method.toUpperCase(),
          key,
          headers: { 'content-type': type },
          body: example,
        });
        sent++;
        if (answer.status >= 400) refused.push(`${method} ${route} ${type}: ${await answer.text()}`);
      }
    }
  }
  expect(refused).toEqual([]);
  expect(sent).toBeGreaterThan(10);
});
