const FIRST_SLOTS = 256;

/**
 * Distinct short names found in bytes, numbered in order of appearance: a name that was seen before costs a hash and a
 * comparison, no string.
 */
export class ByteNames {
  readonly names: string[] = [];
  #slots = new Int32Array(FIRST_SLOTS).fill(-1);
  #hashes: number[] = [];
  #ends: number[] = [];
  #bytes = Buffer.alloc(4_096);

  /** The number of the name in `bytes[start, end)`, which is valid UTF-8. */
  numberOf(bytes: Uint8Array, start: number, end: number): number {
    let hash = 0x811c9dc5;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
    hash ^= hash >>> 15;
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let number = this.#slots[slot] as number; number >= 0; number = this.#slots[slot] as number) {
      if (this.#hashes[number] === hash && this.#equals(number, bytes, start, end)) return number;
      slot = (slot + 1) & mask;
    }
    return this.#add(slot, hash, bytes, start, end);
  }

  #equals(number: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = number === 0 ? 0 : (this.#ends[number - 1] as number);
    if ((this.#ends[number] as number) - from !== end - start) return false;
    for (let at = start; at < end; at++) if (this.#bytes[from + at - start] !== bytes[at]) return false;
    return true;
  }

  #add(slot: number, hash: number, bytes: Uint8Array, start: number, end: number): number {
    const from = this.#ends.at(-1) ?? 0;
    const to = from + end - start;
    if (to > this.#bytes.length) {
      const grown = Buffer.alloc(to * 2);
      this.#bytes.copy(grown, 0, 0, from);
      this.#bytes = grown;
    }
    this.#bytes.set(bytes.subarray(start, end), from);
    const number = this.names.push(this.#bytes.toString('utf8', from, to)) - 1;
    this.#hashes.push(hash);
    this.#ends.push(to);
    this.#slots[slot] = number;
    if (this.names.length * 2 > this.#slots.length) {
      this.#slots = new Int32Array(this.#slots.length * 2);
      this.#place();
    }
    return number;
  }

  #place(): void {
    const mask = this.#slots.length - 1;
    this.#slots.fill(-1);
    for (const [number, hash] of this.#hashes.entries()) {
      let slot = hash & mask;
      while ((this.#slots[slot] as number) >= 0) slot = (slot + 1) & mask;
      this.#slots[slot] = number;
    }
  }
}
