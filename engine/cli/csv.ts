/** Cells of a CSV text (RFC 4180), row by row; empty lines are passed over. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < text.length) {
    let cell: string;
    if (text[at] === '"') {
      const parts: string[] = [];
      let start = at + 1;
      let end = text.indexOf('"', start);
      while (end >= 0 && text[end + 1] === '"') {
        parts.push(text.slice(start, end + 1));
        start = end + 2;
        end = text.indexOf('"', start);
      }
      const stop = end < 0 ? text.length : end;
      parts.push(text.slice(start, stop));
      cell = parts.join('');
      at = stop + 1;
    } else {
      const start = at;
      while (at < text.length && text[at] !== ',' && text[at] !== '\n' && text[at] !== '\r') at += 1;
      cell = text.slice(start, at);
    }
    row.push(cell);
    if (text[at] === ',') {
      at += 1;
      if (at >= text.length) row.push('');
      continue;
    }
    while (at < text.length && (text[at] === '\r' || text[at] === '\n')) at += 1;
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  }
  if (row.length > 0) rows.push(row);
  return rows;
}

/** A cell as it is written, quoted where it must be. */
export function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
