import { type ColumnMetaData, type DecodedArray, type SchemaTree } from 'hyparquet';
import { parquetHeader, readPage } from 'hyparquet/src/column.js';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import type { ReadAt } from '../spool/read-at.ts';
import type { ColumnValues } from './column-values.ts';
import { COMPRESSORS } from './decompress.ts';
import { damaged, tooLarge } from './faults.ts';
import type { ParquetLimits } from './limits.ts';
import type { TextColumn } from './parquet-messages.ts';
import { sliceTexts, startOf, TextColumnWriter } from './text-column.ts';

type PageHeader = ReturnType<typeof parquetHeader>;
type ColumnDecoder = Parameters<typeof readPage>[2];
/** The values of the page under the reader, packed. */
type Page =
  | { rowCount: number; numbers: Float32Array | Float64Array }
  | { rowCount: number; texts: TextColumn };

/** Of a page's header, statistics included. */
const HEADER_BYTES = 64 * 1024;

/** Bytes that the pages of all columns hold together. */
export class HeldBytes {
  readonly #most: number;
  #bytes = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** @throws body_too_large */
  change(by: number): void {
    this.#bytes += by;
    if (this.#bytes > this.#most) throw tooLarge(`needs more than ${this.#most >> 20} MB at once`);
  }
}

export type ColumnSource = {
  name: string;
  /** The root and the column. */
  schemaPath: [SchemaTree, SchemaTree];
  values: ColumnValues;
  as: 'number' | 'text';
  readAt: ReadAt;
  limits: ParquetLimits;
  held: HeldBytes;
};

/**
 * Reads a column of one row group a page at a time. Headers are judged before anything is made room for: they come from
 * strangers, and the library takes their word. Throws `invalid_body`, `body_too_large`.
 */
export class ColumnReader {
  readonly #source: ColumnSource;
  readonly #decoder: ColumnDecoder;
  #position: number;
  readonly #end: number;
  #rowsLeft: number;
  #dictionary: DecodedArray | undefined;
  #page: Page | undefined;
  #pageBytes = 0;
  /** Rows of the page that were taken. */
  #taken = 0;

  constructor(source: ColumnSource, chunk: ColumnMetaData, groupRows: number) {
    this.#source = source;
    const data = Number(chunk.data_page_offset);
    const dictionary = Number(chunk.dictionary_page_offset ?? 0);
    this.#position = dictionary > 0 && dictionary < data ? dictionary : data;
    this.#end = this.#position + Number(chunk.total_compressed_size);
    this.#rowsLeft = groupRows;
    const [root, column] = source.schemaPath;
    // Values come as they are stored: whatever they mean, `values` knows.
    const element = { ...column.element, converted_type: 'ENUM', logical_type: { type: 'ENUM' } } as const;
    this.#decoder = {
      pathInSchema: [source.name],
      type: chunk.type,
      element,
      schemaPath: [root, { ...column, element }],
      codec: chunk.codec,
      compressors: COMPRESSORS,
      parsers: DEFAULT_PARSERS,
      utf8: false,
    };
  }

