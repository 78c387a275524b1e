import type { NumberStyle } from '#patients/values/numbers.ts';
import { type CohortLayout, IGNORED, PATIENT_ID } from './cohort-layout.ts';
import { splitCsvLine } from './csv-cells.ts';
import type { CsvRecord, CsvSink } from './csv-reader.ts';
import { EXACT_DIGITS, POWER_OF_TEN } from './decimal.ts';
import type { FormatContext } from './input-format.ts';
import { judgeColumns } from './judge-columns.ts';
import type { CsvDialect } from './sniff/dialect.ts';

const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const BOM = [0xef, 0xbb, 0xbf] as const;
const MOST_NOTES = 20;
/** Not a feature's role: cells of the column are read as texts. */
const AS_TEXT = -1;

/**
 * Makes rows of features of a CSV table's records, in two ways that agree on every row. `plainRows` reads rows of plain
 * numbers and texts in one pass, without looking for their end first and without a string for a number; what it does not
 * know (doubled quotes, exponents, words, another number of fields) it leaves to `row`, which looks closely.
 */
export class CsvTable implements CsvSink {
  readonly #context: FormatContext;
  readonly #dialect: CsvDialect;
  readonly #delimiter: number;
  #layout: CohortLayout | undefined;
  /** By column: the feature where its cells may be read as plain numbers, else AS_TEXT. */
  #plainRoles = new Int32Array(0);
  #scratch = Buffer.alloc(256);
  /** As texts, to know it again where files were joined. */
  #header = '';
  /** Columns up to the last one that has a name: rows may leave the others away. */
  #namedColumns = 0;

  constructor(context: FormatContext, dialect: CsvDialect) {
    this.#context = context;
    this.#dialect = dialect;
    this.#delimiter = dialect.delimiter.charCodeAt(0);
  }

