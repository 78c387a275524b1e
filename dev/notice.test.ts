import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { ALLOWED, gatherNotices, NOTICE } from './notice.ts';

test('every package that is shipped has a licence that may be shipped', async () => {
  const notices = await gatherNotices();
  const others = notices.filter(({ licence }) => !ALLOWED.has(licence));
  expect(others.map(({ name, licence }) => `${name}: ${licence}`)).toEqual([]);
});

test('NOTICE names every package that is shipped, with its version and licence', async () => {
  const text = await readFile(NOTICE, 'utf8');
  const named = [...text.matchAll(/^(\S+ \S+) — (.+)$/gmu)].map(([, key, licence]) => `${key} ${licence}`);
  const shipped = (await gatherNotices()).map(
    ({ name, version, licence }) => `${name} ${version} ${licence}`,
  );
  expect(named).toEqual(shipped);
});