  /** Rows that can be taken without another page; at least one until the group is at its end. */
  available(): number {
    while (this.#page === undefined || this.#taken === this.#page.rowCount) this.#next();
    return this.#page.rowCount - this.#taken;
  }

  /** Bytes of the next `rowCount` texts. */
  textBytes(rowCount: number): number {
    if (this.#page === undefined || !('texts' in this.#page)) return 0;
    const { ends } = this.#page.texts;
    return startOf(ends, this.#taken + rowCount) - startOf(ends, this.#taken);
  }

  numbers(target: Float64Array, at: number, rowCount: number): void {
    if (this.#page === undefined || !('numbers' in this.#page)) throw new Error('not read as numbers');
    target.set(this.#page.numbers.subarray(this.#taken, this.#taken + rowCount), at);
    this.#taken += rowCount;
  }

  texts(rowCount: number): TextColumn {
    if (this.#page === undefined || !('texts' in this.#page)) throw new Error('not read as texts');
    const texts = sliceTexts(this.#page.texts, this.#taken, this.#taken + rowCount);
    this.#taken += rowCount;
    return texts;
  }

  /** Lets go of what is held. */
  close(): void {
    this.#source.held.change(-this.#pageBytes);
    this.#pageBytes = 0;
    this.#page = undefined;
  }

  #next(): void {
    this.close();
    this.#taken = 0;
    const data = this.#read();
    if (data === undefined) return;
    if (data.length > this.#rowsLeft) throw this.#broken('has more rows than its row group');
    this.#rowsLeft -= data.length;
    this.#page = this.#source.as === 'number' ? this.#asNumbers(data) : this.#asTexts(data);
    this.#pageBytes =
      'numbers' in this.#page
        ? this.#page.numbers.byteLength
        : this.#page.texts.bytes.byteLength + this.#page.texts.ends.byteLength;
    this.#source.held.change(this.#pageBytes);
  }

  /** The values of the next page; undefined for one that has none, such as a dictionary. */
  #read(): DecodedArray | undefined {
    const { readAt, limits } = this.#source;
    if (this.#position >= this.#end) throw this.#broken('has fewer rows than its row group');
    const head = readAt(this.#position, Math.min(HEADER_BYTES, this.#end - this.#position));
    const reader = { view: viewOf(head), offset: 0 };
    const header = parquetHeader(reader);
    const compressedBytes = this.#judged(header, limits);
    const body = readAt(this.#position + reader.offset, compressedBytes);
    if (body.length < compressedBytes) throw this.#broken('ends within a page');
    this.#position += reader.offset + compressedBytes;
    if (header.type === 'INDEX_PAGE') return undefined;
    const page = readPage(
      { view: viewOf(body), offset: 0 },
      header,
      this.#decoder,
      this.#dictionary,
      undefined,
      0,
    );
    if (header.type !== 'DICTIONARY_PAGE') return page.data;
    this.#dictionary = page.data;
    return undefined;
  }

  /** The page's bytes as stored. @throws where its header asks for more than it may, or is none. */
  #judged(header: PageHeader, { pageBytes, pageRows }: ParquetLimits): number {
    const { compressed_page_size: stored, uncompressed_page_size: unpacked } = header;
    const rowCount = (header.data_page_header ?? header.data_page_header_v2)?.num_values ?? 0;
    const entryCount = header.dictionary_page_header?.num_values ?? 0;
    const v2 = header.data_page_header_v2;
    const levels = (v2?.definition_levels_byte_length ?? 0) + (v2?.repetition_levels_byte_length ?? 0);
    const counts = [stored, unpacked, rowCount, entryCount, v2?.num_nulls ?? 0, levels];
    if (!counts.every((count) => Number.isSafeInteger(count) && count >= 0))
      throw this.#broken('has a page without sizes');
    if (stored > pageBytes || unpacked > pageBytes)
      throw tooLarge(`has a page of more than ${pageBytes >> 20} MB`);
    if (rowCount > pageRows) throw tooLarge(`has a page of more than ${pageRows} rows`);
    if (rowCount > this.#rowsLeft || (v2?.num_nulls ?? 0) > rowCount)
      throw this.#broken('has more rows than its row group');
    if (levels > stored) throw this.#broken('has a page with sizes that contradict each other');
    // A value of a dictionary takes a bit at least.
    if (entryCount > 8 * unpacked) throw this.#broken('has a dictionary that is larger than its page');
    return stored;
  }

  #asNumbers(data: DecodedArray): Page {
    const { number } = this.#source.values;
    const numbers = new Float64Array(data.length);
    let isSingle = true;
    for (let row = 0; row < data.length; row++) {
      const stored: unknown = data[row];
      const value = stored === undefined || stored === null ? NaN : number(stored);
      numbers[row] = value;
      if (isSingle && Math.fround(value) !== value && value === value) isSingle = false;
    }
    // Most features are small counts, which half the bytes hold exactly.
    return { rowCount: data.length, numbers: isSingle ? new Float32Array(numbers) : numbers };
  }

  #asTexts(data: DecodedArray): Page {
    const { text } = this.#source.values;
    const { heldBytes } = this.#source.limits;
    const writer = new TextColumnWriter(data.length);
    for (let row = 0; row < data.length; row++) {
      const stored: unknown = data[row];
      writer.add(stored === undefined || stored === null ? '' : text(stored));
      if (writer.byteCount > heldBytes) throw tooLarge(`needs more than ${heldBytes >> 20} MB at once`);
    }
    return { rowCount: data.length, texts: writer.take() };
  }

  #broken(what: string): Error {
    return damaged(`column ${this.#source.name.slice(0, 100)} ${what}`);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
