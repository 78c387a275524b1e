import { describe, expect, test } from 'vitest';
import { csvCell } from './csv-cell.ts';

describe('a CSV cell', () => {
  test.each([
    ['=1+1', "'=1+1"],
    ['+cmd|calc', "'+cmd|calc"],
    ['-2+3', "'-2+3"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', `"'\t'=1"`],
    ['＝1+1', "'＝1+1"],
    ['＋1', "'＋1"],
    ['－2+3', "'－2+3"],
    ['＠SUM(1)', "'＠SUM(1)"],
    [' =1+1', "' =1+1"],
    ["x;=cmd|' /C calc'!A0", `"x;'=cmd|' /C calc'!A0"`],
    ['a, +1', `"a,' +1"`],
    ['-;-1', `"'-;'-1"`],
    ['=HYPERLINK("x","y")', '"\'=HYPERLINK(""x"",""y"")"'],
  ])('of %j cannot run as a formula', (text, cell) => {
    expect(csvCell(text)).toBe(cell);
  });

  test.each(['x =1', '%0a=1', '-5', '+2348012345', 'P-001', '12.5', '', 'Ọmọ'])(
    'of %j stays as it is',
    (text) => {
      expect(csvCell(text)).toBe(text);
    },
  );

  test('with a comma, a quote or a line break is quoted', () => {
    expect(csvCell('a,b')).toBe('"a,b"');
    expect(csvCell('a"b')).toBe('"a""b"');
    expect(csvCell('a\nb')).toBe('"a\nb"');
  });
});
