import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shownText } from '#patients/values/cell-text.ts';
import { isMissing } from '#patients/values/missing.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import {
  csvFormat,
  jsonArrayFormat,
  ndjsonFormat,
  readTable,
  type Row,
  type TableFormat,
} from '#test/support/read-table.ts';
import { smallManifest } from '#test/support/small-manifest.ts';

const read = (
  format: TableFormat,
  body: Buffer | string,
  sizes: number[] = [1 << 20],
  ignoreUnknown = false,
  maxRowBytes = 4_096,
) => readTable(format, body, { manifest: smallManifest, sizes, ignoreUnknown, maxRowBytes });

const refused = async (format: TableFormat, body: Buffer | string, ignoreUnknown = false) => {
  try {
    await read(format, body, [7], ignoreUnknown);
  } catch (error) {
    if (error instanceof ServiceError) return { code: error.code, line: error.line, field: error.field };
    throw error;
  }
  return undefined;
};

type Cells = {
  id: string;
  facility: string;
  age: string;
  lateness: string;
  sex: string;
  has_vl: string;
};

const KEYS = ['patient_id', 'facility_id', 'age', 'lateness', 'sex', 'has_vl'] as const;
const cellsOf = (row: Cells) => [row.id, row.facility, row.age, row.lateness, row.sex, row.has_vl];
const quote = (text: string, always: boolean) =>
  always || /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

/** One writer a format: the same table, three spellings. */
const WRITERS = {
  csv: {
    format: csvFormat,
    write: (table: Cells[], style: { crlf: boolean; bom: boolean; quoted: boolean }) => {
      const lines = [
        KEYS.join(','),
        ...table.map((row) =>
          cellsOf(row)
            .map((cell) => quote(cell, style.quoted))
            .join(','),
        ),
      ];
      return (
        (style.bom ? '\ufeff' : '') + lines.join(style.crlf ? '\r\n' : '\n') + (style.quoted ? '' : '\n')
      );
    },
  },
  ndjson: {
    format: ndjsonFormat,
    write: (table: Cells[], style: { crlf: boolean; bom: boolean; quoted: boolean }) =>
      (style.bom ? '\ufeff' : '') +
      table.map((row) => objectText(row, style.quoted)).join(style.crlf ? '\r\n' : '\n'),
  },
  json: {
    format: jsonArrayFormat,
    write: (table: Cells[], style: { crlf: boolean; bom: boolean; quoted: boolean }) =>
      `${style.bom ? '\ufeff' : ''}[${table.map((row) => objectText(row, style.quoted)).join(style.crlf ? ',\r\n' : ',')}]`,
  },
};

function objectText(row: Cells, quoted: boolean): string {
  const members = cellsOf(row).map((cell, index) => {
    const isNumber = !quoted && index >= 2 && /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/u.test(cell);
    const value = cell === '' ? 'null' : isNumber ? cell : JSON.stringify(cell);
    return `${JSON.stringify(KEYS[index])}: ${value}`;
  });
  return `{${members.join(', ')}}`;
}

const cells: fc.Arbitrary<Cells> = fc.record({
  id: fc
    .string({
      unit: fc.constantFrom(...Array.from('abcXYZ019-_/ ,"é漢😀')),
      minLength: 1,
      maxLength: 12,
    })
    .filter((id) => !isMissing(shownText(id))),
  facility: fc.constantFrom('', 'F1', 'Ward "A", North', 'Ẹ̀ka'),
  age: fc.oneof(fc.integer({ min: 0, max: 120 }).map(String), fc.constant('')),
  lateness: fc.oneof(
    fc
      .double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 })
      .map((value) => String(value)),
    fc.constantFrom('', '0.1', '-0', '123456789012345678', '0.30000000000000004'),
  ),
  sex: fc.constantFrom('0', '1', 'female', 'Male', ''),
  has_vl: fc.constantFrom('0', '1', 'true', 'False', ''),
});

