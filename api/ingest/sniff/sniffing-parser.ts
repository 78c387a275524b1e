import { isMissing } from '#patients/values/missing.ts';
import { readDate } from '#patients/values/dates.ts';
import { readNumber } from '#patients/values/numbers.ts';
import { lineListNames } from '#patients/sources/line-list/columns.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { CsvReader } from '../csv-reader.ts';
import { CsvTable } from '../csv.ts';
import type { CohortParser, FormatContext, Source } from '../input-format.ts';
import { jsonRows } from '../json-rows.ts';
import { fhirParser } from '../patients/fhir.ts';
import { lineListCsv } from '../patients/line-list.ts';
import { parquetParser } from '../parquet/parquet-parser.ts';
import { workbookParser } from '../workbook/workbook-parser.ts';
import { tableNames } from '../cell-table.ts';
import { nmrsParser } from '../patients/nmrs.ts';
import { splitCsvLine } from '../csv-cells.ts';
import { type CsvDialect, DELIMITERS, type HeaderJudge, sniffDialect } from './dialect.ts';
import { isBelied, sniffEncoding, type TextEncoding, Utf8Transcoder } from './encoding.ts';
import { refuseForeign, refuseKnown } from './foreign-files.ts';
import { sniffJson } from './json.ts';
import type { DeclaredType } from './media-type.ts';

/** What a file is judged by. */
export const HEAD_BYTES = 64 * 1024;

const ZIP = Buffer.from('PK\u0003\u0004', 'latin1');
const PARQUET = Buffer.from('PAR1', 'latin1');
/** Of the first row's cells, this share are numbers and days where it is no header. */
const DATA_SHARE = 0.3;

/**
 * Finds out by a body's first bytes what it is, tells it to the description of the file, and hands everything on to the
 * reader of that: workbook, Parquet file, JSON rows, patient messages, table of features or line list.
 */
export class SniffingParser implements CohortParser {
  readonly #context: FormatContext;
  readonly #source: Source | undefined;
  /** What the caller says; and what the Content-Type says, which clients add unasked. */
  readonly #toldEncoding: TextEncoding | undefined;
  readonly #declaredEncoding: TextEncoding | undefined;
  readonly #mediaType: string;
  #head: Buffer[] = [];
  #headBytes = 0;
  #inner: CohortParser | undefined;

  /** `declared`: what the Content-Type says; the options of the request come first. */
  constructor(context: FormatContext, declared: Pick<DeclaredType, 'mediaType' | 'source' | 'encoding'>) {
    this.#context = context;
    this.#source = context.options.source ?? declared.source;
    this.#toldEncoding = context.options.encoding;
    this.#declaredEncoding = declared.encoding;
    this.#mediaType = declared.mediaType;
  }

