import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROUTES } from '#api/routes/all.ts';
import { ERROR_CODES } from '#shared/errors/errors.ts';
import { insertSampleJob } from '#test/support/sample-job.ts';
import { sampleModel } from '#test/support/sample-model.ts';
import { settleSampleJob } from '#test/support/settle-sample-job.ts';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';
import { openApiDocument } from './document.ts';

const document = openApiDocument(ROUTES);
let api: TestApi;
let jobId: string;

beforeAll(async () => {
  api = await startTestApi();
  const model = sampleModel();
  const job = await insertSampleJob(api.database.db, { model, chunks: 2, rowsPerChunk: 10, explain: 2 });
  await settleSampleJob(api.database, job, { reasons: 2, quarantined: [1] });
  jobId = job.jobId;
});
afterAll(() => api.stop());

const ajv = new Ajv2020({ strict: false, allErrors: true });
formats.default(ajv);
ajv.addSchema({ $id: 'document', ...document });

/** What the document says of an answer to this operation. */
function validatorOf(path: string, method: string, status: number, type: string) {
  const pointer = ['paths', path, method, 'responses', String(status), 'content', type, 'schema'];
  const escaped = pointer.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')));
  const validate = ajv.getSchema(`document#/${escaped.join('/')}`);
  if (validate === undefined) throw new Error(`the document has no ${method} ${path} ${status} ${type}`);
  return validate;
}

describe('the OpenAPI document', () => {
  test('has every route that the app mounts, each with a summary, and no operation twice', () => {
    const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
    expect(operations).toHaveLength(ROUTES.length);
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    for (const { summary } of operations) expect(summary).not.toBe('');
  });

  test('resolves every reference within itself', () => {
    for (const [, name] of JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/gu)) {
      expect(document.components.schemas).toHaveProperty([name ?? '']);
    }
    expect(JSON.stringify(document)).not.toContain('$defs');
  });

  test('names every error code', () => {
    expect(document.components.schemas['Problem']).toMatchObject({
      properties: { code: { enum: [...ERROR_CODES] } },
    });
  });

  test('is what /openapi.json serves', async () => {
    expect(await api.json('/openapi.json')).toStrictEqual(JSON.parse(JSON.stringify(document)));
  });

  test.each([
    ['/v1/jobs', '', 'get', 200],
    ['/v1/jobs/{id}', '', 'get', 200],
    ['/v1/jobs/{id}/results', '', 'get', 200],
    ['/v1/jobs/{id}/rejections', '', 'get', 200],
    ['/v1/jobs/{id}/retry', '', 'post', 202],
    ['/v1/jobs/{id}', '', 'delete', 200],
    ['/v1/audit', '?include=input', 'get', 200],
    ['/v1/audit/events', '', 'get', 200],
    ['/v1/models', '', 'get', 200],
    ['/v1/models/{version}', '', 'get', 200],
    ['/v1/models/{version}/activate', '', 'post', 200],
    ['/', '', 'get', 200],
    ['/health', '', 'get', 200],
    ['/health/live', '', 'get', 200],
    ['/health/ready', '', 'get', 200],
    ['/v1/jobs', '?limit=x', 'get', 400],
    ['/v1/models/{version}', '/none', 'get', 404],
  ])('is true of the answer to %s%s', async (path, rest, method, status) => {
    const address = (rest.startsWith('/') ? path.replace('/{version}', '') : path)
      .replace('{id}', jobId)
      .replace('{version}', 'test-1');
    const body = await api.json(`${address}${rest}`, { method: method.toUpperCase(), status });
    const type = status < 400 ? 'application/json' : 'application/problem+json';
    const validate = validatorOf(path, method, status, type);
    await validate(body);
    expect(validate.errors).toBeNull();
    // A schema that takes anything would prove nothing.
    await validate({});
    expect(validate.errors).not.toBeNull();
  });
});
