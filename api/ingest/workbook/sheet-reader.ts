import { BatchWriter } from './batch-writer.ts';
import { CELL_FLAGS, type CellFlag } from './cell-flags.ts';
import { columnName, columnOf, digitsOf, type Merge } from './cell-reference.ts';
import type { CellStyles } from './cell-styles.ts';
import { damaged, tooLarge } from './faults.ts';
import type { WorkbookLimits } from './limits.ts';
import { plainNumber, ROUNDED_FROM } from './number-text.ts';
import type { RowBatch } from './row-batch.ts';
import type { SharedStrings } from './shared-strings.ts';
import { checkCellLength, TextBuffer } from './text-buffer.ts';
import { type XmlHandler, XmlScanner } from './xml-scanner.ts';

export type SheetContext = {
  strings: SharedStrings;
  styles: CellStyles;
  isUncalculated: boolean;
  limits: WorkbookLimits;
  /** By first row. */
  merges: readonly Merge[];
  /** Counts a row's cells against the whole workbook's limit. */
  countCells: (cells: number) => void;
};

const NAMES = ['c', 'v', 'row', 't', 'is', 'f', 'rPh', 'sheetData'] as const;
const [C, V, ROW, T, IS, F, PHONETIC, SHEET_DATA] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
const R_ATTRIBUTE = Buffer.from('r');
const S_ATTRIBUTE = Buffer.from('s');
const T_ATTRIBUTE = Buffer.from('t');
const NO_FLAG = -1;
const flagIndex = (flag: CellFlag) => CELL_FLAGS.indexOf(flag);
const [ROUNDED, UNCALCULATED, ERROR] = [
  flagIndex('rounded_id'),
  flagIndex('formula_without_value'),
  flagIndex('error_value'),
] as const;
const SHARED_TYPE = 0x73;
const EXACT_DIGITS = 15;
const ZERO = 0x30;
const NINE = 0x39;
const DATE_CHARACTERS = 10;

type Kind = 'number' | 'shared' | 'inline' | 'string' | 'boolean' | 'error' | 'date';
const KINDS: ReadonlyMap<string, Kind> = new Map([
  ['n', 'number'],
  ['s', 'shared'],
  ['inlineStr', 'inline'],
  ['str', 'string'],
  ['b', 'boolean'],
  ['e', 'error'],
  ['d', 'date'],
]);

const kindOf = (type: string): Kind => KINDS.get(type) ?? 'string';

type Fill = { column: number; bottom: number; bytes: Buffer; flag: number };

/** Reads the rows of one sheet; rows without a text or a flag are left out, cells behind a row's last text as well. */
export class SheetReader implements XmlHandler {
  readonly #context: SheetContext;
  readonly #scanner = new XmlScanner(NAMES, this);
  readonly #batch = new BatchWriter();
  readonly #row: TextBuffer;
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;
  readonly #flags: Int8Array;
  readonly #value = new TextBuffer(1024 ** 2);
  #inCells = false;
  #line = 0;
  #width = 0;
  #column = -1;
  #kind: Kind = 'number';
  #style = 0;
  #hasFormula = false;
  #inInline = false;
  #inPhonetic = false;
  #takesText = false;
  #nextMerge = 0;
  #fills: Fill[] = [];

  constructor(context: SheetContext) {
    this.#context = context;
    const { columns, rowBytes } = context.limits;
    this.#row = new TextBuffer(rowBytes, `a row of more than ${rowBytes >> 10} KB`);
    this.#starts = new Uint32Array(columns);
    this.#ends = new Uint32Array(columns);
    this.#flags = new Int8Array(columns).fill(NO_FLAG);
  }

  get paused(): boolean {
    return this.#batch.isFull;
  }

