import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ServiceError } from '#shared/errors/errors.ts';
import type { ManifestFeature, ModelManifest } from '#shared/models/manifest.ts';
import { anyFormat, readTable } from '#test/support/read-table.ts';
import type { InputOptions } from '../input-format.ts';

const feature = (
  name: string,
  index: number,
  kind: ManifestFeature['kind'],
  [min, max]: [number, number],
  labels?: string[],
): ManifestFeature => ({
  name,
  index,
  kind,
  unit: name === 'age' ? 'years' : '',
  min,
  max,
  required: false,
  missing: '',
  description: '',
  ...(labels === undefined ? {} : { categories: labels.map((label, code) => ({ code, label })) }),
});

const manifest = {
  features: [
    feature('age', 0, 'integer', [0, 120]),
    feature('months_on_art', 1, 'numeric', [0, 600]),
    feature('gender', 2, 'categorical', [0, 1], ['female', 'male']),
    feature('has_phone', 3, 'boolean', [0, 1]),
  ],
} as unknown as ModelManifest;

const HEADER = 'patient_id,facility_id,due_date,age,months_on_art,gender,has_phone';
const ROW = 'A-1,F1,2026-12-01,34,20.5,female,1';
const read = (body: Buffer | string, options: Partial<InputOptions> = {}) =>
  readTable(anyFormat, body, { manifest, options });
const day = (iso: string) => Date.parse(iso) / 86_400_000;

