/** Line breaks are none of them: in an id they are a fault. */
const BLANK_ENDS = /^[ \t\u00a0\u202f\ufeff]|[ \t\u00a0\u202f\ufeff]$/u;
const BLANKS_BEFORE = /^[ \t\u00a0\u202f\ufeff]+/u;
const BLANKS_BEHIND = /(?<![ \t\u00a0\u202f\ufeff])[ \t\u00a0\u202f\ufeff]+$/u;
const AS_TEXT = /^="((?:[^"]|"")*)"$/u;
/** No cell that is an id, a number or a date is longer. */
const LONGEST_CELL = 256;

/**
 * What a cell shows in the spreadsheet that wrote it: `="0012"` and `'0012` are how people keep a program from making a
 * number of 0012, `'0012'` is a cell in a program's own quotes, a byte order mark at its start is left from
 * files that were joined, and blanks around it are nobody's. An apostrophe before anything but a digit is a character.
 */
export function shownText(cell: string): string {
  if (cell.length > LONGEST_CELL) return cell;
  const text = BLANK_ENDS.test(cell) ? cell.replace(BLANKS_BEFORE, '').replace(BLANKS_BEHIND, '') : cell;
  if (text.length < 2) return text;
  const [first, last] = [text[0], text.at(-1)];
  if (first === '=') return AS_TEXT.exec(text)?.[1]?.replaceAll('""', '"') ?? text;
  if (first === "'" && first === last) return text.slice(1, -1);
  return first === "'" && /\d/u.test(text[1]!) ? text.slice(1) : text;
}

/** Spreadsheets write numbers of more digits than they keep so: 1.23457E+17. */
const ROUNDED = /^\d(?:[.,]\d{1,15})?E\+\d{1,3}$/iu;

/** Whether an id was a long number that a spreadsheet has rounded: its last digits are lost. */
export function isRounded(id: string): boolean {
  return id.length <= 24 && ROUNDED.test(id);
}
