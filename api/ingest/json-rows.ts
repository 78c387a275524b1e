import { ServiceError } from '#shared/errors/errors.ts';
import { Carry } from './carry.ts';
import { type CohortLayout, IGNORED } from './cohort-layout.ts';
import { FlatObjectReader, keysOf, skipSpace } from './flat-object.ts';
import type { CohortParser, FormatContext, InputFormat } from './input-format.ts';

const LF = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const BOM = [0xef, 0xbb, 0xbf];

/** One object a line; an empty line is passed over. A line that is not JSON costs only itself. */
export const ndjsonFormat: InputFormat = {
  mediaTypes: ['application/x-ndjson', 'application/ndjson', 'application/jsonl'],
  open: (context) => new NdjsonParser(context),
};

/** A JSON array of objects. What is not JSON outside an object ends the upload, for nobody knows where the next row begins. */
export const jsonArrayFormat: InputFormat = {
  mediaTypes: ['application/json'],
  open: (context) => new JsonArrayParser(context),
};

/** Judges the first object's keys as a header, then every row's values. */
class RowReader {
  readonly #context: FormatContext;
  #layout: CohortLayout | undefined;
  #reader: FlatObjectReader | undefined;

  constructor(context: FormatContext) {
    this.#context = context;
  }

  get hasRows(): boolean {
    return this.#context.rows.rowNo > 0;
  }

  read(bytes: Buffer, start: number, end: number, line: number): void {
    const { rows, maxRowBytes } = this.#context;
    if (this.#layout === undefined) this.#judge(bytes, start, end);
    rows.begin(line);
    if (end - start > maxRowBytes)
      rows.reject(null, 'row_too_large', `The row has more than ${maxRowBytes} bytes.`);
    else if (this.#reader === undefined) rows.reject(null, 'malformed_json', 'The row is not a JSON object.');
    else this.#reader.read(bytes, start, end);
    rows.end();
  }

  tooLong(line: number): void {
    const { rows, maxRowBytes } = this.#context;
    rows.begin(line);
    rows.reject(null, 'row_too_large', `The row has more than ${maxRowBytes} bytes.`);
    rows.end();
  }

  #judge(bytes: Buffer, start: number, end: number): void {
    const keys = keysOf(bytes, start, end);
    if (keys === undefined) return;
    const layout = this.#context.layOut(keys);
    this.#layout = layout;
    const roles = new Map(layout.names.map((name, index) => [name, layout.roles[index] as number]));
    const unknown = this.#context.ignoreUnknown ? IGNORED : undefined;
    this.#reader = new FlatObjectReader({
      rows: this.#context.rows,
      roleOf: (key) => roles.get(key) ?? this.#context.roleOf(key) ?? unknown,
    });
  }
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
    let data = bytes;
    if (this.#skipping) {
      const end = data.indexOf(LF);
      if (end < 0) return;
      this.#skipping = false;
      this.#line++;
      at = end + 1;
    } else {
      data = this.#carry.join(data);
    }
    for (;;) {
      const end = data.indexOf(LF, at);
      if (end < 0) break;
      this.#row(data, at, end);
      this.#line++;
      at = end + 1;
    }
    if (data.length - at > this.#maxRowBytes) {
      this.#rows.tooLong(this.#line);
      this.#skipping = true;
      at = data.length;
    }
    this.#carry.keep(data.subarray(at));
  }

  end(): void {
    const rest = this.#carry.join(Buffer.alloc(0));
    if (!this.#skipping && rest.length > 0) this.#row(rest, 0, rest.length);
    if (!this.#rows.hasRows) throw new ServiceError('empty_body', 'The body has no rows.', { line: 1 });
  }

  #row(data: Buffer, start: number, end: number): void {
    const from = skipSpace(data, this.#first ? start + bomLength(data, start) : start, end);
    this.#first = false;
    if (from < end) this.#rows.read(data, from, end, this.#line);
  }
}

/** before [ → first object or ] → separator → , value … ] → after */
type ArrayState = 'before' | 'first' | 'value' | 'separator' | 'after';

const NEXT_STATE: Record<ArrayState, ReadonlyMap<number, ArrayState>> = {
  before: new Map([[OPEN_LIST, 'first']]),
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
  first: 'an object',
  value: 'an object',
  separator: 'a comma or the end of the array',
  after: 'nothing more',
};

class JsonArrayParser implements CohortParser {
  readonly #rows: RowReader;
  readonly #maxRowBytes: number;
  readonly #carry = new Carry();
  #line = 1;
  #state: ArrayState = 'before';
  #started = false;

  constructor(context: FormatContext) {
    this.#rows = new RowReader(context);
    this.#maxRowBytes = context.maxRowBytes;
  }

  write(bytes: Buffer): void {
    const data = this.#carry.join(bytes);
    if (this.#started || data.length >= BOM.length) this.#values(data);
    else this.#carry.keep(data);
  }

  #values(data: Buffer): void {
    let at = this.#started ? 0 : bomLength(data, 0);
    this.#started = true;
    for (; at < data.length; at++) {
      const byte = data[at] as number;
      if (byte === LF) this.#line++;
      if (byte === LF || byte === 0x20 || byte === 0x0d || byte === 0x09) continue;
      if (byte !== OPEN || (this.#state !== 'first' && this.#state !== 'value')) {
        this.#punctuation(byte);
        continue;
      }
      const end = objectEnd(data, at);
      if (end < 0) break;
      this.#rows.read(data, at, end + 1, this.#line);
      for (
        let passed = data.indexOf(LF, at);
        passed >= 0 && passed < end;
        passed = data.indexOf(LF, passed + 1)
      ) {
        this.#line++;
      }
      at = end;
      this.#state = 'separator';
    }
    if (data.length - at > this.#maxRowBytes) {
      throw new ServiceError(
        'row_too_large',
        `An object has more than ${this.#maxRowBytes} bytes, or does not end.`,
        {
          line: this.#line,
        },
      );
    }
    this.#carry.keep(data.subarray(at));
  }

  end(): void {
    if (!this.#started) this.#values(this.#carry.join(Buffer.alloc(0)));
    if (this.#state === 'before') {
      throw new ServiceError('empty_body', 'The body is empty.', { line: 1 });
    }
    if (this.#state !== 'after') {
      throw new ServiceError('malformed_json', 'The body ends before the array does.', { line: this.#line });
    }
    if (!this.#rows.hasRows) throw new ServiceError('empty_cohort', 'The array has no rows.', { line: 1 });
  }

  #punctuation(byte: number): void {
    const next = NEXT_STATE[this.#state].get(byte);
    if (next === undefined) {
      throw new ServiceError('malformed_json', `Expected ${EXPECTED[this.#state]} here.`, {
        line: this.#line,
      });
    }
    this.#state = next;
  }
}

/** Index of the brace that closes the object at `start`; −1 where the buffer ends first. */
function objectEnd(data: Buffer, start: number): number {
  let depth = 0;
  let inString = false;
  for (let at = start; at < data.length; at++) {
    const byte = data[at];
    if (inString) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN) depth++;
    else if (byte === CLOSE && --depth === 0) return at;
  }
  return -1;
}

function bomLength(data: Buffer, start: number): number {
  return BOM.every((byte, index) => data[start + index] === byte) ? BOM.length : 0;
}
