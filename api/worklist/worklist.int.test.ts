import { readXlsx } from 'hucre/xlsx';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NO_DATE } from '#shared/chunks/payload.ts';
import { NOT_A_DIAGNOSIS } from '#shared/models/manifest.ts';
import { knownModel } from '#test/support/known-model.ts';
import { insertSampleJob, type SampleJob } from '#test/support/sample-job.ts';
import { sampleRisk, settleSampleJob } from '#test/support/settle-sample-job.ts';
import { startTestApi, type TestApi } from '#test/support/test-api.ts';

const NAMES = [
  'days_to_due',
  'last_days_supply',
  'days_since_last_refill',
  'viral_load',
  'viral_load_age_days',
  'dsd_model',
];
const ROWS = 90;

let api: TestApi;
let job: SampleJob;

beforeAll(async () => {
  api = await startTestApi();
  const model = knownModel({ names: NAMES });
  job = await insertSampleJob(api.database.db, { model, chunks: 3, rowsPerChunk: ROWS / 3, explain: 2 });
  await settleSampleJob(api.database, job, { reasons: 2 });
});
afterAll(() => api.stop());

const get = async (query: string, status = 200): Promise<Response> => {
  const key = await api.key(['read']);
  const answer = await api.call(`/v1/jobs/${job.jobId}/worklist${query}`, { key });
  expect(answer.status).toBe(status);
  return answer;
};
/** Cells hold no quotes or commas in these tests but for reasons, which are left out of the comparison. */
const table = async (query: string): Promise<Record<string, string>[]> => {
  const [head, ...lines] = (await (await get(query)).text()).trimEnd().split('\r\n');
  const names = head!.split(',');
  return lines.map((line) =>
    Object.fromEntries(line.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/u).map((cell, i) => [names[i], cell])),
  );
};
const rowNumber = (patientId: string) => Number(patientId.split('-').at(-1));
const isoDate = (day: number) => new Date(day * 86_400_000).toISOString().slice(0, 10);

