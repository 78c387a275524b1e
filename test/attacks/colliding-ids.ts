/** Of the letters that ids are made of. */
const LETTERS = Buffer.from('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_');
const PRIME = 0x01000193;
const OFFSET = 0x811c9dc5;
const TARGET = 0x12345678;
const SUFFIX = 4;
const PREFIX = 6;
/** Slots for the states before every suffix, half of them taken. */
const BITS = 25;
const MASK = 2 ** BITS - 1;

/**
 * Ids whose 32-bit FNV-1a is one and the same, found in the middle: states before every suffix, and states behind many
 * prefixes. What an unkeyed table was stopped by.
 */
export function collidingIds(count: number): string[] {
  let inverse = PRIME;
  for (let i = 0; i < 5; i++) inverse = Math.imul(inverse, 2 - Math.imul(PRIME, inverse));
  const states = new Int32Array(2 ** BITS);
  const suffixes = new Int32Array(2 ** BITS).fill(-1);
  const slotOf = (state: number) => Math.imul(state, 0x9e3779b1) >>> (32 - BITS);
  for (let suffix = 0; suffix < LETTERS.length ** SUFFIX; suffix++) {
    let state = TARGET | 0;
    for (let i = 0; i < SUFFIX; i++) state = Math.imul(state, inverse) ^ letterOf(suffix, i);
    let slot = slotOf(state);
    while (suffixes[slot]! >= 0) slot = (slot + 1) & MASK;
    states[slot] = state;
    suffixes[slot] = suffix;
  }
  const found: string[] = [];
  for (let prefix = 0; found.length < count; prefix++) {
    let state = OFFSET | 0;
    for (let i = 0; i < PREFIX; i++) state = Math.imul(state ^ letterOf(prefix, i), PRIME);
    for (let slot = slotOf(state); suffixes[slot]! >= 0 && found.length < count; slot = (slot + 1) & MASK) {
      if (states[slot] === state) found.push(textOf(prefix, PREFIX) + textOf(suffixes[slot]!, SUFFIX, true));
    }
  }
  return found;
}

function letterOf(number: number, place: number): number {
  return LETTERS[Math.floor(number / LETTERS.length ** place) % LETTERS.length]!;
}

function textOf(number: number, length: number, isReversed = false): string {
  const letters = Array.from({ length }, (_, i) => String.fromCharCode(letterOf(number, i)));
  return (isReversed ? letters.toReversed() : letters).join('');
}
