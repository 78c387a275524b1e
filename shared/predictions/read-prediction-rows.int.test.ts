import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCrashPoints } from '#shared/lifecycle/crash-points.ts';
import { indexJob } from '#shared/scores/index-job.ts';
import { insertSampleJob } from '#test/support/sample-job.ts';
import { sampleModel } from '#test/support/sample-model.ts';
import { sampleRisk, settleSampleJob } from '#test/support/settle-sample-job.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { readResultRows, type ResultFilter, type ResultPosition } from './read-prediction-rows.ts';

/** More than fill one block of a list, and risks that many rows share. */
const ROWS = 6_000;
const FACILITIES = ['facility-a', 'facility-ü', undefined];

let database: TestDatabase;
let base: Pick<ResultFilter, 'jobId' | 'period'>;

beforeAll(async () => {
  database = await createTestDatabase();
  const job = await insertSampleJob(database.db, {
    model: sampleModel(),
    chunks: 3,
    rowsPerChunk: ROWS / 3,
    explain: 2,
  });
  await settleSampleJob(database, job, { reasons: 2 });
  const { period } = await database.db
    .selectFrom('jobs')
    .select('period')
    .where('id', '=', job.jobId)
    .executeTakeFirstOrThrow();
  base = { jobId: job.jobId, period };
});
afterAll(() => database.drop());

type Row = { row: number; risk: number; tier: string; facility: string | undefined };
const everyRow: Row[] = Array.from({ length: ROWS }, (_, at) => {
  const risk = sampleRisk(at + 1);
  return {
    row: at + 1,
    risk,
    tier: risk >= 0.5 ? 'high' : risk >= 0.3 ? 'medium' : 'low',
    facility: FACILITIES[(at % (ROWS / 3)) % 3],
  };
});
const byRisk = (a: Row, b: Row) => b.risk - a.risk || a.row - b.row;

/** What a filter means, said by arrays. */
function expectedRows({ order, tier, minRisk, capacity }: ResultFilter): number[] {
  const passing = everyRow
    .filter((row) => (tier === undefined || row.tier === tier) && row.risk >= (minRisk ?? 0))
    .toSorted(byRisk);
  const groups =
    capacity?.per === 'facility' ? Map.groupBy(passing, (row) => row.facility) : new Map([['', passing]]);
  const kept = [...groups.values()].flatMap((group) => group.slice(0, capacity?.rows));
  return kept.toSorted(order === 'risk' ? byRisk : (a, b) => a.row - b.row).map(({ row }) => row);
}

async function allPages(filter: ResultFilter, limit: number): Promise<number[]> {
  const seen: number[] = [];
  let after: ResultPosition | undefined;
  for (;;) {
    const rows = await readResultRows(database.pool, filter, after, limit);
    seen.push(...rows.map(({ row }) => row));
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit) return seen;
    after = { row: last.row, risk: last.risk };
  }
}

const filters: fc.Arbitrary<ResultFilter> = fc
  .record({
    order: fc.constantFrom('input' as const, 'risk' as const),
    tier: fc.option(fc.constantFrom('low' as const, 'medium' as const, 'high' as const), { nil: undefined }),
    minRisk: fc.option(fc.constantFrom(0, 0.25, 0.5, 0.999, 1), { nil: undefined }),
    capacity: fc.option(
      fc.record({
        rows: fc.constantFrom(1, 7, 700, 5_000),
        per: fc.constantFrom('facility' as const, 'job' as const),
      }),
      { nil: undefined },
    ),
  })
  .map((filter) => ({ ...base, ...filter }));

test.each([
  ['before a job has lists', undefined],
  ['by its lists', 1e9],
  ['by lists that were made in several passes', 700],
])('all pages together are the rows that pass, in their order, each once: %s', async (_, rowsAPass) => {
  if (rowsAPass !== undefined) {
    await database.db.updateTable('jobs').set({ indexed_rows: null }).execute();
    const deps = { pool: database.pool, crash: createCrashPoints(undefined), rowsAPass };
    const made = [await indexJob(deps, base.jobId), await indexJob(deps, base.jobId)];
    if (!made[0] || made[1])
      throw new Error(`lists are made once for the rows that there are, not ${made.join()}`);
  }
  await fc.assert(
    fc.asyncProperty(filters, fc.constantFrom(900, 1_999, 7_000), async (filter, limit) => {
      expect(await allPages(filter, limit)).toStrictEqual(expectedRows(filter));
    }),
    { numRuns: 25 },
  );
});

test('a page by risk that begins amid thousands of equal risks is read by its own blocks', async () => {
  const filter: ResultFilter = { ...base, order: 'risk', tier: undefined, minRisk: undefined };
  const order = expectedRows(filter);
  for (const place of [0, 1_959, 1_960, 1_961, 4_321, ROWS - 1]) {
    const row = order[place]!;
    const page = await readResultRows(database.pool, filter, { row, risk: sampleRisk(row) }, 50);
    expect(page.map((one) => one.row)).toStrictEqual(order.slice(place + 1, place + 51));
  }
});

test('rows carry what was scored, by lists as by blocks', async () => {
  const filter = { ...base, order: 'input', tier: undefined, minRisk: undefined } as const;
  const rows = await readResultRows(database.pool, filter, undefined, ROWS);
  const byLists = await readResultRows(database.pool, { ...filter, order: 'risk' }, undefined, ROWS);
  expect(byLists.toSorted((a, b) => a.row - b.row)).toStrictEqual(rows);
});
