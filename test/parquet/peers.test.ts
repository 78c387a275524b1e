import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findPython } from '#models/training/python.ts';
import { parquetWriter } from '#api/results/parquet-writer.ts';
import { createReasonTexts } from '#api/results/reason-texts.ts';
import type { ResultRow } from '#shared/predictions/read-prediction-rows.ts';
import { smallManifest } from '#test/support/small-manifest.ts';
import { anyFormat, readTable } from '#test/support/read-table.ts';

const python = findPython(['pandas', 'pyarrow', 'duckdb']);
const programs =
  python === undefined ? 'SKIPPED: no Python with test/parquet/requirements.txt' : 'pandas, pyarrow, DuckDB';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'iit-parquet-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(program: string, argument: string): string {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const { status, stdout, stderr } = spawnSync(python!, [path, argument], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 ** 2,
  });
  if (status !== 0) throw new Error(`${program}: ${stderr}`);
  return stdout;
}

const read = (name: string) =>
  readTable(anyFormat, readFileSync(join(folder, name)), { manifest: smallManifest });

describe.skipIf(python === undefined)(`a cohort that was written by ${programs}`, () => {
  beforeAll(() => void run('write.py', folder), 120_000);

  test.each(['pandas', 'pyarrow', 'pyarrow-v2', 'duckdb'])(
    '%s is read like the CSV of the same rows',
    async (writer) => {
      const csv = await read('cohort.csv');
      const parquet = await read(`${writer}.parquet`);
      expect(csv.rows).toHaveLength(5_000);
      expect(parquet.rows).toStrictEqual(csv.rows);
      expect(parquet.rejections).toStrictEqual([]);
      expect(parquet.input.format).toBe('table/parquet');
    },
  );

  test('with lists is refused by the name of the column', async () => {
    await expect(read('list.parquet')).rejects.toMatchObject({
      code: 'invalid_body',
      field: 'age',
      message: expect.stringContaining('holds lists'),
    });
  });

  test('and encrypted is refused by that name', async () => {
    await expect(read('encrypted.parquet')).rejects.toMatchObject({
      code: 'unsupported_media_type',
      message: expect.stringContaining('encrypted'),
    });
  });
});

describe.skipIf(python === undefined)(`results that are read by ${programs}`, () => {
  const texts = createReasonTexts([{ name: 'age' }, { name: 'lateness' }]);
  const rows = Array.from({ length: 12_000 }, (_, index): ResultRow => ({
    row: index + 1,
    patientId: index === 3 ? '=1+1' : `SYN-é-${index}`,
    facilityId: index % 5 === 0 ? undefined : `FAC-${index % 7}`,
    dueDate: index % 4 === 0 ? undefined : `2026-${String(1 + (index % 12)).padStart(2, '0')}-15`,
    risk: 1 / (1 + index / 3),
    tier: index % 2 === 0 ? 'low' : 'high',
    reasons: [
      { feature: 0, value: index % 6 === 0 ? NaN : index % 90, contribution: 0.25 },
      ...(index % 9 === 0 ? [] : [{ feature: 1, value: index / 7, contribution: -index / 1e6 }]),
    ],
    identifiers: {},
  }));

  test('are in each the same rows, numbers bit for bit, with types and metadata', () => {
    const path = join(folder, 'results.parquet');
    const writer = parquetWriter(texts, 2, { 'iit.job': 'job-1' });
    const blocks = [0, 10_000].map((start) => writer.block(rows.slice(start, start + 10_000)) as Uint8Array);
    writeFileSync(path, Buffer.concat([...blocks, writer.end!()]));
    const found = JSON.parse(run('read.py', path)) as Record<string, unknown>;
    const expected = rows.map((row) => {
      const [first, second] = row.reasons;
      const cells = (place: 1 | 2, reason = place === 1 ? first : second) => ({
        [`reason_${place}_feature`]: reason === undefined ? null : texts.nameOf(reason),
        [`reason_${place}_value`]: reason === undefined || Number.isNaN(reason.value) ? null : reason.value,
        [`reason_${place}_contribution`]: reason?.contribution ?? null,
        [`reason_${place}_text`]: reason === undefined ? null : texts.textOf(reason, row.reasons),
      });
      return {
        row: row.row,
        patient_id: row.patientId,
        facility_id: row.facilityId ?? null,
        due_date: row.dueDate ?? null,
        risk: row.risk,
        tier: row.tier,
        ...cells(1),
        ...cells(2),
      };
    });
    for (const reader of ['pandas', 'pyarrow', 'duckdb']) {
      // A comparison of all rows at once takes a minute to say that they are equal.
      const read = found[reader] as object[];
      const differing = expected.filter((row, at) => JSON.stringify(row) !== JSON.stringify(read[at]));
      expect({ reader, count: read.length, differing }).toEqual({
        reader,
        count: expected.length,
        differing: [],
      });
    }
    expect(found['row_groups']).toBe(2);
    expect(found['types']).toMatchObject({
      row: 'int32',
      patient_id: 'string',
      due_date: 'date32[day]',
      risk: 'double',
    });
    expect(found['metadata']).toMatchObject({ 'iit.job': 'job-1' });
  }, 120_000);

  test('of no row are a file with columns and no rows', () => {
    const path = join(folder, 'none.parquet');
    writeFileSync(path, parquetWriter(texts, 1, {}).end!());
    expect(JSON.parse(run('read.py', path))).toMatchObject({ pandas: [], pyarrow: [], duckdb: [] });
  }, 120_000);
});
