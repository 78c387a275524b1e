import { tooLarge } from './faults.ts';

const AMPERSAND = 0x26;
const SEMICOLON = 0x3b;
const CR = 0x0d;
const LF = 0x0a;
const UNDERSCORE = 0x5f;
const LOWER_X = 0x78;
const LONGEST_REFERENCE = 12;
const NAMED: ReadonlyMap<string, number> = new Map([
  ['amp', 0x26],
  ['lt', 0x3c],
  ['gt', 0x3e],
  ['quot', 0x22],
  ['apos', 0x27],
]);
const ESCAPED = /_x([0-9A-Fa-f]{4})_/g;
const ESCAPED_BYTES = 7;

/** UTF-8 text of one cell under construction, at most `mostBytes`. */
export class TextBuffer {
  readonly #mostBytes: number;
  readonly #what: string;
  bytes = Buffer.allocUnsafeSlow(4096);
  length = 0;

  /** `what` names it in the refusal of a text that is longer. */
  constructor(mostBytes: number, what = 'a cell of more than 32,767 characters') {
    this.#mostBytes = mostBytes;
    this.#what = what;
  }

  clear(): void {
    this.length = 0;
  }

  /** Adds XML character data: references resolved, line ends as LF. `literal`: only the line ends. */
  add(source: Buffer, start: number, end: number, literal: boolean): void {
    this.#reserve(end - start);
    const target = this.bytes;
    let length = this.length;
    for (let at = start; at < end; at++) {
      const byte = source[at] as number;
      if (byte === AMPERSAND && !literal) {
        const stop = source.subarray(at, Math.min(end, at + LONGEST_REFERENCE)).indexOf(SEMICOLON);
        const point = stop < 0 ? undefined : referenced(source.toString('latin1', at + 1, at + stop));
        if (point !== undefined) {
          length += target.write(String.fromCodePoint(point), length);
          at += stop;
          continue;
        }
      } else if (byte === CR) {
        if (source[at + 1] !== LF || at + 1 >= end) target[length++] = LF;
        continue;
      }
      target[length++] = byte;
    }
    this.length = length;
  }

  addString(text: string): void {
    this.#reserve(text.length * 3);
    this.length += this.bytes.write(text, this.length);
  }

  addBytes(source: Buffer, start: number, end: number): void {
    this.#reserve(end - start);
    source.copy(this.bytes, this.length, start, end);
    this.length += end - start;
  }

  /** Resolves `_x000D_` and its like, by which ECMA-376 (22.9.2.19) writes characters that XML cannot hold. */
  unescape(from: number): void {
    const { bytes } = this;
    for (let at = from; at + ESCAPED_BYTES <= this.length; at++) {
      if (bytes[at] !== UNDERSCORE || bytes[at + 1] !== LOWER_X) continue;
      const text = bytes.toString('utf8', from, this.length);
      this.length = from;
      this.addString(
        text.replaceAll(ESCAPED, (_: string, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
      );
      return;
    }
  }

  #reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    if (needed > this.#mostBytes) throw tooLarge(`has ${this.#what}`);
    const bytes = Buffer.allocUnsafeSlow(Math.min(this.#mostBytes, Math.max(needed, this.bytes.length * 2)));
    this.bytes.copy(bytes, 0, 0, this.length);
    this.bytes = bytes;
  }
}

/** Undefined for what is no reference to a character, which then stays as it stands. */
function referenced(name: string): number | undefined {
  if (!name.startsWith('#')) return NAMED.get(name);
  const point = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10);
  return point > 0 && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff) ? point : undefined;
}

/** Throws `workbook_too_large` for a text beyond Excel's own limit, counted as Excel does (UTF-16 units). */
export function checkCellLength(
  bytes: Buffer,
  start: number,
  end: number,
  most: number,
  line?: number,
): void {
  if (end - start <= most) return;
  let units = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte >= 0xf0) units += 2;
    else if (byte < 0x80 || byte >= 0xc0) units++;
  }
  if (units > most) throw tooLarge(`has a cell of more than ${most.toLocaleString('en')} characters`, line);
}
