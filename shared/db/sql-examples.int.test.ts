import { readFile } from 'node:fs/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCrashPoints } from '#shared/lifecycle/crash-points.ts';
import { indexJob } from '#shared/scores/index-job.ts';
import { insertSampleJob } from '#test/support/sample-job.ts';
import { sampleModel } from '#test/support/sample-model.ts';
import { settleSampleJob } from '#test/support/settle-sample-job.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

const page = await readFile(new URL('../../docs/sql.md', import.meta.url), 'utf8');
const queries = [...page.matchAll(/```sql\n(?<text>[^`]+)```/gu)].map((match) =>
  match.groups!['text']!.trim(),
);

let database: TestDatabase;
let values: Record<string, string>;

beforeAll(async () => {
  database = await createTestDatabase();
  const job = await insertSampleJob(database.db, {
    model: sampleModel(),
    chunks: 2,
    rowsPerChunk: 20,
    explain: 2,
  });
  await settleSampleJob(database, job, { reasons: 2 });
  await indexJob({ pool: database.pool, crash: createCrashPoints(undefined) }, job.jobId);
  const { period } = await database.db
    .selectFrom('jobs')
    .select('period')
    .where('id', '=', job.jobId)
    .executeTakeFirstOrThrow();
  values = {
    job: `'${job.jobId}'::uuid`,
    row: '7',
    patient: "'patient-é-7'",
    period: `'${period}'::date`,
    chunk: '0',
  };
});
afterAll(() => database.drop());

const filled = (text: string) =>
  text.replaceAll(/(?<!:):(?<name>[a-z]+)\b/gu, (whole, name: string) => values[name] ?? whole);

test('there are twenty of them', () => {
  expect(queries.length).toBeGreaterThanOrEqual(20);
});

/** Of what the sample does not have. */
const EMPTY = ['audit_events', 'FAC-0001', 'IS DISTINCT FROM rows_scored', 'FROM online_rows'];

test.each(queries.map((text) => [text.split('\n')[0]!, text]))('%s', async (_, text) => {
  const { rows } = await sql.raw(filled(text)).execute(database.as('iit_readonly').db);
  expect(rows.length > 0 || EMPTY.some((part) => text.includes(part))).toBe(true);
});

test('SQL hashes a patient as the lists do', async () => {
  const { rows } = await sql<{ n: number }>`
    SELECT count(*)::int AS n FROM predictions p CROSS JOIN LATERAL audit_of_patient(p.patient_id) a
    WHERE a.row_no = p.row_no`.execute(database.as('iit_readonly').db);
  expect(rows[0]?.n).toBe(40);
});
