import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { writeXlsx } from 'hucre/xlsx';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ServiceError } from '#shared/errors/errors.ts';
import { type RawWorkbook, workbookOf, zipOf } from '#test/support/raw-workbook.ts';
import type { FlaggedCell } from './cell-flags.ts';
import { WORKBOOK_LIMITS } from './limits.ts';
import { readSheets } from './read-sheets.ts';
import { rowsOf as decodeRows } from './row-batch.ts';
import { readWorkbook, WorkbookUpload, type WorkbookOptions } from './read-workbook.ts';

type Row = [sheet: string, line: number, cells: string[], ...flags: FlaggedCell[]];

async function rowsOf(bytes: Uint8Array, options: Partial<WorkbookOptions> = {}): Promise<Row[]> {
  const rows: Row[] = [];
  await readWorkbook(bytes, {
    onRow: (cells, line, sheet, flags) => rows.push([sheet, line, cells, ...flags]),
    ...options,
  });
  return rows;
}

const inline = (text: string) => `<c t="inlineStr"><is><t>${text}</t></is></c>`;
const sheetOf = (...rows: string[]) =>
  `<sheetData>${rows.map((row) => `<row>${row}</row>`).join('')}</sheetData>`;
const cellsOf = async (book: RawWorkbook) => (await rowsOf(workbookOf(book))).map(([, , cells]) => cells);

