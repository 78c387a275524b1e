/**
 * Joins what the last buffer left over (the start of a record) with the next one, so that a parser sees records in one
 * piece. What is carried is copied, since the source may reuse its memory; a record that arrives in crumbs is copied
 * about twice in all, not once a crumb.
 */
export class Carry {
  #memory: Buffer = Buffer.allocUnsafeSlow(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What is carried and `next` behind it; valid until the next call of `join` or `keep`. */
  join(next: Buffer): Buffer {
    if (this.#length === 0) return next;
    const length = this.#length + next.length;
    if (length > this.#memory.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, this.#memory.length * 2));
      this.#memory.copy(grown, 0, 0, this.#length);
      this.#memory = grown;
    }
    next.copy(this.#memory, this.#length);
    return this.#memory.subarray(0, length);
  }

  /** Carries `rest`, the end of what `join` gave. */
  keep(rest: Buffer): void {
    this.#length = rest.length;
    const inPlace = rest.buffer === this.#memory.buffer && rest.byteOffset === this.#memory.byteOffset;
    if (rest.length === 0 || inPlace) return;
    if (rest.length > this.#memory.length) this.#memory = Buffer.allocUnsafeSlow(rest.length * 2);
    rest.copy(this.#memory);
  }
}
