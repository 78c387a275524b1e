import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { pageQuery, type ResultFilter } from './read-prediction-rows.ts';

const ROWS = 20_000;
const filter: ResultFilter = {
  jobId: '11111111-1111-4111-8111-111111111111',
  period: new Date().toISOString().replace(/-\d\dT.*/u, '-01'),
  order: 'risk',
  tier: undefined,
  minRisk: undefined,
};
type Plan = { 'Rows Removed by Filter'?: number; 'Actual Rows': number; Plans?: Plan[] };

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  // A model of few leaves: every patient has one of two risks.
  await sql`INSERT INTO predictions (period, job_id, row_no, tenant_id, chunk_no, patient_id, raw_score, risk, tier)
    SELECT ${filter.period}::date, ${filter.jobId}::uuid, n, 1, 0, 'SYN-' || n, 0,
      CASE WHEN n % 4 = 0 THEN 0.25 ELSE 0.75 END, 0 FROM generate_series(1, ${ROWS}) n`.execute(database.db);
  await sql`ANALYZE predictions`.execute(database.db);
});
afterAll(() => database.drop());

test('a page by risk that begins amid thousands of equal risks reads its own rows and no others', async () => {
  for (const after of [
    { row: 15_001, risk: 0.75 },
    { row: ROWS - 1, risk: 0.75 },
    { row: 10_000, risk: 0.25 },
  ]) {
    const { rows } = await sql<{ 'QUERY PLAN': [{ Plan: Plan }] }>`EXPLAIN (ANALYZE, FORMAT JSON) ${sql.raw(
      pageQuery(filter, after, 100),
    )}`.execute(database.db);
    const nodes = allNodes(rows[0]?.['QUERY PLAN'][0].Plan);
    expect(nodes.length).toBeGreaterThan(2);
    expect(Math.max(...nodes.map((node) => node['Actual Rows']))).toBeLessThanOrEqual(200);
    expect(nodes.reduce((sum, node) => sum + (node['Rows Removed by Filter'] ?? 0), 0)).toBeLessThan(500);
  }
});

test('all pages by risk together are the whole job, by falling risk and then by row', async () => {
  const seen: number[] = [];
  let after: { row: number; risk: number } | undefined;
  for (;;) {
    const { rows } = await sql<{
      row_no: number;
      risk: number;
    }>`${sql.raw(pageQuery(filter, after, 1_999))}`.execute(database.db);
    const last = rows.at(-1);
    if (last === undefined) break;
    seen.push(...rows.map((row) => row.row_no));
    after = { row: last.row_no, risk: last.risk };
  }
  const all = Array.from({ length: ROWS }, (_, index) => index + 1);
  expect(seen).toStrictEqual([...all.filter((n) => n % 4 !== 0), ...all.filter((n) => n % 4 === 0)]);
});

function allNodes(plan: Plan | undefined): Plan[] {
  return plan === undefined ? [] : [plan, ...(plan.Plans ?? []).flatMap(allNodes)];
}
