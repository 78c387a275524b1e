import { readFile } from 'node:fs/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { isServerFailure } from './database-failure.ts';
import { pendingMigrations } from './migrator.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** `nullable` is undefined of a view, where PostgreSQL does not say. */
type Column = { table: string; column: string; type: string; nullable?: boolean; hasDefault: boolean };

/** TypeScript types by PostgreSQL's, as `shared/db/schema.ts` may write them. */
const KINDS: Record<string, RegExp> = {
  int2: /number/u,
  int4: /number/u,
  int8: /number|Count/u,
  float4: /number/u,
  float8: /number/u,
  text: /string|JobStatus|ChunkState|Priority|ApiScope|Role|Language|ContactResult|'/u,
  uuid: /string/u,
  xid8: /string/u,
  bool: /boolean/u,
  varchar: /string/u,
  bytea: /Buffer/u,
  date: /IsoDate/u,
  timestamptz: /Timestamp|Date/u,
  jsonb: /ColumnType|unknown/u,
};

async function liveColumns(): Promise<Column[]> {
  const { rows } = await sql<Column>`
    SELECT table_name AS "table", column_name AS "column", udt_name AS type, 
      CASE WHEN c.relkind <> 'v' THEN is_nullable = 'YES' END AS nullable,
      column_default IS NOT NULL OR is_identity = 'YES' AS "hasDefault"
    FROM information_schema.columns JOIN pg_class c ON c.oid = format('%I.%I', table_schema, table_name)::regclass
    WHERE table_schema = 'public' AND NOT c.relispartition AND table_name NOT LIKE 'kysely%'
    ORDER BY table_name, ordinal_position`.execute(database.db);
  return rows;
}

/** Table → column → type text, read from the source: types leave nothing behind to look at when it runs. */
async function declaredColumns(): Promise<Map<string, Map<string, string>>> {
  const source = await readFile(new URL('./schema.ts', import.meta.url), 'utf8');
  const body = (name: string) =>
    new RegExp(`type ${name} = \\{(?<body>.*?)\\n?\\};`, 'su').exec(source)?.groups?.['body'] ?? '';
  const members = (text: string) =>
    [...text.matchAll(/(?<name>\w+): (?<type>[^;]+?)(?:;|$)/gsu)].map((match) => match.groups!);
  return new Map(
    members(body('Database')).map(({ name, type }) => [
      name!,
      new Map(members(body(type!)).map((member) => [member['name']!, member['type']!])),
    ]),
  );
}

test('the typed tables are the live ones, column by column, type and null', async () => {
  const [live, declared] = [await liveColumns(), await declaredColumns()];
  const wrong: string[] = [];
  for (const { table, column, type, nullable, hasDefault } of live) {
    const text = declared.get(table)?.get(column);
    const where = `${table}.${column} (${type}${nullable ? ', null' : ''}${hasDefault ? ', default' : ''}): ${text}`;
    if (text === undefined) wrong.push(where);
    else if (!(KINDS[type.replace(/^_/u, '')] ?? /^$/u).test(text)) wrong.push(where);
    else if (type.startsWith('_') !== text.includes('[]')) wrong.push(where);
    else if (
      (nullable ?? undefined) !== undefined &&
      nullable !== /\| null/u.test(text.replace(/\([^)]*\)/gu, ''))
    )
      wrong.push(where);
  }
  expect(wrong).toEqual([]);
  const known = new Set(live.map(({ table, column }) => `${table}.${column}`));
  const surplus = [...declared].flatMap(([table, columns]) =>
    [...columns.keys()].map((column) => `${table}.${column}`).filter((name) => !known.has(name)),
  );
  expect(surplus).toEqual([]);
});

test('every migration is applied, and applying them again changes nothing', async () => {
  expect(await pendingMigrations(database.db)).toEqual([]);
});

test.each([
  ['iit_worker', 'DELETE FROM jobs'],
  ['iit_worker', 'INSERT INTO jobs DEFAULT VALUES'],
  ['iit_worker', 'SELECT secret_hash FROM api_keys'],
  ['iit_worker', "UPDATE chunks SET payload = ''"],
  ['iit_worker', 'UPDATE score_blocks SET tiers = NULL'],
  ['iit_worker', 'DELETE FROM score_blocks'],
  ['iit_worker', 'DELETE FROM score_chunks'],
  ['iit_api', 'INSERT INTO score_blocks DEFAULT VALUES'],
  ['iit_api', 'INSERT INTO predictions DEFAULT VALUES'],
  ['iit_api', "UPDATE chunks SET payload = ''"],
  ['iit_api', 'DELETE FROM chunks'],
  ['iit_api', 'UPDATE models SET content = NULL'],
  ['iit_readonly', "UPDATE jobs SET name = ''"],
  ['iit_readonly', 'SELECT secret_hash FROM api_keys'],
  ['iit_readonly', 'SELECT password_hash FROM people'],
  ['iit_readonly', 'SELECT token_hash FROM sessions'],
  ['iit_readonly', 'SELECT secret FROM webhook_endpoints'],
  ['iit_worker', 'SELECT url FROM webhook_endpoints'],
  ['iit_worker', 'SELECT email FROM people'],
  ['iit_worker', 'UPDATE contacts SET patient_id = NULL'],
  ['iit_api', 'UPDATE contacts SET patient_id = NULL'],
  ['iit_api', 'UPDATE api_keys SET secret_hash = NULL'],
  ['iit_api', 'DELETE FROM job_facilities'],
  ['iit_audit', 'SELECT * FROM predictions'],
])('%s may not: %s', async (role, statement) => {
  await expect(sql.raw(statement).execute(database.as(role).db)).rejects.toMatchObject({ code: '42501' });
});