  async write(bytes: Buffer): Promise<void> {
    if (this.#inner !== undefined) {
      await this.#inner.write(bytes);
      return;
    }
    this.#head.push(Buffer.from(bytes));
    this.#headBytes += bytes.length;
    if (this.#headBytes >= HEAD_BYTES) await this.#decide(false);
  }

  async end(): Promise<void> {
    if (this.#inner === undefined) await this.#decide(true);
    await this.#inner!.end();
  }

  async close(): Promise<void> {
    await this.#inner?.close?.();
  }

  async #decide(isWhole: boolean): Promise<void> {
    const head = Buffer.concat(this.#head);
    this.#head = [];
    this.#inner = this.#open(head, isWhole);
    await this.#inner.write(head);
  }

  #open(head: Buffer, isWhole: boolean): CohortParser {
    if (head.length === 0) throw new ServiceError('empty_body', 'The body is empty.', { line: 1 });
    if (startsWith(head, ZIP)) return workbookParser(this.#context, this.#source);
    if (startsWith(head, PARQUET)) return parquetParser(this.#context, this.#source);
    refuseKnown(head);
    const found = sniffEncoding(head.subarray(0, HEAD_BYTES));
    const told =
      this.#toldEncoding ??
      (isBelied(this.#declaredEncoding, found, head) ? undefined : this.#declaredEncoding);
    const encoding = told ?? found.encoding;
    const bomBytes = encoding === found.encoding ? found.bomBytes : 0;
    const text = new TextDecoder(encoding, { ignoreBOM: true }).decode(head.subarray(bomBytes, HEAD_BYTES), {
      stream: true,
    });
    const isAll = isWhole && head.length <= HEAD_BYTES;
    refuseForeign(head, text, encoding);
    if (isAll && text.trim() === '')
      throw new ServiceError('empty_body', 'The body holds blank lines alone.', { line: 1 });
    const inner = this.#text(text, isAll);
    const crAlone = this.#context.input.line_ends === 'cr';
    return new DecodedParser(inner, this.#context, {
      bomBytes,
      transcoder: new Utf8Transcoder(encoding, { isFixed: told !== undefined, crAlone }),
    });
  }

  #text(text: string, isWhole: boolean): CohortParser {
    const context = this.#context;
    const { input, options } = context;
    const json = sniffJson(text);
    if (json !== undefined || this.#source === 'nmrs' || this.#source === 'fhir') {
      const source = this.#source ?? json?.source ?? 'table';
      // Messages may be told to be JSON: then a broken one cannot pass for a line.
      const byLines = json?.shape === 'lines' && !this.#mediaType.endsWith('+json');
      input.format = `${source}/${byLines ? 'ndjson' : 'json'}`;
      input.line_ends = null;
      if (source === 'nmrs') return nmrsParser(context);
      if (source === 'fhir') return fhirParser(context);
      return jsonRows(context, json ?? { shape: 'list', source: 'table', wrapperBytes: 0 });
    }
    const judge = (cells: readonly string[]) =>
      this.#source === 'table'
        ? tableNames(context, cells)
        : this.#source === 'line_list'
          ? lineListNames(cells)
          : Math.max(tableNames(context, cells), lineListNames(cells));
    const dialect = sniffDialect(text, { judge, delimiter: options.delimiter, isWhole });
    input.delimiter = dialect.delimiter;
    input.line_ends = dialect.lineEnds;
    const isLineList =
      this.#source === undefined
        ? lineListNames(dialect.header) > tableNames(context, dialect.header)
        : this.#source === 'line_list';
    if (judge(dialect.header) === 0 && isQuotedWhole(dialect, judge)) {
      throw new ServiceError(
        'missing_columns',
        `Line ${dialect.headerLine} is one cell in quotes that holds a whole line: the file was saved as CSV twice. Send the first one, or take the outer quotes away.`,
        { line: dialect.headerLine },
      );
    }
    if (judge(dialect.header) === 0 && looksLikeData(dialect.header)) {
      throw new ServiceError(
        'missing_header',
        `Line ${dialect.headerLine} holds values where the names of the columns should stand; put the header above them.`,
        { line: dialect.headerLine },
      );
    }
    input.header_line = dialect.headerLine;
    input.format = isLineList ? 'line_list/csv' : 'table/csv';
    tell(context, dialect);
    if (isLineList) return lineListCsv(context, dialect);
    return new CsvReader(new CsvTable(context, dialect), dialect, context.maxRowBytes);
  }
}

/** Decodes what a reader of UTF-8 gets. */
class DecodedParser implements CohortParser {
  readonly #inner: CohortParser;
  readonly #context: FormatContext;
  readonly #transcoder: Utf8Transcoder;
  #bomBytes: number;

  constructor(
    inner: CohortParser,
    context: FormatContext,
    options: { transcoder: Utf8Transcoder; bomBytes: number },
  ) {
    this.#inner = inner;
    this.#context = context;
    this.#transcoder = options.transcoder;
    this.#bomBytes = options.bomBytes;
    this.#context.input.encoding = options.transcoder.encoding;
  }

  write(bytes: Buffer): void | Promise<void> {
    const text = this.#transcoder.write(this.#bomBytes > 0 ? bytes.subarray(this.#bomBytes) : bytes);
    this.#bomBytes = 0;
    return text.length === 0 ? undefined : this.#inner.write(text);
  }

  async end(): Promise<void> {
    const text = this.#transcoder.end();
    this.#context.input.encoding = this.#transcoder.encoding;
    if (text.length > 0) await this.#inner.write(text);
    await this.#inner.end();
  }

  async close(): Promise<void> {
    await this.#inner.close?.();
  }
}

/** Sentences about what is unlike a plain CSV, for people. */
function tell({ input }: FormatContext, { delimiter, headerLine }: CsvDialect): void {
  const names = { ';': 'Semicolons', '\t': 'Tabs', '|': 'Vertical bars', ',': '' };
  if (names[delimiter] !== '') input.notes.push(`${names[delimiter]} part the cells; read as such.`);
  if (headerLine > 1)
    input.notes.push(`The header is in line ${headerLine}; what stands above it is passed over.`);
  if (input.line_ends === 'cr') input.notes.push('Lines end with CR alone; read as such.');
}

/** Whether the header is one cell that is itself a header: whole lines have been put in quotes. */
function isQuotedWhole({ header }: CsvDialect, judge: HeaderJudge): boolean {
  const [only] = header;
  if (header.length !== 1 || only === undefined) return false;
  return DELIMITERS.some((delimiter) => judge(splitCsvLine(only, delimiter)) >= 3);
}

function looksLikeData(cells: readonly string[]): boolean {
  const filled = cells.filter((cell) => !isMissing(cell));
  const values = filled.filter((cell) => readNumber(cell) !== undefined || readDate(cell) !== undefined);
  return values.length > 0 && values.length >= filled.length * DATA_SHARE;
}

function startsWith(head: Buffer, magic: Buffer): boolean {
  return head.subarray(0, magic.length).equals(magic);
}
