import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { environment } from './config.ts';

test('docs/configuration.md names every variable once, with its default', async () => {
  const page = await readFile(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  const documented = [...page.matchAll(/^\| `(\w+)` \| ([^|]*) \|/gmu)].map(([, name, value]) => [
    name,
    value?.trim(),
  ]);
  const defaults: Record<string, unknown> = environment.parse({ DATABASE_URL: 'postgres://localhost' });
  const expected = Object.keys(environment.shape).map((name) => [
    name,
    name === 'DATABASE_URL' || defaults[name] === undefined ? '–' : `${defaults[name] as string | number}`,
  ]);
  expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(expected));
  expect(documented).toHaveLength(expected.length);
});
