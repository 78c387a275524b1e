import { streamXlsxRows } from 'hucre/xlsx';
import { ServiceError } from '#shared/errors/errors.ts';

const MOST_BYTES = 256 * 1024 ** 2;
const ROWS_BETWEEN_LOOKS = 500;

export type XlsxRows = { write: (bytes: Buffer) => Promise<void>; end: () => Promise<void> };

/**
 * Rows of a workbook's first sheet as text, as the file arrives: dates as YYYY-MM-DD, numbers as decimals, blank rows left
 * out. `ready` holds reading back while the database is behind. A file whose parts lie in an order that cannot be streamed
 * (Excel writes its strings last) is held whole, hence the limit of 256 MB: `body_too_large`; `invalid_body` for what is
 * no workbook.
 */
export function xlsxRows(
  onRow: (cells: string[], line: number) => void,
  ready: () => Promise<void>,
): XlsxRows {
  const file = new TransformStream<Uint8Array, Uint8Array>(undefined, { highWaterMark: 4 });
  const sink = file.writable.getWriter();
  let byteCount = 0;
  let failure: unknown;
  const reading = read().catch((error: unknown) => {
    failure = error;
    void sink.abort(error).catch(() => undefined);
  });

  async function read(): Promise<void> {
    let rows = 0;
    for await (const { index, values } of sheetOf(file.readable)) {
      const cells = values.map(textOf);
      if (cells.every((cell) => cell === '')) continue;
      onRow(cells, index + 1);
      if (++rows % ROWS_BETWEEN_LOOKS === 0) await ready();
    }
  }
  const check = () => {
    if (failure !== undefined) throw failure;
  };
  return {
    write: async (bytes) => {
      check();
      byteCount += bytes.length;
      if (byteCount > MOST_BYTES) {
        throw new ServiceError('body_too_large', `A workbook may have at most ${MOST_BYTES} bytes.`);
      }
      // The buffer is lent for this call only.
      await sink.write(Uint8Array.from(bytes)).catch(() => undefined);
      check();
    },
    end: async () => {
      await sink.close().catch(() => undefined);
      await reading;
      check();
    },
  };
}

async function* sheetOf(file: ReadableStream<Uint8Array>) {
  const rows = streamXlsxRows(file)[Symbol.asyncIterator]();
  for (;;) {
    let next;
    try {
      next = await rows.next();
    } catch (error) {
      throw new ServiceError('invalid_body', 'The body is no workbook that can be read.', { cause: error });
    }
    if (next.done === true) return;
    yield next.value;
  }
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '' : value.toISOString().slice(0, 10);
  return typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : '';
}
