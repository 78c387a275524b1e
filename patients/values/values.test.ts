import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { civilDate, isoDate } from '../record/epoch-day.ts';
import { readBoolean } from './booleans.ts';
import { judgeDateOrder, readDate } from './dates.ts';
import { identifierFault } from './identifier.ts';
import { isMissing, isMissingDate } from './missing.ts';
import { judgeNumberStyle, readNumber } from './numbers.ts';
import { readSex } from './sex.ts';
import { timeZone } from './time-zone.ts';

const iso = (text: string, ...rest: [] | [Parameters<typeof readDate>[1]]) => {
  const read = readDate(text, ...rest);
  return typeof read === 'number' ? isoDate(read) : read;
};

describe('dates', () => {
  test('every spelling of a day that names its parts is that day, whatever the order', () => {
    const names = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
    fc.assert(
      fc.property(
        fc.integer({ min: -3600, max: 27_000 }),
        fc.constantFrom('dmy', 'mdy', 'ymd', 'unknown'),
        (day, order) => {
          const { year, month, day: date } = civilDate(day);
          const [y, m, d] = [String(year), String(month).padStart(2, '0'), String(date).padStart(2, '0')];
          const name = names[month - 1]!;
          for (const text of [
            `${y}-${m}-${d}`,
            ` ${y}-${m}-${d} `,
            `${y}-${month}-${date}`,
            `${y}/${m}/${d}`,
            `${y}.${m}.${d}`,
            `${y}${m}${d}`,
            `${y}-${m}-${d} 00:00:00`,
            `${y}-${m}-${d}T13:45:10.123`,
            `${y}-${m}-${d}T00:00:00.000+0100`,
            `${date}-${name}-${y}`,
            `${d} ${name.toUpperCase()} ${y}`,
            `${name} ${date}, ${y}`,
            String(day + 25_569),
            `${day + 25_569}.5`,
          ])
            expect([text, readDate(text, order)]).toEqual([text, day]);
          expect(readDate(`${d}/${m}/${y}`, 'dmy')).toBe(day);
          expect(readDate(`${m}/${d}/${y} 12:00:00 AM`, 'mdy')).toBe(day);
        },
      ),
    );
  });

  test('day and month in numbers are ambiguous until the column has shown which is which', () => {
    expect(iso('01/12/2026')).toBe('ambiguous');
    expect(iso('12/01/2026')).toBe('ambiguous');
    expect(iso('05/05/2026')).toBe('2026-05-05');
    expect(iso('25/12/2026')).toBe('2026-12-25');
    expect(iso('12/25/2026')).toBe('2026-12-25');
    expect(iso('12/25/2026', 'dmy')).toBeUndefined();
    expect(iso('25/12/2026', 'mdy')).toBeUndefined();
    expect(judgeDateOrder(['01/12/2026', '25/12/2026', ''])).toBe('dmy');
    expect(judgeDateOrder(['01/12/2026', '12/25/2026'])).toBe('mdy');
    expect(judgeDateOrder(['25/12/2026', '12/25/2026'])).toBe('unknown');
    expect(judgeDateOrder(['2026-01-02', '03/04/2026'])).toBe('ymd');
    expect(judgeDateOrder(['01/12/2026'])).toBe('unknown');
  });

  test.each([
    'Tue, 20 Oct 2026',
    'Tuesday, October 20, 2026',
    '20th October 2026',
    'October 20th, 2026',
    '2026-Oct-20',
    'Tue Oct 20 2026 00:00:00 GMT+0100 (West Africa Standard Time)',
    'Tue Oct 20 00:00:00 WAT 2026',
    '20-OCT-26 10.00.00.000000 AM',
    '2026-10-20 10:00:00+01',
    '20261020100000',
    '1792450800000',
    '1792450800',
    '/Date(1792450800000+0100)/',
    "'2026-10-20",
    '20 octobre 2026',
    '20 de outubro de 2026',
  ])('“%s” is 20 October 2026', (text) => expect(iso(text)).toBe('2026-10-20'));

  test('months are known in French and Portuguese, with and without their accents', () => {
    expect(
      ['1 déc. 2026', '1er décembre 2026', '1 dez 2026', '1 dezembro 2026'].map((text) => iso(text)),
    ).toEqual(Array<string>(4).fill('2026-12-01'));
    expect(['1 août 2026', '1 fev 2026', '1 mai 2026', '1 Sept 2026'].map((text) => iso(text))).toEqual([
      '2026-08-01',
      '2026-02-01',
      '2026-05-01',
      '2026-09-01',
    ]);
  });

  test('an instant falls on the day that it is at the place of the programme', () => {
    expect(iso('2026-01-31T23:00:00Z')).toBe('2026-02-01');
    expect(iso('2026-01-31T23:00:00.000+0000')).toBe('2026-02-01');
    expect(iso('2026-02-01T00:30:00+05:00')).toBe('2026-01-31');
    expect(readDate('2026-07-01T22:30:00Z', 'unknown', timeZone('Europe/Paris'))).toBe(
      readDate('2026-07-02'),
    );
    expect(readDate('2026-01-01T22:30:00Z', 'unknown', timeZone('Europe/Paris'))).toBe(
      readDate('2026-01-01'),
    );
  });

  test.each([
    '31/02/2025',
    '2025-13-01',
    '99999',
    '12',
    '5-Foo-2025',
    '1/2/3',
    '2026-12-01x',
    '12:30',
    'x'.repeat(100_000),
  ])('what is no date is refused: %.20s', (text) => expect(readDate(text, 'dmy')).toBeUndefined());
});

