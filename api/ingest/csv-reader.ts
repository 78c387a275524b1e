import { ServiceError } from '#shared/errors/errors.ts';
import { Carry } from './carry.ts';
import type { CohortParser } from './input-format.ts';
import type { CsvDialect } from './sniff/dialect.ts';

const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;
const NEWLINE = Buffer.of(LF);
const NOTHING = Buffer.alloc(0);

/** One record: `data[start, end)` without its line break. */
export type CsvRecord = { data: Buffer; start: number; end: number; line: number };

/** What the records of a CSV text become. A place in `data` is valid until the call returns. */
export type CsvSink = {
  /** The header's record; returns the number of its columns. */
  header: (record: CsvRecord) => number;
  /**
   * Takes rows from `from` on in bulk, up to the first that is not plain or to `limit`; returns how far it came, and the
   * line of what follows. Rows that begin before `limit` without a line break in quotes end before it.
   */
  plainRows?: (data: Buffer, from: number, limit: number, line: number) => { at: number; line: number };
  row: (record: CsvRecord) => void;
  /** A record that cannot be a row; `record` where its bytes are at hand. */
  refuse: (line: number, code: string, message: string, record?: CsvRecord) => void;
};

/** How far the search for a record's end has come; a record that arrives in many buffers is searched once. */
type Scan = { scanned: number; inQuotes: boolean; fieldStart: boolean; breaks: number; quoteBreaks: number };

/**
 * Cuts UTF-8 text into records after RFC 4180, as it arrives: quoted cells with doubled quotes and line breaks, LF or
 * CRLF. A quote within an unquoted cell is a character. A quoted cell that swallows lines and leaves its record malformed
 * was no quoted cell: its first line is refused and the next ones are read by themselves, so that no row disappears in
 * another's quotes. Throws `unterminated_quote`, naming the line on which the quote opens.
 */
export class CsvReader implements CohortParser {
  readonly #sink: CsvSink;
  readonly #delimiter: number;
  readonly #maxRowBytes: number;
  readonly #carry = new Carry();
  #columnCount: number | undefined;
  /** Physical lines above the header that are still to be passed over. */
  #titleLines: number;
  /** Physical line on which the present record begins. */
  #line = 1;
  #scan: Scan = newScan();
  /** Inside a record that is too long and already refused: its bytes are dropped until it ends. */
  #skipping = false;

  constructor(sink: CsvSink, dialect: Pick<CsvDialect, 'delimiter' | 'headerLine'>, maxRowBytes: number) {
    this.#sink = sink;
    this.#delimiter = dialect.delimiter.charCodeAt(0);
    this.#titleLines = dialect.headerLine - 1;
    this.#maxRowBytes = maxRowBytes;
  }

  write(bytes: Buffer): void {
    this.#read(this.#carry.join(bytes));
  }