test('no service may change or take away what is append-only: not a table, not one of its days, not a column', async () => {
  const { rows } = await sql<{ what: string }>`
    WITH guarded AS (
      SELECT DISTINCT c.oid FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE t.tgname = 'append_only_rows'
    ), parts AS (
      SELECT oid FROM guarded UNION SELECT i.inhrelid FROM pg_inherits i JOIN guarded g ON g.oid = i.inhparent
    )
    SELECT r.rolname || ' ' || p.privilege || ' ' || parts.oid::regclass AS what
    FROM parts, pg_roles r, unnest('{UPDATE,DELETE,TRUNCATE,TRIGGER}'::text[]) AS p (privilege)
    WHERE r.rolname IN ('iit_api','iit_worker','iit_audit','iit_readonly')
      AND (has_table_privilege(r.oid, parts.oid, p.privilege)
        OR p.privilege = 'UPDATE' AND has_any_column_privilege(r.oid, parts.oid, 'UPDATE'))`.execute(
    database.db,
  );
  expect(rows).toEqual([]);
  const { rows: guarded } = await sql<{ name: string }>`
    SELECT DISTINCT c.relname AS name FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE t.tgname = 'append_only_rows' AND NOT c.relispartition ORDER BY 1`.execute(database.db);
  expect(guarded.map(({ name }) => name)).toEqual([
    'audit_batches',
    'audit_events',
    'audit_seal_entries',
    'audit_seals',
    'equity_reports',
    'job_thresholds',
    'log_checkpoints',
    'log_entries',
    'log_nodes',
    'online_rows',
    'score_blocks',
    'score_chunks',
    'threshold_sets',
  ]);
});

test('who writes what of the audit and the log: workers alone add to the log, and nobody but the schema fills its queue', async () => {
  const { rows } = await sql<{ what: string }>`
    SELECT r.rolname || ' ' || c.relname AS what FROM pg_roles r, pg_class c
    WHERE r.rolname IN ('iit_api','iit_worker','iit_readonly') AND c.relname IN ('log_entries','log_nodes','log_checkpoints',
      'log_queue','score_chunks','score_blocks','audit_events','audit_batches','online_rows','partition_marks','retention_marks')
      AND c.relkind IN ('r','p') AND has_table_privilege(r.oid, c.oid, 'INSERT') ORDER BY 1`.execute(
    database.db,
  );
  expect(rows.map(({ what }) => what)).toEqual([
    'iit_api audit_batches',
    'iit_api audit_events',
    'iit_api online_rows',
    'iit_worker audit_batches',
    'iit_worker audit_events',
    'iit_worker log_checkpoints',
    'iit_worker log_entries',
    'iit_worker log_nodes',
    'iit_worker online_rows',
    'iit_worker score_blocks',
    'iit_worker score_chunks',
  ]);
});

test('partitions are made ahead, a day each, any number of callers at once', async () => {
  const { db } = database.as('iit_worker');
  await Promise.all(Array.from({ length: 3 }, () => sql`SELECT ensure_days('2021-05-31', 2)`.execute(db)));
  const { rows } = await sql<{ name: string }>`
    SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relname ~ '_2021_' ORDER BY 1`.execute(
    database.db,
  );
  expect(rows.map((row) => row.name)).toEqual(
    ['online_rows', 'order_blocks', 'patient_blocks', 'score_blocks', 'score_chunks'].flatMap((table) => [
      `${table}_2021_05_31`,
      `${table}_2021_06_01`,
    ]),
  );
  await expect(sql`TRUNCATE score_blocks_2021_05_31`.execute(database.db)).rejects.toThrow('append-only');
});

test.each([
  ["'2019-12-31', 1", 'before this software'],
  ['now()::date + 401, 1', 'further ahead than a year'],
  ['now()::date, 401', 'more than a year of them'],
])('partitions of (%s) are refused: %s', async (bounds) => {
  await expect(
    sql.raw(`SELECT ensure_days(${bounds})`).execute(database.as('iit_api').db),
  ).rejects.toMatchObject({ code: '22023' });
});

test('a worker of the release before, which writes rows, is told that the server is not ready, and blames no chunk', async () => {
  const { db } = database.as('iit_worker');
  const columns = 'period, job_id, row_no, tenant_id, chunk_no, patient_id, raw_score, risk, tier';
  const row = `now()::date, gen_random_uuid(), 1, 1, 0, 'p', 0, 0.5, 1`;
  const audit = `recorded_at, source, api_key_id, actor, model_version, model_sha256, input_hash`;
  for (const statement of [
    `INSERT INTO predictions (${columns}) VALUES (${row})`,
    `INSERT INTO audit_log (${columns}, ${audit}) VALUES (${row}, now(), 'job', gen_random_uuid(), 'a', 'm', 'x', 'y')`,
  ]) {
    const refused = await sql
      .raw(statement)
      .execute(db)
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: '57P03' });
    expect(isServerFailure(refused)).toBe(true);
  }
});
