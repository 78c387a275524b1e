import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryBudget } from '#api/limits/memory-budget.ts';
import { parseJson } from './parse-json.ts';
import { scanJson } from './scan-json.ts';

const MB = 1024 ** 2;
const WIDE = { maxItems: 1e9, maxItemBytes: 1e9 };

async function parse(text: string | Buffer, limits = WIDE, budget = new MemoryBudget(512 * MB)) {
  return await parseJson({ bytes: Buffer.from(text), memory: budget.open(1) }, limits);
}

function parsedOr(code: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return code;
  }
}

/** Beyond the size at which a text is parsed at once. */
const PADDING = ' '.repeat(70_000);

test('a large body reads as JSON.parse reads it, and is refused where JSON.parse refuses it', async () => {
  const text = fc
    .tuple(fc.json(), fc.nat(), fc.constantFrom('', '', '[', ']', '{', '}', ',', '"', '\\', ':', 'x'))
    .map(([json, at, edit]) => {
      const place = at % (json.length + 1);
      return json.slice(0, place) + edit + json.slice(place);
    });
  await fc.assert(
    fc.asyncProperty(text, async (json) => {
      const read = await parse(PADDING + json).catch((error: { code: string }) => error.code);
      expect(read).toEqual(parsedOr('malformed_json', json));
    }),
    { numRuns: 2_000 },
  );
});

test('what a text becomes is taken from the budget before it is parsed', async () => {
  const wide = Buffer.from(`[${'{},'.repeat(3_000_000)}{}]`);
  await expect(parse(wide, WIDE, new MemoryBudget(128 * MB))).rejects.toMatchObject({ code: 'overloaded' });
});

test('elements beyond the limit are refused before one is parsed, long ones by their size', async () => {
  const many = `[${'1,'.repeat(50_000)}x`;
  await expect(parse(many, { maxItems: 100, maxItemBytes: 1e9 })).rejects.toMatchObject({
    code: 'body_too_large',
    message: 'At most 100 at once; submit a job for more.',
  });
  const long = `[{"a":"${'x'.repeat(90_000)}"}]`;
  for (const text of [long, long.slice(1, -1)]) {
    await expect(parse(text, { maxItems: 9, maxItemBytes: 80_000 })).rejects.toMatchObject({
      code: 'body_too_large',
    });
  }
});

test.each([
  ['objects', `[{"x":[${'{},'.repeat(30_000)}{}]}]`],
  ['values', `[{"x":[${'1,'.repeat(150_000)}1]}]`],
  ['objects, outside of an array', `{"x":[${'[],'.repeat(25_000)}[]]}`],
])('an element of more %s than any record has is refused before it is parsed', async (_, text) => {
  await expect(parse(text)).rejects.toMatchObject({
    code: 'body_too_large',
    message: expect.stringContaining('20000'),
  });
  await expect(parse(`[${'{"x":[{},{},1,1]},'.repeat(20_000)}1]`)).resolves.toHaveLength(20_001);
});

test.each(['[', '{"a":', '[{'])('%s nested without end is refused at a hundred levels', async (open) => {
  await expect(scanJson(Buffer.from(open.repeat(1_000_000)), 9)).rejects.toMatchObject({
    code: 'malformed_json',
    message: expect.stringContaining('100 levels'),
  });
});

test('others are served while a large body is parsed', async () => {
  const rows = Array.from({ length: 20_000 }, (_, row) => ({
    patient_id: `p-${row}`,
    values: [row, 1, 2, 3],
  }));
  let turns = 0;
  let done = false;
  const count = () => {
    turns++;
    if (!done) setImmediate(count);
  };
  setImmediate(count);
  expect(await parse(JSON.stringify(rows))).toEqual(rows);
  done = true;
  expect(turns).toBeGreaterThan(3);
});