describe('reading a workbook', () => {
  it('hands over every sheet in order with its name, row numbers and visibility', async () => {
    let told: unknown;
    const book = workbookOf({
      sheets: [
        { name: 'lists', state: 'hidden', xml: sheetOf(inline('Active')) },
        { name: 'chart', type: 'chartsheet', xml: '' },
        { name: 'A &amp; B', xml: `<sheetData><row r="3"><c r="C3"><v>7</v></c></row></sheetData>` },
        { name: 'empty', state: 'veryHidden', xml: '<sheetData/>' },
      ],
    });
    const rows = await rowsOf(book, { onSheets: (sheets) => void (told = sheets) });
    expect(rows).toEqual([
      ['lists', 1, ['Active']],
      ['A & B', 3, ['', '', '7']],
    ]);
    expect(told).toEqual([
      { name: 'lists', visibility: 'hidden', hasCells: true },
      { name: 'chart', visibility: 'visible', hasCells: false },
      { name: 'A & B', visibility: 'visible', hasCells: true },
      { name: 'empty', visibility: 'very_hidden', hasCells: true },
    ]);
    expect(await rowsOf(book, { onSheets: () => ['lists'] })).toHaveLength(1);
  });

  it('reads shared, rich, inline and calculated texts, booleans and errors', async () => {
    const rows = await rowsOf(
      workbookOf({
        strings:
          '<si><t xml:space="preserve"> a </t></si><si><r><t>Fe</t></r><r><rPr><b/></rPr><t>male</t></r><rPh sb="0" eb="1"><t>phonetic</t></rPh></si><si><t>line&#10;two_x000D_</t></si><si/>',
        sheets: [
          {
            xml: sheetOf(
              ['0', '1', '2', '3'].map((index) => `<c t="s"><v>${index}</v></c>`).join(''),
              `<c t="b"><v>1</v></c><c t="b"><v>0</v></c><c t="e"><v>#N/A</v></c><c t="e"><v>#REF!</v></c><c t="str"><f>A1</f><v>x &lt; y</v></c><c t="str"><f>A1</f><v></v></c><c t="d"><v>2026-10-20T00:00:00</v></c>`,
            ),
          },
        ],
      }),
    );
    expect(rows).toEqual([
      ['Sheet1', 1, [' a ', 'Female', 'line\ntwo\r']],
      [
        'Sheet1',
        2,
        ['TRUE', 'FALSE', '', '#REF!', 'x < y', '', '2026-10-20'],
        { column: 3, flag: 'error_value' },
      ],
    ]);
  });

  it('shows numbers by the format of their style, in the 1904 system too', async () => {
    const styles =
      '<numFmts><numFmt numFmtId="164" formatCode="0000"/><numFmt numFmtId="165" formatCode="0&quot; months&quot;"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="14"/></cellXfs><dxfs><dxf><numFmt numFmtId="164" formatCode="0.00"/></dxf></dxfs>';
    const sheets = [
      {
        xml: sheetOf('<c s="1"><v>12</v></c><c s="2"><v>3</v></c><c s="3"><v>44853</v></c><c><v>3.0</v></c>'),
      },
    ];
    expect(await cellsOf({ styles, sheets })).toEqual([['0012', '3 months', '2022-10-19', '3']]);
    expect(await cellsOf({ styles, sheets, properties: '<workbookPr date1904="1"/>' })).toEqual([
      ['0012', '3 months', '2026-10-20', '3'],
    ]);
  });

  it('flags ids that were rounded and formulas that were never calculated', async () => {
    const sheets = [
      {
        xml: sheetOf(
          '<c><v>1.234567890123457e+17</v></c><c><v>123456789012345</v></c>',
          `<c><f>1+2</f><v/></c>${inline('x')}<c><f>DATE(2026,10,20)</f></c><c><f>A1*0</f><v>0</v></c>`,
        ),
      },
    ];
    expect(await rowsOf(workbookOf({ sheets }))).toEqual([
      ['Sheet1', 1, ['1.23456789012346E+17', '123456789012345'], { column: 0, flag: 'rounded_id' }],
      [
        'Sheet1',
        2,
        ['', 'x', '', '0'],
        { column: 0, flag: 'formula_without_value' },
        { column: 2, flag: 'formula_without_value' },
      ],
    ]);
    const uncalculated = await rowsOf(workbookOf({ sheets, properties: '<calcPr fullCalcOnLoad="1"/>' }));
    expect(uncalculated[1]?.[5]).toEqual({ column: 3, flag: 'formula_without_value' });
  });

  it('gives a merged cell to each of its rows, once, and makes no row of it alone', async () => {
    const cells = [
      `${inline('F1')}${inline('p1')}`,
      `<c r="B2" t="inlineStr"><is><t>p2</t></is></c>`,
      `<c r="A3" s="1"/>`,
      `<c r="B4" t="inlineStr"><is><t>p4</t></is></c>`,
      `<c r="B5" t="inlineStr"><is><t>p5</t></is></c>`,
    ];
    const merges =
      '<mergeCells><mergeCell ref="A1:A4"/><mergeCell ref="C1:D1"/><mergeCell ref="nonsense"/></mergeCells>';
    const xml = `${sheetOf(...cells)}${merges}`;
    const expected = [
      ['Sheet1', 1, ['F1', 'p1']],
      ['Sheet1', 2, ['F1', 'p2']],
      ['Sheet1', 4, ['F1', 'p4']],
      ['Sheet1', 5, ['', 'p5']],
    ];
    expect(await rowsOf(workbookOf({ sheets: [{ xml }] }))).toEqual(expected);
    const prefixed = `<?xml version="1.0"?><x:worksheet xmlns:x="y">${xml.replaceAll(/<(\/?)(?=[a-z])/gi, '<$1x:')}</x:worksheet>`;
    expect(await rowsOf(workbookOf({ sheets: [{ xml: prefixed }] }))).toEqual(expected);
  });

  it.each([
    ['stored', { each: { stored: true } }],
    ['with data descriptors', { each: { descriptor: true } }],
    ['in ZIP64', { each: { zip64: true } }],
    ['of the strict form', { relations: 'http://purl.oclc.org/ooxml/officeDocument/relationships' }],
  ] satisfies [string, Partial<RawWorkbook>][])('reads an archive %s', async (_, how) => {
    const book = {
      sheets: [{ xml: sheetOf('<c t="s"><v>0</v></c>') }],
      strings: '<si><t>é</t></si>',
      ...how,
    };
    expect(await cellsOf(book)).toEqual([['é']]);
  });

  it('reads what a writer wrote, for any texts', async () => {
    // XML has no place for control characters and halves of pairs; writers leave them out or escape them each its own way.
    const text = fc
      .string({ unit: 'grapheme', maxLength: 12 })
      .filter((value) => !/[\p{Cc}\p{Cs}]|_x/u.test(value));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(text, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 8 }),
        async (table) => {
          const rows = await rowsOf(await writeXlsx({ sheets: [{ name: 'T', rows: table }] }));
          const expected = table.map((cells, index) => [
            index + 1,
            cells.slice(0, cells.findLastIndex((cell) => cell !== '') + 1),
          ]);
          expect(rows.map(([, line, cells]) => [line, cells])).toEqual(
            expected.filter(([, cells]) => (cells as string[]).length > 0),
          );
        },
      ),
      { numRuns: 10 },
    );
  });

  it('holds back for a consumer that is behind and loses no row', async () => {
    const rows = Array.from(
      { length: 20_000 },
      (_, index) => `<c><v>${index}</v></c><c t="inlineStr"><is><t>${'x'.repeat(50)}</t></is></c>`,
    );
    let seen = 0;
    let pauses = 0;
    await readWorkbook(workbookOf({ sheets: [{ xml: sheetOf(...rows) }] }), {
      onRow: (cells) => {
        if (cells[0] === String(seen)) seen++;
      },
      ready: async () => {
        pauses++;
        await new Promise(setImmediate);
      },
    });
    expect(seen).toBe(20_000);
    expect(pauses).toBeGreaterThan(3);
  });
});

