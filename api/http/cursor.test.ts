import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createCursorCodec } from './cursor.ts';

const codec = createCursorCodec('a secret');
const position = z.object({ risk: z.number(), row: z.number() });
const refused = expect.objectContaining({ code: 'invalid_cursor', field: 'cursor' });

describe('cursors', () => {
  test('give the position back, numbers bit for bit', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.nat(), (risk, row) => {
        const at = { risk: risk === 0 ? 0 : risk, row };
        expect(codec.decode(['list', 1], position, codec.encode(['list', 1], at))).toStrictEqual(at);
      }),
    );
  });

  test('are refused after any change of any character', () => {
    const cursor = codec.encode(['list', 1], { risk: 0.5, row: 7 });
    fc.assert(
      fc.property(
        fc.nat(cursor.length - 1),
        fc.constantFrom('A', 'Z', 'a', 'z', '0', '9', '-', '_'),
        (at, letter) => {
          const changed = cursor.slice(0, at) + letter + cursor.slice(at + 1);
          fc.pre(changed !== cursor);
          expect(() => codec.decode(['list', 1], position, changed)).toThrow(refused);
        },
      ),
    );
  });

  test.each(['', 'x', '!!!', 'AAAAAAAAAAAAAAAA', 'AAAAAAAAAAAAAAAAe30'])(
    'are refused when made up: %j',
    (made) => {
      expect(() => codec.decode(['list', 1], position, made)).toThrow(refused);
    },
  );

  test('are refused in another list, and under another secret', () => {
    const cursor = codec.encode(['list', 1], { risk: 0.5, row: 7 });
    expect(() => codec.decode(['list', 2], position, cursor)).toThrow(refused);
    expect(() => createCursorCodec('another').decode(['list', 1], position, cursor)).toThrow(refused);
  });
});