  async *read(sheet: AsyncIterable<Buffer>): AsyncGenerator<RowBatch> {
    for await (const piece of sheet) {
      this.#scanner.feed(piece);
      while (!this.#scanner.run()) yield this.#batch.take();
    }
    this.#scanner.end();
    if (!this.#batch.isEmpty) yield this.#batch.take();
  }

  open(name: number, scanner: XmlScanner): void {
    if (name === SHEET_DATA) this.#inCells = true;
    else if (!this.#inCells) return;
    else if (name === C) this.#openCell(scanner);
    else if (name === V) this.#takesText = this.#kind !== 'inline';
    else if (name === ROW) this.#openRow(scanner);
    else if (name === T) this.#takesText = this.#inInline && !this.#inPhonetic;
    else if (name === IS) this.#inInline = true;
    else if (name === F) this.#hasFormula = true;
    else if (name === PHONETIC) this.#inPhonetic = true;
  }

  close(name: number): void {
    if (!this.#inCells) return;
    if (name === C) this.#closeCell();
    else if (name === V || name === T) this.#takesText = false;
    else if (name === ROW) this.#closeRow();
    else if (name === IS) this.#inInline = false;
    else if (name === PHONETIC) this.#inPhonetic = false;
    else if (name === SHEET_DATA) this.#inCells = false;
  }

  text(bytes: Buffer, start: number, end: number, literal: boolean): void {
    if (this.#takesText) this.#value.add(bytes, start, end, literal);
  }

  #openRow(scanner: XmlScanner): void {
    const stated = scanner.find(R_ATTRIBUTE)
      ? digitsOf(scanner.bytes, scanner.valueStart, scanner.valueEnd)
      : this.#line + 1;
    if (stated <= this.#line) throw damaged(`its rows are out of order near row ${this.#line}`);
    if (stated > this.#context.limits.rows)
      throw tooLarge(`has more than ${this.#context.limits.rows} rows in a sheet`);
    this.#line = stated;
    this.#width = 0;
    this.#column = -1;
    this.#row.clear();
  }

  #openCell(scanner: XmlScanner): void {
    const column = scanner.find(R_ATTRIBUTE)
      ? columnOf(scanner.bytes, scanner.valueStart, scanner.valueEnd)
      : this.#column + 1;
    if (column < 0) throw damaged(`row ${this.#line} has a cell without a column`);
    this.#column = column;
    this.#kind = 'number';
    if (scanner.find(T_ATTRIBUTE)) {
      const { valueStart: start, valueEnd: end } = scanner;
      // Nearly every cell that says its type is of this one.
      const isShared = end === start + 1 && scanner.bytes[start] === SHARED_TYPE;
      this.#kind = isShared
        ? 'shared'
        : kindOf(scanner.bytes.toString('latin1', start, Math.min(end, start + 16)));
    }
    this.#style = scanner.find(S_ATTRIBUTE)
      ? digitsOf(scanner.bytes, scanner.valueStart, scanner.valueEnd)
      : 0;
    this.#hasFormula = false;
    this.#value.clear();
  }

  #closeCell(): void {
    const value = this.#value;
    if (value.length === 0) {
      if (this.#hasFormula && this.#kind !== 'string') this.#place(UNCALCULATED);
      return;
    }
    switch (this.#kind) {
      case 'number':
        this.#number();
        return;
      case 'shared':
        this.#shared();
        return;
      case 'inline':
      case 'string':
        value.unescape(0);
        this.#place();
        return;
      case 'boolean':
        this.#replace(value.bytes[0] === ZERO || /^false$/i.test(this.#short()) ? 'FALSE' : 'TRUE');
        return;
      case 'error':
        if (this.#short() !== '#N/A') this.#place(ERROR);
        return;
      case 'date':
        this.#replace(this.#short().slice(0, DATE_CHARACTERS));
    }
  }

  #number(): void {
    const value = this.#value;
    const show = this.#context.styles.textOf(this.#style);
    if (this.#hasFormula && this.#context.isUncalculated && value.length === 1 && value.bytes[0] === ZERO) {
      value.clear();
      this.#place(UNCALCULATED);
      return;
    }
    if (show === undefined && isPlain(value.bytes, value.length)) {
      this.#place();
      return;
    }
    const text = this.#short();
    const number = Number(text);
    if (text.trim() === '' || !Number.isFinite(number))
      throw damaged(`row ${this.#line} has a number that is none`);
    const isRounded = Math.abs(number) >= ROUNDED_FROM;
    this.#replace(
      show === undefined || isRounded ? plainNumber(number) : show(number),
      isRounded ? ROUNDED : NO_FLAG,
    );
  }

  #shared(): void {
    const { strings } = this.#context;
    if (!strings.find(digitsOf(this.#value.bytes, 0, this.#value.length)))
      throw damaged(`row ${this.#line} names a text that the workbook does not hold`);
    this.#value.clear();
    this.#value.addBytes(strings.bytes, strings.start, strings.end);
    this.#place();
  }

  /** The value as a string, where it is known to be short or only its beginning counts. */
  #short(): string {
    return this.#value.bytes.toString('utf8', 0, Math.min(this.#value.length, 64)).trim();
  }

  #replace(text: string, flag = NO_FLAG): void {
    this.#value.clear();
    this.#value.addString(text);
    this.#place(flag);
  }

  /** Makes the value the text of the present cell. */
  #place(flag = NO_FLAG): void {
    const { columns, cellCharacters } = this.#context.limits;
    if (this.#value.length === 0 && flag === NO_FLAG) return;
    if (this.#column >= columns) {
      throw tooLarge(
        `has a value in column ${columnName(this.#column)} of row ${this.#line}; ${columns} columns are read`,
        this.#line,
      );
    }
    checkCellLength(this.#value.bytes, 0, this.#value.length, cellCharacters, this.#line);
    this.#put(this.#column, this.#value.bytes, this.#value.length, flag);
  }

  #put(column: number, bytes: Buffer, length: number, flag: number): void {
    for (; this.#width <= column; this.#width++) {
      this.#starts[this.#width] = 0;
      this.#ends[this.#width] = 0;
      this.#flags[this.#width] = NO_FLAG;
    }
    this.#starts[column] = this.#row.length;
    this.#row.addBytes(bytes, 0, length);
    this.#ends[column] = this.#row.length;
    this.#flags[column] = flag;
  }

  #closeRow(): void {
    const { merges } = this.#context;
    if (this.#width === 0) return;
    if (this.#fills.length > 0) this.#fill();
    if (this.#nextMerge < merges.length) this.#remember();
    this.#context.countCells(this.#width);
    for (let column = 0; column < this.#width; column++) {
      const [start, end, flag] = [this.#starts[column], this.#ends[column], this.#flags[column]] as [
        number,
        number,
        number,
      ];
      this.#batch.cell(this.#row.bytes, start, end, flag);
    }
    this.#batch.endRow(this.#line);
  }

  /** A merged cell's text stands in each of its rows, in its first column. */
  #fill(): void {
    this.#fills = this.#fills.filter(({ bottom }) => bottom >= this.#line);
    for (const { column, bytes, flag } of this.#fills) {
      const isTaken =
        column < this.#width &&
        ((this.#ends[column] as number) > (this.#starts[column] as number) ||
          this.#flags[column] !== NO_FLAG);
      if (!isTaken) this.#put(column, bytes, bytes.length, flag);
    }
  }

  #remember(): void {
    const { merges } = this.#context;
    for (
      let merge = merges[this.#nextMerge];
      merge !== undefined && merge.top <= this.#line;
      merge = merges[++this.#nextMerge]
    ) {
      const { column, top, bottom } = merge;
      if (top < this.#line || column >= this.#width) continue;
      const bytes = Buffer.from(this.#row.bytes.subarray(this.#starts[column], this.#ends[column]));
      const flag = this.#flags[column] as number;
      this.#fills = this.#fills.filter((fill) => fill.column !== column);
      if (bytes.length > 0 || flag !== NO_FLAG) this.#fills.push({ column, bottom, bytes, flag });
    }
  }
}

/** At most fifteen digits without a leading zero: General shows them as they stand. */
function isPlain(bytes: Buffer, length: number): boolean {
  if (length > EXACT_DIGITS || (bytes[0] === ZERO && length > 1)) return false;
  for (let at = 0; at < length; at++)
    if ((bytes[at] as number) < ZERO || (bytes[at] as number) > NINE) return false;
  return true;
}