/** The body’s one refusal. */
async function refusal(body: Buffer | string): Promise<ServiceError> {
  try {
    await read(body);
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  throw new Error('the body was read');
}

describe('a table is read the same', () => {
  const two = `${HEADER}\n${ROW}\nA-2,F1,2026-12-05,41,60,male,0\n`;
  const variants: [string, Buffer | string][] = [
    ['plain', two],
    ['with semicolons', two.replaceAll(',', ';')],
    ['with tabs', two.replaceAll(',', '\t')],
    ['with bars', two.replaceAll(',', '|')],
    ['below Excel’s sep=;', `sep=;\n${two.replaceAll(',', ';')}`],
    ['below Excel’s sep=,', `sep=,\r\n${two}`],
    ['with CR alone', two.replaceAll('\n', '\r')],
    ['with a separator behind the header alone', two.replace('\n', ',\n')],
    [
      'with an index column',
      two.replaceAll(/^/gmu, '0,').replace('0,', 'Unnamed: 0,').replace(/\n0,$/u, '\n'),
    ],
    ['with numbered rows', two.replaceAll(/^/gmu, '0,').replace('0,', 'S/No.,').replace(/\n0,$/u, '\n')],
    [
      'with units in its titles',
      two.replace('age', 'Age (years)').replace('due_date', 'Due date [yyyy-mm-dd]'),
    ],
    ['with a line break in a title', two.replace('due_date', '"due\ndate"')],
    ['with sex for gender', two.replace('gender', 'sex')],
    ['joined with its header', two.replace(/\nA-2/u, `\n\ufeff${HEADER}\n\ufeffA-2`)],
    ['with Control-Z and NUL at its end', `${two}\u001a\n\u0000\u0000`],
    ['with rows of empty quotes', `${two}"","","","","","",""\n`],
    ['with a spreadsheet’s marks of text', two.replace('A-1', '="A-1"').replace(',34,', ",'34,")],
    ['with blanks around ids', two.replace('A-1', ' A-1\u00a0').replace('F1', 'F1 ')],
    ['with CRLF', two.replaceAll('\n', '\r\n')],
    ['with a byte order mark', `\ufeff${two}`],
    ['as UTF-16 little-endian', Buffer.from(`\ufeff${two}`, 'utf16le')],
    ['as UTF-16 without a mark', Buffer.from(two, 'utf16le')],
    ['as UTF-16 big-endian', Buffer.from(`\ufeff${two}`, 'utf16le').swap16()],
    ['with a nameless last column', two.replaceAll('\n', ',\n')],
    ['with separators behind its rows', two.replaceAll(/(?<=\d)\n/gu, ',,\n')],
    ['with rows of separators alone', `${two},,,,,,\n,,,,,,\n`],
    ['below titles', `Clinic list\nprinted 2026-11-26,,\n\n${two}`],
    [
      'with names as people write them',
      two.replace(HEADER, 'Patient ID,Facility ID,Due Date,AGE,Months on ART,Gender,Has phone'),
    ],
    [
      'with an index column',
      two
        .split('\n')
        .map((line, index) => (line === '' ? '' : `${index === 0 ? '' : index},${line}`))
        .join('\n'),
    ],
    [
      'as JSON lines',
      two
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((line) =>
          JSON.stringify(
            Object.fromEntries(
              line
                .split(',')
                .map((cell, i) => [HEADER.split(',')[i], i > 2 && i !== 5 ? Number(cell) : cell]),
            ),
          ),
        )
        .join('\n'),
    ],
  ];
  test.each(variants)('%s', async (_, body) => {
    const got = await read(body);
    expect(got.rejections).toEqual([]);
    expect(got.rows.map(({ id, facility, due, values }) => [id, facility, due, values])).toEqual([
      ['A-1', 'F1', day('2026-12-01'), [34, 20.5, 0, 1]],
      ['A-2', 'F1', day('2026-12-05'), [41, 60, 1, 0]],
    ]);
    expect(got.recordCount).toBe(2);
  });

  test('in Windows-1252, whose first foreign byte comes late', async () => {
    const ids = Array.from({ length: 4_000 }, (_, index) => `A-${index}`);
    const text = `${HEADER}\n${ids.map((id) => ROW.replace('A-1', id)).join('\n')}\n`;
    const got = await read(Buffer.from(`${text}${ROW.replace('A-1', 'Zoé')}\n`, 'latin1'));
    expect(got.input.encoding).toBe('windows-1252');
    expect(got.rows.at(-1)?.id).toBe('Zoé');
    expect(got.rejections).toEqual([]);
  });
});

test('every dialect, encoding and quoting of the same rows reads the same', async () => {
  const cell = fc.string({
    unit: fc.constantFrom(...Array.from('abXY 019-;,|"é')),
    minLength: 1,
    maxLength: 8,
  });
  const row = fc.record({
    id: cell.filter((text) => /[A-Za-z0-9]/u.test(text) && text.trim() === text),
    age: fc.integer({ min: 0, max: 120 }),
    months: fc.integer({ min: 0, max: 6_000 }).map((tenths) => tenths / 10),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { minLength: 2, maxLength: 20 }),
      fc.constantFrom(',', ';', '\t', '|'),
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.constantFrom('utf8', 'utf8-bom', 'utf16le', 'latin1'),
      fc.boolean(),
      async (rows, delimiter, end, encoding, quoted) => {
        const spell = (text: string) =>
          quoted || text.includes(delimiter) || text.startsWith('"')
            ? `"${text.replaceAll('"', '""')}"`
            : text;
        const comma = delimiter === ';';
        const lines = [
          ['patient_id', 'age', 'months_on_art'],
          ...rows.map(({ id, age, months }) => [
            id,
            String(age),
            comma ? months.toFixed(1).replace('.', ',') : months.toFixed(1),
          ]),
        ];
        const text = lines.map((cells) => cells.map(spell).join(delimiter)).join(end) + end;
        const body =
          encoding === 'utf8'
            ? Buffer.from(text)
            : encoding === 'utf8-bom'
              ? Buffer.from(`\ufeff${text}`)
              : Buffer.from(encoding === 'utf16le' ? `\ufeff${text}` : text, encoding as 'latin1');
        const got = await read(body);
        expect(got.rejections).toEqual([]);
        expect(got.recordCount).toBe(rows.length);
        expect(got.rows.map(({ id, values }) => [id, values[0], values[1]])).toEqual(
          rows.map(({ id, age, months }) => [id, age, months]),
        );
      },
    ),
    { numRuns: 150 },
  );
});

