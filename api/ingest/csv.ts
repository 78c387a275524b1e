import { ServiceError } from '#shared/errors/errors.ts';
import { Carry } from './carry.ts';
import { type CohortLayout, IGNORED, MAX_COLUMNS } from './cohort-layout.ts';
import type { CohortParser, FormatContext, InputFormat } from './input-format.ts';

const COMMA = 0x2c;
const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;
const MINUS = 0x2d;
const POINT = 0x2e;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const UTF_16 = [Buffer.from([0xff, 0xfe]), Buffer.from([0xfe, 0xff])];
/** A number of this many digits is exact in a double; see decimal.ts, whose fast path stands here inline. */
const EXACT_DIGITS = 15;
const POWER_OF_TEN = Float64Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);

/** CSV after RFC 4180: commas, quoted fields with doubled quotes and line breaks, CRLF or LF, an optional BOM. */
export const csvFormat: InputFormat = { mediaTypes: ['text/csv'], open: (context) => new CsvParser(context) };

/**
 * Parses bytes in place: no string is made for a number, and one pass both reads a value and finds its end.
 * A record that its buffer does not end is begun anew with the next one.
 */
class CsvParser implements CohortParser {
  readonly #context: FormatContext;
  readonly #carry = new Carry();
  #layout: CohortLayout | undefined;
  #started = false;
  /** Physical line on which the present record begins. */
  #line = 1;
  /** Inside a record that is too long: its bytes are dropped until it ends. */
  #skipping: { inQuotes: boolean } | undefined;
  /** Where the record that was just read ended, and how many line breaks lay inside its quotes. */
  #next = 0;
  #breaks = 0;
  /** The next quote in the present buffer at or after the last record asked for; looked up once, not once a record. */
  #quoteAt = -1;
  /** While skipping: whether the next byte begins a field. */
  #fieldStart = true;
  #scratch = Buffer.alloc(256);

  constructor(context: FormatContext) {
    this.#context = context;
  }

  write(bytes: Buffer): void {
    let data = bytes;
    if (this.#skipping !== undefined) {
      const resumed = this.#skip(data, 0);
      if (resumed < 0) return;
      data = data.subarray(resumed);
    }
    data = this.#carry.join(data);
    let at = 0;
    if (!this.#started) {
      if (data.length < 3) {
        this.#carry.keep(data);
        return;
      }
      at = this.#start(data);
    }
    this.#records(data, at, false);
  }

