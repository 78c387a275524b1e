import { randomFillSync } from 'node:crypto';

/** Secret of one process: whoever sends ids cannot know which of them fall together. */
export type HashKey = Readonly<Uint32Array>;

export function newHashKey(): HashKey {
  return randomFillSync(new Uint32Array(2));
}

/**
 * HalfSipHash-1-3 (Aumasson and Bernstein's SipHash on words of 32 bits, with fewer rounds, as hash tables use it) of
 * `bytes[start, end)` under a key. Writes both halves of the last state's sum to `out[at]` and `out[at + 1]`: 64 bits to
 * find and compare names by, no signature.
 */
export function keyedHash(
  bytes: Uint8Array,
  start: number,
  end: number,
  key: HashKey,
  out: Uint32Array,
  at: number,
): void {
  let v0 = key[0]! | 0;
  let v1 = key[1]! | 0;
  let v2 = 0x6c796765 ^ v0;
  let v3 = 0x74656462 ^ v1;
  const words = start + ((end - start) & ~3);
  let from = start;
  for (; from < words; from += 4) {
    const word = bytes[from]! | (bytes[from + 1]! << 8) | (bytes[from + 2]! << 16) | (bytes[from + 3]! << 24);
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  // The last word holds what is left and the length; three rounds without input follow.
  let word = (end - start) << 24;
  if (from + 2 < end) word |= bytes[from + 2]! << 16;
  if (from + 1 < end) word |= bytes[from + 1]! << 8;
  if (from < end) word |= bytes[from]!;
  for (let round = 0; round < 4; round++) {
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
    if (round === 0) v2 ^= 0xff;
    word = 0;
  }
  out[at] = v1 ^ v3;
  out[at + 1] = v0 ^ v2;
}
