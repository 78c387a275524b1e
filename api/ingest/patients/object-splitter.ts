import { ServiceError } from '#shared/errors/errors.ts';
import { Carry } from '../carry.ts';

const LF = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const COLON = 0x3a;
const COMMA = 0x2c;
const MAX_KEY_BYTES = 64;
/** Patients' records are five or six levels deep. */
export const MAX_DEPTH = 64;
const MAX_WRAPPERS = 16;

/** Why an object was not handed over: it is longer than allowed, or nested more than 64 deep. */
export type Dropped = 'row_too_large' | 'nesting_too_deep';

/** One object: its bytes and the line on which it begins; undefined bytes where it was dropped. */
export type OnObject = (bytes: Buffer | undefined, line: number, dropped?: Dropped) => void;

/** Which keys of an outermost object hold what is looked for. */
export type WrapperRules = {
  /** The object is one of those that are looked for, whatever else it holds. */
  isOwnKey: (key: string) => boolean;
  /** A single object under this key is one that is looked for, or wraps them in turn. */
  isWrapperKey: (key: string) => boolean;
  /** A list of objects under this key holds what is looked for; under any key where this is not given. */
  isListKey?: (key: string) => boolean;
};

const NO_WRAPPERS: WrapperRules = { isOwnKey: () => true, isWrapperKey: () => false };

/**
 * Cuts JSON text into its outermost objects as it arrives: one object, an array of them, or one behind the other. An
 * object that only wraps an array of objects (`{"patients": […]}`) is opened, by `rules`. What an object holds is not
 * judged here. Throws `malformed_json` for anything between objects that is no JSON, and at the end for an object that does
 * not end.
 */
export class ObjectSplitter {
  readonly #maxBytes: number;
  readonly #onObject: OnObject;
  readonly #rules: WrapperRules;
  readonly #carry = new Carry();
  /** Open wrappers around the present place, outermost first: `{` or `[`. */
  readonly #wrappers: number[] = [];
  #scanned = 0;
  /** Open brackets of the present object; 0 between objects. */
  #depth = 0;
  #inString = false;
  #line = 1;
  #startLine = 1;
  #dropped: Dropped | undefined;
  /** The present value belongs to a wrapper and is passed over. */
  #isSkipped = false;
  /** Whether the present object is known to be one that is looked for. */
  #isOwn = false;
  /** At an object's first level: the string that was read last, and whether a colon followed it. */
  #key = '';
  #keyStart = -1;
  #afterColon = false;
  /** A list has begun at an object's first level: its first element tells whether the object is a wrapper. */
  #listBegan = false;

  constructor(maxBytes: number, onObject: OnObject, rules: WrapperRules = NO_WRAPPERS) {
    this.#maxBytes = maxBytes;
    this.#onObject = onObject;
    this.#rules = rules;
  }