test('noise is refused by name or read row by row; no line of a table is hidden', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
      const failure = await read(Buffer.from(bytes)).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(failure === undefined || failure instanceof ServiceError).toBe(true);
    }),
    { numRuns: 300 },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: fc.constantFrom(...Array.from('aé",;1 .\t')), maxLength: 12 }), {
        minLength: 1,
        maxLength: 12,
      }),
      async (lines) => {
        const filled = lines.filter((line) => /[^,\t ]/u.test(line));
        const outcome = await read(`${HEADER}\n${ROW}\n${lines.join('\n')}\n${ROW}\n`).then(
          ({ rows, rejections, recordCount }) => ({
            told: rows.length + new Set(rejections.map(({ line }) => line)).size,
            recordCount,
          }),
          (error: unknown) => ({ code: (error as ServiceError).code }),
        );
        // Quotes may join lines into one record, which is one refused row, never a silent one.
        const hasQuotes = lines.some((line) => line.includes('"'));
        const records = 'recordCount' in outcome && hasQuotes ? outcome.recordCount : filled.length + 2;
        expect(outcome).toEqual(
          'code' in outcome ? { code: 'unterminated_quote' } : { told: records, recordCount: records },
        );
      },
    ),
    { numRuns: 300 },
  );
});

describe('values are judged by their column', () => {
  const due = async (cells: string[], options: Partial<InputOptions> = {}) => {
    const got = await read(
      `patient_id,due_date\n${cells.map((cell, index) => `D${index},${cell}`).join('\n')}\n`,
      options,
    );
    return {
      days: got.rows.map((row) => row.due),
      refused: got.rejections.map(({ patientId, code }) => [patientId, code]),
    };
  };

  test('a column that never shows its order refuses what is ambiguous, and reads every other spelling', async () => {
    const got = await due([
      '01/12/2026',
      '2026/12/01',
      '1-Dec-2026',
      '46357',
      '20261201',
      '2026-12-1',
      '0000-00-00',
      'NaT',
    ]);
    const first = day('2026-12-01');
    expect(got.refused).toEqual([['D0', 'ambiguous_date']]);
    expect(got.days).toEqual([first, first, first, first, first, -0x80000000, -0x80000000]);
  });

  test('one day above 12 tells the order of the column; what contradicts it later costs its row', async () => {
    expect(await due(['01/12/2026', '25/12/2026'])).toEqual({
      days: [day('2026-12-01'), day('2026-12-25')],
      refused: [],
    });
    expect(await due(['01/12/2026', '12/25/2026'])).toEqual({
      days: [day('2026-01-12'), day('2026-12-25')],
      refused: [],
    });
    expect(await due(['01/12/2026', '12/25/2026'], { dateOrder: 'dmy' })).toEqual({
      days: [day('2026-12-01')],
      refused: [['D1', 'not_a_date']],
    });
  });

  test('decimal commas, thousands and words for missing', async () => {
    const cells = ['20,50', '0,5', 'NA', '#N/A', 'unknown', '-', '99 years'];
    const got = await read(
      `patient_id;months_on_art\n${cells.map((cell, index) => `M${index};${cell}`).join('\n')}\n`,
    );
    expect(got.rows.map(({ values }) => values[1])).toEqual([20.5, 0.5, NaN, NaN, NaN, NaN]);
    expect(got.rejections).toMatchObject([{ patientId: 'M6', code: 'not_a_number' }]);
    expect(got.input).toMatchObject({ delimiter: ';', decimal: 'comma' });
  });

  test('yes and no, female and male, as people write them; anything else is refused as what it is not', async () => {
    const cells = ['yes,F', 'N,woman', 'TRUE,Male ', 'on,0', ',Unknown', '2,f', 'X,f', 'yes,2'];
    const got = await read(
      `patient_id,has_phone,gender\n${cells.map((cell, index) => `B${index},${cell}`).join('\n')}\n`,
    );
    expect(got.rows.map(({ values }) => [values[3], values[2]])).toEqual([
      [1, 0],
      [0, 0],
      [1, 1],
      [1, 0],
      [NaN, NaN],
    ]);
    expect(got.rejections.map(({ patientId, code }) => [patientId, code])).toEqual([
      ['B5', 'not_a_boolean'],
      ['B6', 'not_a_boolean'],
      ['B7', 'unknown_category'],
    ]);
  });
});

