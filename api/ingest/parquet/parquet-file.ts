import {
  type ColumnMetaData,
  type FileMetaData,
  parquetMetadata,
  parquetSchema,
  type SchemaTree,
} from 'hyparquet';
import { ServiceError } from '#shared/errors/errors.ts';
import type { ReadAt } from '../spool/read-at.ts';
import { ColumnReader, HeldBytes } from './column-reader.ts';
import { type ColumnValues, columnValues } from './column-values.ts';
import { READ_CODECS } from './decompress.ts';
import { damaged, encrypted, tooLarge, unreadable } from './faults.ts';
import type { ParquetLimits } from './limits.ts';
import type { ParquetBatch, ParquetColumn, WantedColumn } from './parquet-messages.ts';

/** Length of the footer, and the mark. */
const TAIL_BYTES = 8;
const BATCH_ROWS = 4_096;
const BATCH_TEXT_BYTES = 4 * 1024 ** 2;
const nothing = () => undefined;
/** Statistics of columns are nothing that is read. */
const NO_STATISTICS = {
  stringFromBytes: nothing,
  jsonFromBytes: nothing,
  timestampFromMilliseconds: nothing,
  timestampFromMicroseconds: nothing,
  timestampFromNanoseconds: nothing,
  dateFromDays: nothing,
  uuidFromBytes: nothing,
};

type Column = {
  name: string;
  values: ColumnValues;
  schemaPath: [SchemaTree, SchemaTree];
  /** Place among the chunks of a row group. */
  chunk: number;
};

/** A Parquet file, read a page of each column at a time. Throws `invalid_body`, `body_too_large`. */
export class ParquetFile {
  readonly #readAt: ReadAt;
  readonly #limits: ParquetLimits;
  readonly #metadata: FileMetaData;
  readonly #columns: Column[];

  constructor(readAt: ReadAt, fileBytes: number, limits: ParquetLimits) {
    this.#readAt = readAt;
    this.#limits = limits;
    this.#metadata = whole(() => readFooter(readAt, fileBytes, limits));
    const { num_rows: rowCount, row_groups: groups } = this.#metadata;
    if (Number(rowCount) > limits.freeRows + fileBytes) {
      throw damaged('it claims more rows than its bytes can hold');
    }
    if (
      groups.some((group) => group.num_rows < 0n) ||
      groups.reduce((sum, group) => sum + group.num_rows, 0n) !== rowCount
    ) {
      throw damaged('its row groups have not as many rows as the file');
    }
    this.#columns = whole(() => columnsOf(this.#metadata));
  }

  get columns(): ParquetColumn[] {
    return this.#columns.map(({ name, values }) =>
      values.holds === 'unreadable'
        ? { name, holds: values.holds, why: values.why }
        : { name, holds: values.holds },
    );
  }

  *read(wanted: readonly WantedColumn[]): Generator<ParquetBatch> {
    let firstRow = 0;
    for (const group of this.#metadata.row_groups) {
      const rowCount = Number(group.num_rows);
      const held = new HeldBytes(this.#limits.heldBytes);
      const readers = wanted.map(({ index, as }) => {
        const column = this.#columns[index]!;
        const chunk = this.#chunkOf(group.columns[column.chunk], column.name);
        const source = { ...column, as, held, readAt: this.#readAt, limits: this.#limits };
        return { as, reader: new ColumnReader(source, chunk, rowCount) };
      });
      for (let done = 0; done < rowCount;) {
        const batch = whole(() => nextBatch(readers, firstRow + done, rowCount - done));
        done += batch.rowCount;
        yield batch;
      }
      firstRow += rowCount;
    }
  }

  #chunkOf(
    chunk: FileMetaData['row_groups'][number]['columns'][number] | undefined,
    name: string,
  ): ColumnMetaData {
    if (chunk?.crypto_metadata !== undefined || chunk?.encrypted_column_metadata !== undefined)
      throw encrypted();
    if (chunk?.file_path !== undefined) throw damaged('its columns lie in other files');
    const found = chunk?.meta_data;
    if (found === undefined) throw damaged(`column ${name.slice(0, 100)} is not in every row group`);
    if (!READ_CODECS.has(found.codec)) {
      throw unreadable(name, `is compressed by ${found.codec}, which is not read: use zstd, snappy or gzip`);
    }
    return found;
  }
}

type WantedReader = { as: WantedColumn['as']; reader: ColumnReader };

function nextBatch(readers: readonly WantedReader[], firstRow: number, rowsLeft: number): ParquetBatch {
  let rowCount = Math.min(BATCH_ROWS, rowsLeft);
  for (const { reader } of readers) rowCount = Math.min(rowCount, reader.available());
  const textBytes = (rows: number) => readers.reduce((sum, { reader }) => sum + reader.textBytes(rows), 0);
  while (rowCount > 1 && textBytes(rowCount) > BATCH_TEXT_BYTES) rowCount >>= 1;
  const asNumbers = readers.filter(({ as }) => as === 'number');
  const numbers = new Float64Array(asNumbers.length * rowCount);
  for (const [column, { reader }] of asNumbers.entries())
    reader.numbers(numbers, column * rowCount, rowCount);
  const texts = readers.filter(({ as }) => as === 'text').map(({ reader }) => reader.texts(rowCount));
  return { firstRow, rowCount, numbers, texts };
}

function readFooter(readAt: ReadAt, fileBytes: number, { footerBytes }: ParquetLimits): FileMetaData {
  const tail = readAt(fileBytes - TAIL_BYTES, TAIL_BYTES);
  const mark = tail.toString('latin1', 4);
  if (mark === 'PARE') throw encrypted();
  if (fileBytes < 2 * TAIL_BYTES || mark !== 'PAR1') throw damaged('its end is missing');
  const length = tail.readUInt32LE(0);
  if (length > footerBytes) throw tooLarge(`has a footer of more than ${footerBytes >> 20} MB`);
  if (length > fileBytes - TAIL_BYTES) throw damaged('its footer is longer than the file');
  const footer = readAt(fileBytes - TAIL_BYTES - length, length + TAIL_BYTES);
  return parquetMetadata(footer, { geoparquet: false, parsers: NO_STATISTICS });
}

function columnsOf(metadata: FileMetaData): Column[] {
  const root = parquetSchema(metadata);
  let chunk = 0;
  return root.children.map((tree) => {
    const isNested = tree.children.length > 0 || tree.element.repetition_type === 'REPEATED';
    const column: Column = {
      name: tree.element.name,
      values: columnValues(tree.element, isNested),
      schemaPath: [root, tree],
      chunk,
    };
    chunk += leafCount(tree);
    return column;
  });
}

function leafCount(tree: SchemaTree): number {
  return tree.children.length === 0 ? 1 : tree.children.reduce((sum, child) => sum + leafCount(child), 0);
}

/** What the library trips over is a file that is not what it says. */
function whole<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    throw damaged('it cannot be read', error);
  }
}
