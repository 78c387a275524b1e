/** A stretch of a model's bytes on one line, 1-based. */
export type Field = { readonly start: number; readonly end: number; readonly line: number };

const LF = 10;
const CR = 13;

/** Walks a text line by line. LF, CR and CRLF all end a line. */
export class Lines {
  readonly bytes: Uint8Array;
  /** 1-based number of the line taken last. */
  number = 0;
  /** The line taken last, without its end. */
  start = 0;
  end = 0;
  #next: number;
  /** The next CR at or behind #next; the length where there is none. */
  #nextReturn: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    this.#next = marked ? 3 : 0;
    this.#nextReturn = this.#find(CR, this.#next);
  }

  /** Moves on to the next line. @returns false at the end of the text */
  take(): boolean {
    const { bytes } = this;
    if (this.#next >= bytes.length) return false;
    this.start = this.#next;
    this.end = this.#find(LF, this.#next);
    this.#next = this.end + 1;
    if (this.#nextReturn < this.end) {
      this.end = this.#nextReturn;
      this.#next = this.end + (bytes[this.end + 1] === LF ? 2 : 1);
      this.#nextReturn = this.#find(CR, this.#next);
    }
    this.number += 1;
    return true;
  }

  /** Hands the line that was taken last out again. */
  back(): void {
    this.#next = this.start;
    this.#nextReturn = this.#find(CR, this.#next);
    this.number -= 1;
  }

  get isEmpty(): boolean {
    return this.start === this.end;
  }

  /** The line's text up to 200 bytes, for words and messages. */
  text(): string {
    return decodeText(this.bytes.subarray(this.start, Math.min(this.end, this.start + 200)));
  }

  startsWith(word: string): boolean {
    if (this.end - this.start < word.length) return false;
    for (let at = 0; at < word.length; at++) {
      if (this.bytes[this.start + at] !== word.charCodeAt(at)) return false;
    }
    return true;
  }

  is(word: string): boolean {
    return this.end - this.start === word.length && this.startsWith(word);
  }

  /** Where the line's first `=` is; −1 without one. */
  equalsSign(): number {
    const { bytes, end } = this;
    for (let at = this.start; at < end; at++) {
      if (bytes[at] === 61) return at;
    }
    return -1;
  }

  #find(byte: number, from: number): number {
    const found = this.bytes.indexOf(byte, from);
    return found < 0 ? this.bytes.length : found;
  }
}

const decoder = new TextDecoder();

/** UTF-8 text; memory that threads share is copied first, since decoders refuse it. */
export function decodeText(bytes: Uint8Array): string {
  const shared = typeof SharedArrayBuffer !== 'undefined' && bytes.buffer instanceof SharedArrayBuffer;
  return decoder.decode(shared ? bytes.slice() : bytes);
}
