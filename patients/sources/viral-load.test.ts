import { describe, expect, it } from 'vitest';
import { readViralLoad } from './viral-load.ts';

describe('a viral load', () => {
  it.each([
    ['56', 56],
    ['56 copies/ml', 56],
    ['56cp/mL', 56],
    ['1,234', 1234],
    ['1 234', 1234],
    ['12,345,678', 12_345_678],
    ['1.2E+03', 1200],
    ['1200.00', 1200],
    ['<20', 19],
    ['< 20 copies/ml', 19],
    ['> 10,000,000', 10_000_000],
    ['log 3', 1000],
    ['3.0 log10 copies/ml', 1000],
    ['0', 0],
    ['Less than 20', 19],
    ['below 40 copies', 39],
    ['≤20', 20],
    ['~20', 20],
    ['20*', 20],
    ['20 (suppressed)', 20],
    ['1000 (unsuppressed)', 1000],
    ['Detected, <20', 19],
    ['Not detected (<20)', 0],
    ['55k', 55_000],
    ['5.5 x 10^4', 55_000],
  ])('“%s” is %d copies/mL', (text, value) => {
    expect(readViralLoad(text)).toBe(value);
  });

  it.each([
    'TND',
    'Target Not Detected',
    'LDL',
    '<LDL',
    'Undetectable',
    'not detectable',
    'Below detection limit',
    'BDL',
    'Suppressed',
    'LLOD',
    '<LLOD',
    'No HIV RNA detected',
    'Indétectable',
    'Indetectável',
  ])('“%s” is below the limit of detection', (text) => {
    expect(readViralLoad(text)).toBe(0);
  });

  it.each(['', 'N/A', '-', 'Pending', 'Sample rejected', 'Failed', 'Invalid', 'Awaiting result', 'Not done'])(
    '“%s” is no result yet',
    (text) => {
      expect(readViralLoad(text)).toBeNaN();
    },
  );

  it.each(['Unsuppressed', 'see folder', '-5', '12/13', '9'.repeat(60)])('“%s” says nothing', (text) => {
    expect(readViralLoad(text)).toBe('unreadable');
  });

  it('is read with the decimal comma where the column has it', () => {
    expect(readViralLoad('1.234,5', 'comma')).toBe(1234.5);
    expect(readViralLoad('20,00', 'comma')).toBe(20);
    expect(readViralLoad('< 20,0', 'comma')).toBe(19);
  });

  it('of any length is read in no time', () => {
    const texts = ['<', ' ', 'copies ', 'not '].map((text) => Buffer.from(text.repeat(200_000)).toString());
    const start = performance.now();
    for (const text of texts) for (let i = 0; i < 100; i++) readViralLoad(text);
    expect(performance.now() - start).toBeLessThan(500);
  });
});
