import { randomInt } from 'node:crypto';
import { patientKey, ROW_NUMBERS, type LineListRow } from './row.ts';

/** Tables by the hash's lowest bits: each grows alone, so that growing never doubles the memory of all. */
const TABLES = 64;
const FIRST_SLOTS = 256;
/** 16 bytes a slot, 64 MB at most: enough for 3.3 million patients. */
const MOST_SLOTS = (1 << 22) / TABLES;
const MAX_LOAD = 0.8;
const LOW = 0;
const HIGH = 1;
const SAID = 2;
const LINE = 3;
const WORDS = 4;

/** What is known of an earlier row of a patient. */
export type Earlier = {
  readonly line: number;
  /** The earlier row says the same. */
  readonly isSame: boolean;
};

/**
 * Remembers of each patient of a list that streams where the first row that counts stood and a hash of what it said, by
 * keyed 64-bit hashes. Once full (3.3 million patients), later ones are not compared: `isFull`.
 */
export class SeenPatients {
  readonly #tables = Array.from({ length: TABLES }, () => new Table());
  readonly #lowSeed = randomInt(2 ** 32);
  readonly #highSeed = randomInt(2 ** 32);
  readonly #numbers = new Float64Array(ROW_NUMBERS.length);
  readonly #words = new Uint32Array(this.#numbers.buffer);
  isFull = false;

  find(row: LineListRow): Earlier | undefined {
    const [low, high] = this.#hash(patientKey(row));
    const found = this.#tables[low % TABLES]!.find(low, high);
    return found === undefined ? undefined : { line: found[LINE]!, isSame: found[SAID] === this.#said(row) };
  }

  /** Remembers the row as the one that counts for its patient. */
  add(row: LineListRow): void {
    if (this.isFull) return;
    const [low, high] = this.#hash(patientKey(row));
    this.isFull = !this.#tables[low % TABLES]!.add([low, high, this.#said(row), row.line]);
  }

  #hash(key: string): [number, number] {
    let low = this.#lowSeed;
    let high = this.#highSeed;
    for (let at = 0; at < key.length; at++) {
      const code = key.charCodeAt(at);
      low = Math.imul(low ^ code, 0x01000193);
      high = Math.imul(high ^ code, 0x5bd1e995);
      high ^= high >>> 15;
    }
    return [mix(low) >>> 0, (mix(high ^ key.length) | 1) >>> 0];
  }

  #said(row: LineListRow): number {
    for (const [at, name] of ROW_NUMBERS.entries()) this.#numbers[at] = row[name];
    let hash = 0x811c9dc5;
    for (const word of this.#words) hash = Math.imul(hash ^ word, 0x01000193) ^ (hash >>> 13);
    return mix(hash) >>> 0;
  }
}

/** Open addressing with linear probing, by the bits above those that chose the table. */
class Table {
  #slots = new Uint32Array(WORDS * FIRST_SLOTS);
  #mask = FIRST_SLOTS - 1;
  #used = 0;

  find(low: number, high: number): Uint32Array | undefined {
    const slots = this.#slots;
    for (let slot = slotOf(low, this.#mask); ; slot = (slot + 1) & this.#mask) {
      const at = WORDS * slot;
      if (slots[at + HIGH] === 0) return undefined;
      if (slots[at + HIGH] === high && slots[at + LOW] === low) return slots.subarray(at, at + WORDS);
    }
  }

  /** False where the table is full with this entry. */
  add(entry: ArrayLike<number>): boolean {
    this.#place(entry);
    if (++this.#used < (this.#mask + 1) * MAX_LOAD) return true;
    if (this.#mask + 1 >= MOST_SLOTS) return false;
    const old = this.#slots;
    this.#mask = this.#mask * 2 + 1;
    this.#slots = new Uint32Array(old.length * 2);
    for (let at = 0; at < old.length; at += WORDS)
      if (old[at + HIGH] !== 0) this.#place(old.subarray(at, at + WORDS));
    return true;
  }

  #place(entry: ArrayLike<number>): void {
    const slots = this.#slots;
    let slot = slotOf(entry[LOW]!, this.#mask);
    while (slots[WORDS * slot + HIGH] !== 0) slot = (slot + 1) & this.#mask;
    for (let word = 0; word < WORDS; word++) slots[WORDS * slot + word] = entry[word]!;
  }
}

function slotOf(low: number, mask: number): number {
  return Math.floor(low / TABLES) & mask;
}

/** The finaliser of MurmurHash3 (Austin Appleby, public domain). */
function mix(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
