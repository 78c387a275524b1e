import { ServiceError } from '#shared/errors/errors.ts';
import { Carry } from '../carry.ts';

const LF = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
/** White space, `[`, `,`, `]` and the bytes of a BOM may stand between objects. */
const BETWEEN = new Set([0x20, 0x09, 0x0d, LF, 0x5b, 0x2c, 0x5d, 0xef, 0xbb, 0xbf]);

/** One object: its bytes and the line on which it begins; undefined bytes where it was longer than allowed. */
export type OnObject = (bytes: Buffer | undefined, line: number) => void;

/**
 * Cuts JSON text into its outermost objects as it arrives: one object, an array of them, or one behind the other. What an
 * object holds is not judged here. Throws `malformed_json` for anything between objects that is no JSON, and at the end
 * for an object that does not end.
 */
export class ObjectSplitter {
  readonly #maxBytes: number;
  readonly #onObject: OnObject;
  readonly #carry = new Carry();
  #scanned = 0;
  #depth = 0;
  #inString = false;
  #line = 1;
  #startLine = 1;
  #dropped = false;

  constructor(maxBytes: number, onObject: OnObject) {
    this.#maxBytes = maxBytes;
    this.#onObject = onObject;
  }

  write(bytes: Buffer): void {
    const data = this.#carry.join(bytes);
    let start = 0;
    let at = this.#scanned;
    for (; at < data.length; at++) {
      const byte = data[at]!;
      if (byte === LF) this.#line++;
      if (this.#inString) {
        if (byte === BACKSLASH) at++;
        else if (byte === QUOTE) this.#inString = false;
      } else if (byte === QUOTE && this.#depth > 0) this.#inString = true;
      else if (byte === OPEN) {
        if (this.#depth++ === 0) {
          start = at;
          this.#startLine = this.#line;
        }
      } else if (byte === CLOSE && this.#depth > 0) {
        if (--this.#depth === 0) {
          this.#end(data.subarray(start, at + 1));
          start = at + 1;
        }
      } else if (this.#depth === 0) {
        if (!BETWEEN.has(byte)) {
          throw new ServiceError('malformed_json', 'Expected an object here.', { line: this.#line });
        }
        start = at + 1;
      }
    }
    // A backslash may be the last byte: what it escapes comes with the next buffer.
    const beyond = at - data.length;
    const open = this.#depth > 0 ? data.subarray(start) : data.subarray(data.length);
    if (open.length > this.#maxBytes) {
      this.#dropped = true;
      this.#carry.keep(open.subarray(open.length));
      this.#scanned = beyond;
    } else {
      this.#scanned = open.length + beyond;
      this.#carry.keep(open);
    }
  }

  end(): void {
    if (this.#depth > 0) {
      throw new ServiceError('malformed_json', 'The body ends within an object.', { line: this.#startLine });
    }
  }

  #end(bytes: Buffer): void {
    const isWhole = !this.#dropped && bytes.length <= this.#maxBytes;
    this.#dropped = false;
    this.#onObject(isWhole ? bytes : undefined, this.#startLine);
  }
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
    if (isWhole && bytes.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09)) return;
    this.#dropped = false;
    this.#onLine(isWhole ? bytes : undefined, this.#line);
  }
}
