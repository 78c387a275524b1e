import { FieldFault } from './patient-input.ts';

const DEFAULT_MAX_ROW_CHARS = 1 << 20;

/**
 * Cuts CSV text (RFC 4180: quoted cells, doubled quotes, line breaks in quotes, LF or CRLF, a BOM) into rows of
 * cells, piece by piece. Line lists only: cohorts of numbers have a parser of their own that makes no strings.
 * Throws `FieldFault` for a row of more than `maxRowChars` and for a quote that is never closed.
 */
export class CsvCells {
  readonly #onRow: (cells: string[], line: number) => void;
  readonly #maxRowChars: number;
  #rest = '';
  /** Where in `rest` the search for the row's end goes on, and whether inside quotes. */
  #scanned = 0;
  #inQuotes = false;
  #line = 1;
  #isFirst = true;

  /** `onRow` gets each row that is not blank, with the line on which it begins. */
  constructor(onRow: (cells: string[], line: number) => void, maxRowChars: number = DEFAULT_MAX_ROW_CHARS) {
    this.#onRow = onRow;
    this.#maxRowChars = maxRowChars;
  }

  write(text: string): void {
    let data = this.#rest + text;
    if (this.#isFirst && data !== '') {
      if (data.charCodeAt(0) === 0xfeff) data = data.slice(1);
      this.#isFirst = false;
    }
    let start = 0;
    let at = this.#scanned;
    while (true) {
      const end = data.indexOf('\n', at);
      const to = end < 0 ? data.length : end;
      let quote = data.indexOf('"', at);
      while (quote >= 0 && quote < to) {
        this.#inQuotes = !this.#inQuotes;
        quote = data.indexOf('"', quote + 1);
      }
      if (end < 0) break;
      at = end + 1;
      if (this.#inQuotes) continue;
      this.#row(data, start, end);
      start = at;
    }
    this.#rest = data.slice(start);
    this.#scanned = this.#rest.length;
    if (this.#rest.length > this.#maxRowChars)
      throw new FieldFault('', 'bad_value', `the row that begins on line ${this.#line} is too long`);
  }

  /** Hands on the last row, which need not end in a line break. */
  end(): void {
    if (this.#inQuotes)
      throw new FieldFault(
        '',
        'bad_value',
        `a quote that opens after line ${this.#line - 1} is never closed`,
      );
    if (this.#rest !== '') this.#row(this.#rest, 0, this.#rest.length);
    this.#rest = '';
    this.#scanned = 0;
  }

  #row(data: string, start: number, end: number): void {
    const line = this.#line;
    const stop = end > start && data.charCodeAt(end - 1) === 13 ? end - 1 : end;
    const text = data.slice(start, stop);
    if (!text.includes('"')) {
      this.#line++;
      if (text.trim() !== '') this.#onRow(text.split(','), line);
      return;
    }
    this.#line += 1 + text.split('\n').length - 1;
    this.#onRow(quotedCells(text), line);
  }
}

function quotedCells(text: string): string[] {
  const cells: string[] = [];
  let at = 0;
  while (at <= text.length) {
    if (text.charCodeAt(at) !== 34) {
      const comma = text.indexOf(',', at);
      const to = comma < 0 ? text.length : comma;
      cells.push(text.slice(at, to));
      at = to + 1;
      continue;
    }
    let cell = '';
    let from = at + 1;
    while (true) {
      const quote = text.indexOf('"', from);
      cell += text.slice(from, quote < 0 ? text.length : quote);
      from = quote + 1;
      if (quote < 0 || text.charCodeAt(from) !== 34) break;
      cell += '"';
      from++;
    }
    cells.push(cell);
    const comma = from === 0 ? -1 : text.indexOf(',', from);
    at = comma < 0 ? text.length + 1 : comma + 1;
  }
  return cells;
}
