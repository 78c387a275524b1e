import type { BlockPool } from './block-pool.ts';

const LF = 0x0a;

/** Whole lines, one behind the other; undefined for one line that was dropped because it is too long. */
export type OnBlock = (block: Buffer | undefined) => void;

/**
 * Cuts text into blocks of whole lines, with one copy and without a look at the lines: a thread cuts those. A block begins
 * where the one before it ended.
 */
export class LineBlocks {
  readonly #maxLineBytes: number;
  readonly #pool: BlockPool;
  readonly #onBlock: OnBlock;
  #block: Buffer;
  #length = 0;
  /** Within a line that is too long: its end is awaited. */
  #isDropping = false;

  constructor(maxLineBytes: number, pool: BlockPool, onBlock: OnBlock) {
    this.#maxLineBytes = maxLineBytes;
    this.#pool = pool;
    this.#onBlock = onBlock;
    this.#block = pool.take();
  }

  write(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#isDropping) {
        const end = bytes.indexOf(LF, at);
        if (end < 0) return;
        this.#isDropping = false;
        at = end + 1;
        continue;
      }
      const room = this.#block.length - this.#length;
      const copied = bytes.copy(this.#block, this.#length, at, at + room);
      this.#length += copied;
      at += copied;
      if (this.#length === this.#block.length) this.#full();
    }
  }

  end(): void {
    if (this.#length > 0) this.#onBlock(this.#block.subarray(0, this.#length));
    else this.#pool.give(this.#block);
    this.#length = 0;
  }

  /** Hands the whole lines of a full block on; the line that was cut begins the next, and a long one gets a longer block. */
  #full(): void {
    const full = this.#block;
    const end = full.lastIndexOf(LF, this.#length - 1) + 1;
    const rest = this.#length - end;
    if (end === 0 && rest > this.#maxLineBytes) {
      this.#onBlock(undefined);
      this.#isDropping = true;
      this.#length = 0;
      return;
    }
    this.#block = this.#pool.take(end === 0 ? rest * 2 : undefined);
    full.copy(this.#block, 0, end, this.#length);
    this.#length = rest;
    if (end > 0) this.#onBlock(full.subarray(0, end));
    else this.#pool.give(full);
  }
}