function expected(table: Cells[]): Row[] {
  const number = (text: string, words: Record<string, number> = {}) =>
    text === '' ? NaN : (words[text.toLowerCase()] ?? Number(text));
  return table.map((row, index) => ({
    rowNo: index + 1,
    // Blanks around an id are nobody's.
    id: shownText(row.id),
    facility: row.facility === '' ? null : row.facility,
    due: -0x80000000,
    values: [
      number(row.age),
      number(row.lateness),
      number(row.sex, { female: 0, male: 1 }),
      number(row.has_vl, { true: 1, false: 0 }),
    ],
  }));
}

for (const [name, { format, write }] of Object.entries(WRITERS)) {
  test(`${name}: any table comes through unchanged, wherever the buffers are cut and however it is spelt`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(cells, { minLength: 1, maxLength: 12 }),
        fc.record({ crlf: fc.boolean(), bom: fc.boolean(), quoted: fc.boolean() }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
        async (table, style, sizes) => {
          const got = await read(format, write(table, style), sizes);
          expect(got.rejections).toEqual([]);
          expect(got.rows).toEqual(expected(table));
        },
      ),
      { numRuns: 400 },
    );
  });

  test(`${name}: a spoiled row costs only itself, and is named by row, field and code`, async () => {
    const good: Cells = {
      id: 'a',
      facility: '',
      age: '30',
      lateness: '1.5',
      sex: '1',
      has_vl: '1',
    };
    const spoiled: [Partial<Cells>, string, string][] = [
      [{ age: 'thirty' }, 'age', 'not_a_number'],
      [{ age: '30.5' }, 'age', 'not_an_integer'],
      [{ age: '121' }, 'age', 'out_of_range'],
      [{ lateness: '1e400' }, 'lateness', 'not_finite'],
      [{ lateness: 'Infinity' }, 'lateness', 'not_finite'],
      [{ lateness: '99 years' }, 'lateness', 'not_a_number'],
      [{ sex: '7' }, 'sex', 'unknown_category'],
      [{ sex: 'other' }, 'sex', 'unknown_category'],
      [{ has_vl: '2' }, 'has_vl', 'not_a_boolean'],
      [{ id: '' }, 'patient_id', 'missing_value'],
      [{ id: 'x'.repeat(65) }, 'patient_id', 'too_long'],
      [{ id: 'a\u0000b' }, 'patient_id', 'control_character'],
    ];
    const table = spoiled.flatMap(([change]) => [good, { ...good, ...change }]);
    const got = await read(format, write(table, { crlf: false, bom: false, quoted: false }), [11]);
    expect(got.rows.map((row) => row.rowNo)).toEqual(spoiled.map((_, index) => 2 * index + 1));
    expect(got.rejections.map(({ rowNo, field, code }) => [rowNo, field, code])).toEqual(
      spoiled.map(([, field, code], index) => [2 * index + 2, field, code]),
    );
  });
}

/** Bytes that mean something to a format, in any order, behind a head that lets rows begin. */
const CRUMBS = {
  csv: {
    format: csvFormat,
    head: 'age,patient_id,lateness,facility_id\n',
    words: [
      '"',
      '""',
      ',',
      ',',
      '\n',
      '\r\n',
      '\r',
      '1',
      '23',
      '-',
      '.5',
      '4.',
      '1e2',
      ' ',
      'x',
      'é',
      '\u0000',
      '1,a,2,b\n',
      '7,"p",,\n',
      '"8","q, r","1.5",""\r\n',
    ],
    tail: '',
  },
  ndjson: {
    format: ndjsonFormat,
    head: '{"patient_id":"a","age":1,"lateness":2}\n',
    words: [
      '"',
      '\\',
      '{',
      '}',
      ',',
      ':',
      '\n',
      '\r\n',
      ' ',
      '1',
      '-2.5',
      '.',
      'null',
      'true',
      'false',
      '"age"',
      '[',
      ']',
      '{"patient_id":"',
      '","age":',
      ',"lateness":',
      '{"patient_id": 7, "age": 3, "lateness": null}\n',
    ],
    tail: '',
  },
  json: {
    format: jsonArrayFormat,
    head: '[{"patient_id":"a","age":1,"lateness":2}',
    words: [
      ',{',
      '{',
      '}',
      '},',
      ',',
      '"',
      '\\',
      ':',
      '\n',
      ' ',
      '1',
      '-2.5',
      'null',
      '"age"',
      ',{"patient_id":"',
      '","age":',
      ',"lateness":',
      ',{"patient_id":"b","age":9,"lateness":1}',
      ',\n{"lateness":1,\n"age":2,"patient_id":"c}"}',
    ],
    tail: ']',
  },
};

