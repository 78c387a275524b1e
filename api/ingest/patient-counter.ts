const FIRST_SLOTS = 1 << 14;
/** 2^23 slots of 8 bytes: 64 MB at most, enough for 6.7 million patients; later ones are not counted. */
const MAX_SLOTS = 1 << 23;
const MAX_LOAD = 0.8;

/**
 * Counts rows whose patient occurred before, in bounded memory: an open-addressed table of 64-bit hashes.
 * Two patients share a hash with a probability below 2·10⁻⁶ in a cohort of 5 million: the count is a warning.
 */
export class PatientCounter {
  /** Two words a slot, low and high; high is never 0 where the slot is taken. */
  #slots = new Uint32Array(2 * FIRST_SLOTS);
  #mask = FIRST_SLOTS - 1;
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
    for (let at = 0; at < 2 * count; at += 2) this.#insert(hashes[at] as number, hashes[at + 1] as number);
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
    if (this.#used >= (this.#mask + 1) * MAX_LOAD) {
      if (this.#mask + 1 === MAX_SLOTS) return;
      this.#grow();
      this.#insert(low, high);
      return;
    }
    slots[2 * slot] = low;
    slots[2 * slot + 1] = high;
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
}

/** The finaliser of MurmurHash3 (Austin Appleby, public domain). */
function mix(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
