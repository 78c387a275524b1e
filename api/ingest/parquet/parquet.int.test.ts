import { request } from 'node:http';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerModel } from '#shared/models/store.ts';
import { knownModel } from '#test/support/known-model.ts';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';

const PARQUET = 'application/vnd.apache.parquet';
const ROWS = 30_000;

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ CHUNK_ROWS: '1000' });
  const { id } = await registerModel(api.database.db, {
    ...knownModel({ names: ['days_to_due'] }),
    createdBy: 'test',
  });
  await api.database.db
    .insertInto('model_activations')
    .values({ tenant_id: 1, model_id: id, activated_by: 'test' })
    .execute();
});
afterAll(() => api.stop());

const body = Buffer.from(
  parquetWriteBuffer({
    columnData: [
      { name: 'patient_id', data: Array.from({ length: ROWS }, (_, row) => `SYN-${row}`), type: 'STRING' },
      {
        name: 'days_to_due',
        data: Float64Array.from({ length: ROWS }, (_, row) => row % 28),
        type: 'DOUBLE',
      },
    ],
  }),
);

describe('a Parquet file', () => {
  test.each([PARQUET, 'application/octet-stream'])(
    'sent as %s becomes a job of all its rows',
    async (type) => {
      const job = await api.json('/v1/jobs', {
        method: 'POST',
        status: 202,
        headers: { 'content-type': type },
        body,
      });
      expect(job).toMatchObject({
        rows: { received: ROWS, accepted: ROWS, rejected: 0 },
        chunks: { total: ROWS / 1_000 },
        input: { format: 'table/parquet', columns: [{ name: 'patient_id' }, { name: 'days_to_due' }] },
      });
    },
  );

  test('is understood before it is sent for good', async () => {
    const options = { method: 'POST', headers: { 'content-type': PARQUET }, body };
    expect(await api.json('/v1/check?rows=all', options)).toMatchObject({
      rows: { read: ROWS, accepted: ROWS, whole_file: true },
      sample: expect.arrayContaining([expect.objectContaining({ row: 1, patient_id: 'SYN-0' })]),
    });
  });

  test('that is cut is refused, and nothing of it is a job', async () => {
    const before = await jobs();
    await api.json('/v1/jobs', {
      method: 'POST',
      status: 400,
      headers: { 'content-type': PARQUET },
      body: body.subarray(0, body.length / 2),
    });
    expect(await jobs()).toEqual(before);
  });

  test('of a client that leaves in the middle leaves no job behind', async () => {
    const before = await jobs();
    const upload = request(`${api.url}/v1/jobs`, {
      method: 'POST',
      headers: { 'content-type': PARQUET, authorization: `Bearer ${await api.key(['submit'])}` },
    });
    upload.on('error', () => undefined);
    await new Promise<void>((sent) => upload.write(body.subarray(0, 50_000), () => sent()));
    upload.destroy();
    // The place of the upload is free again: the next one is taken.
    await api.json('/v1/check', { method: 'POST', headers: { 'content-type': PARQUET }, body });
    expect(await jobs()).toEqual(before);
  });
});

async function jobs(): Promise<unknown[]> {
  return await api.database.db.selectFrom('jobs').select(['id', 'status']).orderBy('id').execute();
}
