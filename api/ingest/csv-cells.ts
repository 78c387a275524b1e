const QUOTE = 0x22;

/**
 * The cells of one CSV record (its line break cut off). A quote opens a cell at its start and is doubled inside; anywhere
 * else it is a character. Text behind a closing quote is kept as it stands.
 */
export function splitCsvLine(record: string, delimiter: string): string[] {
  if (!record.includes('"')) return record.split(delimiter);
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    let cell = '';
    if (record.charCodeAt(at) === QUOTE) {
      let from = at + 1;
      for (;;) {
        const quote = record.indexOf('"', from);
        if (quote < 0) {
          // Never closed: the quote was a character.
          return [...cells, ...record.slice(at).split(delimiter)];
        }
        cell += record.slice(from, quote);
        from = quote + 1;
        if (record.charCodeAt(from) !== QUOTE) break;
        cell += '"';
        from++;
      }
      at = from;
    }
    const end = record.indexOf(delimiter, at);
    const rest = record.slice(at, end < 0 ? record.length : end);
    cells.push(cell === '' ? rest : rest.trim() === '' ? cell : cell + rest);
    if (end < 0) return cells;
    at = end + delimiter.length;
  }
}
