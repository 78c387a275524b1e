import { setImmediate as nextTurn } from 'node:timers/promises';
import { ServiceError } from '#shared/errors/errors.ts';
import type { HeldBody } from './read-body.ts';
import { scanJson, type JsonShape } from './scan-json.ts';

export type JsonLimits = {
  /** Elements of an outermost array. */
  maxItems: number;
  /** Of one element, or of the whole where it is no array. */
  maxItemBytes: number;
};

/** Parsed at once: what such a text can become, and the time that takes, harms nobody. */
const SMALL_BYTES = 64 * 1024;
/** What a value may cost in V8's heap: an empty object takes 56 bytes and 8 for its place. */
const BYTES_PER_VALUE = 64;
const BYTES_PER_TEXT_BYTE = 2;
/** Others are served after so much parsing. */
const SLICE_MS = 5;

/**
 * A JSON body's value. A large one is measured first: its memory is taken from the budget before it is parsed, and an
 * array is parsed element by element, between which other requests are served. Throws `empty_body`, `invalid_encoding`,
 * `malformed_json`, `body_too_large`, `overloaded`.
 */
export async function parseJson({ bytes, memory }: HeldBody, limits: JsonLimits): Promise<unknown> {
  if (bytes.length === 0) throw new ServiceError('empty_body', 'Send a JSON body.');
  if (bytes.length <= SMALL_BYTES) return parseText(bytes);
  const shape = await scanJson(bytes, limits.maxItems);
  memory.add(shape.values * BYTES_PER_VALUE + bytes.length * BYTES_PER_TEXT_BYTE);
  if (shape.elements === undefined) {
    if (bytes.length > limits.maxItemBytes) throw itemTooLarge(limits.maxItemBytes);
    return parseText(bytes);
  }
  return await parseElements(bytes, shape.elements, limits.maxItemBytes);
}

async function parseElements(
  bytes: Buffer,
  elements: NonNullable<JsonShape['elements']>,
  maxItemBytes: number,
): Promise<unknown[]> {
  const values: unknown[] = [];
  let sliceEndMs = performance.now() + SLICE_MS;
  for (const { start, end } of elements) {
    if (end - start > maxItemBytes) throw itemTooLarge(maxItemBytes);
    values.push(parseText(bytes.subarray(start, end)));
    if (performance.now() < sliceEndMs) continue;
    await nextTurn();
    sliceEndMs = performance.now() + SLICE_MS;
  }
  return values;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parseText(bytes: Buffer): unknown {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (error) {
    throw new ServiceError('invalid_encoding', 'The body is not UTF-8.', { cause: error });
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new ServiceError('malformed_json', 'The body is not well-formed JSON.', { cause: error });
  }
}

function itemTooLarge(maxItemBytes: number): ServiceError {
  return new ServiceError('body_too_large', `One row or message may have at most ${maxItemBytes} bytes.`);
}
