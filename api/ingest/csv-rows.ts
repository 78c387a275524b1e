import type { CsvRecord, CsvSink } from './csv-reader.ts';
import { splitCsvLine } from './csv-cells.ts';

/** Blanks, and what old programs end a file with: NUL, Control-Z. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const NOTHING = /^[\s\u0000\u001a]*$/u;

/** A table as rows of texts, whatever file it came from. */
export type CellRows = {
  header: (cells: string[], line: number) => void;
  row: (cells: string[], line: number) => void;
  /** A row that cannot be read; `cells` where there are some. */
  refuse: (line: number, code: string, message: string, cells?: string[]) => void;
};

/**
 * Makes texts of a CSV's records. Rows of separators and blanks alone are no rows; cells beyond the header's that are
 * empty are how some programs end their lines.
 */
export class CsvRows implements CsvSink {
  readonly #rows: CellRows;
  readonly #delimiter: string;
  #columnCount = 0;

  constructor(rows: CellRows, delimiter: string) {
    this.#rows = rows;
    this.#delimiter = delimiter;
  }

  header(record: CsvRecord): number {
    const cells = this.#cells(record).map((cell) => cell.trim());
    this.#columnCount = cells.length;
    this.#rows.header(cells, record.line);
    return cells.length;
  }

  row(record: CsvRecord): void {
    const cells = this.#cells(record);
    if (cells.every(isNothing)) return;
    const beyond = cells.slice(this.#columnCount);
    if (beyond.length > 0 && beyond.every((cell) => cell.trim() === '')) cells.length = this.#columnCount;
    if (cells.length === this.#columnCount) this.#rows.row(cells, record.line);
    else {
      this.#rows.refuse(
        record.line,
        'wrong_column_count',
        `The row has ${cells.length} fields; the header has ${this.#columnCount}.`,
        cells,
      );
    }
  }

  refuse(line: number, code: string, message: string, record?: CsvRecord): void {
    this.#rows.refuse(line, code, message, record === undefined ? undefined : this.#cells(record));
  }

  #cells({ data, start, end }: CsvRecord): string[] {
    return splitCsvLine(data.toString('utf8', start, end), this.#delimiter);
  }
}

function isNothing(cell: string): boolean {
  return cell === '' || (cell.length < 100 && NOTHING.test(cell));
}
