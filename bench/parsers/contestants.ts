import { Readable } from 'node:stream';
import { parse as csvParse } from 'csv-parse';
import Papa from 'papaparse';
import { inferSchema, initParser, type Schema } from 'udsv';
import { receiveCohort } from '#api/ingest/receive-cohort.ts';
import { declaredType } from '#api/ingest/sniff/media-type.ts';
import { LAGOS } from '#patients/values/time-zone.ts';
import type { ModelManifest } from '#shared/models/manifest.ts';

/** What a pass read: equal for all contestants, or one of them reads wrongly. */
export type Read = { rows: number; sum: number };
export type CohortFormat = 'csv' | 'ndjson' | 'json';
export type Contestant = {
  name: string;
  format: CohortFormat;
  read: (file: Buffer, manifest: ModelManifest) => Read | Promise<Read>;
};

const PIECE_BYTES = 64 * 1024;
const CHUNK_ROWS = 10_000;
const IDENTITY_COLUMNS = 3;

/**
 * Every contestant gets the file in memory, in pieces of 64 KB as a socket brings it where it can stream, and must
 * bring the numbers into columns of doubles, 10,000 rows at a time. Ours also does what the service asks for: ranges,
 * kinds, ids, dates, duplicates. The libraries are spared that.
 */
export const CONTESTANTS: readonly Contestant[] = [
  { name: 'ours', format: 'csv', read: ours },
  { name: 'udsv', format: 'csv', read: udsvStrings },
  { name: 'udsv, typed', format: 'csv', read: udsvTyped },
  { name: 'papaparse', format: 'csv', read: papaparse },
  { name: 'csv-parse', format: 'csv', read: csvParseStream },
  { name: 'ours', format: 'ndjson', read: ours },
  { name: 'JSON.parse a line', format: 'ndjson', read: jsonLines },
  { name: 'ours', format: 'json', read: ours },
  { name: 'JSON.parse the whole', format: 'json', read: jsonWhole },
];

async function ours(file: Buffer, manifest: ModelManifest): Promise<Read> {
  let sum = 0;
  let rows = 0;
  await receiveCohort({
    body: Readable.from(pieces(file)),
    declared: declaredType('text/csv'),
    options: {
      source: undefined,
      delimiter: undefined,
      encoding: undefined,
      dateOrder: undefined,
      sheet: undefined,
      asOf: undefined,
      allowStale: false,
      nowMs: 0,
      zone: LAGOS,
    },
    manifest,
    ignoreUnknown: false,
    chunkRows: CHUNK_ROWS,
    maxRowBytes: 1024 ** 2,
    onLayout: () => ({
      chunk: (chunk) => {
        rows += chunk.rowCount;
        for (const column of chunk.features) sum += columnSum(column, chunk.rowCount);
      },
      besides: () => undefined,
      ready: async () => undefined,
      finish: async () => undefined,
    }),
  });
  return { rows, sum };
}

/** Columns of doubles as a library's user would fill them. */
class Columns {
  readonly #columns: Float64Array[];
  #row = 0;
  rows = 0;
  sum = 0;

  constructor(featureCount: number) {
    this.#columns = Array.from({ length: featureCount }, () => new Float64Array(CHUNK_ROWS));
  }

  add(values: readonly unknown[], first = IDENTITY_COLUMNS): void {
    const row = this.#row;
    for (const [index, column] of this.#columns.entries()) {
      const value = values[first + index];
      column[row] = value === '' || value === null ? NaN : Number(value);
    }
    this.rows++;
    if (++this.#row === CHUNK_ROWS) this.end();
  }

  end(): Read {
    for (const column of this.#columns) this.sum += columnSum(column, this.#row);
    this.#row = 0;
    return { rows: this.rows, sum: this.sum };
  }
}

function columnSum(column: Float64Array, rowCount: number): number {
  let sum = 0;
  for (let row = 0; row < rowCount; row++) {
    const value = column[row] as number;
    if (value === value) sum += value;
  }
  return sum;
}

function* pieces(file: Buffer): Generator<Buffer> {
  for (let at = 0; at < file.length; at += PIECE_BYTES) yield file.subarray(at, at + PIECE_BYTES);
}

function* texts(file: Buffer): Generator<string> {
  const decoder = new TextDecoder();
  for (const piece of pieces(file)) yield decoder.decode(piece, { stream: true });
}

function udsvStrings(file: Buffer, manifest: ModelManifest): Read {
  const columns = new Columns(manifest.features.length);
  const parser = initParser(udsvSchema(file));
  const take = (row: string[]) => columns.add(row);
  for (const text of texts(file)) parser.chunk<string[]>(text, parser.stringArrs, take);
  parser.end();
  return columns.end();
}

function udsvTyped(file: Buffer, manifest: ModelManifest): Read {
  const columns = new Columns(manifest.features.length);
  const schema = udsvSchema(file);
  // Inferred from the first rows, a column may pass for something else than a number.
  for (const column of schema.cols.slice(IDENTITY_COLUMNS)) column.type = 'n';
  const parser = initParser(schema);
  const take = (row: unknown[]) => columns.add(row);
  for (const text of texts(file)) parser.chunk<unknown[]>(text, parser.typedArrs, take);
  parser.end();
  return columns.end();
}

function udsvSchema(file: Buffer): Schema {
  return inferSchema(file.toString('utf8', 0, PIECE_BYTES));
}

function papaparse(file: Buffer, manifest: ModelManifest): Read {
  const columns = new Columns(manifest.features.length);
  let header = true;
  // Chunks of a string are documented, and missing from the types.
  const config = {
    chunkSize: PIECE_BYTES,
    skipEmptyLines: true,
    delimiter: ',',
    newline: '\n' as const,
    chunk: ({ data }: Papa.ParseResult<string[]>) => {
      for (const row of data) {
        if (!header) columns.add(row);
        header = false;
      }
    },
  };
  Papa.parse<string[]>(file.toString(), config);
  return columns.end();
}

async function csvParseStream(file: Buffer, manifest: ModelManifest): Promise<Read> {
  const columns = new Columns(manifest.features.length);
  const parser = csvParse({ from_line: 2 });
  const read = new Promise<void>((resolve, reject) => {
    parser.on('readable', () => {
      for (let row = parser.read() as string[] | null; row !== null; row = parser.read() as string[] | null)
        columns.add(row);
    });
    parser.once('end', resolve);
    parser.once('error', reject);
  });
  for (const piece of pieces(file))
    if (!parser.write(piece)) await new Promise((drained) => parser.once('drain', drained));
  parser.end();
  await read;
  return columns.end();
}

function jsonLines(file: Buffer, manifest: ModelManifest): Read {
  const columns = new Columns(manifest.features.length);
  const names = manifest.features.map(({ name }) => name);
  for (let at = 0; at < file.length;) {
    const end = file.indexOf(0x0a, at);
    const row = JSON.parse(file.toString('utf8', at, end)) as Record<string, unknown>;
    columns.add(
      names.map((name) => row[name]),
      0,
    );
    at = end + 1;
  }
  return columns.end();
}

function jsonWhole(file: Buffer, manifest: ModelManifest): Read {
  const columns = new Columns(manifest.features.length);
  const names = manifest.features.map(({ name }) => name);
  for (const row of JSON.parse(file.toString()) as Record<string, unknown>[]) {
    columns.add(
      names.map((name) => row[name]),
      0,
    );
  }
  return columns.end();
}
