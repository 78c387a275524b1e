import { ServiceError } from '#shared/errors/errors.ts';
import { Carry } from './carry.ts';
import { IGNORED, PATIENT_ID } from './cohort-layout.ts';
import { FlatObjectReader, keysOf, skipSpace } from './flat-object.ts';
import type { CohortParser, FormatContext } from './input-format.ts';
import type { JsonShape } from './sniff/json.ts';

const LF = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const CR = 0x0d;
const COMMA = 0x2c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const BOM = [0xef, 0xbb, 0xbf];

const NOTHING = Buffer.alloc(0);
/** A body of so many rows without an object among them is no cohort: refused before it fills the table of rejections. */
const ROWS_WITHOUT_OBJECT = 1_000;

/** Rows of features as JSON objects: one a line, in an array, or one behind the other. */
export function jsonRows(context: FormatContext, { shape, wrapperBytes }: JsonShape): CohortParser {
  return shape === 'lines'
    ? new NdjsonParser(context)
    : new JsonArrayParser(context, { isList: shape === 'list', wrapperBytes });
}

/** Judges the first object's keys as a header, then every row's values. */
class RowReader {
  readonly #context: FormatContext;
  #reader: FlatObjectReader | undefined;

  constructor(context: FormatContext) {
    this.#context = context;
  }

