import { expect, test } from 'vitest';
import { isRounded, shownText } from './cell-text.ts';

test.each([
  ['="00123"', '00123'],
  ['="a""b"', 'a"b'],
  ["'00123", '00123'],
  ["'A-1'", 'A-1'],
  [' A-1\u00a0', 'A-1'],
  ['\ufeffA-1', 'A-1'],
  ["'s-Hertogenbosch", "'s-Hertogenbosch"],
  ["O'Neil", "O'Neil"],
  ['"A-1"', '"A-1"'],
  ['=SUM(A1)', '=SUM(A1)'],
  ['A-1\n', 'A-1\n'],
  ["'", "'"],
])('%j shows %j', (cell, shown) => expect(shownText(cell)).toBe(shown));

test('only numbers as spreadsheets round them are rounded', () => {
  expect(['1.23E+17', '1,23457E+17', '1E+20', '1.23456789012346e+17'].map(isRounded)).toEqual(
    Array<boolean>(4).fill(true),
  );
  expect(['12E5', '1E20', 'E+17', '123456789012345678', 'A1.2E+17'].map(isRounded)).toEqual(
    Array<boolean>(5).fill(false),
  );
});

test('a long run of blanks costs no time', () => {
  const start = performance.now();
  for (let i = 0; i < 1_000; i++) shownText(`a${' '.repeat(254)}b`);
  expect(performance.now() - start).toBeLessThan(500);
});