describe('ending a reading', () => {
  const book = workbookOf({
    sheets: [{ xml: sheetOf(...Array.from({ length: 5_000 }, () => inline('x'))) }],
  });

  it('stops with what the consumer throws', async () => {
    let rows = 0;
    const stop = () => {
      rows++;
      throw new Error('enough');
    };
    await expect(readWorkbook(book, { onRow: stop })).rejects.toThrow('enough');
    expect(rows).toBe(1);
  });

  it('stops when it is aborted, before and during the reading', async () => {
    const controller = new AbortController();
    const abort = () => controller.abort(new Error('gone'));
    await expect(readWorkbook(book, { onRow: abort, signal: controller.signal })).rejects.toThrow('gone');
    await expect(readWorkbook(book, { onRow: abort, signal: controller.signal })).rejects.toThrow('gone');
  });

  it('leaves no file behind, and may be closed at any time', async () => {
    // A folder of its own: other files of the run spool into the common one.
    const folder = mkdtempSync(path.join(tmpdir(), 'iit-spool-'));
    vi.stubEnv('TMPDIR', folder);
    onTestFinished(() => {
      vi.unstubAllEnvs();
      rmSync(folder, { recursive: true });
    });
    const upload = new WorkbookUpload({ onRow: () => undefined });
    await upload.write(book.subarray(0, 100));
    expect(readdirSync(folder)).toEqual([]);
    await upload.close();
    await upload.close();
    await expect(upload.write(book)).rejects.toMatchObject({ code: 'upload_aborted' });
  });
});

