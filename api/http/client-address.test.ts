import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { clientAddress } from './client-address.ts';

const from = (forwarded: string | undefined, hops: number) =>
  clientAddress(
    {
      socket: { remoteAddress: '10.0.0.9' } as IncomingMessage['socket'],
      headers: { 'x-forwarded-for': forwarded },
    },
    hops,
  );

test('what a client claims in X-Forwarded-For is never its address', () => {
  expect(from('1.1.1.1, 2.2.2.2', 0)).toBe('10.0.0.9');
  expect(from('1.1.1.1, 2.2.2.2', 1)).toBe('2.2.2.2');
  expect(from('9.9.9.9, 1.1.1.1, 2.2.2.2', 2)).toBe('1.1.1.1');
  expect(from(undefined, 1)).toBe('10.0.0.9');
  expect(from('', 1)).toBe('10.0.0.9');
});
