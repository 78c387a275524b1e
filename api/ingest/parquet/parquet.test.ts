import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import type { SchemaElement } from 'hyparquet';
import { ByteWriter, parquetWrite, schemaFromColumnData } from 'hyparquet-writer';
import { describe, expect, test } from 'vitest';
import { epochDay } from '#patients/record/epoch-day.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { anyFormat, readTable } from '#test/support/read-table.ts';
import { smallManifest } from '#test/support/small-manifest.ts';
import { PARQUET_LIMITS } from './limits.ts';
import { ParquetUpload } from './read-parquet.ts';

type Column = Parameters<typeof parquetWrite>[0]['columnData'][number];
type WriteOptions = Partial<Parameters<typeof parquetWrite>[0]>;

function fileOf(
  columnData: Column[],
  { schemaOverrides, ...options }: WriteOptions & { schemaOverrides?: Record<string, SchemaElement> } = {},
): Buffer {
  const writer = new ByteWriter();
  const schema = schemaFromColumnData({
    columnData,
    ...(schemaOverrides === undefined ? {} : { schemaOverrides }),
  });
  void parquetWrite({ writer, columnData: columnData.map(untyped), schema, ...options });
  return Buffer.from(writer.getBytes());
}

/** The writer takes types by the schema or by the column. */
function untyped({ name, data }: Column): Column {
  return { name, data };
}

const read = (body: Buffer, ignoreUnknown = false) =>
  readTable(anyFormat, body, { manifest: smallManifest, ignoreUnknown, sizes: [1_000] });

const ids = (count: number): Column => ({
  name: 'patient_id',
  data: Array.from({ length: count }, (_, row) => `P-${row}`),
  type: 'STRING',
});
const ages = (count: number): Column => ({
  name: 'age',
  data: Array.from({ length: count }, (_, row) => row % 120),
  type: 'INT32',
});

