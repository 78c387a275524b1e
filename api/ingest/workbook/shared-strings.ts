import { tooLarge } from './faults.ts';
import type { WorkbookLimits } from './limits.ts';
import { checkCellLength, TextBuffer } from './text-buffer.ts';
import { type XmlHandler, XmlScanner } from './xml-scanner.ts';

const BLOCK_BYTES = 1024 ** 2;
const PLACES_PER_BLOCK = 65_536;
const LENGTH_BYTES = 3;
const PLACE_BYTES = 4;
const NAMES = ['si', 't', 'rPh'] as const;
const SI = 0;
const T = 1;
const PHONETIC = 2;

/** The strings of a workbook as UTF-8 in blocks of 1 MiB, none of which moves or is copied when the table grows. */
export class SharedStrings implements XmlHandler {
  readonly #limits: WorkbookLimits;
  readonly #blocks: Buffer[] = [];
  readonly #places: Uint32Array[] = [];
  readonly #text = new TextBuffer(BLOCK_BYTES - LENGTH_BYTES);
  readonly #scanner = new XmlScanner(NAMES, this);
  readonly paused = false;
  #used = BLOCK_BYTES;
  #count = 0;
  #heldBytes = 0;
  #inText = false;
  #phonetic = 0;
  /** Of the string found last, for the caller to copy at once. */
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;

  constructor(limits: WorkbookLimits) {
    this.#limits = limits;
  }

  async read(part: AsyncIterable<Buffer>): Promise<void> {
    for await (const piece of part) {
      this.#scanner.feed(piece);
      this.#scanner.run();
    }
    this.#scanner.end();
  }

  find(index: number): boolean {
    if (!(index >= 0 && index < this.#count)) return false;
    const place = (this.#places[Math.floor(index / PLACES_PER_BLOCK)] as Uint32Array)[
      index % PLACES_PER_BLOCK
    ] as number;
    const block = this.#blocks[Math.floor(place / BLOCK_BYTES)] as Buffer;
    const at = place % BLOCK_BYTES;
    this.bytes = block;
    this.start = at + LENGTH_BYTES;
    this.end = this.start + block.readUIntLE(at, LENGTH_BYTES);
    return true;
  }

  open(name: number): void {
    if (name === T) this.#inText = this.#phonetic === 0;
    else if (name === PHONETIC) this.#phonetic++;
    else this.#text.clear();
  }

  close(name: number): void {
    if (name === T) this.#inText = false;
    else if (name === PHONETIC) this.#phonetic = Math.max(0, this.#phonetic - 1);
    else if (name === SI) this.#keep();
  }

  text(bytes: Buffer, start: number, end: number, literal: boolean): void {
    if (this.#inText) this.#text.add(bytes, start, end, literal);
  }

  #keep(): void {
    const text = this.#text;
    text.unescape(0);
    checkCellLength(text.bytes, 0, text.length, this.#limits.cellCharacters);
    this.#heldBytes += text.length + LENGTH_BYTES + PLACE_BYTES;
    if (this.#heldBytes > this.#limits.sharedTextBytes)
      throw tooLarge(`holds more than ${this.#limits.sharedTextBytes >> 20} MB of different texts`);
    if (this.#used + LENGTH_BYTES + text.length > BLOCK_BYTES) {
      this.#blocks.push(Buffer.allocUnsafeSlow(BLOCK_BYTES));
      this.#used = 0;
    }
    const index = this.#count++;
    if (index % PLACES_PER_BLOCK === 0) this.#places.push(new Uint32Array(PLACES_PER_BLOCK));
    const block = this.#blocks[this.#blocks.length - 1] as Buffer;
    (this.#places[this.#places.length - 1] as Uint32Array)[index % PLACES_PER_BLOCK] =
      (this.#blocks.length - 1) * BLOCK_BYTES + this.#used;
    block.writeUIntLE(text.length, this.#used, LENGTH_BYTES);
    text.bytes.copy(block, this.#used + LENGTH_BYTES, 0, text.length);
    this.#used += LENGTH_BYTES + text.length;
  }
}
