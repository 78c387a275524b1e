import { ServiceError } from '#shared/errors/errors.ts';
import { Carry } from './carry.ts';
import { type CohortLayout, IGNORED, MAX_COLUMNS } from './cohort-layout.ts';
import { EXACT_DIGITS, POWER_OF_TEN } from './decimal.ts';
import type { CohortParser, FormatContext, InputFormat } from './input-format.ts';

const COMMA = 0x2c;
const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const UTF_16 = [Buffer.from([0xff, 0xfe]), Buffer.from([0xfe, 0xff])];
const NEWLINE = Buffer.of(LF);
const NOTHING = Buffer.alloc(0);

/** CSV after RFC 4180: commas, quoted fields with doubled quotes and line breaks, CRLF or LF, an optional BOM. */
export const csvFormat: InputFormat = {
  mediaTypes: ['text/csv'],
  open: (context) => new CsvParser(context),
};

/** How far the search for a record's end has come; a record that arrives in many buffers is searched once. */
type Scan = { scanned: number; inQuotes: boolean; fieldStart: boolean; breaks: number };

/**
 * Parses bytes in place, in two ways that agree on every row. `#plainRows` reads rows of plain numbers and texts in one
 * pass, without looking for their end first and without a string for a number; what it does not know (doubled quotes,
 * line breaks in quotes, exponents, words, another number of fields) it leaves to `#row`, which looks closely.
 */
class CsvParser implements CohortParser {
  readonly #context: FormatContext;
  readonly #carry = new Carry();
  #layout: CohortLayout | undefined;
  #started = false;
  /** Physical line on which the present record begins. */
  #line = 1;
  #scan: Scan = newScan();
  /** Inside a record that is too long and already refused: its bytes are dropped until it ends. */
  #skipping = false;
  #scratch = Buffer.alloc(256);

  constructor(context: FormatContext) {
    this.#context = context;
  }

