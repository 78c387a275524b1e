import { damaged, notAWorkbook, tooLarge } from './faults.ts';

const LT = 0x3c;
const GT = 0x3e;
const SLASH = 0x2f;
const COLON = 0x3a;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const SPACE = 0x20;
const MOST_ATTRIBUTES = 64;
/** Of one tag, comment or run of text: Excel's longest cell written as references (`&#x10FFFF;`) is a third of it. */
const MOST_TOKEN_BYTES = 1024 * 1024;
const COMMENT = { start: Buffer.from('<!--'), end: Buffer.from('-->') };
const CDATA = { start: Buffer.from('<![CDATA['), end: Buffer.from(']]>') };
const PROCESSING_END = Buffer.from('?>');

export type XmlHandler = {
  /** `name` is the index in the scanner's names; attributes are asked of the scanner before this returns. */
  open: (name: number, scanner: XmlScanner) => void;
  close: (name: number) => void;
  /** UTF-8 between tags, valid during the call; `literal`: CDATA, references are plain text. A text may come in pieces. */
  text: (bytes: Buffer, start: number, end: number, literal: boolean) => void;
  /** True: `run` returns before the next token. */
  readonly paused: boolean;
};

/**
 * Reads XML as it arrives, in linear time and a window of fixed size, and reports the elements that have one of `names`,
 * whatever their prefix. It does not check that tags match (the archive's checksums have found damage), knows no DTD
 * (refused) and no encoding but UTF-8. Bytes are read in place: no string is made of a cell.
 */
export class XmlScanner {
  readonly #handler: XmlHandler;
  readonly #names: readonly Buffer[];
  readonly #window = Buffer.allocUnsafeSlow(2 * MOST_TOKEN_BYTES);
  readonly #attributes = new Int32Array(MOST_ATTRIBUTES * 4);
  #attributeCount = 0;
  #at = 0;
  #end = 0;
  #started = false;
  /** Of the attribute found last. */
  valueStart = 0;
  valueEnd = 0;

  constructor(names: readonly string[], handler: XmlHandler) {
    this.#names = names.map((name) => Buffer.from(name));
    this.#handler = handler;
  }

  get bytes(): Buffer {
    return this.#window;
  }

