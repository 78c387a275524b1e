import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BlockPool } from './block-pool.ts';
import { LineBlocks } from './line-blocks.ts';

const BLOCK_BYTES = 16;
const MAX_LINE_BYTES = 40;

/** Blocks of the text, which comes in pieces of a size; undefined stands for a line that was dropped. */
function blocksOf(text: string, pieceBytes: number): (string | undefined)[] {
  const found: (string | undefined)[] = [];
  const pool = new BlockPool(BLOCK_BYTES);
  const blocks = new LineBlocks(MAX_LINE_BYTES, pool, (block) => {
    found.push(block?.toString());
    if (block !== undefined) pool.give(block);
  });
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const lent = Buffer.from(bytes.subarray(at, at + pieceBytes));
    blocks.write(lent);
    lent.fill(0);
  }
  blocks.end();
  return found;
}

test('blocks hold every line once, whole, in its order, wherever the pieces end', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'é'), maxLength: 19 })),
      fc.integer({ min: 1, max: 50 }),
      fc.boolean(),
      (lines, pieceBytes, isClosed) => {
        const text = lines.join('\n') + (isClosed ? '\n' : '');
        const blocks = blocksOf(text, pieceBytes);
        expect(blocks.join('')).toBe(text);
        for (const block of blocks.slice(0, -1)) expect(block?.endsWith('\n')).toBe(true);
      },
    ),
  );
});

test('a line that is too long is dropped and told of in its place', () => {
  for (const pieceBytes of [1, 7, 1_000])
    expect(blocksOf(`one\n${'x'.repeat(200)}\ntwo\n`, pieceBytes)).toEqual(['one\n', undefined, 'two\n']);
});

test('a line that is too long and never ends is told of', () => {
  expect(blocksOf(`one\n${'x'.repeat(200)}`, 30)).toEqual(['one\n', undefined]);
});
