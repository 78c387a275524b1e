import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CsvCells } from './csv-cells.ts';

function parse(text: string, pieces: number[] = []): [string[], number][] {
  const rows: [string[], number][] = [];
  const csv = new CsvCells((cells, line) => rows.push([cells, line]));
  let at = 0;
  for (const size of pieces) {
    csv.write(text.slice(at, at + size));
    at += size;
  }
  csv.write(text.slice(at));
  csv.end();
  return rows;
}

describe('CSV of a line list', () => {
  it('gives cells and the line on which each row begins', () => {
    expect(parse('\uFEFFa,b\r\n"x, ""y""\nz",2\n\n3,\n')).toEqual([
      [['a', 'b'], 1],
      [['x, "y"\nz', '2'], 2],
      [['3', ''], 5],
    ]);
    expect(parse('a,b')).toEqual([[['a', 'b'], 1]]);
  });

  it('is the same however it is cut into pieces', () => {
    const cell = fc.stringMatching(/^[a-z ,"\r\n]{0,6}$/);
    const quote = (value: string) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
    fc.assert(
      fc.property(
        fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 5 }),
        fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 30 }),
        (rows, pieces) => {
          const text = rows.map((row) => row.map(quote).join(',')).join('\r\n');
          expect(parse(text, pieces).map(([cells]) => cells)).toEqual(rows);
        },
      ),
    );
  });

  it('refuses a quote that is never closed and a row without end', () => {
    expect(() => parse('a\n"b')).toThrow('line 1');
    const csv = new CsvCells(() => {}, 100);
    expect(() => csv.write('x'.repeat(101))).toThrow('too long');
  });
});
