import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GroupedPieces } from './grouped-pieces.ts';

async function grouped(pieces: readonly (readonly [string, string])[], bytesInMemory: number) {
  const store = new GroupedPieces({ bytesInMemory });
  for (const [line, [key, text]] of pieces.entries()) {
    const lent = Buffer.from(text);
    store.add(key, lent, line);
    lent.fill(0);
    await store.drain();
  }
  const found = new Map<string, [string, number][]>();
  for await (const { key, pieces: own } of store.groups()) {
    expect(found.has(key)).toBe(false);
    found.set(
      key,
      own.map(({ bytes, line }) => [bytes.toString(), line]),
    );
  }
  await store.close();
  return found;
}

test('pieces come together by key, in their order, from memory and from the file alike', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.string({ maxLength: 3 }), fc.string({ unit: 'binary', maxLength: 50 }))),
      async (pieces) => {
        const expected = new Map<string, [string, number][]>();
        for (const [line, [key, text]] of pieces.entries()) {
          const name = Buffer.from(key).toString();
          expected.set(name, [...(expected.get(name) ?? []), [Buffer.from(text).toString(), line]]);
        }
        expect(await grouped(pieces, 1e9)).toEqual(expected);
        expect(await grouped(pieces, 100)).toEqual(expected);
      },
    ),
    { numRuns: 50 },
  );
});

test('a piece longer than a block survives the file', async () => {
  const long = 'x'.repeat(200_000);
  expect(
    await grouped(
      [
        ['a', long],
        ['b', 'y'],
        ['a', 'z'],
      ],
      10,
    ),
  ).toEqual(
    new Map([
      [
        'a',
        [
          [long, 0],
          ['z', 2],
        ],
      ],
      ['b', [['y', 1]]],
    ]),
  );
});

test('a group beyond its size is told by what was dropped of it', async () => {
  const store = new GroupedPieces({ maxGroupBytes: 10 });
  for (let i = 0; i < 4; i++) store.add('a', Buffer.from('12345'), i);
  for await (const { pieces, dropped } of store.groups()) expect([pieces.length, dropped]).toEqual([2, 2]);
  await store.close();
});