describe('a worklist', () => {
  test('ranks every facility by risk, ties in the order of the input', async () => {
    const lines = await table('');
    expect(lines).toHaveLength(ROWS);
    for (const [facility, group] of Map.groupBy(lines, (line) => line['facility_id'])) {
      expect(group.map((line) => Number(line['rank']))).toEqual(group.map((_, i) => i + 1));
      const rows = group.map((line) => rowNumber(line['patient_id']!));
      const ranked = rows.toSorted((a, b) => sampleRisk(b) - sampleRisk(a) || a - b);
      expect([facility, rows]).toEqual([facility, ranked]);
    }
    expect([...new Set(lines.map((line) => line['facility_id']))]).toEqual(['facility-a', 'facility-ü', '']);
  });

  test("tells each patient's dates and values out of what was scored", async () => {
    const lines = await table('');
    const cells = job.chunks.flatMap((chunk) =>
      Array.from(chunk.rowNumbers, (row, at) => ({
        row,
        due: chunk.dueDates[at]!,
        values: chunk.features.map((column) => column[at]!),
      })),
    );
    for (const { row, due, values } of cells) {
      const line = lines.find((one) => rowNumber(one['patient_id']!) === row)!;
      const [toDue, supply, sinceRefill, load] = values as [number, number, number, number];
      const known = due !== NO_DATE && !Number.isNaN(toDue);
      expect(line['due_date']).toBe(due === NO_DATE ? '' : isoDate(due));
      expect(line['last_supply_days']).toBe(Number.isNaN(supply) ? '' : String(supply));
      expect(line['viral_load']).toBe(Number.isNaN(load) ? '' : String(load));
      expect(line['data_as_of']).toBe(known ? isoDate(due - toDue) : '');
      expect(line['last_pickup']).toBe(
        known && !Number.isNaN(sinceRefill) ? isoDate(due - toDue - sinceRefill) : '',
      );
      expect(line['notice']).toContain(NOT_A_DIAGNOSIS.slice(0, 30));
    }
  });

  test('counts days to due and to day 28 from the day that is asked for', async () => {
    const lines = (await table('?on=2024-10-04')).filter((line) => line['due_date'] !== '');
    const day = Date.parse('2024-10-04') / 86_400_000;
    for (const line of lines) {
      const due = Date.parse(line['due_date']!) / 86_400_000;
      expect(Number(line['days_to_due'])).toBe(due - day);
      expect(Number(line['days_left_to_day_28'])).toBe(due + 28 - day);
    }
  });

  test('gives one next step, and no reason that repeats a column', async () => {
    const lines = await table('');
    for (const line of lines) {
      expect(line['reasons_raising']).not.toMatch(/due|pickup|supply|copies/iu);
      expect(line['next_step']).toMatch(/^"?(Call|Remind|Before)/u);
    }
    // The model of this test has no history: what raises the risk is a viral load or nothing.
    const loads = lines.filter((line) => Number(line['viral_load']) < 1000);
    expect(loads.map((line) => line['reasons_raising'])).toEqual(loads.map(() => ''));
  });

  test('holds no more than can be called in each facility, and only the facility and tier asked for', async () => {
    const lines = await table('?capacity=7');
    const groups = Map.groupBy(lines, (line) => line['facility_id']);
    expect([...groups.values()].map((group) => group.length)).toEqual([7, 7, 7]);
    const one = await table('?facility_id=facility-%C3%BC&tier=high');
    expect(new Set(one.map((line) => `${line['facility_id']} ${line['tier']}`))).toEqual(
      new Set(['facility-ü high']),
    );
    expect(await table("?facility_id='%3B--")).toEqual([]);
  });

  test('comes as a workbook with the notice on top and the same cells', async () => {
    const answer = await get('?format=xlsx&capacity=5');
    expect(answer.headers.get('content-type')).toContain('spreadsheetml');
    const workbook = await readXlsx(new Uint8Array(await answer.arrayBuffer()));
    const [notice, heads, ...rows] = workbook.sheets[0]!.rows;
    expect(notice?.[0]).toBe(NOT_A_DIAGNOSIS);
    const lines = await table('?capacity=5');
    expect(heads).toEqual(Object.keys(lines[0]!));
    expect(rows.map((row) => row[2])).toEqual(lines.map((line) => line['patient_id']));
  });

  test('is audited, each export of it, and not for a key that may not read', async () => {
    const { db } = api.database;
    const count = async () =>
      await db.selectFrom('audit_events').selectAll().where('action', '=', 'worklist.export').execute();
    const before = (await count()).length;
    await get('?capacity=2&format=xlsx');
    const events = await count();
    expect(events).toHaveLength(before + 1);
    expect(events.at(-1)?.entity).toBe(`job/${job.jobId}`);
    const key = await api.key(['submit']);
    expect((await api.call(`/v1/jobs/${job.jobId}/worklist`, { key })).status).toBe(403);
    const elsewhere = await api.key(['read'], 'elsewhere');
    expect((await api.call(`/v1/jobs/${job.jobId}/worklist`, { key: elsewhere })).status).toBe(404);
  });
});

describe('results by capacity', () => {
  type Page = {
    rows: { row: number; facility_id: string | null; risk: number }[];
    next_cursor: string | null;
  };
  const page = async (query: string) =>
    (await api.json(`/v1/jobs/${job.jobId}/results?${query}`)) as unknown as Page;

  test('are the highest of each facility, or of the job, whatever the page size', async () => {
    const whole = await page('capacity=4&order=risk');
    expect(whole.rows).toHaveLength(12);
    for (const group of Map.groupBy(whole.rows, (row) => row.facility_id).values())
      expect(group).toHaveLength(4);
    const first = await page('capacity=4&order=risk&limit=5');
    const rest = await page(`capacity=4&order=risk&limit=100&cursor=${first.next_cursor}`);
    expect([...first.rows, ...rest.rows]).toEqual(whole.rows);
    const top = await page('capacity=4&per=job&order=risk');
    const all = await page('order=risk&limit=1000');
    expect(top.rows).toEqual(all.rows.slice(0, 4));
  });
});
