import { isAscii, isUtf8 } from 'node:buffer';
import { damaged } from './faults.ts';
import type { RowBatch } from './row-batch.ts';

const FULL_BYTES = 256 * 1024;
const FULL_CELLS = 32_768;
const FULL_ROWS = 1_000;

/** Collects rows into a batch, cell by cell. */
export class BatchWriter {
  #bytes = Buffer.allocUnsafeSlow(FULL_BYTES);
  #length = 0;
  #ends: number[] = [];
  #rows: number[] = [];
  #flags: number[] = [];
  #cells = 0;

  get isFull(): boolean {
    return (
      this.#length >= FULL_BYTES || this.#ends.length >= FULL_CELLS || this.#rows.length >= FULL_ROWS * 2
    );
  }

  get isEmpty(): boolean {
    return this.#rows.length === 0;
  }

  cell(source: Buffer, start: number, end: number, flag: number): void {
    if (flag >= 0) this.#flags.push(this.#rows.length / 2, this.#cells, flag);
    const bytes = end - start;
    if (this.#length + bytes > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.#length + bytes, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    if (bytes > 0) source.copy(this.#bytes, this.#length, start, end);
    this.#length += bytes;
    this.#ends.push(this.#length);
    this.#cells++;
  }

  endRow(line: number): void {
    this.#rows.push(line, this.#cells);
    this.#cells = 0;
  }

  /** The batch, whose buffers may be given away; the writer is empty afterwards. */
  take(): RowBatch {
    const bytes = new Uint8Array(this.#bytes.buffer, 0, this.#length);
    if (!isUtf8(bytes)) throw damaged('its text is not UTF-8');
    const batch = {
      bytes,
      ends: Uint32Array.from(this.#ends),
      rows: Uint32Array.from(this.#rows),
      flags: Uint32Array.from(this.#flags),
      isAscii: isAscii(bytes),
    };
    this.#bytes = Buffer.allocUnsafeSlow(FULL_BYTES);
    this.#length = 0;
    this.#ends = [];
    this.#rows = [];
    this.#flags = [];
    return batch;
  }
}
