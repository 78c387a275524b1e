/**
 * Memory for messages on their way to the threads that read them, used again and again: fresh pages cost several times
 * what is copied into them. It is shared, so that nothing is handed over and back; who takes a block owns it until it is
 * given back.
 */
export class BlockPool {
  readonly #bytes: number;
  readonly #free: Buffer[] = [];

  /** @param bytes Size of a block. */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** A block of the pool's size, or of its own where more is needed. */
  take(atLeast = this.#bytes): Buffer {
    const free = atLeast <= this.#bytes ? this.#free.pop() : undefined;
    return free ?? Buffer.from(new SharedArrayBuffer(Math.max(atLeast, this.#bytes)));
  }

  give(block: Uint8Array): void {
    if (block.buffer.byteLength === this.#bytes) this.#free.push(Buffer.from(block.buffer));
  }
}