for (const [name, { format, head, words, tail }] of Object.entries(CRUMBS)) {
  test(`${name}: whatever the bytes, they read the same in one piece, byte by byte and in between`, async () => {
    const outcome = async (body: string, sizes: number[]) => {
      try {
        const { rows, rejections } = await read(format, body, sizes, false, 48);
        return { rows, rejections };
      } catch (error) {
        if (error instanceof ServiceError) return { code: error.code, line: error.line };
        throw error;
      }
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...words), { maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 4 }),
        async (pieces, sizes) => {
          const body = head + pieces.join('') + tail;
          const whole = await outcome(body, [1 << 20]);
          expect(await outcome(body, [1])).toEqual(whole);
          expect(await outcome(body, sizes)).toEqual(whole);
        },
      ),
      { numRuns: 2_000 },
    );
  });
}

test('csv: lines are physical lines, line breaks inside quotes counted', async () => {
  const body = 'patient_id,age\r\n"a\nb",1\r\n\r\nc,x\r\nd,2\r\n';
  const got = await read(csvFormat, body, [3]);
  expect(got.rejections.map(({ line, code }) => [line, code])).toEqual([
    [2, 'control_character'],
    [5, 'not_a_number'],
  ]);
});

test('csv: columns may come in any order, absent features are told', async () => {
  const got = await read(csvFormat, 'has_vl,age,patient_id\n1,30,a\n');
  expect(got.rows[0]?.values).toEqual([30, NaN, NaN, 1]);
  expect(got.layout?.absentFeatures).toEqual(['lateness', 'sex']);
});

test('csv: the header is judged with every name at once, before any row', async () => {
  expect(await refused(csvFormat, 'patient_id,age,colour,shape\na,1,2,3\n')).toEqual({
    code: 'unknown_columns',
    line: 1,
    field: 'colour',
  });
  expect(await refused(csvFormat, 'patient_id,age,colour\na,1,2\n', true)).toBeUndefined();
  expect(await refused(csvFormat, 'age\n1\n')).toMatchObject({
    code: 'missing_columns',
    field: 'patient_id',
  });
  expect(await refused(csvFormat, 'patient_id,lateness\na,1\n')).toMatchObject({
    code: 'missing_columns',
    field: 'age',
  });
  expect(await refused(csvFormat, 'patient_id,age,age\na,1,1\n')).toMatchObject({
    code: 'duplicate_columns',
    field: 'age',
  });
  const wide = `patient_id,age,${Array.from({ length: 9_999 }, (_, index) => `c${index}`).join(',')}`;
  await expect(read(csvFormat, `${wide}\n`, [1 << 20], true, 1 << 20)).rejects.toThrow(
    expect.objectContaining({ code: 'too_many_columns' }),
  );
});

test('csv: rows of the wrong width, text after a quote and rows over the cap are refused alone', async () => {
  const body = `patient_id,age\na\nb,1,2\n"c"x,1\n${'d'.repeat(10_000)},1\n"${'e,'.repeat(3_000)}",1\nf,6\n`;
  for (const sizes of [[1 << 20], [5], [4_097]]) {
    const got = await read(csvFormat, body, sizes);
    expect(got.rows.map(({ id }) => id)).toEqual(['f']);
    expect(got.rejections.map(({ line, code }) => [line, code])).toEqual([
      [2, 'wrong_column_count'],
      [3, 'wrong_column_count'],
      [4, 'malformed_quote'],
      [5, 'row_too_large'],
      [6, 'row_too_large'],
    ]);
  }
});

