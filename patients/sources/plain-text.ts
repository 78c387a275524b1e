/** Nothing that a form asks for is longer: foreign texts are cut before any pattern or list sees them. */
export const LONGEST_TEXT = 200;

/** A foreign text cut to `LONGEST_TEXT` characters, trimmed, in lower case. */
export function plainText(text: string): string {
  return (text.length > LONGEST_TEXT ? text.slice(0, LONGEST_TEXT) : text).trim().toLowerCase();
}

/** Runs of letters and digits of a plain text: "1st line (TDF/3TC)" → 1st, line, tdf, 3tc. Linear. */
export function wordsOf(plain: string): string[] {
  return plain.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
}

/** As `wordsOf`, with the marks that end a clause between the words: what is denied before one is not denied after it. */
export function clausesOf(plain: string): string[] {
  return plain.match(/[\p{L}\p{N}]+|[,;:.()/]|\s-/gu) ?? [];
}

const MOST_REMEMBERED = 2_000;
const LONGEST_REMEMBERED = 80;

/** Remembers what each short text meant: exports use a handful of spellings millions of times. */
export function remembered<T>(read: (plain: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined || known.has(text)) return before as T;
    const value = read(plainText(text));
    if (known.size < MOST_REMEMBERED && text.length <= LONGEST_REMEMBERED) known.set(text, value);
    return value;
  };
}