  end(): void {
    if (this.#skipping?.inQuotes === true) throw unterminated(this.#line);
    const rest = this.#carry.join(Buffer.alloc(0));
    this.#carry.keep(rest.subarray(0, 0));
    const at = this.#started ? 0 : this.#start(rest);
    // A line break of our own ends a last record that has none.
    if (rest.length > at && this.#skipping === undefined)
      this.#records(Buffer.concat([rest, Buffer.of(LF)]), at, true);
    if (this.#layout === undefined)
      throw new ServiceError('empty_body', 'The body has no header line.', { line: 1 });
  }

  #start(data: Buffer): number {
    this.#started = true;
    if (UTF_16.some((mark) => data.subarray(0, 2).equals(mark))) {
      throw new ServiceError('invalid_encoding', 'The body is UTF-16; send it as UTF-8.', { line: 1 });
    }
    return data.subarray(0, 3).equals(BOM) ? 3 : 0;
  }

  #records(data: Buffer, from: number, last: boolean): void {
    const { maxRowBytes } = this.#context;
    let at = from;
    this.#quoteAt = -1;
    while (at < data.length) {
      const first = data[at];
      if (first === LF || (first === CR && data[at + 1] === LF)) {
        at += first === LF ? 1 : 2;
        this.#line++;
        continue;
      }
      const ended = this.#layout === undefined ? this.#header(data, at) : this.#row(data, at, this.#layout);
      if (!ended) {
        if (last) throw unterminated(this.#line);
        if (data.length - at > maxRowBytes) this.#tooLong(data, at);
        else this.#carry.keep(data.subarray(at));
        return;
      }
      this.#line += 1 + this.#breaks;
      at = this.#next;
    }
    this.#carry.keep(data.subarray(data.length));
  }

  /** Reads one row at `at`; false when the buffer ends first, and the row was not begun as far as anyone can tell. */
  #row(data: Buffer, at: number, layout: CohortLayout): boolean {
    // The record must lie wholly in the buffer before the builder hears of it.
    const end = this.#recordEnd(data, at);
    if (end < 0) return false;
    const { rows, maxRowBytes } = this.#context;
    const { roles } = layout;
    rows.begin(this.#line);
    if (end - at > maxRowBytes) rows.reject(null, 'row_too_large', tooLarge('row', maxRowBytes));
    const columnCount = roles.length;
    let column = 0;
    let position = at;
    for (;;) {
      const role = column < columnCount ? (roles[column] as number) : IGNORED;
      let byte = data[position] as number;
      if (role >= 0) {
        const start = position;
        const negative = byte === MINUS;
        if (negative) byte = data[++position] as number;
        let mantissa = 0;
        let digits = 0;
        let digit = byte - 0x30;
        while (digit >= 0 && digit <= 9) {
          mantissa = mantissa * 10 + digit;
          digits++;
          byte = data[++position] as number;
          digit = byte - 0x30;
        }
        let fraction = 0;
        if (byte === POINT) {
          byte = data[++position] as number;
          digit = byte - 0x30;
          while (digit >= 0 && digit <= 9) {
            mantissa = mantissa * 10 + digit;
            fraction++;
            byte = data[++position] as number;
            digit = byte - 0x30;
          }
        }
        if (position >= end || byte === COMMA) {
          const count = digits + fraction;
          if (count > 0 && count <= EXACT_DIGITS) {
            const value = fraction === 0 ? mantissa : mantissa / (POWER_OF_TEN[fraction] as number);
            rows.number(role, negative ? -value : value);
          } else if (position > start) {
            rows.cell(role, data, start, position);
          }
        } else {
          position = this.#textCell(data, start, end, role);
        }
      } else {
        position = this.#textCell(data, position, end, role);
      }
      column++;
      if (position >= end) break;
      position++;
    }
    if (column !== columnCount) {
      rows.reject(null, 'wrong_column_count', `The row has ${column} fields; the header has ${columnCount}.`);
    }
    rows.end();
    return true;
  }

  /** One field of any kind from `start`; returns where it ends: at a comma, or at the record's end. */
  #textCell(data: Buffer, start: number, end: number, role: number): number {
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
      const name = this.#layout?.names.at(this.#layout.roles.indexOf(role)) ?? null;
      rows.reject(role === IGNORED ? null : name, 'malformed_quote', 'Text follows a closing quote.');
      while (at < end && data[at] !== COMMA) at++;
    }
    rows.cell(role, this.#scratch, 0, length);
    return at;
  }

  /**
   * Where the record at `at` ends, its line break left out, or −1; sets where the next begins. A quote opens a field
   * only at the field's start, as RFC 4180 has it.
   */
  #recordEnd(data: Buffer, at: number): number {
    this.#breaks = 0;
    const lineEnd = data.indexOf(LF, at);
    if (lineEnd < 0) return -1;
    if (this.#quoteAt < at) {
      const quote = data.indexOf(QUOTE, at);
      this.#quoteAt = quote < 0 ? Infinity : quote;
    }
    if (this.#quoteAt > lineEnd) return this.#endAt(data, at, lineEnd);
    let inQuotes = false;
    let fieldStart = true;
    for (let position = at; position < data.length; position++) {
      const byte = data[position] as number;
      if (inQuotes) {
        if (byte === LF) this.#breaks++;
        else if (byte === QUOTE) {
          if (data[position + 1] === QUOTE) position++;
          else inQuotes = false;
        }
      } else if (byte === LF) {
        return this.#endAt(data, at, position);
      } else if (byte === QUOTE && fieldStart) {
        inQuotes = true;
      }
      fieldStart = !inQuotes && byte === COMMA;
    }
    return -1;
  }

  #endAt(data: Buffer, at: number, lineFeed: number): number {
    this.#next = lineFeed + 1;
    return lineFeed > at && data[lineFeed - 1] === CR ? lineFeed - 1 : lineFeed;
  }

  #header(data: Buffer, at: number): boolean {
    const end = this.#recordEnd(data, at);
    if (end < 0) return false;
    const names: string[] = [];
    for (let position = at; position <= end;) {
      let raw: Buffer;
      if (data[position] === QUOTE) {
        let stop = position + 1;
        while (stop < end && (data[stop] !== QUOTE || data[stop + 1] === QUOTE))
          stop += data[stop] === QUOTE ? 2 : 1;
        raw = data.subarray(position + 1, stop);
        position = stop + 1;
      } else {
        let stop = position;
        while (stop < end && data[stop] !== COMMA) stop++;
        raw = data.subarray(position, stop);
        position = stop;
      }
      names.push(columnName(raw));
      if (names.length > MAX_COLUMNS) break;
      position++;
    }
    this.#layout = this.#context.layOut(names);
    return true;
  }

  #tooLong(data: Buffer, at: number): void {
    const { rows, maxRowBytes } = this.#context;
    if (this.#layout === undefined) {
      throw new ServiceError('row_too_large', tooLarge('header', maxRowBytes), { line: 1 });
    }
    rows.begin(this.#line);
    rows.reject(null, 'row_too_large', tooLarge('row', maxRowBytes));
    rows.end();
    this.#carry.keep(data.subarray(data.length));
    this.#skipping = { inQuotes: false };
    this.#fieldStart = true;
    this.#skip(data, at);
  }

  /** Drops bytes until the record ends; returns where the next begins, or −1. */
  #skip(data: Buffer, from: number): number {
    const state = this.#skipping as { inQuotes: boolean };
    for (let at = from; at < data.length; at++) {
      const byte = data[at] as number;
      if (byte === LF) {
        this.#line++;
        if (!state.inQuotes) {
          this.#skipping = undefined;
          return at + 1;
        }
      } else if (byte === QUOTE) {
        // A doubled quote closes and opens again: the state after it is the same.
        if (state.inQuotes) state.inQuotes = false;
        else if (this.#fieldStart || data[at - 1] === QUOTE) state.inQuotes = true;
      }
      this.#fieldStart = !state.inQuotes && byte === COMMA;
    }
    return -1;
  }
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
    {
      line,
    },
  );
}
