/** Longer titles are cut: nothing that names a column needs more. */
const LONGEST_TITLE = 200;
const ACCENTED = /[\u00c0-\u024f]/u;
const CLOSERS: Readonly<Record<string, string>> = { '(': ')', '[': ']' };

/**
 * A column's title as titles are compared: lower-case letters and digits alone, without what stands in brackets (units
 * and date patterns do) and without accents. One pass over at most 200 characters; a bracket that is never closed is a character like any.
 */
export function titleKey(title: string): string {
  const cut = title.slice(0, LONGEST_TITLE).toLowerCase();
  const text = ACCENTED.test(cut) ? cut.normalize('NFD') : cut;
  let key = '';
  const unclosed = new Set<string>();
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    const closer = CLOSERS[character];
    if (closer !== undefined && !unclosed.has(closer)) {
      const end = text.indexOf(closer, at);
      if (end < 0) unclosed.add(closer);
      else at = end;
    } else if ((character >= 'a' && character <= 'z') || (character >= '0' && character <= '9')) {
      key += character;
    }
  }
  return key;
}