describe('what cannot be read is said in one sentence', () => {
  test.each<[string, Buffer | string, string]>([
    [
      'a table without a header',
      'A-001,F1,2026-12-01,34,20.5,female,1\nA-002,F1,2026-12-01,34,20.5,male,1\n',
      'missing_header',
    ],
    ['names that nobody knows', 'secret-name,other\nA-001,x\n', 'missing_columns'],
    ['an old workbook', Buffer.from('d0cf11e0a1b11ae10000', 'hex'), 'unsupported_media_type'],
    ['a PDF', '%PDF-1.7\n', 'unsupported_media_type'],
    ['a page', '<!DOCTYPE html><table><tr><td>A-001</td></tr></table>', 'unsupported_media_type'],
    ['an XML spreadsheet', '<?xml version="1.0"?><Workbook></Workbook>', 'unsupported_media_type'],
    ['an older workbook', Buffer.from('0900040002001000', 'hex'), 'unsupported_media_type'],
    [
      'bytes that are no text',
      Buffer.from(Array.from({ length: 400 }, (_, i) => i % 7)),
      'unsupported_media_type',
    ],
    ['a body compressed twice', Buffer.from('1f8b0800', 'hex'), 'unsupported_media_type'],
    ['blank lines', '\n \n\n', 'empty_body'],
    ['lines in quotes', `"${HEADER}"\n"${ROW.replace('A-1', 'A-001')}"\n`, 'missing_columns'],
    ['an age in months', `${HEADER.replace('age', 'age (months)')}\n${ROW}\n`, 'unknown_columns'],
    ['a table by columns', '{"patient_id":["A-001"],"age":[34]}', 'malformed_json'],
    ['a second list', '{"a":[{"patient_id":"A-001"}],"b":[{"patient_id":"A-002"}]}', 'malformed_json'],
    ['a quote that is never closed', `${HEADER}\n${ROW}\n"A-2,F1,,,,,\n`, 'unterminated_quote'],
  ])('%s', async (_, body, code) => {
    const error = await refusal(body);
    expect(error.code).toBe(code);
    expect(error.message).not.toMatch(/A-00|secret/u);
  });

  test('a bare NaN in JSON names its field', async () => {
    const got = await read('[{"patient_id":"A","age":34,"months_on_art":NaN}]');
    expect(got.rejections).toMatchObject([{ line: 1, code: 'malformed_json' }]);
    expect(got.rejections[0]?.message).toMatch(/NaN.*months_on_art.*null/u);
  });

  test('lists that an object wraps, and objects over many lines, are opened', async () => {
    const rows = [
      { patient_id: 'A', age: 34 },
      { patient_id: 'B', age: 35 },
    ];
    for (const body of [
      JSON.stringify({ rows }),
      JSON.stringify({ data: rows }, null, 2),
      rows.map((row) => JSON.stringify(row, null, 2)).join('\n'),
      rows.map((row) => JSON.stringify(row)).join(''),
      JSON.stringify({ count: 2, next: null, results: rows }),
      JSON.stringify({ results: rows, count: 2, note: 'a "[list]"' }, null, 1),
      JSON.stringify({ meta: { page: 1, of: [1, 2] }, data: { rows } }),
    ])
      expect((await read(body)).rows.map(({ id }) => id)).toEqual(['A', 'B']);
  });
});

test('a name that nobody knows is told with the nearest one', async () => {
  expect((await refusal(`${HEADER.replace('months_on_art', 'month_on_art')}\n${ROW}\n`)).message).toMatch(
    /Did you mean months_on_art\?/u,
  );
});

test('ids that a spreadsheet has rounded are refused by that name; a whole id of digits is not', async () => {
  const ids = ['1.23457E+17', '12E5', '123456789012345678'];
  const got = await read(`${HEADER}\n${ids.map((id) => ROW.replace('A-1', id)).join('\n')}\n`);
  expect(got.rejections).toMatchObject([{ line: 2, code: 'rounded_id', patientId: '1.23457E+17' }]);
  expect(got.rows.map(({ id }) => id)).toEqual(['12E5', '123456789012345678']);
});

test('a header cell of a million brackets, and a wide one, cost no time', async () => {
  const started = process.cpuUsage();
  for (const title of ['('.repeat(1_000_000), '()'.repeat(500_000), 'é('.repeat(300_000)]) {
    await readTable(anyFormat, `patient_id,${title}\nA,1\n`, {
      manifest,
      maxRowBytes: 4_000_000,
      ignoreUnknown: true,
    });
  }
  const { user, system } = process.cpuUsage(started);
  expect((user + system) / 1e6).toBeLessThan(2);
});
