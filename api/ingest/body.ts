import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { constants, createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib';
import { abortedBody, BodyPace, type PaceLimits, tooSlow } from '#api/http/body-pace.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { onlyFile } from './multipart.ts';

export type BodyLimits = PaceLimits & {
  /** Of the decompressed body. */
  maxBytes: number;
};

export type ReadBodyOptions = {
  /** Of multipart/form-data: the body is the one file in it. */
  boundary?: string | undefined;
  /** Each piece as the client sent it. */
  onReceived?: ((bytes: Buffer) => void) | undefined;
  /** Called once: what the bytes are, whatever was declared. */
  onEncoding?: (encoding: ContentEncoding) => void;
};

export type ContentEncoding = 'identity' | 'gzip' | 'zstd';
type Decoder = Gunzip | ZstdDecompress;

/** A body may hold this much before its ratio counts: short runs of equal rows compress well and honestly. */
const RATIO_FREE_BYTES = 16 * 1024 ** 2;
/** Ten times what a cohort of the generator reaches with zstd −19. */
const MAX_RATIO = 200;
const OUTPUT_CHUNK_BYTES = 256 * 1024;
/** 8 MB of window, what zstd's own tools give up to level 19; a frame may ask for 2 GB. */
const ZSTD_WINDOW_LOG = 23;
/** What one upload holds: the decoder's window and buffers, a chunk of rows, and its copies under way. */
export const UPLOAD_BYTES = 24 * 1024 ** 2;
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
  declared: ContentEncoding,
  limits: BodyLimits,
  options: ReadBodyOptions = {},
): AsyncGenerator<Buffer> {
  const counter = { received: 0 };
  const raw = paced(incoming, counter, limits, options.onReceived);
  const file = options.boundary === undefined ? raw : onlyFile(raw, options.boundary);
  yield* decodeBody(file, counter, declared, limits, options.onEncoding);
}

/**
 * Bytes from wherever, decompressed, as they arrive. `counter.received`: what has come so far, counted by whoever gives them.
 * Throws what `readBody` throws of the bytes.
 */
