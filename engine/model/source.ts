import { EngineError } from '../errors.ts';
import { checkLimit, type ParseOptions } from './limits.ts';
import { compactFeatures } from './compact.ts';
import type { Model } from './model.ts';
import { isXgboost, parseXgboost } from '../xgboost/parse.ts';
import { parseModel } from './parse.ts';

/** Where a model's bytes may come from. */
export type ModelSource =
  | Uint8Array
  | string
  | { stream(): AsyncIterable<Uint8Array> | ReadableBytes }
  | { readonly body: ReadableBytes | null }
  | ReadableBytes
  | AsyncIterable<Uint8Array>;

type ReadableBytes = { getReader(): ByteReader };
type ByteReader = {
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
};

/** Parses a model of either library, told apart by the first byte that is not blank. */
export function parseAny(file: string | Uint8Array, options: ParseOptions): Model {
  if (typeof file !== 'string' && !(file instanceof Uint8Array)) {
    throw new EngineError('invalid_argument', 'a model is read from a string or a Uint8Array');
  }
  const bytes = typeof file === 'string' ? new TextEncoder().encode(file) : file;
  return compactFeatures(isXgboost(bytes) ? parseXgboost(bytes, options) : parseModel(bytes, options));
}

/**
 * All bytes of a source.
 * @throws EngineError limit_exceeded as soon as more than `maxBytes` have come; invalid_argument for anything else
 */
export async function readAll(source: ModelSource, options: ParseOptions): Promise<string | Uint8Array> {
  if (typeof source === 'string' || source instanceof Uint8Array) return source;
  if (typeof source !== 'object' || source === null) {
    throw new EngineError('invalid_argument', 'a model is read from bytes, text, a Blob or a stream');
  }
  if ('stream' in source) return readAll(source.stream(), options);
  if ('body' in source) {
    if (source.body === null) throw new EngineError('invalid_argument', 'the response has no body');
    return readAll(source.body, options);
  }
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of piecesOf(source)) {
    if (!(piece instanceof Uint8Array)) {
      throw new EngineError('invalid_argument', 'the stream hands out something else than Uint8Arrays');
    }
    length += piece.length;
    checkLimit(options.limits, 'maxBytes', length);
    pieces.push(piece);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

async function* piecesOf(source: ReadableBytes | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (Symbol.asyncIterator in source) {
    yield* source;
    return;
  }
  if (!('getReader' in source)) {
    throw new EngineError('invalid_argument', 'a model is read from bytes, text, a Blob or a stream');
  }
  const reader = source.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      if (next.value !== undefined) yield next.value;
    }
  } finally {
    await reader.cancel();
  }
}
