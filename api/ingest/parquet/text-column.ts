import type { TextColumn } from './parquet-messages.ts';

const FIRST_BYTES = 16 * 1024;
/** No text that is read is longer; what is cut is too long for whatever it is read as. */
const LONGEST_TEXT_BYTES = 4 * 1024;

/** Collects the texts of one column. */
export class TextColumnWriter {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #length = 0;
  readonly #ends: Uint32Array<ArrayBuffer>;
  #count = 0;

  constructor(rowCount: number) {
    this.#ends = new Uint32Array(rowCount);
  }

  get byteCount(): number {
    return this.#length;
  }

  add(text: string | Uint8Array): void {
    if (typeof text !== 'string') this.#append(text.subarray(0, LONGEST_TEXT_BYTES));
    else if (text !== '') this.#append(Buffer.from(text.slice(0, LONGEST_TEXT_BYTES)));
    this.#ends[this.#count++] = this.#length;
  }

  /** The texts, whose buffers may be given away. */
  take(): TextColumn {
    return { bytes: new Uint8Array(this.#bytes.buffer, 0, this.#length), ends: this.#ends };
  }

  #append(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.#length + bytes.length, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }
}

/** Texts `from` to `to` as a column of their own. */
export function sliceTexts({ bytes, ends }: TextColumn, from: number, to: number): TextColumn {
  const start = startOf(ends, from);
  const cut = Uint32Array.from(ends.subarray(from, to), (end) => end - start);
  return { bytes: bytes.slice(start, startOf(ends, to)), ends: cut };
}

/** Where a text begins among the bytes of its column. */
export function startOf(ends: Uint32Array, index: number): number {
  return index === 0 ? 0 : (ends[index - 1] as number);
}
