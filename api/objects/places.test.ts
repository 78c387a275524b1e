import fc from 'fast-check';
import { expect, test } from 'vitest';
import { folderPath, matchesPattern, requirePlace } from './places.ts';

test.each([
  ['in/*.csv', 'in/a.csv', true],
  ['in/*.csv', 'in/.csv', true],
  ['in/*.csv', 'in/b/a.csv', false],
  ['in/*/part-*.parquet', 'in/2026-11-27/part-0.parquet', true],
  ['in/a+b(1).csv', 'in/a+b(1).csv', true],
  ['in/a.csv', 'in/axcsv', false],
  ['*', 'a', true],
  ['in/**a*', 'in/ba', true],
])('%s takes %s: %s', (pattern, key, expected) => {
  expect(matchesPattern(pattern, key)).toBe(expected);
});

test('a pattern takes what a regular expression of it takes', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*'), maxLength: 12 });
  fc.assert(
    fc.property(text, text, (pattern, key) => {
      const expression = new RegExp(`^${pattern.replaceAll('*', '[^/]*')}$`, 'u');
      expect(matchesPattern(pattern, key)).toBe(expression.test(key));
    }),
    { numRuns: 2_000 },
  );
});

test('a pattern of nothing but stars and letters takes no time over a key that is nearly one of its own', () => {
  const startedMs = performance.now();
  expect(matchesPattern(`${'*a'.repeat(400)}b`, 'a'.repeat(1_000))).toBe(false);
  expect(performance.now() - startedMs).toBeLessThan(200);
});

test('a folder is itself with one slash, and a programme’s own begins where its name ends', () => {
  expect(folderPath('a/b///')).toBe('a/b/');
  const options = { field: 'input.uri', tenant: 'edo', allowed: 'edo=nights/edo/,kano=nights' };
  expect(requirePlace('s3://nights/edo/*.csv', options)).toEqual({ bucket: 'nights', path: 'edo/*.csv' });
  for (const uri of [
    's3://nights/edo-2/a.csv',
    's3://nights/*/a.csv',
    's3://nights/edo/../kano/a.csv',
    's3://other/a.csv',
  ])
    expect(() => requirePlace(uri, options)).toThrow(expect.objectContaining({ code: 'invalid_body' }));
  expect(requirePlace('s3://nights/a.csv', { ...options, tenant: 'kano' }).bucket).toBe('nights');
});