  /** Adds bytes, of which there may be at most 1 MiB; `run` must have returned true before. */
  feed(bytes: Buffer): void {
    this.#window.copy(this.#window, 0, this.#at, this.#end);
    this.#end -= this.#at;
    this.#at = 0;
    if (this.#end > MOST_TOKEN_BYTES) throw tooLarge('has a cell of more than 32,767 characters');
    this.#end += bytes.copy(this.#window, this.#end);
  }

  /** Reports what is there. False: the handler has paused, call again. */
  run(): boolean {
    if (!this.#started && !this.#start()) return true;
    const window = this.#window;
    for (;;) {
      if (this.#handler.paused) return false;
      let at = this.#at;
      const end = this.#end;
      while (at < end && window[at] !== LT) at++;
      if (at === end) return true;
      if (at > this.#at) this.#handler.text(window, this.#at, at, false);
      this.#at = at;
      const next = this.#token(at, end);
      if (next < 0) return true;
      this.#at = next;
    }
  }

  end(): void {
    for (let at = this.#at; at < this.#end; at++)
      if ((this.#window[at] as number) > SPACE) throw damaged('a part ends in the middle');
  }

  /** Whether the open tag has the attribute, by its name without prefix; `valueStart` and `valueEnd` then hold where. */
  find(name: Buffer): boolean {
    const places = this.#attributes;
    for (let index = 0; index < this.#attributeCount; index++) {
      const start = places[index * 4] as number;
      if (!same(name, this.#window, start, places[index * 4 + 1] as number)) continue;
      this.valueStart = places[index * 4 + 2] as number;
      this.valueEnd = places[index * 4 + 3] as number;
      return true;
    }
    return false;
  }

  /** Skips a byte order mark; refuses what is not UTF-8. */
  #start(): boolean {
    if (this.#end < 4) return false;
    const window = this.#window;
    if (window[0] === 0xef && window[1] === 0xbb && window[2] === 0xbf) this.#at = 3;
    else if ((window[0] as number) >= 0xfe || window[0] === 0 || window[1] === 0)
      throw notAWorkbook('The workbook is not written in UTF-8.');
    this.#started = true;
    return true;
  }

  /** Where the token at `at` ends, or −1 while its end has not arrived. */
  #token(at: number, end: number): number {
    if (at + 1 >= end) return -1;
    const window = this.#window;
    switch (window[at + 1] as number) {
      case SLASH:
        return this.#closing(at, end);
      case 0x3f:
        return this.#skip(at + 2, end, PROCESSING_END);
      case 0x21:
        return this.#declaration(at, end);
      default:
        return this.#opening(at, end);
    }
  }

  #closing(at: number, end: number): number {
    const window = this.#window;
    let nameStart = at + 2;
    let nameEnd = -1;
    for (let position = nameStart; position < end; position++) {
      const byte = window[position] as number;
      if (byte === COLON && nameEnd < 0) nameStart = position + 1;
      else if (byte <= SPACE && nameEnd < 0) nameEnd = position;
      else if (byte === GT) {
        const name = this.#known(nameStart, nameEnd < 0 ? position : nameEnd);
        if (name >= 0) this.#handler.close(name);
        return position + 1;
      }
    }
    return -1;
  }

  #opening(at: number, end: number): number {
    const window = this.#window;
    let position = at + 1;
    let nameStart = position;
    let byte = 0;
    for (; position < end; position++) {
      byte = window[position] as number;
      if (byte <= SPACE || byte === GT || byte === SLASH) break;
      if (byte === COLON) nameStart = position + 1;
    }
    const nameEnd = position;
    this.#attributeCount = 0;
    let attributeStart = -1;
    let attributeEnd = -1;
    let selfClosing = false;
    for (; position < end; position++) {
      byte = window[position] as number;
      if (byte === GT) {
        const name = this.#known(nameStart, nameEnd);
        if (name >= 0) {
          this.#handler.open(name, this);
          if (selfClosing) this.#handler.close(name);
        }
        return position + 1;
      }
      if (byte === QUOTE || byte === APOSTROPHE) {
        const close = window.indexOf(byte, position + 1);
        if (close < 0 || close >= end) return -1;
        if (attributeStart >= 0 && this.#attributeCount < MOST_ATTRIBUTES) {
          const place = this.#attributeCount++ * 4;
          this.#attributes[place] = attributeStart;
          this.#attributes[place + 1] = attributeEnd < 0 ? position : attributeEnd;
          this.#attributes[place + 2] = position + 1;
          this.#attributes[place + 3] = close;
        }
        position = close;
        attributeStart = -1;
        attributeEnd = -1;
      } else if (byte === EQUALS || byte <= SPACE) {
        if (attributeStart >= 0 && attributeEnd < 0) attributeEnd = position;
      } else if (byte === SLASH) selfClosing = true;
      else if (byte === COLON || attributeStart < 0) {
        attributeStart = byte === COLON ? position + 1 : position;
        attributeEnd = -1;
      }
    }
    return -1;
  }

  #declaration(at: number, end: number): number {
    const window = this.#window;
    if (at + CDATA.start.length > end) return -1;
    if (same(COMMENT.start, window, at, at + COMMENT.start.length))
      return this.#skip(at + 4, end, COMMENT.end);
    if (!same(CDATA.start, window, at, at + CDATA.start.length))
      throw notAWorkbook('The workbook holds a document type declaration, which no program writes.');
    const next = this.#skip(at + CDATA.start.length, end, CDATA.end);
    if (next >= 0) this.#handler.text(window, at + CDATA.start.length, next - CDATA.end.length, true);
    return next;
  }

  #skip(from: number, end: number, mark: Buffer): number {
    const at = this.#window.subarray(0, end).indexOf(mark, from);
    return at < 0 ? -1 : at + mark.length;
  }

  #known(start: number, end: number): number {
    for (let index = 0; index < this.#names.length; index++)
      if (same(this.#names[index] as Buffer, this.#window, start, end)) return index;
    return -1;
  }
}

function same(word: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (word.length !== end - start) return false;
  for (let index = 0; index < word.length; index++) if (word[index] !== bytes[start + index]) return false;
  return true;
}
