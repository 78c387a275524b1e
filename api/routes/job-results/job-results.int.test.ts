import { zstdDecompressSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insertSampleJob, type SampleJob } from '#test/support/sample-job.ts';
import { sampleModel } from '#test/support/sample-model.ts';
import { sampleRisk, settleSampleJob } from '#test/support/settle-sample-job.ts';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';

type Result = {
  row: number;
  patient_id: string;
  facility_id: string | null;
  due_date: string | null;
  risk: number;
  tier: string;
  reasons: object[];
};
type Page = { rows: Result[]; next_cursor: string | null };

const model = sampleModel({ tiers: { medium: 0.3, high: 0.5 } });
let api: TestApi;
let job: SampleJob;
let path: string;

beforeAll(async () => {
  api = await startTestApi();
  job = await insertSampleJob(api.database.db, { model, chunks: 3, rowsPerChunk: 40, explain: 2 });
  await settleSampleJob(api.database, job, { reasons: 2 });
  path = `/v1/jobs/${job.jobId}/results`;
});
afterAll(() => api.stop());

async function allPages(query: string): Promise<Result[]> {
  const rows: Result[] = [];
  let cursor: string | null = '';
  do {
    const page = (await api.json(`${path}?${query}&cursor=${cursor}`)) as unknown as Page;
    rows.push(...page.rows);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return rows;
}

const inputOrder = Array.from({ length: 120 }, (_, index) => index + 1);
const riskOrder = inputOrder.toSorted((a, b) => sampleRisk(b) - sampleRisk(a) || a - b);

describe('results', () => {
  test('come in pages in the order of the input, each row once', async () => {
    const rows = await allPages('limit=7');
    expect(rows.map(({ row }) => row)).toStrictEqual(inputOrder);
    expect(rows.map(({ risk }) => risk)).toStrictEqual(inputOrder.map(sampleRisk));
  });

  test('come in pages by falling risk, ties in the order of the input', async () => {
    expect((await allPages('order=risk&limit=7')).map(({ row }) => row)).toStrictEqual(riskOrder);
  });

  test('a page of exactly all rows has no next one', async () => {
    expect(await api.json(`${path}?limit=120`)).toMatchObject({ next_cursor: null });
    expect(await api.json(`${path}?limit=119`)).toMatchObject({ next_cursor: expect.any(String) });
  });

  test('carry facility, due date and reasons with feature, value, contribution and text', async () => {
    const {
      rows,
      notice,
      model: used,
    } = (await api.json(`${path}?limit=3`)) as unknown as Page & Record<string, unknown>;
    expect(notice).toContain('Not a diagnosis');
    expect(used).toStrictEqual({ version: 'test-1', sha256: model.manifest.sha256 });
    expect(rows[0]).toMatchObject({
      row: 1,
      patient_id: 'patient-é-1',
      facility_id: 'facility-a',
      due_date: '2024-10-04',
    });
    expect(rows[2]).toMatchObject({ facility_id: null });
    expect(rows[0]?.reasons).toHaveLength(2);
    expect(rows[0]?.reasons[0]).toMatchObject({
      feature: 'feature_0',
      contribution: 0.5,
      text: expect.stringContaining('feature_0'),
    });
  });

  test.each([
    ['tier=high', (risk: number) => risk >= 0.5],
    ['tier=medium', (risk: number) => risk >= 0.3 && risk < 0.5],
    ['min_risk=0.7', (risk: number) => risk >= 0.7],
    ['tier=high&min_risk=0.9', (risk: number) => risk >= 0.9],
  ])('with %s hold those rows and no others', async (query, matches) => {
    const expected = riskOrder.filter((row) => matches(sampleRisk(row)));
    expect((await allPages(`order=risk&limit=9&${query}`)).map(({ row }) => row)).toStrictEqual(expected);
  });

  test('stream as ndjson, line by line what json gives', async () => {
    const answer = await api.call(`${path}?format=ndjson&order=risk`, { key: await api.key(['read']) });
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = (await answer.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Result);
    expect(lines).toStrictEqual(await allPages('order=risk&limit=1000'));
  });

  test('stream as parquet, row by row what json gives, and no less with a limit and a filter', async () => {
    const take = async (query: string) => {
      const answer = await api.call(`${path}?format=parquet&${query}`, { key: await api.key(['read']) });
      expect(answer.headers.get('content-type')).toBe('application/vnd.apache.parquet');
      expect(answer.headers.get('content-disposition')).toContain('.parquet');
      return await parquetReadObjects({
        file: await answer.arrayBuffer(),
        compressors: { ZSTD: (bytes) => zstdDecompressSync(bytes) },
      });
    };
    const rows = await take('order=risk');
    const pages = await allPages('order=risk&limit=1000');
    expect(rows).toHaveLength(120);
    for (const [at, page] of pages.entries()) {
      const row = rows[at]!;
      expect([row['row'], row['patient_id'], row['risk'], row['tier']]).toStrictEqual([
        page.row,
        page.patient_id,
        page.risk,
        page.tier,
      ]);
      const due = row['due_date'] as Date | null | undefined;
      expect(due?.toISOString().slice(0, 10) ?? null).toBe(page.due_date);
      expect(row['facility_id'] ?? null).toBe(page.facility_id);
      const reason = page.reasons[0] as { feature: string; contribution: number };
      expect([row['reason_1_feature'], row['reason_1_contribution']]).toStrictEqual([
        reason.feature,
        reason.contribution,
      ]);
    }
    expect(await take('order=risk&limit=7')).toHaveLength(7);
    expect(await take('min_risk=2e-9&tier=low&limit=1')).toHaveLength(1);
  });

  test('stream as csv with a head, formula cells neutralised', async () => {
    const hostile = await insertSampleJob(api.database.db, {
      model,
      chunks: 1,
      rowsPerChunk: 120,
      explain: 2,
    });
    await settleSampleJob(api.database, hostile, {
      reasons: 2,
      change: (rows) => ({
        patientIds: idsOf(Array.from(rows.rowNumbers, (row) => (row === 5 ? '=1+1' : `P-${row}`))),
        facilities: { names: ['@SUM(A1)'], indices: rows.facilities.indices.map(() => 0) },
      }),
    });
    const answer = await api.call(`/v1/jobs/${hostile.jobId}/results?format=csv`, {
      key: await api.key(['read']),
    });
    expect(answer.headers.get('content-type')).toContain('text/csv');
    expect(answer.headers.get('content-disposition')).toContain(`results-${hostile.jobId}.csv`);
    const [head, ...lines] = (await answer.text()).trimEnd().split('\r\n');
    expect(head).toBe(
      'row,patient_id,facility_id,due_date,risk,tier,reason_1_feature,reason_1_value,reason_1_contribution,reason_1_text,reason_2_feature,reason_2_value,reason_2_contribution,reason_2_text',
    );
    expect(lines).toHaveLength(120);
    expect(lines[4]).toMatch(/^5,'=1\+1,'@SUM\(A1\),/u);
  });

  test('stop at the limit of a stream', async () => {
    const answer = await api.call(`${path}?format=csv&order=risk&limit=10`, { key: await api.key(['read']) });
    expect((await answer.text()).trimEnd().split('\r\n')).toHaveLength(11);
  });

  test.each([
    ['?limit=1001', 'limit'],
    ['?min_risk=2', 'min_risk'],
    ['?min_risk=high', 'min_risk'],
    ['?tier=severe', 'tier'],
    ['?order=name', 'order'],
    ['?format=xml', 'format'],
    ['?format=csv&cursor=abc', 'cursor'],
  ])('%s is refused by field', async (query, field) => {
    expect(await api.json(`${path}${query}`, { status: 400 })).toMatchObject({
      code: 'invalid_query',
      field,
    });
  });

  test('refuse a cursor that was changed, of another filter, or of another job', async () => {
    const { next_cursor: cursor } = (await api.json(`${path}?limit=5`)) as unknown as { next_cursor: string };
    const other = await insertSampleJob(api.database.db, { model, chunks: 1, rowsPerChunk: 3 });
    await settleSampleJob(api.database, other);
    const changed = cursor.slice(0, -2) + (cursor.endsWith('A') ? 'BB' : 'AA');
    for (const address of [
      `${path}?limit=5&cursor=${changed}`,
      `${path}?limit=5&order=risk&cursor=${cursor}`,
      `/v1/jobs/${other.jobId}/results?cursor=${cursor}`,
    ]) {
      expect(await api.json(address, { status: 400 })).toMatchObject({
        code: 'invalid_cursor',
        field: 'cursor',
      });
    }
    expect(await api.json(`${path}?limit=9&cursor=${cursor}`)).toMatchObject({ rows: { length: 9 } });
  });

  test('are audited as views and exports with their query, never with patients', async () => {
    await api.json(`${path}?limit=1&tier=high`);
    await (await api.call(`${path}?format=csv&limit=1`, { key: await api.key(['read']) })).text();
    const { events } = (await api.json(`/v1/audit/events?entity=job/${job.jobId}&limit=500`)) as {
      events: { action: string; details: Record<string, unknown> }[];
    };
    expect(events.find(({ action }) => action === 'results.view')?.details).toMatchObject({
      tier: 'high',
      rows: 1,
    });
    expect(events.find(({ action }) => action === 'results.export')?.details).toMatchObject({
      format: 'csv',
      limit: 1,
    });
    expect(JSON.stringify(events)).not.toContain('patient-é');
  });

  test('of another tenant are not there', async () => {
    const stranger = await api.key(['read', 'submit', 'audit', 'admin'], 'elsewhere');
    for (const address of [
      path,
      `/v1/jobs/${job.jobId}`,
      `/v1/jobs/${job.jobId}/rejections`,
      `/v1/jobs/${job.jobId}/events`,
    ]) {
      expect((await api.call(address, { key: stranger })).status).toBe(404);
    }
    expect((await api.call(`/v1/jobs/${job.jobId}`, { key: stranger, method: 'DELETE' })).status).toBe(404);
    expect((await api.call(`/v1/jobs/${job.jobId}/retry`, { key: stranger, method: 'POST' })).status).toBe(
      404,
    );
    expect(await api.json('/v1/jobs', { key: stranger })).toMatchObject({ jobs: [] });
    expect(await api.json(`/v1/audit?job_id=${job.jobId}`, { key: stranger })).toMatchObject({ records: [] });
  });
});

describe('a job that has no results says why', () => {
  test('while it runs: 409 with Retry-After', async () => {
    const open = await insertSampleJob(api.database.db, { model, chunks: 1 });
    const answer = await api.call(`/v1/jobs/${open.jobId}/results`, { key: await api.key(['read']) });
    expect(answer.status).toBe(409);
    expect(answer.headers.get('retry-after')).not.toBeNull();
    expect(await answer.json()).toMatchObject({ code: 'job_not_finished', job_status: 'queued' });
  });

  test('cancelled, and failed', async () => {
    const cancelled = await insertSampleJob(api.database.db, { model, chunks: 1 });
    await api.json(`/v1/jobs/${cancelled.jobId}`, { method: 'DELETE' });
    expect(await api.json(`/v1/jobs/${cancelled.jobId}/results`, { status: 409 })).toMatchObject({
      code: 'job_cancelled',
    });
    const failed = await insertSampleJob(api.database.db, { model, chunks: 1 });
    await settleSampleJob(api.database, failed, { quarantined: [0] });
    expect(await api.json(`/v1/jobs/${failed.jobId}/results`, { status: 409 })).toMatchObject({
      code: 'job_failed',
    });
  });

  test('but a partial one gives what was scored', async () => {
    const partial = await insertSampleJob(api.database.db, { model, chunks: 2, rowsPerChunk: 10 });
    await settleSampleJob(api.database, partial, { quarantined: [0] });
    const { rows } = (await api.json(`/v1/jobs/${partial.jobId}/results`)) as unknown as Page;
    expect(rows.map(({ row }) => row)).toStrictEqual(Array.from({ length: 10 }, (_, index) => 11 + index));
  });
});

function idsOf(ids: string[]): { offsets: Uint32Array; bytes: Uint8Array } {
  const encoded = ids.map((id) => Buffer.from(id));
  const offsets = new Uint32Array(ids.length + 1);
  for (const [row, id] of encoded.entries()) offsets[row + 1] = offsets[row]! + id.length;
  return { offsets, bytes: new Uint8Array(Buffer.concat(encoded)) };
}
