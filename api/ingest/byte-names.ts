import { keyedHash, newHashKey } from './keyed-hash.ts';

const FIRST_SLOTS = 256;
/** At half full a table of ten thousand names needs some thirty; whatever lies farther goes to a Map. */
const MOST_PROBES = 128;
/** One a process: tables come and go with every chunk. */
const KEY = newHashKey();
const HASH = new Uint32Array(2);

/**
 * Distinct short names found in bytes, numbered in order of appearance: a name that was seen before costs a hash and a
 * comparison, no string. The hash is keyed and probing is bounded: nobody can choose names that fall together.
 */
export class ByteNames {
  readonly names: string[] = [];
  #slots = new Int32Array(FIRST_SLOTS).fill(-1);
  #hashes: number[] = [];
  #ends: number[] = [];
  #bytes = Buffer.alloc(4_096);
  readonly #mostProbes: number;
  /** Names that found no place within the probes. */
  readonly #far = new Map<string, number>();

  constructor({ mostProbes = MOST_PROBES } = {}) {
    this.#mostProbes = mostProbes;
  }

  /** The number of the name in `bytes[start, end)`, which is valid UTF-8. */
  numberOf(bytes: Uint8Array, start: number, end: number): number {
    keyedHash(bytes, start, end, KEY, HASH, 0);
    const hash = HASH[0]! | 0;
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    let probes = 0;
    for (let number = this.#slots[slot] as number; number >= 0; number = this.#slots[slot] as number) {
      if (this.#hashes[number] === hash && this.#equals(number, bytes, start, end)) return number;
      if (++probes === this.#mostProbes) return this.#farNumber(hash, bytes, start, end);
      slot = (slot + 1) & mask;
    }
    return this.#add(slot, hash, bytes, start, end);
  }

  #farNumber(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const name = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
    const known = this.#far.get(name);
    if (known !== undefined) return known;
    const number = this.#add(-1, hash, bytes, start, end);
    this.#far.set(name, number);
    return number;
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
    if (slot >= 0) this.#slots[slot] = number;
    if (this.names.length * 2 > this.#slots.length) {
      this.#slots = new Int32Array(this.#slots.length * 2);
      this.#place();
    }
    return number;
  }

  #place(): void {
    const mask = this.#slots.length - 1;
    this.#slots.fill(-1);
    this.#far.clear();
    for (const [number, hash] of this.#hashes.entries()) {
      let slot = hash & mask;
      let probes = 0;
      while (probes < this.#mostProbes && (this.#slots[slot] as number) >= 0) {
        slot = (slot + 1) & mask;
        probes++;
      }
      if (probes < this.#mostProbes) this.#slots[slot] = number;
      else this.#far.set(this.names[number]!, number);
    }
  }
}