describe('numbers', () => {
  test('a column shows its decimal sign, and what does not fit it is no number', () => {
    expect(judgeNumberStyle(['20,00', '0,5', '1.234,5'])).toBe('comma');
    expect(judgeNumberStyle(['1,234', '12.5'])).toBe('point');
    expect(judgeNumberStyle(['1,234', '12'])).toBe('unknown');
    expect(judgeNumberStyle(['1,5', '1.5'])).toBe('unknown');
    expect(
      ['20,00', '0,5', '1.234,5', '1 234,5', '7', '1.5'].map((text) => readNumber(text, 'comma')),
    ).toEqual([20, 0.5, 1234.5, 1234.5, 7, undefined]);
    expect(['1,234.5', '1,234', '12.5', '1,5', '1e3'].map((text) => readNumber(text, 'point'))).toEqual([
      1234.5,
      1234,
      12.5,
      undefined,
      1000,
    ]);
    expect(readNumber('1,234')).toBe('ambiguous');
    expect(readNumber('99 years')).toBeUndefined();
  });

  test('every number is read back in the style that wrote it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 99_999_999 }),
        fc.integer({ min: 0, max: 99 }),
        (whole, cents) => {
          const value = Number(`${whole}.${String(cents).padStart(2, '0')}`);
          for (const [locale, style] of [
            ['en-US', 'point'],
            ['de-DE', 'comma'],
            ['fr-FR', 'comma'],
          ] as const) {
            const text = value.toLocaleString(locale, { minimumFractionDigits: 2 });
            expect([text, readNumber(text, style)]).toEqual([text, value]);
            expect([text, judgeNumberStyle([text])]).toEqual([text, style]);
          }
        },
      ),
    );
  });
});

test('words for missing are missing, naught and no are values', () => {
  for (const word of [
    '',
    ' ',
    'NA',
    'N/A',
    'NULL',
    '#N/A',
    'NaN',
    '-',
    'None',
    '.',
    '?',
    '#REF!',
    'unknown',
    'NaT',
    '—',
    '–',
    '...',
    '---',
    '<NA>',
    '<null>',
    'n/k',
    '\\N',
    '#N/A N/A',
    '1.#QNAN',
    'Not specified',
    'empty',
  ])
    expect([word, isMissing(word)]).toEqual([word, true]);
  for (const word of ['0', 'no', 'n', '99 years', '--x', 'unknown to us'])
    expect([word, isMissing(word)]).toEqual([word, false]);
  for (const word of [
    '0000-00-00',
    '0000-00-00 00:00:00',
    '00/00/0000',
    'NaT',
    '0',
    '1900-01-00',
    '1900-01-01 00:00:00.000',
    '00-Jan-00',
    '1/0/1900',
    '0001-01-01T00:00:00',
  ])
    expect(isMissingDate(word)).toBe(true);
  for (const word of ['2026-01-01', '1900-01-02', '01/01/2026', '10/01/1900'])
    expect([word, isMissingDate(word)]).toEqual([word, false]);
});

test('yes and no, female and male are read as people write them', () => {
  expect(['yes', 'Y', 'TRUE', 't', 'on', '1.0'].map(readBoolean)).toEqual([1, 1, 1, 1, 1, 1]);
  expect(['no', 'N', 'False', 'f', '0'].map(readBoolean)).toEqual([0, 0, 0, 0, 0]);
  expect(readBoolean('unknown')).toBeNaN();
  expect(['2', 'X', 'maybe'].map(readBoolean)).toEqual([undefined, undefined, undefined]);
  expect(['Female', 'F', 'woman', 'F.', 'Feminino', 'M', 'Male ', 'boy', 'M.', 'Homem'].map(readSex)).toEqual(
    [0, 0, 0, 0, 0, 1, 1, 1, 1, 1],
  );
  expect(readSex('Unknown')).toBeNaN();
  expect(['2', 'True', 'malew'].map(readSex)).toEqual([undefined, undefined, undefined]);
});

test('one rule of identifiers: control characters, lone surrogates, blanks and long texts are none', () => {
  expect(['P-1', 'SYN/HOS/0012', 'Ọláwálé', '😀'.repeat(64)].map(identifierFault)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  expect(['', ' ', 'a\u0000', 'a\n', 'x'.repeat(65), '\ud800', '1.23457E+17'].map(identifierFault)).toEqual([
    'missing_value',
    'missing_value',
    'control_character',
    'control_character',
    'too_long',
    'invalid_encoding',
    'rounded_id',
  ]);
});
