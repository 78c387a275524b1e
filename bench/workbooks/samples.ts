import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { columnName } from '#api/ingest/workbook/cell-reference.ts';
import { repeatedPart, workbookOf } from '#test/support/raw-workbook.ts';

export type Sample = { name: string; file: string; readers: readonly string[] };

const START = '<?xml version="1.0"?><worksheet><sheetData><row r="1"><c><v>1</v></c></row>';
const END = '</sheetData></worksheet>';
const COLUMNS = 91;
const WORDS = [
  'Female',
  'Male',
  'Active',
  'First Line',
  'TDF-3TC-DTG',
  'Lagos',
  'Kano',
  'No',
  'Yes',
  'MMD-3',
];
const FIRST_DAY = 40_000;

/** Writes the workbooks to read; the names say what is in them. */
export async function writeSamples(folder: string, rows: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  const add = async (name: string, bytes: Buffer, readers = ['ours']) => {
    const file = path.join(folder, `${samples.length}.xlsx`);
    await writeFile(file, bytes);
    samples.push({ name, file, readers });
  };
  const unpacking = (before: string, block: string, times: number, after: string) =>
    workbookOf({
      sheets: [{ xml: repeatedPart(`${START}${before}`, Buffer.from(block), times, `${after}${END}`) }],
    });
  await add(`line list, ${rows} × ${COLUMNS}`, lineList(rows), ['ours', 'hucre']);
  await add(
    'one cell of 300 MB',
    unpacking('<row r="2"><c t="inlineStr"><is><t>', 'B'.repeat(1024 ** 2), 300, '</t></is></c></row>'),
    ['ours', 'hucre'],
  );
  await add(
    'a sheet of a million formatted empty rows',
    unpacking('', '<row s="1"><c s="1"/></row>'.repeat(1_000), 1_048, ''),
    ['ours', 'hucre'],
  );
  await add('400 MB of shared strings', withStrings(`<si><t>${'A'.repeat(1_000)}</t></si>`, 1_000, 400), [
    'ours',
    'hucre',
  ]);
  await add('180 MB of shared strings', withStrings(`<si><t>${'A'.repeat(1_000)}</t></si>`, 1_000, 180));
  await add(
    'a row of 10 million cells',
    unpacking('<row r="2">', '<c t="inlineStr"><is><t>x</t></is></c>'.repeat(10_000), 1_000, '</row>'),
  );
  return samples;
}

function withStrings(string: string, perBlock: number, blocks: number): Buffer {
  const packed = repeatedPart('<sst>', Buffer.from(string.repeat(perBlock)), blocks, '</sst>');
  return workbookOf({ sheets: [{ xml: `${START}${END}` }], packedStrings: packed });
}

/** As Excel writes one: texts by number, dates as serials with a style. Five columns differ in every row. */
function lineList(rows: number): Buffer {
  const strings = new Map<string, number>();
  const string = (text: string) => {
    const index = strings.get(text) ?? strings.size;
    strings.set(text, index);
    return `t="s"><v>${index}</v></c>`;
  };
  const cell = (row: number, column: number) => {
    const start = `<c r="${columnName(column)}${row}" `;
    const pseudo = (row * 31 + column * 17) % 6_311;
    if (row === 1) return start + string(`Column ${column}`);
    if (column % 7 === 0 && column < 35) return start + string(`${columnName(column)}-${row}`);
    if (column % 7 <= 2) return `${start}s="1"><v>${FIRST_DAY + pseudo}</v></c>`;
    if (column % 7 <= 4) return start + string(WORDS[pseudo % WORDS.length] as string);
    return column % 7 === 5 ? `<c r="${columnName(column)}${row}"><v>${pseudo % 900}</v></c>` : '';
  };
  const parts: Buffer[] = [];
  for (let row = 1; row <= rows + 1; row++) {
    const cells = Array.from({ length: COLUMNS }, (_, column) => cell(row, column));
    parts.push(Buffer.from(`<row r="${row}" spans="1:${COLUMNS}">${cells.join('')}</row>`));
  }
  const sheet = Buffer.concat([
    Buffer.from('<?xml version="1.0"?><worksheet><sheetData>'),
    ...parts,
    Buffer.from(END),
  ]);
  return workbookOf({
    sheets: [{ name: 'RADET', xml: sheet }],
    styles: '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>',
    strings: [...strings.keys()].map((text) => `<si><t>${text}</t></si>`).join(''),
  });
}
