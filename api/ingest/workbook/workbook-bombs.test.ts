import { describe, expect, it } from 'vitest';
import { repeatedPart, type RawSheet, workbookOf, zipOf } from '#test/support/raw-workbook.ts';
import { readWorkbook, type WorkbookOptions } from './read-workbook.ts';

const MIB = 1024 ** 2;
const HEAD = '<?xml version="1.0"?>';
const START = `${HEAD}<worksheet><sheetData><row r="1"><c><v>1</v></c></row>`;
const END = '</sheetData></worksheet>';
const PATIENT = '<c t="inlineStr"><is><t>SYN-1</t></is></c>';

/** Reads and returns the refusal, the rows and how far the process grew. */
async function outcome(bytes: Buffer, options: Partial<WorkbookOptions> = {}) {
  const idleBytes = process.memoryUsage.rss();
  let mostBytes = idleBytes;
  const watch = setInterval(() => {
    mostBytes = Math.max(mostBytes, process.memoryUsage.rss());
  }, 5);
  let rows = 0;
  let error: unknown;
  const startMs = performance.now();
  await readWorkbook(bytes, { onRow: () => void rows++, ...options }).catch((thrown: unknown) => {
    error = thrown;
  });
  clearInterval(watch);
  return {
    error,
    rows,
    grownMib: (mostBytes - idleBytes) / MIB,
    seconds: (performance.now() - startMs) / 1000,
  };
}

const sheet = (before: string, block: string, times: number, after: string): RawSheet => ({
  xml: repeatedPart(`${START}${before}`, Buffer.from(block), times, `${after}${END}`),
});
const letters = 'B'.repeat(MIB);
const wide = '<c t="inlineStr"><is><t>x</t></is></c>'.repeat(10_000);

describe('a small workbook that unpacks to hundreds of megabytes', () => {
  it.each([
    [
      'one cell of 300 MB',
      workbookOf({
        sheets: [sheet('<row r="2"><c t="inlineStr"><is><t>', letters, 300, '</t></is></c></row>')],
      }),
    ],
    [
      'an attribute of 300 MB',
      workbookOf({ sheets: [sheet('<row r="2"><c r="', letters, 300, '"/></row>')] }),
    ],
    ['a comment of 300 MB', workbookOf({ sheets: [sheet('<!--', letters, 300, '-->')] })],
    ['a row of ten million cells', workbookOf({ sheets: [sheet('<row r="2">', wide, 1_000, '</row>')] })],
    [
      'a sheet of 2 GB',
      workbookOf({ sheets: [{ xml: { deflated: Buffer.from([3, 0]), bytes: 2048 * MIB } }] }),
    ],
    [
      'a million merged ranges',
      workbookOf({
        sheets: [
          { xml: `${START}${END.slice(0, 12)}${'<mergeCell ref="A1:A9"/>'.repeat(100_001)}</worksheet>` },
        ],
      }),
    ],
  ])('is refused without being held: %s', async (_, bytes) => {
    const { error, grownMib, seconds } = await outcome(bytes);
    expect(error).toMatchObject({ code: 'workbook_too_large' });
    expect(grownMib).toBeLessThan(100);
    // Two seconds on an idle machine (bench/results/workbooks.md); the tests may share theirs with others.
    expect(seconds).toBeLessThan(15);
  });

  it.each([
    ['400 MB of texts', `<si><t>${'A'.repeat(1_000)}</t></si>`.repeat(1_000), 400],
    ['eight million texts of one letter', '<si><t>A</t></si>'.repeat(10_000), 800],
    ['one text of 150 MB', 'A'.repeat(MIB), 150],
  ])('is refused without its table of texts being held: %s', async (_, block, times) => {
    const { error, grownMib } = await outcome(
      withStrings(repeatedPart('<sst><si><t>x', Buffer.from(block), times, '</t></si></sst>')),
    );
    expect(error).toMatchObject({ code: 'workbook_too_large' });
    expect(grownMib).toBeLessThan(110);
  });

  it('stops where a part unpacks to more than the archive declares', async () => {
    const part = repeatedPart('<sst>', Buffer.from('<si><t>A</t></si>'.repeat(1_000)), 4_000, '</sst>');
    const { error, grownMib } = await outcome(withStrings({ ...part, bytes: 1_000 }));
    expect(error).toMatchObject({
      code: 'invalid_body',
      message: expect.stringMatching(/more than it declares/),
    });
    expect(grownMib).toBeLessThan(100);
  });

  it('ends the thread alone that needs more memory or time than it may', async () => {
    const book = workbookOf({ sheets: [sheet('', `<row>${PATIENT}</row>`.repeat(1_000), 500, '')] });
    const slow = await outcome(book, { limits: { workMs: 1 } });
    expect(slow.error).toMatchObject({
      code: 'workbook_too_large',
      message: expect.stringMatching(/too long/),
    });
    const styles = `<cellXfs>${'<xf numFmtId="1"/>'.repeat(60_000)}</cellXfs>`;
    const large = await outcome(workbookOf({ sheets: [{ xml: '<sheetData/>' }], styles }), {
      limits: { heapMib: 4 },
    });
    expect(large.error).toMatchObject({
      code: 'workbook_too_large',
      message: expect.stringMatching(/memory/),
    });
    expect((await outcome(book)).rows).toBe(500_001);
  });
});

describe('a large workbook', () => {
  it('gives its one patient among a million formatted empty rows', async () => {
    const empty = '<row s="1" customFormat="1"><c s="1"/><c s="1"/></row>'.repeat(1_000);
    const { error, rows, grownMib, seconds } = await outcome(
      workbookOf({ sheets: [sheet(`<row r="2">${PATIENT}</row>`, empty, 1_048, '')] }),
    );
    expect([error, rows]).toEqual([undefined, 2]);
    expect(grownMib).toBeLessThan(100);
    expect(seconds).toBeLessThan(30);
  });

  it('is refused by its size before it is read', async () => {
    const bytes = zipOf([{ name: 'a', data: Buffer.alloc(4 * MIB), stored: true }]);
    const { error } = await outcome(bytes, { limits: { fileBytes: 1 * MIB } });
    expect(error).toMatchObject({ code: 'workbook_too_large', message: expect.stringMatching(/1 MB/) });
  });
});

function withStrings(packedStrings: ReturnType<typeof repeatedPart>): Buffer {
  return workbookOf({ sheets: [{ xml: '<sheetData/>' }], packedStrings });
}
