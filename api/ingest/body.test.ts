import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ServiceError } from '#shared/errors/errors.ts';
import { type BodyLimits, type ContentEncoding, contentEncoding, readBody } from './body.ts';

const LIMITS: BodyLimits = { maxBytes: 1e9, minBytesPerSecond: 0 };
const COMPRESS = { gzip: gzipSync, zstd: zstdCompressSync };
const ENCODINGS = ['gzip', 'zstd'] as const;

/** What the next request of the server below is read with, and what became of it. */
let reader: (incoming: IncomingMessage) => Promise<unknown>;
let outcome: PromiseWithResolvers<unknown>;
const server = createServer((incoming, outgoing) => {
  void reader(incoming)
    .then(outcome.resolve, outcome.reject)
    .finally(() => outgoing.end());
});
let port = 0;
beforeAll(async () => {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

type Sent = { pieces: readonly Buffer[]; abort?: boolean };

/** Sends pieces over a real socket; what the body read as, or the code that it was refused with. */
async function send(encoding: ContentEncoding, { pieces, abort = false }: Sent, limits = LIMITS) {
  outcome = Promise.withResolvers();
  let read = 0;
  reader = async (incoming) => {
    const parts: Buffer[] = [];
    for await (const bytes of readBody(incoming, encoding, limits)) {
      read += bytes.length;
      parts.push(Buffer.from(bytes));
    }
    return Buffer.concat(parts);
  };
  const upload = request({ port, host: '127.0.0.1', method: 'POST' });
  upload.on('error', () => undefined);
  for (const piece of pieces) if (piece.length > 0) await new Promise((sent) => upload.write(piece, sent));
  if (abort) upload.destroy();
  else upload.end();
  try {
    return { body: (await outcome.promise) as Buffer, read };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { code: error.code, read };
  } finally {
    upload.destroy();
  }
}

/** Cuts bytes at these places, taken modulo the length. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

const places = fc.array(fc.nat(100_000), { maxLength: 6 });

test.each(ENCODINGS)(
  '%s of several members reads as their contents together, wherever it is cut',
  async (encoding) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ maxLength: 300 }), { minLength: 1, maxLength: 4 }),
        places,
        async (contents, cuts) => {
          const members = Buffer.concat(contents.map((content) => COMPRESS[encoding](content)));
          const { body } = await send(encoding, { pieces: cut(members, cuts) });
          expect(body?.toString()).toBe(contents.join(''));
        },
      ),
      { numRuns: 60 },
    );
  },
);

test.each(ENCODINGS)('%s that ends early is refused, wherever it ends', async (encoding) => {
  const text = Buffer.from(Array.from({ length: 2_000 }, (_, row) => `row-${row},${row * 7}`).join('\n'));
  const whole = COMPRESS[encoding](text);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: whole.length - 1 }), places, async (length, cuts) => {
      const first = await send(encoding, { pieces: cut(whole.subarray(0, length), cuts) });
      expect(first.code).toBe('truncated_body');
      if (length === 0) return;
      const second = await send(encoding, { pieces: [Buffer.concat([whole, whole.subarray(0, length)])] });
      expect(second.code).toBe('truncated_body');
    }),
    { numRuns: 40 },
  );
});

test.each(ENCODINGS)('%s with something else behind it, or damaged, is refused', async (encoding) => {
  const whole = COMPRESS[encoding]('patient_id,age\np-1,30\n');
  const codes = [];
  for (const bytes of [Buffer.concat([whole, Buffer.from('rubbish')]), Buffer.from('patient_id,age\n')]) {
    codes.push((await send(encoding, { pieces: [bytes] })).code);
  }
  expect(codes).toEqual(['invalid_body', 'invalid_body']);
});

test.each(ENCODINGS)('a bomb of %s is given up long before it is unpacked', async (encoding) => {
  const bomb = COMPRESS[encoding](Buffer.alloc(256 * 1024 ** 2));
  const { code, read } = await send(encoding, { pieces: [bomb] });
  expect(code).toBe('compression_ratio_exceeded');
  expect(read).toBeLessThan(32 * 1024 ** 2);
});

test.each([...ENCODINGS, 'identity' as const])(
  '%s beyond the cap is refused once the cap is passed',
  async (encoding) => {
    const text = Buffer.alloc(3_000_000, 'patient,1,2,3\n');
    const bytes = encoding === 'identity' ? text : COMPRESS[encoding](text);
    const { code, read } = await send(encoding, { pieces: [bytes] }, { ...LIMITS, maxBytes: 1_000_000 });
    expect(code).toBe('body_too_large');
    expect(read).toBeLessThanOrEqual(1_000_000);
  },
);

test.each([...ENCODINGS, 'identity' as const])(
  'a client that goes away in the middle of %s is told apart from an end',
  async (encoding) => {
    const text = Buffer.from(Array.from({ length: 50_000 }, (_, row) => `p-${row},${row % 90}\n`).join(''));
    const bytes = encoding === 'identity' ? text : COMPRESS[encoding](text);
    const { code } = await send(encoding, { pieces: [bytes.subarray(0, bytes.length >> 1)], abort: true });
    expect(code).toBe('upload_aborted');
  },
);

test('a zstd frame that asks for a window of more than 8 MB is refused before the window is made', async () => {
  const framed = (windowLog: number) =>
    zstdCompressSync(Buffer.alloc(12_000_000, 'patient,1,2,3\n'), {
      params: { [constants.ZSTD_c_windowLog]: windowLog },
    });
  expect(await send('zstd', { pieces: [framed(27)] })).toMatchObject({ code: 'invalid_body', read: 0 });
  expect(await send('zstd', { pieces: [framed(23)] })).toMatchObject({ read: 12_000_000 });
});

test('a body that has not ended by its deadline is refused, however fast it comes', async () => {
  outcome = Promise.withResolvers();
  const drip = { piece: () => {} };
  reader = async (incoming) => {
    const limits = { ...LIMITS, minBytesPerSecond: 1, deadlineMs: 100 };
    for await (const bytes of readBody(incoming, 'identity', limits)) if (bytes.length > 0) drip.piece();
  };
  const upload = request({ port, host: '127.0.0.1', method: 'POST' });
  upload.on('error', () => undefined);
  drip.piece = () => void upload.write(Buffer.alloc(1_000));
  drip.piece();
  await expect(outcome.promise).rejects.toMatchObject({ code: 'upload_too_slow' });
  upload.destroy();
});

test('a client that stays silent for longer than the window is told that it is too slow', async () => {
  outcome = Promise.withResolvers();
  reader = async (incoming) => {
    const limits = { ...LIMITS, minBytesPerSecond: 1, rateWindowMs: 30 };
    for await (const bytes of readBody(incoming, 'identity', limits)) expect(bytes).toHaveLength(5);
  };
  const upload = request({ port, host: '127.0.0.1', method: 'POST' });
  upload.on('error', () => undefined);
  upload.write('a,b\n1');
  await expect(outcome.promise).rejects.toMatchObject({ code: 'upload_too_slow' });
  upload.destroy();
});

test('a client that sends crumbs below the least rate is told so, however steadily it sends', async () => {
  outcome = Promise.withResolvers();
  const drip = { crumb: () => {} };
  reader = async (incoming) => {
    const limits = { ...LIMITS, minBytesPerSecond: 1e6, rateWindowMs: 20 };
    for await (const bytes of readBody(incoming, 'identity', limits)) if (bytes.length > 0) drip.crumb();
  };
  const upload = request({ port, host: '127.0.0.1', method: 'POST' });
  upload.on('error', () => undefined);
  drip.crumb = () => void setTimeout(() => upload.write('x'), 5);
  upload.write('x');
  await expect(outcome.promise).rejects.toMatchObject({ code: 'upload_too_slow' });
  upload.destroy();
});

test('content encodings other than gzip, zstd and identity are refused by name', () => {
  expect([null, '', 'identity', 'GZIP', 'x-gzip', ' zstd '].map(contentEncoding)).toEqual([
    'identity',
    'identity',
    'identity',
    'gzip',
    'gzip',
    'zstd',
  ]);
  for (const header of ['br', 'deflate', 'gzip, gzip'])
    expect(() => contentEncoding(header)).toThrow(expect.objectContaining({ code: 'unsupported_encoding' }));
});
