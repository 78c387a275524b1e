import { setImmediate as nextTurn } from 'node:timers/promises';
import { ServiceError } from '#shared/errors/errors.ts';

export type JsonShape = {
  /** Objects, arrays and their members, at most: what parsing makes. */
  values: number;
  /** Byte ranges of the elements of an outermost array; undefined for anything else. */
  elements: { start: number; end: number }[] | undefined;
};

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const SPACES = new Set([0x20, 0x09, 0x0a, 0x0d]);
const MOST_DEPTH = 100;
/**
 * Objects and arrays, and values of any kind, of one element: several times what the longest record has. A megabyte of `{},`
 * is 300,000 objects, and the collector holds everybody up while it walks them.
 */
const MOST_OBJECTS = 20_000;
const MOST_VALUES = 150_000;
/** Twenty bodies that are measured at once take a few milliseconds a turn together. */
const SLICE_BYTES = 64 * 1024;

/**
 * Measures JSON text without parsing it, in slices between which other requests are served. What is between brackets is not
 * judged: an element that is no JSON is for the parser to refuse. Throws `malformed_json` for brackets that do not close,
 * for more than 100 levels and for text behind the outermost array; `body_too_large` for more than `maxItems` elements, and
 * for an element of more values than any record has.
 */
export async function scanJson(bytes: Buffer, maxItems: number): Promise<JsonShape> {
  let at = 0;
  // A byte order mark is passed over, as TextDecoder does.
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) at = 3;
  while (SPACES.has(bytes[at]!)) at++;
  const isArray = bytes[at] === 0x5b;
  const elements: { start: number; end: number }[] = [];
  let depth = 0;
  let values = 1;
  let objects = 0;
  let valuesBefore = 0;
  let objectsBefore = 0;
  let inString = false;
  let start = at + 1;
  let sliceEnd = at + SLICE_BYTES;
  for (; at < bytes.length; at++) {
    if (at >= sliceEnd) {
      await nextTurn();
      sliceEnd = at + SLICE_BYTES;
    }
    const byte = bytes[at]!;
    if (inString) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === COMMA) {
      values++;
      if (depth === 1 && isArray) {
        refuseWide(objects - objectsBefore, values - valuesBefore);
        objectsBefore = objects;
        valuesBefore = values;
        if (elements.push({ start, end: at }) >= maxItems) throw tooMany(maxItems);
        start = at + 1;
      }
    } else if (byte === COLON) values++;
    // `{` and `[`, `}` and `]` differ from each other by one bit alone.
    else if ((byte | 0x20) === 0x7b) {
      values++;
      objects++;
      if (++depth > MOST_DEPTH) throw malformed(`The body is nested more than ${MOST_DEPTH} levels deep.`);
    } else if ((byte | 0x20) === 0x7d) {
      depth--;
      if (depth < 0) throw malformed();
      if (depth === 0 && isArray) {
        refuseWide(objects - objectsBefore, values - valuesBefore);
        if (elements.length > 0 || !isBlank(bytes, start, at)) elements.push({ start, end: at });
        if (!isBlank(bytes, at + 1, bytes.length)) throw malformed();
        return { values, elements };
      }
    }
  }
  if (depth !== 0 || inString) throw malformed();
  refuseWide(objects, values);
  return { values, elements: undefined };
}

function isBlank(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (!SPACES.has(bytes[at]!)) return false;
  return true;
}

function tooMany(maxItems: number): ServiceError {
  return new ServiceError('body_too_large', `At most ${maxItems} at once; submit a job for more.`);
}

function refuseWide(objects: number, values: number): void {
  if (objects <= MOST_OBJECTS && values <= MOST_VALUES) return;
  throw new ServiceError(
    'body_too_large',
    `One row or message may hold at most ${MOST_OBJECTS} objects and lists, and ${MOST_VALUES} values.`,
  );
}

function malformed(message = 'The body is not well-formed JSON.'): ServiceError {
  return new ServiceError('malformed_json', message);
}
