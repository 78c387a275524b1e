import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { openApiDocument } from '#api/openapi/document.ts';
import { ROUTES } from '#api/routes/all.ts';
import { docsPages } from './docs-page.ts';

const pages = docsPages(openApiDocument(ROUTES));
const callsOf = (markup: string) => [...markup.matchAll(/<details id="([^"]+)">/gu)].map(([, id]) => id);

test('shows every call in 16 kB, every schema that it names on the other page', async () => {
  const calls = await pages.calls('');
  expect(callsOf(calls)).toHaveLength(ROUTES.length);
  expect(gzipSync(calls).length).toBeLessThan(16 * 1024);
  const schemas = await pages.schemas();
  for (const [, id] of calls.matchAll(/#(schema-[^"]+)"/gu)) expect(schemas).toContain(`id="${id}"`);
});

test('finds calls by all of their words, in any order and case, and shows what was asked as text', async () => {
  const found = await pages.calls('REJECTIONS get');
  expect(found).toContain('/v1/jobs/{id}/rejections');
  expect(callsOf(found).length).toBeGreaterThan(0);
  expect(callsOf(found).length).toBeLessThan(ROUTES.length / 4);
  const none = await pages.calls('<script>alert(1)</script>');
  expect(callsOf(none)).toEqual([]);
  expect(none).not.toContain('<script>');
});
