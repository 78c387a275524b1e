import { readXlsx } from 'hucre/xlsx';
import { expect, test } from 'vitest';
import { worklistCsv, worklistXlsx } from './worklist-files.ts';

const FORMULAS = ['=1+1', '+cmd', '-2+3', '@SUM(A1)', '=HYPERLINK("x")'];

test('a formula in an id is text in either file', async () => {
  const table = FORMULAS.map((text) => [text, 1]);
  const csv = Buffer.concat([...worklistCsv(table)]).toString();
  const lines = csv.split('\r\n').slice(1, -1);
  for (const line of lines) expect(line).toMatch(/^"?'/u);
  const bytes = new Uint8Array(await new Response(worklistXlsx(table)).arrayBuffer());
  const { sheets } = await readXlsx(bytes);
  expect(sheets[0]!.rows.slice(2).map((row) => row[0])).toEqual(FORMULAS.map((text) => `'${text}`));
});
