import { type HashKey, keyedHash, newHashKey } from './keyed-hash.ts';

const FIRST_SLOTS = 1 << 14;
/** The growing table: 8 bytes a slot, 8 MB at most. */
const GROWING_SLOTS = 1 << 20;
/** The last table: 4 bytes a slot, 32 MB, enough for 6.7 million patients; later ones are not counted. */
const LAST_SLOTS = 1 << 23;
const LAST_MASK = LAST_SLOTS - 1;
const MAX_LOAD = 0.8;
/** At that load the longest way of eight million is some 700; beyond this one a patient is not counted. */
const MOST_PROBES = 4_096;

/**
 * Counts rows whose patient occurred before, in bounded memory: an open-addressed table of 64-bit hashes that doubles up
 * to 0.8 million patients; then, to grow no more, a table that keeps half of each hash and knows the rest by its place.
 * That one takes a patient for another about once in 200 cohorts of 5 million: the count is a warning. The hash is keyed and
 * probing is bounded: nobody can choose ids that fall together.
 */
export class PatientCounter {
  /** Two words a slot, low and high; high is never 0 where the slot is taken. */
  #slots = new Uint32Array(2 * FIRST_SLOTS);
  #mask = FIRST_SLOTS - 1;
  /** The high words alone, near the places that the low words name. */
  #last: Uint32Array | undefined;
  #used = 0;
  readonly #key: HashKey;
  readonly #mostProbes: number;
  #hashes = new Uint32Array(0);
  duplicates = 0;

  constructor({ key = newHashKey(), mostProbes = MOST_PROBES } = {}) {
    this.#key = key;
    this.#mostProbes = mostProbes;
  }

  /**
   * A chunk at a time. Id i is bytes[offsets[i], offsets[i + 1]). All are hashed before the first is looked up: the
   * lookups are short and miss every cache, and so many of them are under way at once.
   */
  addAll(bytes: Uint8Array, offsets: Uint32Array, count: number): void {
    if (this.#hashes.length < 2 * count) this.#hashes = new Uint32Array(2 * count);
    const hashes = this.#hashes;
    for (let index = 0, start = offsets[0] as number; index < count; index++) {
      const end = offsets[index + 1] as number;
      keyedHash(bytes, start, end, this.#key, hashes, 2 * index);
      hashes[2 * index + 1]! |= 1;
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
    for (let probes = 0; ; probes++) {
      if (probes === this.#mostProbes) return;
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
    let probes = 0;
    for (let found = last[slot] as number; found !== 0; found = last[slot] as number) {
      if (found === high) {
        this.duplicates++;
        return;
      }
      if (++probes === this.#mostProbes) return;
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
