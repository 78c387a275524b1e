import { readFile } from 'node:fs/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { pendingMigrations } from './migrator.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

type Column = { table: string; column: string; type: string; nullable: boolean; hasDefault: boolean };

/** TypeScript types by PostgreSQL's, as `shared/db/schema.ts` may write them. */
const KINDS: Record<string, RegExp> = {
  int2: /number/u,
  int4: /number/u,
  int8: /number|Count/u,
  float4: /number/u,
  float8: /number/u,
  text: /string|JobStatus|ChunkState|Priority|ApiScope|Role|Language|ContactResult|'/u,
  uuid: /string/u,
  bool: /boolean/u,
  varchar: /string/u,
  bytea: /Buffer/u,
  date: /IsoDate/u,
  timestamptz: /Timestamp|Date/u,
  jsonb: /ColumnType|unknown/u,
};

async function liveColumns(): Promise<Column[]> {
  const { rows } = await sql<Column>`
    SELECT table_name AS "table", column_name AS "column", udt_name AS type, is_nullable = 'YES' AS nullable,
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
    else if (nullable !== /\| null/u.test(text.replace(/\([^)]*\)/gu, ''))) wrong.push(where);
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
  ['iit_worker', 'UPDATE predictions SET risk = 0'],
  ['iit_worker', 'DELETE FROM predictions'],
  ['iit_api', 'INSERT INTO predictions DEFAULT VALUES'],
  ['iit_api', "UPDATE chunks SET payload = ''"],
  ['iit_api', 'DELETE FROM chunks'],
  ['iit_api', 'UPDATE models SET content = NULL'],
  ['iit_readonly', "UPDATE jobs SET name = ''"],
  ['iit_readonly', 'SELECT secret_hash FROM api_keys'],
  ['iit_readonly', 'SELECT password_hash FROM people'],
  ['iit_readonly', 'SELECT token_hash FROM sessions'],
  ['iit_worker', 'SELECT email FROM people'],
  ['iit_worker', 'UPDATE contacts SET patient_id = NULL'],
  ['iit_api', 'UPDATE contacts SET patient_id = NULL'],
  ['iit_api', 'UPDATE api_keys SET secret_hash = NULL'],
  ['iit_api', 'DELETE FROM job_facilities'],
  ['iit_audit', 'SELECT * FROM predictions'],
])('%s may not: %s', async (role, statement) => {
  await expect(sql.raw(statement).execute(database.as(role).db)).rejects.toMatchObject({ code: '42501' });
});

test('partitions are made ahead, any number of callers at once', async () => {
  const { db } = database.as('iit_worker');
  await Promise.all(
    Array.from({ length: 3 }, () => sql`SELECT ensure_partitions('2031-05-17', 2)`.execute(db)),
  );
  const { rows } = await sql<{ name: string }>`
    SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relname ~ '_2031_' ORDER BY 1`.execute(
    database.db,
  );
  expect(rows.map((row) => row.name)).toEqual([
    'audit_log_2031_05',
    'audit_log_2031_06',
    'predictions_2031_05',
    'predictions_2031_06',
  ]);
  await expect(sql`TRUNCATE audit_log_2031_05`.execute(database.db)).rejects.toThrow('append-only');
});