  write(bytes: Buffer): void {
    const data = this.#carry.join(bytes);
    let start = 0;
    let at = this.#scanned;
    for (; at < data.length; at++) {
      const byte = data[at]!;
      if (this.#inString) {
        if (byte === BACKSLASH) at++;
        else if (byte === QUOTE) {
          this.#inString = false;
          if (this.#keyStart >= 0) this.#endKey(data, at);
        } else if (byte === LF) this.#line++;
        continue;
      }
      if (byte <= 0x20) {
        if (byte === LF) this.#line++;
        continue;
      }
      if (this.#depth > 1 && !this.#listBegan) {
        if (byte === QUOTE) this.#inString = true;
        else if (byte === OPEN || byte === OPEN_LIST) this.#deeper();
        else if (byte === CLOSE || byte === CLOSE_LIST) this.#depth--;
        continue;
      }
      start = this.#outer(data, byte, at, start);
    }
    // A backslash may be the last byte: what it escapes comes with the next buffer.
    const beyond = at - data.length;
    const open = this.#depth > 0 ? data.subarray(start) : data.subarray(data.length);
    if (open.length > this.#maxBytes) {
      this.#dropped ??= 'row_too_large';
      this.#keyStart = -1;
      this.#carry.keep(open.subarray(open.length));
      this.#scanned = beyond;
    } else {
      this.#scanned = open.length + beyond;
      if (this.#keyStart >= 0) this.#keyStart -= start;
      this.#carry.keep(open);
    }
  }

  end(): void {
    if (this.#depth > 0 || this.#wrappers.length > 0) {
      throw new ServiceError('malformed_json', 'The body ends within an object.', { line: this.#startLine });
    }
  }

  #deeper(): void {
    if (++this.#depth > MAX_DEPTH) this.#dropped ??= 'nesting_too_deep';
  }

  /** A byte between objects or at an object's first level. Gives back where the present object begins. */
  #outer(data: Buffer, byte: number, at: number, start: number): number {
    if (this.#listBegan) {
      this.#listBegan = false;
      if (byte === OPEN) {
        // The object that began is a wrapper, and this its first element.
        this.#wrappers.push(OPEN, OPEN_LIST);
        this.#depth = 0;
        return this.#begin(at);
      }
      if (byte === QUOTE) this.#inString = true;
      else if (byte === OPEN_LIST) this.#deeper();
      else if (byte === CLOSE_LIST) this.#depth--;
      return start;
    }
    if (this.#depth === 0) return this.#between(data, byte, at);
    const wasAfterColon = this.#afterColon;
    if (byte !== COLON) this.#afterColon = false;
    switch (byte) {
      case QUOTE:
        this.#inString = true;
        if (!this.#isOwn && !wasAfterColon) this.#keyStart = at + 1;
        break;
      case COLON:
        this.#afterColon = true;
        break;
      case OPEN_LIST:
        this.#listBegan =
          !this.#isOwn && wasAfterColon && !this.#isSkipped && this.#rules.isListKey?.(this.#key) !== false;
        this.#deeper();
        break;
      case OPEN:
        if (!this.#isOwn && !this.#isSkipped && wasAfterColon && this.#rules.isWrapperKey(this.#key)) {
          this.#wrappers.push(OPEN);
          this.#depth = 0;
          return this.#begin(at);
        }
        this.#deeper();
        break;
      case CLOSE:
      case CLOSE_LIST:
        if (--this.#depth === 0) {
          this.#end(data.subarray(start, at + 1));
          return at + 1;
        }
        break;
      default:
    }
    return start;
  }

  #between(data: Buffer, byte: number, at: number): number {
    const wrapper = this.#wrappers.at(-1);
    if (wrapper === OPEN) return this.#inWrapper(byte, at);
    if (byte === OPEN) return this.#begin(at);
    if (byte === OPEN_LIST && this.#wrappers.length < MAX_WRAPPERS) this.#wrappers.push(OPEN_LIST);
    else if (byte === CLOSE_LIST && wrapper === OPEN_LIST) this.#wrappers.pop();
    else if (byte !== COMMA && !isMark(data, at)) {
      throw new ServiceError('malformed_json', 'Expected an object here.', { line: this.#line });
    }
    return at + 1;
  }

  /** Between the members of an opened wrapper: its other values are passed over. */
  #inWrapper(byte: number, at: number): number {
    const wasAfterColon = this.#afterColon;
    if (byte !== COLON) this.#afterColon = false;
    if (byte === CLOSE) this.#wrappers.pop();
    else if (byte === COLON) this.#afterColon = true;
    else if (byte === QUOTE) {
      this.#inString = true;
      this.#keyStart = wasAfterColon ? -1 : at + 1;
    } else if (byte === OPEN && this.#rules.isWrapperKey(this.#key)) return this.#begin(at);
    else if (byte === OPEN || byte === OPEN_LIST) {
      this.#begin(at);
      this.#isSkipped = true;
      this.#isOwn = true;
    }
    return at + 1;
  }

  #begin(at: number): number {
    this.#depth = 1;
    this.#startLine = this.#line;
    this.#dropped = undefined;
    this.#isSkipped = false;
    this.#isOwn = false;
    this.#key = '';
    this.#afterColon = false;
    return at;
  }

  #endKey(data: Buffer, at: number): void {
    const length = at - this.#keyStart;
    this.#key = length <= MAX_KEY_BYTES ? data.toString('latin1', this.#keyStart, at) : '';
    this.#keyStart = -1;
    if (this.#depth === 1 && this.#rules.isOwnKey(this.#key)) this.#isOwn = true;
  }

  #end(bytes: Buffer): void {
    if (this.#isSkipped) {
      this.#isSkipped = false;
      return;
    }
    const dropped = this.#dropped ?? (bytes.length > this.#maxBytes ? 'row_too_large' : undefined);
    this.#dropped = undefined;
    this.#onObject(dropped === undefined ? bytes : undefined, this.#startLine, dropped);
  }
}

/** The bytes of a byte order mark may stand between objects. */
function isMark(data: Buffer, at: number): boolean {
  const byte = data[at];
  return byte === 0xef || byte === 0xbb || byte === 0xbf;
}

/** Cuts text into lines, the same way; blank ones are passed over. */
export class LineSplitter {
  readonly #maxBytes: number;
  readonly #onLine: OnObject;
  readonly #carry = new Carry();
  #line = 1;
  #dropped = false;

  constructor(maxBytes: number, onLine: OnObject) {
    this.#maxBytes = maxBytes;
    this.#onLine = onLine;
  }

  /** Ends of lines seen so far. */
  get lineEnds(): number {
    return this.#line - 1;
  }

  write(bytes: Buffer): void {
    let from = this.#carry.length;
    const data = this.#carry.join(bytes);
    let start = 0;
    for (let end = data.indexOf(LF, from); end >= 0; end = data.indexOf(LF, from)) {
      this.#end(data.subarray(start, end));
      this.#line++;
      start = from = end + 1;
    }
    const open = data.subarray(start);
    if (open.length > this.#maxBytes) this.#dropped = true;
    this.#carry.keep(this.#dropped ? open.subarray(open.length) : open);
  }

  end(): void {
    this.#end(this.#carry.join(Buffer.alloc(0)));
  }

  #end(bytes: Buffer): void {
    const isWhole = !this.#dropped && bytes.length <= this.#maxBytes;
    if (isWhole && isBlank(bytes)) return;
    this.#dropped = false;
    if (!isWhole) this.#onLine(undefined, this.#line, 'row_too_large');
    else if (isDeep(bytes)) this.#onLine(undefined, this.#line, 'nesting_too_deep');
    else this.#onLine(bytes, this.#line);
  }
}

function isBlank(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte !== 0x20 && byte !== 0x0d && byte !== 0x09) return false;
  return true;
}

/** Shorter lines cannot take much memory, however deep they are. */
const LONGEST_UNSEARCHED = 64 * 1024;

function isDeep(bytes: Buffer): boolean {
  if (bytes.length <= LONGEST_UNSEARCHED) return false;
  let depth = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (inString) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN || byte === OPEN_LIST) {
      if (++depth > MAX_DEPTH) return true;
    } else if (byte === CLOSE || byte === CLOSE_LIST) depth--;
  }
  return false;
}

type Splitter = { write: (bytes: Buffer) => void; end: () => void };

/**
 * Cuts a body that calls itself one object a line. Where its first two lines are no JSON by themselves it is JSON printed
 * over many lines, or an array, and is cut into its outermost objects instead.
 */
export class LinesOrObjects {
  readonly #maxBytes: number;
  readonly #lines: () => Splitter;
  readonly #objects: () => Splitter;
  readonly #carry = new Carry();
  #splitter: Splitter | undefined;

  constructor(maxBytes: number, lines: () => Splitter, objects: () => Splitter) {
    this.#maxBytes = maxBytes;
    this.#lines = lines;
    this.#objects = objects;
  }

  write(bytes: Buffer): void {
    if (this.#splitter !== undefined) {
      this.#splitter.write(bytes);
      return;
    }
    const data = this.#carry.join(bytes);
    const isLines = this.#judge(data, false);
    if (isLines === undefined) this.#carry.keep(data);
    else this.#open(data, isLines);
  }

  end(): void {
    if (this.#splitter === undefined) {
      const data = this.#carry.join(Buffer.alloc(0));
      this.#open(data, this.#judge(data, true) ?? true);
    }
    this.#splitter?.end();
  }

  #open(data: Buffer, isLines: boolean): void {
    this.#splitter = isLines ? this.#lines() : this.#objects();
    this.#splitter.write(data);
  }

  /** undefined: more must be seen. */
  #judge(data: Buffer, isAll: boolean): boolean | undefined {
    const lines: Buffer[] = [];
    let from = 0;
    while (lines.length < 2) {
      const end = data.indexOf(LF, from);
      if (end < 0 && !isAll) break;
      const line = data.subarray(from, end < 0 ? data.length : end);
      if (!isBlank(line)) lines.push(line);
      if (end < 0) break;
      from = end + 1;
    }
    // One line alone, or one longer than a record may be, is opened like any JSON: it may wrap many.
    const isLong = lines.length === 0 && data.length > this.#maxBytes;
    const first = lines[0] ?? (isLong || isAll ? data.subarray(0, 8) : undefined);
    if (first === undefined) return undefined;
    const opening = first.toString('latin1', 0, 8).replace('ï»¿', '').trimStart();
    if (opening.startsWith('[')) return false;
    if (!opening.startsWith('{')) return true;
    if (lines.length < 2) return isLong || isAll || data.length > 2 * this.#maxBytes ? false : undefined;
    if (isObject(first)) return true;
    return isObject(lines[1]!);
  }
}

function isObject(line: Buffer): boolean {
  const text = line.toString().trim();
  if (!text.startsWith('{') || !text.endsWith('}')) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
