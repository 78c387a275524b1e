import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MemoryBudget } from '#api/limits/memory-budget.ts';
import { type BodyReaderOptions, createBodyReader } from './read-body.ts';

let answer: (incoming: IncomingMessage, outgoing: ServerResponse) => void;
const server = createServer((incoming, outgoing) => answer(incoming, outgoing));
let port = 0;
/** Of the budget, while the body was in use. */
let heldBytes = 0;
beforeAll(async () => {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

type Sent = { maxBytes?: number; limits?: Partial<BodyReaderOptions>; headers?: Record<string, string> };

/** What becomes of a request whose body `send` writes: the bytes, or the code of the refusal. */
async function read(send: (upload: ReturnType<typeof request>) => void, options: Sent = {}) {
  const { maxBytes = 1_000_000, limits = {}, headers = {} } = options;
  const memory = limits.memory ?? new MemoryBudget(16 * 1024 ** 2);
  const reader = createBodyReader({ minBytesPerSecond: 0, ...limits, memory });
  const outcome = Promise.withResolvers<unknown>();
  answer = (incoming, outgoing) => {
    reader
      .read({ incoming, outgoing, tenantId: 1 }, maxBytes, async ({ bytes }) => {
        heldBytes = memory.usedBytes;
        return bytes.toString();
      })
      .catch((error: { code: string }) => error.code)
      .then(outcome.resolve, outcome.reject)
      .finally(() => outgoing.end());
  };
  const upload = request({ port, host: '127.0.0.1', method: 'POST', headers });
  upload.on('error', () => undefined);
  send(upload);
  const result = await outcome.promise;
  upload.destroy();
  expect(memory.usedBytes).toBe(0);
  return result;
}

test('a body is read whole, and what it held of the budget is given back', async () => {
  expect(await read((upload) => upload.end('x'.repeat(300_000)))).toBe('x'.repeat(300_000));
  expect(heldBytes).toBe(300_000);
  expect(await read((upload) => upload.end())).toBe('');
});

test('a body that is too large is refused by its declared length, and by its bytes where it has none', async () => {
  const headers = { 'content-length': '1000001' };
  expect(await read((upload) => upload.flushHeaders(), { headers })).toBe('body_too_large');
  expect(await read((upload) => upload.end(Buffer.alloc(1_000_001)))).toBe('body_too_large');
});

test('a body that the budget has no room for is refused while it arrives', async () => {
  const limits = { memory: new MemoryBudget(400_000) };
  const send = (upload: ReturnType<typeof request>) => void upload.write(Buffer.alloc(300_000));
  expect(await read(send, { limits })).toBe('overloaded');
});

test('a silent client, one that sends crumbs and one that never ends are all too slow', async () => {
  const limits = { minBytesPerSecond: 1_000, rateWindowMs: 50 };
  expect(await read((upload) => void upload.write('x'), { limits })).toBe('upload_too_slow');
  const deadline = { minBytesPerSecond: 0, rateWindowMs: 20, deadlineMs: 60 };
  const drip = (upload: ReturnType<typeof request>) => {
    const timer = setInterval(() => upload.write(Buffer.alloc(1_000)), 5);
    upload.once('close', () => clearInterval(timer));
  };
  expect(await read(drip, { limits: deadline })).toBe('upload_too_slow');
});

test('a client that goes away and an encoding are told apart', async () => {
  const leave = (upload: ReturnType<typeof request>) => void upload.write('x', () => upload.destroy());
  expect(await read(leave)).toBe('upload_aborted');
  const headers = { 'content-encoding': 'gzip' };
  expect(await read((upload) => upload.end('x'), { headers })).toBe('unsupported_encoding');
});