  write(bytes: Buffer): void {
    const data = this.#carry.join(bytes);
    if (!this.#started && data.length < BOM.length) this.#carry.keep(data);
    else this.#read(data);
  }

  end(): void {
    if (!this.#started) this.#read(this.#carry.join(NOTHING));
    const rest = this.#carry.join(NOTHING);
    // A line break of our own ends a last record that has none.
    if (rest.length > 0 || this.#skipping) this.#read(this.#carry.join(NEWLINE));
    if (this.#skipping || this.#carry.join(NOTHING).length > 0) throw unterminated(this.#line);
    if (this.#layout === undefined)
      throw new ServiceError('empty_body', 'The body has no header line.', { line: 1 });
  }

  #read(data: Buffer): void {
    let at = 0;
    if (!this.#started) {
      this.#started = true;
      if (UTF_16.some((mark) => data.subarray(0, 2).equals(mark))) {
        throw new ServiceError('invalid_encoding', 'The body is UTF-16; send it as UTF-8.', {
          line: 1,
        });
      }
      at = data.subarray(0, BOM.length).equals(BOM) ? BOM.length : 0;
    }
    // A row that begins before this place and has no line break inside quotes ends before it too.
    const limit = data.lastIndexOf(LF) + 1;
    while (at < data.length) {
      if (this.#layout !== undefined && at < limit && !this.#skipping && this.#scan.scanned === 0) {
        at = this.#plainRows(data, at, limit, this.#layout);
      }
      if (at === data.length) break;
      const lineFeed = scanRecord(data, at, this.#scan);
      if (lineFeed < 0) break;
      this.#record(data, at, lineFeed);
      at = lineFeed + 1;
    }
    this.#keep(data, at);
  }

  /** Carries the record that the buffer does not end, or drops what is there of one that is too long. */
  #keep(data: Buffer, at: number): void {
    const { maxRowBytes } = this.#context;
    // The last byte may be the carriage return of the row's end.
    if (!this.#skipping && data.length - at > maxRowBytes + 1) {
      if (this.#layout === undefined) {
        throw new ServiceError('row_too_large', tooLarge('header', maxRowBytes), { line: 1 });
      }
      this.#refuse('row_too_large', tooLarge('row', maxRowBytes));
      this.#skipping = true;
    }
    if (!this.#skipping) {
      this.#carry.keep(data.subarray(at));
      return;
    }
    this.#carry.keep(data.subarray(at + this.#scan.scanned));
    this.#scan.scanned = 0;
  }

  #record(data: Buffer, start: number, lineFeed: number): void {
    const end = lineFeed > start && data[lineFeed - 1] === CR ? lineFeed - 1 : lineFeed;
    if (this.#skipping) this.#skipping = false;
    else if (end > start) {
      if (this.#layout === undefined) this.#header(data, start, end);
      else if (end - start > this.#context.maxRowBytes)
        this.#refuse('row_too_large', tooLarge('row', this.#context.maxRowBytes));
      else this.#row(data, start, end, this.#layout);
    }
    this.#line += 1 + this.#scan.breaks;
    this.#scan = newScan();
  }

  #refuse(code: string, message: string): void {
    const { rows } = this.#context;
    rows.begin(this.#line);
    rows.reject(null, code, message);
    rows.end();
  }

  /** Reads rows from `from` on; returns where the first begins that is not plain, or `limit`. */
  #plainRows(data: Buffer, from: number, limit: number, layout: CohortLayout): number {
    const { rows, maxRowBytes } = this.#context;
    const { values } = rows;
    const { roles } = layout;
    const lastColumn = roles.length - 1;
    let line = this.#line;
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
        const role = roles[column] as number;
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
            while (byte !== COMMA && byte !== LF && byte !== CR) byte = data[++position] as number;
            end = position;
          }
          if (byte === COMMA || byte === LF || byte === CR) rows.cell(role, data, start, end);
          else break;
        }
        if (byte === COMMA) {
          if (column === lastColumn) break;
          column++;
          continue;
        }
        if (byte === CR) byte = data[++position] as number;
        plain = byte === LF && column === lastColumn && position - at <= maxRowBytes;
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
    this.#line = line;
    return at;
  }

  /** The row in `data[start, end)`, whatever it is. */
  #row(data: Buffer, start: number, end: number, layout: CohortLayout): void {
    const { rows } = this.#context;
    const { roles } = layout;
    rows.begin(this.#line);
    let column = 0;
    for (let position = start; position <= end; position++) {
      position = this.#cell(data, position, end, roles[column] ?? IGNORED, column);
      column++;
    }
    if (column === roles.length) {
      rows.end();
    } else {
      // Its fields stand under other columns' names: whatever else was found there is no help.
      rows.undo();
      this.#refuse('wrong_column_count', `The row has ${column} fields; the header has ${roles.length}.`);
    }
  }

  /** One field of any kind from `start`; returns where it ends: at a comma, or at the record's end. */
  #cell(data: Buffer, start: number, end: number, role: number, column: number): number {
    const { rows } = this.#context;
    if (data[start] !== QUOTE || start >= end) {
      let stop = start;
      while (stop < end && data[stop] !== COMMA) stop++;
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
    if (at < end && data[at] !== COMMA) {
      const name = this.#layout?.names[column] ?? null;
      rows.reject(role === IGNORED ? null : name, 'malformed_quote', 'Text follows a closing quote.');
      while (at < end && data[at] !== COMMA) at++;
    }
    rows.cell(role, this.#scratch, 0, length);
    return Math.min(at, end);
  }

  #header(data: Buffer, start: number, end: number): void {
    const names: string[] = [];
    for (let position = start; position <= end && names.length <= MAX_COLUMNS; position++) {
      const quoted = data[position] === QUOTE;
      const from = quoted ? position + 1 : position;
      let to = from;
      if (quoted)
        while (to < end && (data[to] !== QUOTE || data[to + 1] === QUOTE)) to += data[to] === QUOTE ? 2 : 1;
      position = to;
      while (position < end && data[position] !== COMMA) position++;
      names.push(columnName(data.subarray(from, quoted ? to : position)));
    }
    this.#layout = this.#context.layOut(names);
  }
}

function newScan(): Scan {
  return { scanned: 0, inQuotes: false, fieldStart: true, breaks: 0 };
}

/**
 * The line feed that ends the record at `start`, or −1 where the buffer ends first; then `scan` knows the rest. A quote
 * opens a field only at the field's start, as RFC 4180 has it.
 */
function scanRecord(data: Buffer, start: number, scan: Scan): number {
  let { inQuotes, fieldStart, breaks } = scan;
  let lineFeed = -1;
  let at = start + scan.scanned;
  for (; at < data.length && lineFeed < 0; at++) {
    const byte = data[at] as number;
    if (inQuotes) {
      if (byte === LF) breaks++;
      else if (byte === QUOTE) {
        // Whether this one is doubled, the next byte shows.
        if (at + 1 === data.length) break;
        if (data[at + 1] === QUOTE) at++;
        else inQuotes = false;
      }
    } else if (byte === LF) {
      lineFeed = at;
    } else if (byte === QUOTE && fieldStart) {
      inQuotes = true;
      fieldStart = false;
    } else {
      fieldStart = byte === COMMA;
    }
  }
  Object.assign(scan, { scanned: at - start, inQuotes, fieldStart, breaks });
  return lineFeed;
}

function columnName(raw: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(raw).replaceAll('""', '"').trim();
  } catch (cause) {
    throw new ServiceError('invalid_encoding', 'The header is not UTF-8.', { line: 1, cause });
  }
}

function tooLarge(what: string, maxBytes: number): string {
  return `The ${what} has more than ${maxBytes} bytes.`;
}

function unterminated(line: number): ServiceError {
  return new ServiceError(
    'unterminated_quote',
    `The quoted field in the record that begins on line ${line} does not end.`,
    { line },
  );
}
