import { isAscii, isUtf8 } from 'node:buffer';

export const TEXT_ENCODINGS = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252'] as const;
export type TextEncoding = (typeof TEXT_ENCODINGS)[number];

const LF = 0x0a;
const CR = 0x0d;
const NOTHING = Buffer.alloc(0);
/** Of its bytes in one half of the pairs, text in Latin letters as UTF-16 has at least this share of zeros. */
const ZERO_SHARE = 0.3;

/** The encoding of a text by its first bytes, and how many of them are a byte order mark. */
export function sniffEncoding(head: Buffer): { encoding: TextEncoding; bomBytes: number } {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return { encoding: 'utf-8', bomBytes: 3 };
  if (head[0] === 0xff && head[1] === 0xfe) return { encoding: 'utf-16le', bomBytes: 2 };
  if (head[0] === 0xfe && head[1] === 0xff) return { encoding: 'utf-16be', bomBytes: 2 };
  let even = 0;
  let odd = 0;
  for (let at = 0; at < head.length; at++) {
    if (head[at] !== 0) continue;
    if (at % 2 === 0) even++;
    else odd++;
  }
  const pairs = head.length / 2;
  if (odd > pairs * ZERO_SHARE && even < odd / 10) return { encoding: 'utf-16le', bomBytes: 0 };
  if (even > pairs * ZERO_SHARE && odd < even / 10) return { encoding: 'utf-16be', bomBytes: 0 };
  const foreign = firstInvalidUtf8(head);
  return { encoding: foreign < 0 || sawMultibyte(head, foreign) ? 'utf-8' : 'windows-1252', bomBytes: 0 };
}

/** Whether a text shows that it is not of the encoding that its Content-Type names: by its byte order mark, or no zeros. */
export function isBelied(
  declared: TextEncoding | undefined,
  found: { encoding: TextEncoding; bomBytes: number },
  head: Buffer,
): boolean {
  if (found.bomBytes > 0) return true;
  return declared !== undefined && declared.startsWith('utf-16') && !head.includes(0);
}

/**
 * Makes UTF-8 of a text as it arrives. UTF-8 passes as it is; if its first byte beyond ASCII is no UTF-8, the text is
 * taken as Windows-1252 from there on: nothing before it could tell. Where lines end with CR alone, LF takes its place.
 */
export class Utf8Transcoder {
  #encoding: TextEncoding;
  readonly #isFixed: boolean;
  readonly #crAlone: boolean;
  #decoder: InstanceType<typeof TextDecoder> | undefined;
  #sawMultibyte = false;
  /** Up to three bytes of a character that the last buffer cut. */
  #cut: Buffer = NOTHING;

  /** `isFixed`: somebody has said the encoding, so bytes that are none of it stay as they are. */
  constructor(encoding: TextEncoding, options: { isFixed: boolean; crAlone: boolean }) {
    this.#encoding = encoding;
    this.#isFixed = options.isFixed;
    this.#crAlone = options.crAlone;
    if (encoding !== 'utf-8') this.#decoder = new TextDecoder(encoding, { ignoreBOM: true });
  }

  /** What the text has turned out to be so far. */
  get encoding(): TextEncoding {
    return this.#encoding;
  }

  /** UTF-8, valid until the source reuses its buffer. */
  write(bytes: Buffer): Buffer {
    return this.#lines(this.#utf8(bytes));
  }

  end(): Buffer {
    if (this.#decoder !== undefined) return this.#lines(Buffer.from(this.#decoder.decode()));
    const rest = this.#cut;
    this.#cut = NOTHING;
    if (rest.length === 0 || this.#sawMultibyte || this.#isFixed) return this.#lines(rest);
    return this.#lines(this.#asWindows1252(rest));
  }

  #utf8(bytes: Buffer): Buffer {
    if (this.#decoder !== undefined) return Buffer.from(this.#decoder.decode(bytes, { stream: true }));
    if (this.#cut.length === 0 && isAscii(bytes)) return bytes;
    const data = this.#cut.length === 0 ? bytes : Buffer.concat([this.#cut, bytes]);
    const whole = data.length - incompleteTail(data);
    this.#cut = whole === data.length ? NOTHING : Buffer.from(data.subarray(whole));
    const text = data.subarray(0, whole);
    if (this.#sawMultibyte || this.#isFixed || isUtf8(text)) {
      this.#sawMultibyte ||= !isAscii(text);
      return text;
    }
    const foreign = firstInvalidUtf8(text);
    if (sawMultibyte(text, foreign)) {
      this.#sawMultibyte = true;
      return text;
    }
    this.#cut = NOTHING;
    return this.#asWindows1252(data);
  }

  #asWindows1252(bytes: Buffer): Buffer {
    this.#encoding = 'windows-1252';
    this.#decoder = new TextDecoder('windows-1252', { ignoreBOM: true });
    return Buffer.from(this.#decoder.decode(bytes, { stream: true }));
  }

  #lines(text: Buffer): Buffer {
    if (!this.#crAlone || !text.includes(CR)) return text;
    const out = Buffer.from(text);
    for (let at = out.indexOf(CR); at >= 0; at = out.indexOf(CR, at + 1)) out[at] = LF;
    return out;
  }
}

/** Where the first byte stands that is no UTF-8; −1 where there is none but a character that the end cuts. */
function firstInvalidUtf8(bytes: Buffer): number {
  const whole = bytes.subarray(0, bytes.length - incompleteTail(bytes));
  if (isUtf8(whole)) return -1;
  let low = 0;
  let high = whole.length;
  // The longest valid prefix, by halves: a prefix that ends within a character counts without it.
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    const prefix = whole.subarray(0, middle);
    if (isUtf8(prefix.subarray(0, middle - incompleteTail(prefix)))) low = middle;
    else high = middle - 1;
  }
  return low - incompleteTail(whole.subarray(0, low));
}

function sawMultibyte(bytes: Buffer, before: number): boolean {
  return before > 0 && !isAscii(bytes.subarray(0, before));
}

/** Bytes at the end that begin a character of UTF-8 and do not end it: 0 to 3. */
function incompleteTail(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) {
      const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return needed > back ? back : 0;
    }
  }
  return 0;
}
