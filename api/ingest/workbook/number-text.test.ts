import { describe, expect, it } from 'vitest';
import { dateText, numberText, plainNumber } from './number-text.ts';

describe('what a cell shows of its number', () => {
  it.each([
    ['General', 12, '12'],
    ['General', 2.7999999999999998, '2.8'],
    ['General', 0.1 + 0.2, '0.3'],
    ['General', 123456789012345, '123456789012345'],
    ['0000', 12, '0012'],
    ['00000', -20, '-00020'],
    ['"SYN-"0000', 7, 'SYN-0007'],
    ['000-000-0000', 8031234567, '803-123-4567'],
    ['0" months"', 3, '3 months'],
    ['0', 33.7, '34'],
    ['0.00', 3.14159, '3.14'],
    ['#,##0', 1234567, '1234567'],
    ['#,##0.00', 1234.5, '1234.50'],
    ['#,##0_);(#,##0)', -1234, '-1234'],
    ['_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)', 0, '0'],
    ['0%', 0.85, '85%'],
    ['0.00E+00', 12345, '12345'],
    ['# ?/?', 1.5, '1.5'],
    ['0,', 15_000, '15000'],
    [';;;', 4, '4'],
    ['@', 12, '12'],
    ['[>=1000]"high";"low"', 20, 'low'],
    ['no " format', 5, '5'],
    ['0'.repeat(300), 5, '5'],
    ['yyyy-mm-dd', 46_315, '2026-10-20'],
    ['dd/mm/yyyy', 46_315, '2026-10-20'],
    ['mmm-yy', 46_315, '2026-10-20'],
    ['[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy', 46_315, '2026-10-20'],
    ['yyyy"年"m"月"d"日"', 46_315, '2026-10-20'],
    ['[Red]dd/mm/yyyy', 46_315, '2026-10-20'],
    ['m/d/yyyy h:mm', 46_315.75, '2026-10-20'],
    ['h:mm:ss', 46_315, '2026-10-20'],
    ['h:mm:ss', 0.5, '12:00:00'],
    ['[h]:mm', 1.5, '36:00'],
  ])('%s shows %d as %s', (code, value, text) => {
    expect(numberText(164, code, false)(value)).toBe(text);
  });

  it.each([
    [14, '2026-10-20'],
    [22, '2026-10-20'],
    [31, '2026-10-20'],
    [57, '2026-10-20'],
    [1, '46315'],
    [49, '46315'],
    [999, '46315'],
  ])('knows the built-in format %d', (id, text) => {
    expect(numberText(id, undefined, false)(46_315)).toBe(text);
  });

  it.each([
    [1, false, '1900-01-01'],
    [59, false, '1900-02-28'],
    [60, false, '1900-02-29'],
    [61, false, '1900-03-01'],
    [0, false, '1900-01-00'],
    [46_314.999_999_999_9, false, '2026-10-20'],
    [2_958_465, false, '9999-12-31'],
    [2_958_466, false, undefined],
    [-1, false, undefined],
    [Number.NaN, false, undefined],
    [0, true, '1904-01-01'],
    [44_853, true, '2026-10-20'],
  ])('serial %d (1904: %s) is %s', (serial, uses1904, text) => {
    expect(dateText(serial, uses1904)).toBe(text);
  });

  it('writes numbers of 16 digits and more as Excel does', () => {
    expect([1e15, 1.234567890123457e17, -1.5e21].map(plainNumber)).toEqual([
      '1E+15',
      '1.23456789012346E+17',
      '-1.5E+21',
    ]);
  });
});