describe('what is no workbook', () => {
  const compound = (...names: string[]) => {
    const file = Buffer.alloc(2048);
    Buffer.from('d0cf11e0a1b11ae1', 'hex').copy(file);
    file.writeUInt16LE(9, 30);
    file.writeUInt32LE(1, 48);
    for (const [index, name] of names.entries()) file.write(name, 1024 + index * 128, 'utf16le');
    return file;
  };
  const good = workbookOf({ sheets: [{ xml: sheetOf(inline('x')) }] });
  const flipped = Buffer.from(
    workbookOf({ sheets: [{ xml: sheetOf(inline('abcdefgh')) }], each: { stored: true } }),
  );
  flipped[flipped.indexOf('abcdefgh')] = 0x7a;
  const rootTo = (target: string) =>
    zipOf([
      {
        name: '_rels/.rels',
        data: `<Relationships><Relationship Id="a" Type="x/officeDocument" Target="${target}"/></Relationships>`,
      },
      { name: target, data: 'x' },
    ]);
  it.each([
    ['a password', compound('Root Entry', 'EncryptionInfo', 'EncryptedPackage'), /password/],
    ['Excel 97', compound('Root Entry', 'Workbook'), /\.xls\)/],
    ['another Office file', compound('Root Entry', 'WordDocument'), /no workbook/],
    ['a binary workbook', rootTo('xl/workbook.bin'), /\.xlsb/],
    ['a document', rootTo('word/document.xml'), /text document/],
    ['OpenDocument', zipOf([{ name: 'content.xml', data: '<x/>' }]), /\.ods/],
    ['any archive', zipOf([{ name: 'list.csv', data: 'a,b' }]), /holds no workbook/],
    ['an encrypted archive', workbookOf({ sheets: [{ xml: '' }], each: { encrypted: true } }), /password/],
    ['text', Buffer.from('Unique Id,Sex\n1,F\n'), /does not begin like one/],
    ['a few bytes', Buffer.from('PK'), /cut short/],
    ['half a file', good.subarray(0, good.length - 100), /cut short/],
    ['a flipped byte', flipped, /checksum/],
    [
      'a document type',
      workbookOf({ sheets: [{ xml: `<?xml version="1.0"?><!DOCTYPE a><a/>` }] }),
      /document type/,
    ],
    [
      'a text that is not there',
      workbookOf({ sheets: [{ xml: sheetOf('<c t="s"><v>5</v></c>') }] }),
      /row 1 names a text/,
    ],
    [
      'rows out of order',
      workbookOf({ sheets: [{ xml: '<sheetData><row r="2"/><row r="1"/></sheetData>' }] }),
      /out of order/,
    ],
  ])('says so of %s', async (_, bytes, message) => {
    await expect(rowsOf(bytes)).rejects.toMatchObject({
      code: 'invalid_body',
      message: expect.stringMatching(message),
    });
  });

  it('fails by its own errors only, whatever bytes are changed', async () => {
    const whole = workbookOf({
      sheets: [
        {
          xml: `${sheetOf(inline('x'), '<c s="1"><v>3</v></c>')}<mergeCells><mergeCell ref="A1:A2"/></mergeCells>`,
        },
      ],
      strings: '<si><t>a</t></si>',
      styles: '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>',
      each: { stored: true },
    });
    const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of changes) bytes[at] = value;
        expect(OUTCOMES).toContain(await readHere(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it('fails by its own errors only, whatever the parts say', async () => {
    const piece = fc.constantFrom(
      ...'<row>|</row>|<row r="9">|<row r="x"/>|<c|<c r="ZZZZ1">|<c r="B1" t="s">|<c s="99">|<v>|</v>|</c>|1|-|1e999|é|&#0;|&#x110000;|<is><t>|</t></is>|<f/>|_x0041_|</sheetData>|<sheetData>|<mergeCell ref="A1:B3"/>|t="b"|>|"|<![CDATA['.split(
        '|',
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 40 }), async (pieces) => {
        const bytes = workbookOf({
          sheets: [{ xml: `<sheetData>${pieces.join('')}</sheetData>` }],
          strings: '<si><t>a</t></si>',
        });
        expect(OUTCOMES).toContain(await readHere(bytes));
      }),
      { numRuns: 500 },
    );
  });
});

const OUTCOMES = ['read', 'invalid_body', 'workbook_too_large'];

/** Reads without a thread, which a property test would start hundreds of times: 'read', or the code of the refusal. */
async function readHere(bytes: Buffer): Promise<unknown> {
  const rows = readSheets({
    readAt: (position, length) => bytes.subarray(position, position + length),
    fileBytes: bytes.length,
    limits: WORKBOOK_LIMITS,
    choose: async (sheets) => [...sheets.keys()],
  });
  try {
    for await (const { batch } of rows) if ([...decodeRows(batch)].length === 0) return 'an empty batch';
  } catch (error) {
    return error instanceof ServiceError ? error.code : error;
  }
  return 'read';
}
