const FIRST_SLOTS = 1 << 14;
/** 2^23 slots of 8 bytes: 64 MB at most, enough for 6.7 million patients; later ones are not counted. */
const MAX_SLOTS = 1 << 23;
const MAX_LOAD = 0.8;

/**
 * Counts rows whose patient occurred before, in bounded memory: an open-addressed table of 64-bit hashes.
 * Two patients share a hash with a probability below 2·10⁻⁶ in a cohort of 5 million: the count is a warning.
 */
export class PatientCounter {
  #low = new Uint32Array(FIRST_SLOTS);
  #high = new Uint32Array(FIRST_SLOTS);
  #used = 0;
  duplicates = 0;

  add(bytes: Uint8Array, start: number, end: number): void {
    let low = 0x811c9dc5;
    let high = 0x9747b28c;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number;
      low = Math.imul(low ^ byte, 0x01000193);
      high = Math.imul(high ^ byte, 0x5bd1e995);
      high ^= high >>> 15;
    }
    this.#insert(mix(low), mix(high ^ (end - start)) | 1);
  }

  #insert(low: number, high: number): void {
    const mask = this.#low.length - 1;
    let slot = low & mask;
    while (this.#high[slot] !== 0) {
      if (this.#low[slot] === low >>> 0 && this.#high[slot] === high >>> 0) {
        this.duplicates++;
        return;
      }
      slot = (slot + 1) & mask;
    }
    if (this.#used >= this.#low.length * MAX_LOAD) {
      if (this.#low.length === MAX_SLOTS) return;
      this.#grow();
      this.#insert(low, high);
      return;
    }
    this.#low[slot] = low;
    this.#high[slot] = high;
    this.#used++;
  }

  #grow(): void {
    const [low, high] = [this.#low, this.#high];
    this.#low = new Uint32Array(low.length * 2);
    this.#high = new Uint32Array(low.length * 2);
    const mask = this.#low.length - 1;
    for (let slot = 0; slot < high.length; slot++) {
      if (high[slot] === 0) continue;
      let target = (low[slot] as number) & mask;
      while (this.#high[target] !== 0) target = (target + 1) & mask;
      this.#low[target] = low[slot] as number;
      this.#high[target] = high[slot] as number;
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
