import type { IncomingMessage } from 'node:http';
import type { Readable, Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { ServiceError } from '#shared/errors/errors.ts';

export type BodyLimits = {
  /** Of the decompressed body. */
  maxBytes: number;
  /** 0 turns the demand off. */
  minBytesPerSecond: number;
};

export type ContentEncoding = 'identity' | 'gzip' | 'zstd';

/** A body may hold this much before its ratio counts: short runs of equal rows compress well and honestly. */
const RATIO_FREE_BYTES = 16 * 1024 ** 2;
/** Ten times what a cohort of the generator reaches with zstd −19. */
const MAX_RATIO = 200;
const OUTPUT_CHUNK_BYTES = 256 * 1024;
/** The rate is judged over this much of waiting for the client; time in which we were the slow ones does not count. */
const RATE_WINDOW_MS = 10_000;
const TRUNCATED = new Set(['Z_BUF_ERROR', 'ZSTD_error_srcSize_wrong']);

/** Throws `unsupported_encoding`. */
export function contentEncoding(header: string | null): ContentEncoding {
  const name = (header ?? 'identity').trim().toLowerCase();
  if (name === '' || name === 'identity') return 'identity';
  if (name === 'gzip' || name === 'x-gzip') return 'gzip';
  if (name === 'zstd') return 'zstd';
  throw new ServiceError('unsupported_encoding', 'Content-Encoding is none of gzip, zstd and identity.');
}

/**
 * The body's bytes, decompressed, as they arrive; asking for the next is what lets the client go on sending.
 * Throws `truncated_body`, `invalid_body` (not what its encoding says), `body_too_large`,
 * `compression_ratio_exceeded`, `upload_too_slow`, `upload_aborted`.
 */
export async function* readBody(
  incoming: IncomingMessage,
  encoding: ContentEncoding,
  limits: BodyLimits,
): AsyncGenerator<Buffer> {
  const counter = { received: 0 };
  const source = paced(incoming, counter, limits.minBytesPerSecond);
  let produced = 0;
  for await (const bytes of encoding === 'identity' ? source : decompressed(source, encoding)) {
    produced += bytes.length;
    if (produced > limits.maxBytes) {
      throw new ServiceError('body_too_large', `The body has more than ${limits.maxBytes} bytes.`);
    }
    if (produced > RATIO_FREE_BYTES && produced > counter.received * MAX_RATIO) {
      throw new ServiceError(
        'compression_ratio_exceeded',
        `The body expands to more than ${MAX_RATIO} times its size.`,
      );
    }
    yield bytes;
  }
}

/** What the socket brings, as long as it brings enough. */
async function* paced(
  incoming: IncomingMessage,
  counter: { received: number },
  minBytesPerSecond: number,
): AsyncGenerator<Buffer> {
  const chunks = incoming[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let window = { waitedMs: 0, bytes: 0 };
  for (;;) {
    const askedMs = performance.now();
    const next = await nextWithin(chunks, minBytesPerSecond === 0 ? undefined : RATE_WINDOW_MS);
    if (next.done === true) break;
    window.waitedMs += performance.now() - askedMs;
    window.bytes += next.value.length;
    counter.received += next.value.length;
    if (window.waitedMs > RATE_WINDOW_MS) {
      if (window.bytes < (minBytesPerSecond * window.waitedMs) / 1_000) throw tooSlow();
      window = { waitedMs: 0, bytes: 0 };
    }
    yield next.value;
  }
  if (!incoming.complete) throw aborted();
}

async function nextWithin(
  chunks: AsyncIterator<Buffer>,
  timeoutMs: number | undefined,
): Promise<IteratorResult<Buffer, unknown>> {
  const next = chunks.next().catch((cause: unknown) => {
    throw aborted(cause);
  });
  if (timeoutMs === undefined) return await next;
  let timer: NodeJS.Timeout | undefined;
  const slow = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(tooSlow()), timeoutMs);
  });
  try {
    return await Promise.race([next, slow]);
  } finally {
    clearTimeout(timer);
    // A read that lost the race fails once the socket is closed; nobody is left to hear of it.
    next.catch(() => undefined);
  }
}

async function* decompressed(
  source: AsyncGenerator<Buffer>,
  encoding: 'gzip' | 'zstd',
): AsyncGenerator<Buffer> {
  const decoder: Transform =
    encoding === 'gzip'
      ? createGunzip({ chunkSize: OUTPUT_CHUNK_BYTES })
      : createZstdDecompress({ chunkSize: OUTPUT_CHUNK_BYTES });
  const feeding = feed(source, decoder);
  try {
    for await (const bytes of decoder as Readable) yield bytes as Buffer;
    await feeding;
  } catch (error) {
    throw decodingError(error, encoding);
  } finally {
    decoder.destroy();
    await feeding.catch(() => undefined);
  }
}

async function feed(source: AsyncGenerator<Buffer>, decoder: Transform): Promise<void> {
  try {
    for await (const bytes of source) {
      if (decoder.destroyed) return;
      if (!decoder.write(bytes)) await drained(decoder);
    }
    decoder.end();
  } catch (error) {
    decoder.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

async function drained(decoder: Transform): Promise<void> {
  await new Promise<void>((done) => {
    const settle = () => {
      decoder.off('drain', settle);
      decoder.off('close', settle);
      done();
    };
    decoder.once('drain', settle);
    decoder.once('close', settle);
  });
}

function decodingError(error: unknown, encoding: string): unknown {
  if (error instanceof ServiceError) return error;
  const code = String((error as { code?: unknown }).code);
  if (TRUNCATED.has(code)) {
    return new ServiceError('truncated_body', `The ${encoding} stream ends too early.`, { cause: error });
  }
  if (/^(?:Z_|ZSTD_|ERR_ZSTD|ERR_ZLIB)/u.test(code)) {
    return new ServiceError('invalid_body', `The body is not a valid ${encoding} stream.`, { cause: error });
  }
  return error;
}

function tooSlow(): ServiceError {
  return new ServiceError(
    'upload_too_slow',
    'The upload is slower than the least rate that the service takes.',
  );
}

function aborted(cause?: unknown): ServiceError {
  return new ServiceError('upload_aborted', 'The client ended the upload early.', { cause });
}