  /** Throws `empty_body` with `nothing` where there was no row, `malformed_json` where none was an object. */
  end(nothing: ServiceError): void {
    if (this.#context.rows.rowNo === 0) throw nothing;
    if (this.#reader === undefined) throw noObject();
  }

  read(bytes: Buffer, start: number, end: number, line: number): void {
    const { rows, maxRowBytes } = this.#context;
    if (end - start > maxRowBytes) {
      this.tooLong(line);
      return;
    }
    if (this.#reader === undefined) this.#judge(bytes, start, end);
    rows.begin(line);
    if (this.#reader === undefined) rows.reject(null, 'malformed_json', 'The row is not a JSON object.');
    else this.#reader.read(bytes, start, end);
    rows.end();
    if (this.#reader === undefined && rows.rowNo === ROWS_WITHOUT_OBJECT) throw noObject();
  }

  /**
   * The place behind the row at `start`, where it is a plain one (see FlatObjectReader) and ends at `expectedEnd` if
   * that is given; else −1, as if nothing had been asked.
   */
  readPlain(bytes: Buffer, start: number, limit: number, line: number, expectedEnd = -1): number {
    const { rows, maxRowBytes } = this.#context;
    if (this.#reader === undefined) return -1;
    rows.begin(line);
    const end = this.#reader.readPlain(bytes, start, limit);
    if (end < 0 || end - start > maxRowBytes || (expectedEnd >= 0 && end !== expectedEnd)) {
      rows.undo();
      return -1;
    }
    rows.end();
    return end;
  }

  tooLong(line: number): void {
    const { rows, maxRowBytes } = this.#context;
    rows.begin(line);
    rows.reject(null, 'row_too_large', `The row has more than ${maxRowBytes} bytes.`);
    rows.end();
  }

  /** Of a table that is written column by column nobody would be left but one row that is none. */
  #refuseColumns(bytes: Buffer, start: number, end: number): void {
    let first: object;
    try {
      first = JSON.parse(bytes.toString('utf8', start, end)) as object;
    } catch {
      return;
    }
    for (const [key, value] of Object.entries(first)) {
      if (typeof value !== 'object' || value === null || this.#context.roleOf(key) !== PATIENT_ID) continue;
      throw new ServiceError(
        'malformed_json',
        'The object holds a column a member; write an object a row (in pandas orient="records").',
        { line: 1, field: key.slice(0, 100) },
      );
    }
  }

  #judge(bytes: Buffer, start: number, end: number): void {
    const keys = keysOf(bytes, start, end);
    if (keys === undefined) return;
    this.#refuseColumns(bytes, start, end);
    const layout = this.#context.layOut(keys);
    const roles = new Map(layout.names.map((name, index) => [name, layout.roles[index] as number]));
    const unknown = this.#context.ignoreUnknown ? IGNORED : undefined;
    this.#reader = new FlatObjectReader({
      rows: this.#context.rows,
      roleOf: (key) => roles.get(key) ?? this.#context.roleOf(key) ?? unknown,
    });
  }
}

function noObject(): ServiceError {
  return new ServiceError('malformed_json', 'None of the rows is a JSON object.', { line: 1 });
}

class NdjsonParser implements CohortParser {
  readonly #rows: RowReader;
  readonly #maxRowBytes: number;
  readonly #carry = new Carry();
  #line = 1;
  #skipping = false;
  #first = true;

  constructor(context: FormatContext) {
    this.#rows = new RowReader(context);
    this.#maxRowBytes = context.maxRowBytes;
  }

  write(bytes: Buffer): void {
    let at = 0;
    // What is carried has no line feed.
    let searched = this.#carry.length;
    const data = this.#carry.join(bytes);
    for (let end = data.indexOf(LF, searched); end >= 0; end = data.indexOf(LF, searched)) {
      if (this.#skipping) this.#skipping = false;
      else this.#row(data, at, end);
      this.#line++;
      searched = at = end + 1;
    }
    if (!this.#skipping && data.length - at > this.#maxRowBytes) {
      this.#rows.tooLong(this.#line);
      this.#skipping = true;
    }
    this.#carry.keep(this.#skipping ? NOTHING : data.subarray(at));
  }

  end(): void {
    const rest = this.#carry.join(NOTHING);
    if (!this.#skipping && rest.length > 0) this.#anyRow(rest, 0, rest.length);
    this.#rows.end(new ServiceError('empty_body', 'The body has no rows.', { line: 1 }));
  }

  #row(data: Buffer, start: number, end: number): void {
    if (end - start > this.#maxRowBytes) {
      this.#rows.tooLong(this.#line);
      return;
    }
    if (data[start] === OPEN) {
      const stop = data[end - 1] === CR ? end - 1 : end;
      if (this.#rows.readPlain(data, start, end, this.#line, stop) >= 0) return;
    }
    this.#anyRow(data, start, end);
  }

  /** A line of any kind. */
  #anyRow(data: Buffer, start: number, end: number): void {
    const from = skipSpace(data, this.#first ? start + bomLength(data, start) : start, end);
    this.#first = false;
    if (from < end) this.#rows.read(data, from, end, this.#line);
  }
}

/**
 * before [ → first object or ] → separator → , value … ] → after. Objects without an array stand one behind the other:
 * `between`, with commas or without. A list that is a member of an object is opened: what stands before it has been passed
 * over, and behind it (`wrapped`) members that hold no list may stand.
 */
type ArrayState = 'before' | 'first' | 'value' | 'separator' | 'between' | 'wrapped' | 'after';

const NEXT_STATE: Record<ArrayState, ReadonlyMap<number, ArrayState>> = {
  before: new Map([[OPEN_LIST, 'first']]),
  between: new Map([[COMMA, 'between']]),
  wrapped: new Map(),
  first: new Map([[CLOSE_LIST, 'after']]),
  value: new Map(),
  separator: new Map([
    [COMMA, 'value'],
    [CLOSE_LIST, 'after'],
  ]),
  after: new Map(),
};

const EXPECTED: Record<ArrayState, string> = {
  before: 'an array of objects',
  between: 'an object',
  wrapped: 'no second list behind the first one; send each by itself',
  first: 'an object',
  value: 'an object',
  separator: 'a comma or the end of the array',
  after: 'nothing more',
};

class JsonArrayParser implements CohortParser {
  readonly #rows: RowReader;
  readonly #maxRowBytes: number;
  readonly #carry = new Carry();
  /** Of what comes next; inside an object, the line on which that begins. */
  #line = 1;
  #state: ArrayState;
  readonly #afterObject: ArrayState;
  readonly #wrapped: boolean;
  /** Behind a wrapped array: the last byte that is no blank, and whether it is within a string. */
  #lastBehind = 0;
  #isInString = false;
  /** What stands before a wrapped array and is still to be passed over. */
  #wrapperBytes: number;
  #started = false;
  #scan: Scan = newScan();
  /** Inside an object that is too long and already refused: its bytes are dropped until it ends. */
  #skipping = false;

  constructor(context: FormatContext, { isList, wrapperBytes }: { isList: boolean; wrapperBytes: number }) {
    this.#rows = new RowReader(context);
    this.#maxRowBytes = context.maxRowBytes;
    this.#state = isList ? 'before' : 'between';
    this.#afterObject = isList ? 'separator' : 'between';
    this.#wrapped = wrapperBytes > 0;
    this.#wrapperBytes = wrapperBytes;
  }

  write(bytes: Buffer): void {
    const data = this.#carry.join(bytes);
    if (this.#started || data.length >= BOM.length) this.#values(data);
    else this.#carry.keep(data);
  }

  #values(data: Buffer): void {
    let at = this.#started ? 0 : bomLength(data, 0);
    this.#started = true;
    const limit = data.lastIndexOf(CLOSE);
    while (at < data.length) {
      if (!this.#skipping && this.#scan.scanned === 0) {
        at = this.#upToObject(data, at);
        if (at === data.length) break;
        const end = at < limit ? this.#rows.readPlain(data, at, limit, this.#line) : -1;
        if (end >= 0) {
          at = end;
          this.#state = this.#afterObject;
          continue;
        }
      }
      const end = scanObject(data, at, this.#scan);
      if (end < 0) break;
      if (!this.#skipping) this.#rows.read(data, at, end, this.#line);
      this.#line += this.#scan.breaks;
      this.#scan = newScan();
      this.#skipping = false;
      this.#state = this.#afterObject;
      at = end;
    }
    if (!this.#skipping && data.length - at > this.#maxRowBytes) {
      this.#rows.tooLong(this.#line);
      this.#skipping = true;
    }
    if (this.#skipping) {
      at += this.#scan.scanned;
      this.#scan.scanned = 0;
    }
    this.#carry.keep(data.subarray(at));
  }

  /** Passes over white space and the array's own punctuation. */
  #upToObject(data: Buffer, from: number): number {
    let at = from;
    for (; at < data.length; at++) {
      const byte = data[at] as number;
      if (byte === LF) this.#line++;
      if (this.#wrapperBytes > 0) {
        this.#wrapperBytes--;
        continue;
      }
      if (byte === LF || byte === 0x20 || byte === CR || byte === 0x09) continue;
      const takesObject = this.#state === 'first' || this.#state === 'value' || this.#state === 'between';
      if (byte === OPEN && takesObject) break;
      if (this.#state === 'wrapped') this.#behindList(byte);
      else this.#punctuation(byte);
    }
    return at;
  }

  end(): void {
    if (!this.#started) this.#values(this.#carry.join(NOTHING));
    if (this.#state === 'before') {
      throw new ServiceError('empty_body', 'The body is empty.', { line: 1 });
    }
    const isWhole = this.#state === 'wrapped' ? this.#lastBehind === CLOSE : this.#state === 'after';
    if (!isWhole && this.#state !== 'between') {
      throw new ServiceError('malformed_json', 'The body ends before the array does.', { line: this.#line });
    }
    this.#rows.end(new ServiceError('empty_cohort', 'The array has no rows.', { line: 1 }));
  }

  /** Members that say something of the list, its length or the next page; a second list would be rows that nobody reads. */
  #behindList(byte: number): void {
    const isEscaped = this.#lastBehind === BACKSLASH && this.#isInString;
    if (byte === QUOTE && !isEscaped) this.#isInString = !this.#isInString;
    if (byte === OPEN_LIST && !this.#isInString) this.#punctuation(byte);
    this.#lastBehind = isEscaped ? 0 : byte;
  }

  #punctuation(byte: number): void {
    const next = NEXT_STATE[this.#state].get(byte);
    if (next === undefined) {
      throw new ServiceError('malformed_json', `Expected ${EXPECTED[this.#state]} here.`, {
        line: this.#line,
      });
    }
    this.#state = next === 'after' && this.#wrapped && this.#state !== 'wrapped' ? 'wrapped' : next;
  }
}

/** How far the search for an object's end has come; one that arrives in many buffers is searched once. */
type Scan = { scanned: number; depth: number; inString: boolean; breaks: number };

function newScan(): Scan {
  return { scanned: 0, depth: 0, inString: false, breaks: 0 };
}

/** The place behind the object at `start`, or −1 where the buffer ends first; then `scan` knows the rest. */
function scanObject(data: Buffer, start: number, scan: Scan): number {
  let { depth, inString, breaks } = scan;
  let at = start + scan.scanned;
  let ended = false;
  for (; at < data.length && !ended; at++) {
    const byte = data[at];
    if (byte === LF) breaks++;
    if (inString) {
      if (byte === QUOTE) inString = false;
      else if (byte === BACKSLASH) {
        // What it escapes is in the next buffer.
        if (at + 1 === data.length) break;
        at++;
      }
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN) depth++;
    else if (byte === CLOSE) ended = --depth === 0;
  }
  Object.assign(scan, { scanned: at - start, depth, inString, breaks });
  return ended ? at : -1;
}

function bomLength(data: Buffer, start: number): number {
  return BOM.every((byte, index) => data[start + index] === byte) ? BOM.length : 0;
}