  end(): void {
    const rest = this.#carry.join(NOTHING);
    // A line break of our own ends a last record that has none.
    if (rest.length > 0 || this.#skipping) this.#read(this.#carry.join(NEWLINE));
    if (this.#skipping || this.#carry.join(NOTHING).length > 0) throw this.#unterminated('is never closed');
    if (this.#columnCount === undefined)
      throw new ServiceError('empty_body', 'The body has no header line.', { line: 1 });
  }

  #read(data: Buffer): void {
    let at = 0;
    // A row that begins before this place and has no line break inside quotes ends before it too.
    const limit = data.lastIndexOf(LF) + 1;
    while (at < data.length && this.#titleLines > 0) {
      const end = data.indexOf(LF, at);
      if (end < 0) break;
      this.#titleLines--;
      this.#line++;
      at = end + 1;
    }
    if (this.#titleLines > 0) {
      this.#keep(data, at);
      return;
    }
    while (at < data.length) {
      if (
        this.#columnCount !== undefined &&
        this.#sink.plainRows !== undefined &&
        at < limit &&
        !this.#skipping &&
        this.#scan.scanned === 0
      ) {
        ({ at, line: this.#line } = this.#sink.plainRows(data, at, limit, this.#line));
      }
      if (at === data.length) break;
      const lineFeed = scanRecord(data, at, this.#delimiter, this.#scan);
      if (lineFeed < 0) break;
      at = this.#record(data, at, lineFeed);
    }
    this.#keep(data, at);
  }

  /** Carries the record that the buffer does not end, or drops what is there of one that is too long. */
  #keep(data: Buffer, at: number): void {
    const maxRowBytes = this.#maxRowBytes;
    // The last byte may be the carriage return of the row's end.
    if (!this.#skipping && data.length - at > maxRowBytes + 1) this.#skipping = this.#tooLong();
    if (!this.#skipping) {
      this.#carry.keep(data.subarray(at));
      return;
    }
    if (this.#scan.breaks > 0) throw this.#unterminated(`is not closed within ${maxRowBytes} bytes`);
    this.#carry.keep(data.subarray(at + this.#scan.scanned));
    this.#scan.scanned = 0;
  }

  #tooLong(): true {
    if (this.#columnCount === undefined) {
      throw new ServiceError('row_too_large', tooLarge('header', this.#maxRowBytes), { line: this.#line });
    }
    if (this.#scan.breaks > 0) throw this.#unterminated(`is not closed within ${this.#maxRowBytes} bytes`);
    this.#sink.refuse(this.#line, 'row_too_large', tooLarge('row', this.#maxRowBytes));
    return true;
  }

  /** Hands a record on; returns where the next begins. */
  #record(data: Buffer, start: number, lineFeed: number): number {
    const end = lineFeed > start && data[lineFeed - 1] === CR ? lineFeed - 1 : lineFeed;
    const { breaks } = this.#scan;
    let next = lineFeed + 1;
    let lines = 1 + breaks;
    if (this.#skipping) this.#skipping = false;
    else if (end > start) {
      const record = { data, start, end, line: this.#line };
      if (this.#columnCount === undefined) this.#columnCount = this.#sink.header(record);
      else if (end - start > this.#maxRowBytes) this.#tooLong();
      else if (breaks > 0 && this.#swallowsRows(record, this.#columnCount)) {
        const firstEnd = data.indexOf(LF, start);
        this.#sink.refuse(
          this.#line,
          'malformed_quote',
          'A quote opens in this line and is not closed in it; the lines that follow are rows of their own.',
          { ...record, end: data[firstEnd - 1] === CR ? firstEnd - 1 : firstEnd },
        );
        next = firstEnd + 1;
        lines = 1;
      } else this.#sink.row(record);
    }
    this.#line += lines;
    this.#scan = newScan();
    return next;
  }

  /**
   * Whether a record with line breaks in quotes is no record: it has another number of cells than the header or text
   * behind a closing quote, or its first line alone has all the cells that a row needs.
   */
  #swallowsRows({ data, start, end }: CsvRecord, columnCount: number): boolean {
    const delimiter = this.#delimiter;
    let literal = 1;
    for (let at = start; data[at] !== LF; at++) if (data[at] === delimiter) literal++;
    if (literal >= columnCount && columnCount > 1) return true;
    let cells = 1;
    for (let at = start; at < end; at++) {
      if (data[at] === QUOTE) {
        at++;
        while (at < end && (data[at] !== QUOTE || data[at + 1] === QUOTE)) at += data[at] === QUOTE ? 2 : 1;
        at++;
        while (at < end && data[at] === 0x20) at++;
        if (at < end && data[at] !== delimiter) return true;
      }
      while (at < end && data[at] !== delimiter) at++;
      if (at < end) cells++;
    }
    return cells !== columnCount;
  }

  #unterminated(what: string): ServiceError {
    const line = this.#line + this.#scan.quoteBreaks;
    return new ServiceError('unterminated_quote', `A quote that opens in line ${line} ${what}.`, { line });
  }
}

function newScan(): Scan {
  return { scanned: 0, inQuotes: false, fieldStart: true, breaks: 0, quoteBreaks: 0 };
}

/**
 * The line feed that ends the record at `start`, or −1 where the buffer ends first; then `scan` knows the rest. A quote
 * opens a field only at the field's start, as RFC 4180 has it.
 */
function scanRecord(data: Buffer, start: number, delimiter: number, scan: Scan): number {
  let { inQuotes, fieldStart, breaks, quoteBreaks } = scan;
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
      quoteBreaks = breaks;
    } else {
      fieldStart = byte === delimiter;
    }
  }
  Object.assign(scan, { scanned: at - start, inQuotes, fieldStart, breaks, quoteBreaks });
  return lineFeed;
}

function tooLarge(what: string, maxBytes: number): string {
  return `The ${what} has more than ${maxBytes} bytes.`;
}
