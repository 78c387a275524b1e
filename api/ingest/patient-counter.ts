const FIRST_SLOTS = 1 << 14;
/** The growing table: 8 bytes a slot, 8 MB at most. */
const GROWING_SLOTS = 1 << 20;
/** The last table: 4 bytes a slot, 32 MB, enough for 6.7 million patients; later ones are not counted. */
const LAST_SLOTS = 1 << 23;
const LAST_MASK = LAST_SLOTS - 1;
const MAX_LOAD = 0.8;

/**
 * Counts rows whose patient occurred before, in bounded memory: an open-addressed table of 64-bit hashes that doubles up
 * to 0.8 million patients; then, to grow no more, a table that keeps half of each hash and knows the rest by its place.
 * That one takes a patient for another about once in 200 cohorts of 5 million: the count is a warning.
 */
export class PatientCounter {
  /** Two words a slot, low and high; high is never 0 where the slot is taken. */
  #slots = new Uint32Array(2 * FIRST_SLOTS);
  #mask = FIRST_SLOTS - 1;
  /** The high words alone, near the places that the low words name. */
  #last: Uint32Array | undefined;
  #used = 0;
  #hashes = new Uint32Array(0);
  duplicates = 0;

  /**
   * A chunk at a time. Id i is bytes[offsets[i], offsets[i + 1]). All are hashed before the first is looked up: the
   * lookups are short and miss every cache, and so many of them are under way at once.
   */
  addAll(bytes: Uint8Array, offsets: Uint32Array, count: number): void {
    if (this.#hashes.length < 2 * count) this.#hashes = new Uint32Array(2 * count);
    const hashes = this.#hashes;
    for (let index = 0, start = offsets[0] as number; index < count; index++) {
      const end = offsets[index + 1] as number;
      let low = 0x811c9dc5;
      let high = 0x9747b28c;
      for (let at = start; at < end; at++) {
        const byte = bytes[at] as number;
        low = Math.imul(low ^ byte, 0x01000193);
        high = Math.imul(high ^ byte, 0x5bd1e995);
        high ^= high >>> 15;
      }
      hashes[2 * index] = mix(low);
      hashes[2 * index + 1] = mix(high ^ (end - start)) | 1;
      start = end;
    }
    for (let at = 0; at < 2 * count; at += 2) {
      const low = hashes[at] as number;
      const high = hashes[at + 1] as number;
      if (this.#last === undefined) this.#insert(low, high);
      else this.#insertLast(this.#last, low, high);
    }
  }

  #insert(low: number, high: number): void {
    const slots = this.#slots;
    let slot = low & this.#mask;
    for (;;) {
      const found = slots[2 * slot + 1] as number;
      if (found === 0) break;
      if (found === high && slots[2 * slot] === low) {
        this.duplicates++;
        return;
      }
      slot = (slot + 1) & this.#mask;
    }
    slots[2 * slot] = low;
    slots[2 * slot + 1] = high;
    this.#used++;
    if (this.#used < (this.#mask + 1) * MAX_LOAD) return;
    if (this.#mask + 1 < GROWING_SLOTS) this.#grow();
    else this.#moveToLast();
  }

  #insertLast(last: Uint32Array, low: number, high: number): void {
    let slot = low & LAST_MASK;
    for (let found = last[slot] as number; found !== 0; found = last[slot] as number) {
      if (found === high) {
        this.duplicates++;
        return;
      }
      slot = (slot + 1) & LAST_MASK;
    }
    if (this.#used >= LAST_SLOTS * MAX_LOAD) return;
    last[slot] = high;
    this.#used++;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    this.#mask = this.#mask * 2 + 1;
    for (let at = 0; at < old.length; at += 2) {
      const low = old[at] as number;
      const high = old[at + 1] as number;
      if (high === 0) continue;
      let slot = low & this.#mask;
      while (this.#slots[2 * slot + 1] !== 0) slot = (slot + 1) & this.#mask;
      this.#slots[2 * slot] = low;
      this.#slots[2 * slot + 1] = high;
    }
  }

  #moveToLast(): void {
    const old = this.#slots;
    const last = new Uint32Array(LAST_SLOTS);
    for (let at = 0; at < old.length; at += 2) {
      const high = old[at + 1] as number;
      if (high === 0) continue;
      let slot = (old[at] as number) & LAST_MASK;
      while (last[slot] !== 0) slot = (slot + 1) & LAST_MASK;
      last[slot] = high;
    }
    this.#last = last;
    this.#slots = new Uint32Array(0);
  }
}

/** The finaliser of MurmurHash3 (Austin Appleby, public domain). */
function mix(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