test('csv: a quote that never ends refuses the upload with the line on which it opens', async () => {
  expect(await refused(csvFormat, 'patient_id,age\na,1\n"b,2\nc,3\n')).toEqual({
    code: 'unterminated_quote',
    line: 3,
    field: undefined,
  });
  expect((await refused(csvFormat, `patient_id,age\na,1\n"${'b\n'.repeat(5_000)}",1\n`))?.code).toBe(
    'unterminated_quote',
  );
});

test('csv: an id that is no UTF-8 in a file that is costs its row', async () => {
  const body = Buffer.concat([
    Buffer.from('patient_id,age\né,1\n'),
    Buffer.from([0xc3, 0x28]),
    Buffer.from(',1\nb,2\n'),
  ]);
  const got = await read(csvFormat, body);
  expect(got.rejections).toMatchObject([{ line: 3, field: 'patient_id', code: 'invalid_encoding' }]);
  expect(got.rows.map(({ id }) => id)).toEqual(['é', 'b']);
});

test('csv: a quote that is closed only lines later costs its line, and swallows no row', async () => {
  const body = 'patient_id,facility_id,age\na,F1,1\nb,"Road,2\nc,F1,3\nd,x" y,4\ne,F1,5\n';
  for (const sizes of [[1 << 20], [1], [9]]) {
    const got = await read(csvFormat, body, sizes);
    expect(got.rows.map(({ id }) => id)).toEqual(['a', 'c', 'd', 'e']);
    expect(got.rejections).toMatchObject([{ line: 3, code: 'malformed_quote', patientId: 'b' }]);
    expect(got.recordCount).toBe(5);
  }
});

test('ndjson: a line that is not JSON, a nested value, a key unknown or twice cost only their line', async () => {
  const body = [
    '{"patient_id":"a","age":1}',
    '{"patient_id":"b","age":1',
    'nonsense',
    '{"patient_id":"c","age":[1]}',
    '{"patient_id":"d","age":1,"age":2}',
    '{"patient_id":"e","age":1,"colour":2}',
    '{"patient_id":"f\\u00e9\\n","age":1}',
    `{"patient_id":"${'g'.repeat(9_000)}"}`,
    '{"patient_id":7,"age":"8","lateness":-1.5e2}',
  ].join('\n');
  for (const sizes of [[1 << 20], [3]]) {
    const got = await read(ndjsonFormat, body, sizes);
    expect(got.rows.map(({ id }) => id)).toEqual(['a', '7']);
    expect(got.rows[1]?.values).toEqual([8, -150, NaN, NaN]);
    expect(got.rejections.map(({ line, field, code }) => [line, field, code])).toEqual([
      [2, null, 'malformed_json'],
      [3, null, 'malformed_json'],
      [4, 'age', 'not_a_scalar'],
      [5, 'age', 'duplicate_field'],
      [6, 'colour', 'unknown_field'],
      [7, 'patient_id', 'control_character'],
      [8, null, 'row_too_large'],
    ]);
  }
});

test('json: what is not an array of objects is refused with its line', async () => {
  expect(await refused(jsonArrayFormat, '{"patient_id":"a"}')).toMatchObject({
    code: 'malformed_json',
    line: 1,
  });
  expect(await refused(jsonArrayFormat, '[{"patient_id":"a","age":1}\n{"patient_id":"b"}]')).toMatchObject({
    code: 'malformed_json',
    line: 2,
  });
  expect(await refused(jsonArrayFormat, '[{"patient_id":"a","age":1}')).toMatchObject({
    code: 'malformed_json',
  });
  expect(await refused(jsonArrayFormat, '[]')).toMatchObject({ code: 'empty_cohort' });
  expect(await refused(jsonArrayFormat, '[{"patient_id":"a","colour":1}]')).toMatchObject({
    code: 'unknown_columns',
    field: 'colour',
  });
});