describe('a Parquet file', () => {
  test('is read over row groups and pages, whatever their cut, every row once and in order', async () => {
    const count = 2_500;
    const lateness = Array.from({ length: count }, (_, row) => (row % 7 === 0 ? null : row / 3));
    const body = fileOf([ids(count), ages(count), { name: 'lateness', data: lateness, type: 'DOUBLE' }], {
      rowGroupSize: 700,
      pageSize: 1_000,
    });
    const { rows, rejections } = await read(body);
    expect(rejections).toStrictEqual([]);
    expect(rows.map(({ id }) => id)).toStrictEqual(ids(count).data);
    expect(rows.map(({ rowNo }) => rowNo)).toStrictEqual(lateness.map((_, row) => row + 1));
    expect(rows.map(({ values }) => values[0])).toStrictEqual(ages(count).data);
    expect(rows.map(({ values }) => values[1])).toStrictEqual(lateness.map((value) => value ?? NaN));
  });

  test.each([
    ['GZIP', (bytes: Uint8Array) => gzipSync(bytes)],
    ['ZSTD', (bytes: Uint8Array) => zstdCompressSync(bytes)],
    ['BROTLI', (bytes: Uint8Array) => brotliCompressSync(bytes)],
    ['SNAPPY', undefined],
    ['UNCOMPRESSED', undefined],
  ] as const)('is unpacked from %s', async (codec, compressor) => {
    const compressors = compressor === undefined ? {} : { compressors: { [codec]: compressor } };
    const { rows } = await read(fileOf([ids(300), ages(300)], { codec, ...compressors }));
    expect(rows.map(({ values }) => values[0])).toStrictEqual(ages(300).data);
  });

  test('gives ids digit for digit, and refuses those that a double has rounded', async () => {
    const exact: Column = { name: 'patient_id', data: [9_007_199_254_740_993n, 12n], type: 'INT64' };
    expect((await read(fileOf([exact, ages(2)]))).rows.map(({ id }) => id)).toStrictEqual([
      '9007199254740993',
      '12',
    ]);
    const double: Column = { name: 'patient_id', data: [1.2345678901234567e19, 12, NaN], type: 'DOUBLE' };
    const { rows, rejections } = await read(fileOf([double, ages(3)]));
    expect(rows.map(({ id }) => id)).toStrictEqual(['12']);
    expect(rejections.map(({ line, code }) => [line, code])).toStrictEqual([
      [2, 'rounded_id'],
      [4, 'missing_value'],
    ]);
  });

  test('gives decimals as they are written, not as a product', async () => {
    const schemaOverrides = {
      lateness: {
        name: 'lateness',
        type: 'INT64',
        converted_type: 'DECIMAL',
        precision: 10,
        scale: 1,
        repetition_type: 'OPTIONAL',
      },
    } as const;
    const lateness = { name: 'lateness', data: [0.3, -0.7, undefined, 12] };
    const { rows } = await read(fileOf([ids(4), ages(4), lateness], { schemaOverrides }));
    expect(rows.map(({ values }) => values[1])).toStrictEqual([0.3, -0.7, NaN, 12]);
  });

  test.each<[string, SchemaElement, unknown[]]>([
    ['dates', { name: 'due_date', type: 'INT32', converted_type: 'DATE' }, [epochDay(2026, 10, 4)]],
    [
      'wall clocks',
      {
        name: 'due_date',
        type: 'INT64',
        logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: false, unit: 'NANOS' },
      },
      [BigInt(Date.UTC(2026, 9, 4, 23, 30)) * 1_000_000n],
    ],
    [
      'instants, by the day in Lagos',
      {
        name: 'due_date',
        type: 'INT64',
        logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
      },
      [BigInt(Date.UTC(2026, 9, 3, 23, 30)) * 1_000n],
    ],
    ['texts', { name: 'due_date', type: 'BYTE_ARRAY', converted_type: 'UTF8' }, ['04/10/2026']],
  ])('gives due dates from %s', async (_, element, data) => {
    const due = { name: 'due_date', data: data as string[] };
    const schemaOverrides = { due_date: { ...element, repetition_type: 'REQUIRED' } as SchemaElement };
    const body = fileOf([ids(1), ages(1), due], { schemaOverrides });
    const options = { manifest: smallManifest, options: { dateOrder: 'dmy' as const } };
    const { rows, rejections } = await readTable(anyFormat, body, options);
    expect(rejections).toStrictEqual([]);
    expect(rows.map(({ due: day }) => day)).toStrictEqual([epochDay(2026, 10, 4)]);
  });

  test('has its values judged like a CSV’s: by field, row and code', async () => {
    const lateness: Column = { name: 'lateness', data: [1, Infinity, 2, 3], type: 'DOUBLE' };
    const age: Column = { name: 'age', data: [10, 11, 400, 1.5], type: 'DOUBLE' };
    const { rows, rejections } = await read(fileOf([ids(4), age, lateness]));
    expect(rows.map(({ id }) => id)).toStrictEqual(['P-0']);
    expect(rejections).toMatchObject([
      { rowNo: 2, line: 3, field: 'lateness', code: 'not_finite', patientId: 'P-1' },
      { rowNo: 3, line: 4, field: 'age', code: 'out_of_range' },
      { rowNo: 4, line: 5, field: 'age', code: 'not_an_integer' },
    ]);
  });

  test('may hold columns that are not read, whatever is in them, where unknown ones may pass', async () => {
    const tags: Column = { name: 'tags', data: [['a'], ['b', 'c']] };
    const schema: SchemaElement[] = [
      { name: 'root', num_children: 3 },
      { name: 'tags', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
      { name: 'patient_id', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
      { name: 'age', type: 'INT32', repetition_type: 'REQUIRED' },
    ];
    const writer = new ByteWriter();
    void parquetWrite({ writer, columnData: [tags, ids(2), ages(2)].map(untyped), schema });
    const body = Buffer.from(writer.getBytes());
    expect((await read(body, true)).rows.map(({ id }) => id)).toStrictEqual(['P-0', 'P-1']);
    await expect(read(body)).rejects.toMatchObject({ code: 'unknown_columns', field: 'tags' });
  });
});

describe('a Parquet file is refused', () => {
  test('with dates where a number belongs, by the name of the column', async () => {
    const schemaOverrides = {
      age: { name: 'age', type: 'INT32', converted_type: 'DATE', repetition_type: 'REQUIRED' },
    } as const;
    const body = fileOf([ids(1), { name: 'age', data: [20_000] }], { schemaOverrides });
    await expect(read(body)).rejects.toMatchObject({ code: 'invalid_body', field: 'age' });
  });

  test('in a compression that is not read, by its name', async () => {
    const body = fileOf([ids(1), ages(1)], { codec: 'LZ4', compressors: { LZ4: (bytes) => bytes } });
    await expect(read(body)).rejects.toMatchObject({
      code: 'invalid_body',
      message: expect.stringContaining('LZ4'),
    });
  });

  test('without its end', async () => {
    const body = fileOf([ids(10), ages(10)]);
    await expect(read(body.subarray(0, body.length - 1))).rejects.toMatchObject({ code: 'invalid_body' });
  });

  test('where a few bytes claim millions of equal rows', async () => {
    const count = PARQUET_LIMITS.freeRows + 200_000;
    const body = fileOf([
      { name: 'patient_id', data: Array.from({ length: count }, () => 'P'), type: 'STRING' },
      { name: 'age', data: new Int32Array(count), type: 'INT32' },
    ]);
    expect(body.length).toBeLessThan(100_000);
    await expect(read(body)).rejects.toMatchObject({ code: 'invalid_body' });
  });

  test('beyond what its pages may hold at once, with the remedy', async () => {
    const body = fileOf([ids(20_000), ages(20_000)]);
    const upload = new ParquetUpload({
      onColumns: (columns) => columns.map((_, index) => ({ index, as: 'text' })),
      onRows: async () => undefined,
      limits: { heldBytes: 100_000 },
    });
    try {
      await upload.write(body);
      await expect(upload.end()).rejects.toMatchObject({
        code: 'body_too_large',
        message: expect.stringContaining('row_group_size'),
      });
    } finally {
      await upload.close();
    }
  });

  test('or read, and nothing else, whatever bytes are changed', async () => {
    const whole = fileOf([ids(200), ages(200)], { rowGroupSize: 60, codec: 'UNCOMPRESSED' });
    const change = fc.record({ at: fc.nat(whole.length - 5), byte: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const body = Buffer.from(whole);
        for (const { at, byte } of changes) body[4 + at] = byte;
        const outcome = await read(body, true).then(
          ({ recordCount }) => recordCount,
          (error: unknown) => (error instanceof ServiceError ? error.code : error),
        );
        expect([
          200,
          'invalid_body',
          'body_too_large',
          'missing_columns',
          'missing_header',
          'duplicate_columns',
        ]).toContain(outcome);
      }),
      { numRuns: 15 },
    );
  }, 60_000);
});