  header({ data, start, end }: CsvRecord): number {
    const { delimiter, sample } = this.#dialect;
    const names = splitCsvLine(data.toString('utf8', start, end), delimiter).map((name) => name.trim());
    const layout = this.#context.layOut(names);
    const styles = judgeColumns(this.#context, layout, sample, delimiter);
    this.#layout = layout;
    this.#header = names.join('\n');
    this.#namedColumns = names.findLastIndex((name) => name !== '') + 1;
    this.#plainRoles = layout.roles.map((role) => (role >= 0 && isPlain(styles[role]) ? role : AS_TEXT));
    return names.length;
  }

  plainRows(data: Buffer, from: number, limit: number, firstLine: number): { at: number; line: number } {
    const { rows, maxRowBytes } = this.#context;
    const { values } = rows;
    const { roles } = this.#layout!;
    const plainRoles = this.#plainRoles;
    const delimiter = this.#delimiter;
    const lastColumn = roles.length - 1;
    let line = firstLine;
    let at = from;
    while (at < limit) {
      let position = at;
      let byte = data[position] as number;
      if (byte === LF || (byte === CR && data[at + 1] === LF)) {
        line++;
        at += byte === LF ? 1 : 2;
        continue;
      }
      rows.begin(line);
      let plain = false;
      for (let column = 0; ; position++) {
        const role = plainRoles[column] as number;
        byte = data[position] as number;
        const quoted = byte === QUOTE;
        if (quoted) byte = data[++position] as number;
        if (role >= 0) {
          let digit = byte - ZERO;
          const negative = byte === MINUS;
          if (negative) {
            byte = data[++position] as number;
            digit = byte - ZERO;
          }
          if (digit >= 0 && digit <= 9) {
            const first = position;
            let mantissa = digit;
            byte = data[++position] as number;
            digit = byte - ZERO;
            while (digit >= 0 && digit <= 9) {
              mantissa = mantissa * 10 + digit;
              byte = data[++position] as number;
              digit = byte - ZERO;
            }
            if (position - first > EXACT_DIGITS) break;
            if (byte === POINT) {
              const point = position;
              byte = data[++position] as number;
              digit = byte - ZERO;
              while (digit >= 0 && digit <= 9) {
                mantissa = mantissa * 10 + digit;
                byte = data[++position] as number;
                digit = byte - ZERO;
              }
              if (position - first > EXACT_DIGITS) break;
              mantissa /= POWER_OF_TEN[position - point - 1] as number;
            }
            values[role] = negative ? -mantissa : mantissa;
          } else if (negative) {
            break;
          }
          if (quoted) {
            if (byte !== QUOTE) break;
            byte = data[++position] as number;
          }
        } else {
          const start = position;
          let end: number;
          if (quoted) {
            while (byte !== QUOTE && byte !== LF) byte = data[++position] as number;
            if (byte === LF) break;
            end = position;
            byte = data[++position] as number;
          } else {
            while (byte !== delimiter && byte !== LF && byte !== CR) byte = data[++position] as number;
            end = position;
          }
          if (byte === delimiter || byte === LF || byte === CR)
            rows.cell(roles[column] as number, data, start, end);
          else break;
        }
        if (byte === delimiter) {
          if (column === lastColumn) break;
          column++;
          continue;
        }
        if (byte === CR) byte = data[++position] as number;
        plain = byte === LF && column === lastColumn && position - at <= maxRowBytes && rows.hasId;
        break;
      }
      if (!plain) {
        rows.undo();
        break;
      }
      rows.end();
      line++;
      at = position + 1;
    }
    return { at, line };
  }

  /** The row in `data[start, end)`, whatever it is. Rows of separators and blanks alone are no rows. */
  row(record: CsvRecord): void {
    const { data, start, end, line } = record;
    if (this.#isBlank(data, start, end) || this.#isHeader(record)) return;
    const { rows } = this.#context;
    const { roles } = this.#layout!;
    rows.begin(line);
    let column = 0;
    for (let position = start; position <= end; position++) {
      // Separators without anything behind the last column's are how some programs end their lines.
      if (column === roles.length && this.#isBlank(data, position, end)) break;
      position = this.#cell(data, position, end, roles[column] ?? IGNORED, column);
      column++;
    }
    if (column === roles.length || (column >= this.#namedColumns && column < roles.length)) {
      rows.end();
    } else {
      // Its fields stand under other columns' names: whatever else was found there is no help.
      rows.undo();
      this.refuse(
        line,
        'wrong_column_count',
        `The row has ${column} fields; the header has ${roles.length}.`,
        record,
      );
    }
  }

  /** The first cell's id is still told: nothing before it can have moved it. */
  refuse(line: number, code: string, message: string, record?: CsvRecord): void {
    const { rows } = this.#context;
    rows.begin(line);
    rows.reject(null, code, message);
    if (record !== undefined && this.#layout!.roles[0] === PATIENT_ID) {
      const { data, start, end } = record;
      let stop = start;
      while (stop < end && data[stop] !== this.#delimiter) stop++;
      if (data[start] !== QUOTE) rows.cell(PATIENT_ID, data, start, stop);
    }
    rows.end();
  }

  #isBlank(data: Buffer, start: number, end: number): boolean {
    for (let at = start; at < end; at++) {
      const byte = data[at] as number;
      if (byte !== this.#delimiter && byte !== SPACE && byte !== TAB && !isNothing(byte)) return false;
    }
    return true;
  }

  /** The header once more: whoever joins files leaves each one's in. */
  #isHeader({ data, start, end, line }: CsvRecord): boolean {
    // Hardly a row begins like the header: the others are not cut into cells for this.
    const from = data[start] === BOM[0] && data[start + 1] === BOM[1] ? start + BOM.length : start;
    const first = (data[data[from] === QUOTE ? from + 1 : from] as number) | SPACE;
    if (first !== (this.#header.charCodeAt(0) | SPACE)) return false;
    const names = splitCsvLine(data.toString('utf8', from, end), this.#dialect.delimiter);
    if (names.map((name) => name.trim()).join('\n') !== this.#header) return false;
    const { notes } = this.#context.input;
    if (notes.length < MOST_NOTES) notes.push(`Line ${line} is the header once more; passed over.`);
    return true;
  }

  /** One field of any kind from `start`; returns where it ends: at a delimiter, or at the record's end. */
  #cell(data: Buffer, start: number, end: number, role: number, column: number): number {
    const { rows } = this.#context;
    const delimiter = this.#delimiter;
    if (data[start] !== QUOTE || start >= end) {
      let stop = start;
      while (stop < end && data[stop] !== delimiter) stop++;
      rows.cell(role, data, start, stop);
      return stop;
    }
    if (this.#scratch.length < end - start) this.#scratch = Buffer.alloc((end - start) * 2);
    let length = 0;
    let at = start + 1;
    while (at < end) {
      const byte = data[at] as number;
      if (byte === QUOTE) {
        if (data[at + 1] !== QUOTE || at + 1 >= end) break;
        at++;
      }
      this.#scratch[length++] = byte;
      at++;
    }
    at++;
    while (at < end && data[at] === SPACE) at++;
    if (at < end && data[at] !== delimiter) {
      const name = this.#layout?.names[column] ?? null;
      rows.reject(role === IGNORED ? null : name, 'malformed_quote', 'Text follows a closing quote.');
      while (at < end && data[at] !== delimiter) at++;
    }
    rows.cell(role, this.#scratch, 0, length);
    return Math.min(at, end);
  }
}

/** What ends lines and files of old programs (CR, NUL, Control-Z), and quotes with nothing between them. */
function isNothing(byte: number): boolean {
  return byte === CR || byte === QUOTE || byte === 0 || byte === 0x1a;
}

function isPlain(style: NumberStyle | undefined): boolean {
  return style !== 'comma';
}