export async function* decodeBody(
  file: AsyncGenerator<Buffer>,
  counter: { readonly received: number },
  declared: ContentEncoding,
  limits: Pick<BodyLimits, 'maxBytes'>,
  onEncoding?: (encoding: ContentEncoding) => void,
): AsyncGenerator<Buffer> {
  const [encoding, source] =
    declared === 'identity' ? await sniffCompression(file) : ([declared, file] as const);
  onEncoding?.(encoding);
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

const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** The compression that a body begins with, though nobody said so, and the whole body. */
async function sniffCompression(
  source: AsyncGenerator<Buffer>,
): Promise<readonly [ContentEncoding, AsyncGenerator<Buffer>]> {
  let head = await nextPiece(source);
  while (head !== undefined && head.length < ZSTD.length) {
    const more = await nextPiece(source);
    if (more === undefined) break;
    head = Buffer.concat([head, more]);
  }
  const encoding =
    head === undefined
      ? 'identity'
      : head.subarray(0, 2).equals(GZIP)
        ? 'gzip'
        : head.subarray(0, 4).equals(ZSTD)
          ? 'zstd'
          : 'identity';
  return [encoding, withHead(head, source)];
}

async function* withHead(head: Buffer | undefined, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  if (head === undefined) return;
  yield head;
  yield* rest;
}

/** The body as the client sends it, not decompressed. Throws what `readBody` throws of the upload. */
export async function* receivedBytes(incoming: IncomingMessage, limits: BodyLimits): AsyncGenerator<Buffer> {
  const counter = { received: 0 };
  for await (const bytes of paced(incoming, counter, limits, undefined)) {
    if (counter.received > limits.maxBytes) {
      throw new ServiceError('body_too_large', `The body has more than ${limits.maxBytes} bytes.`);
    }
    yield bytes;
  }
}

async function* paced(
  incoming: IncomingMessage,
  counter: { received: number },
  limits: PaceLimits,
  onReceived: ((bytes: Buffer) => void) | undefined,
): AsyncGenerator<Buffer> {
  const chunks = incoming[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const pace = new BodyPace(limits);
  for (;;) {
    const askedMs = performance.now();
    const next = await nextWithin(chunks, pace.patienceMs);
    if (next.done === true) break;
    counter.received += next.value.length;
    pace.note(next.value.length, performance.now() - askedMs);
    onReceived?.(next.value);
    yield next.value;
  }
  if (!incoming.complete) throw abortedBody();
}

async function nextWithin(
  chunks: AsyncIterator<Buffer>,
  timeoutMs: number | undefined,
): Promise<IteratorResult<Buffer, unknown>> {
  const next = chunks.next().catch((cause: unknown) => {
    throw abortedBody(cause);
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

type DecoderInput = {
  source: AsyncGenerator<Buffer>;
  /** What a decoder that had come to its end left of its last piece. */
  left: Buffer | undefined;
};

/**
 * Decodes member after member. Node's gzip decoder goes on to the next by itself; its zstd decoder ends with a frame
 * and drops what else its last piece holds without a word, so that goes to a decoder of its own.
 */
async function* decompressed(
  source: AsyncGenerator<Buffer>,
  encoding: 'gzip' | 'zstd',
): AsyncGenerator<Buffer> {
  const input: DecoderInput = { source, left: undefined };
  do {
    const decoder =
      encoding === 'gzip'
        ? createGunzip({ chunkSize: OUTPUT_CHUNK_BYTES })
        : createZstdDecompress({
            chunkSize: OUTPUT_CHUNK_BYTES,
            params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG },
          });
    const feeding = feed(input, decoder);
    try {
      for await (const bytes of decoder as Readable) yield bytes as Buffer;
      await feeding;
    } catch (error) {
      throw decodingError(error, encoding);
    } finally {
      decoder.destroy();
    }
  } while (input.left !== undefined);
}

/** Gives a decoder its input, a piece at a time, until either ends. Never throws: the decoder does. */
async function feed(input: DecoderInput, decoder: Decoder): Promise<void> {
  try {
    for (;;) {
      const piece = input.left ?? (await nextPiece(input.source));
      input.left = undefined;
      if (piece === undefined) break;
      const unused = await unusedBytes(decoder, piece);
      if (unused > 0) input.left = piece.subarray(piece.length - unused);
      if (unused > 0 || decoder.destroyed) return;
    }
    decoder.end();
  } catch (error) {
    decoder.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

async function nextPiece(source: AsyncGenerator<Buffer>): Promise<Buffer | undefined> {
  const next = await source.next();
  return next.done === true ? undefined : next.value;
}

/** Settles when the decoder is done with a piece; more than 0 means that its stream ended before the piece did. */
async function unusedBytes(decoder: Decoder, piece: Buffer): Promise<number> {
  const before = decoder.bytesWritten;
  await new Promise<void>((done) => decoder.write(piece, () => done()));
  return piece.length - (decoder.bytesWritten - before);
}

function decodingError(error: unknown, encoding: string): unknown {
  if (error instanceof ServiceError) return error;
  const code = String((error as { code?: unknown }).code);
  if (TRUNCATED.has(code)) {
    return new ServiceError('truncated_body', `The ${encoding} stream ends too early.`, { cause: error });
  }
  if (code === 'ZSTD_error_frameParameter_windowTooLarge') {
    const most = 2 ** (ZSTD_WINDOW_LOG - 20);
    return new ServiceError(
      'invalid_body',
      `The zstd stream asks for a window of more than ${most} MB; compress it without --long or --ultra.`,
      { cause: error },
    );
  }
  if (/^(?:Z_|ZSTD_|ERR_ZSTD|ERR_ZLIB)/u.test(code)) {
    return new ServiceError(
      'invalid_body',
      `The body is not a valid ${encoding} stream; if it is not compressed, leave Content-Encoding away.`,
      { cause: error },
    );
  }
  return error;
}
