const LETTER_A = 0x41;
const LETTERS = 26;
const DIGIT_0 = 0x30;

/** 0-based column of a reference such as AB12, or −1; lower case, as some writers have it, included. */
export function columnOf(bytes: Uint8Array, start: number, end: number): number {
  let column = 0;
  let at = start;
  for (; at < end && at < start + 4; at++) {
    const letter = ((bytes[at] as number) & ~0x20) - LETTER_A;
    if (letter < 0 || letter >= LETTERS) break;
    column = column * LETTERS + letter + 1;
  }
  return at === start ? -1 : column - 1;
}

/** A whole number of digits only, or −1. */
export function digitsOf(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end || end - start > 9) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] as number) - DIGIT_0;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

export type Merge = { column: number; top: number; bottom: number };

const RANGE = /^\$?([A-Za-z]{1,3})\$?(\d{1,7}):\$?[A-Za-z]{1,3}\$?(\d{1,7})$/;

/** The first column and the 1-based rows of a range such as A2:B4; undefined for what is none, or lies in one row. */
export function mergeOf(reference: string): Merge | undefined {
  const match = reference.length > 32 ? null : RANGE.exec(reference);
  if (match === null) return undefined;
  const letters = Buffer.from(match[1] ?? '');
  const [top, bottom] = [Number(match[2]), Number(match[3])];
  return bottom > top ? { column: columnOf(letters, 0, letters.length), top, bottom } : undefined;
}

/** A column's letters, for messages. */
export function columnName(column: number): string {
  let name = '';
  for (let rest = column + 1; rest > 0; rest = Math.floor((rest - 1) / LETTERS))
    name = String.fromCharCode(LETTER_A + ((rest - 1) % LETTERS)) + name;
  return name;
}
