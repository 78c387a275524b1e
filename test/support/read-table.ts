import { MemoryBudget } from '#api/limits/memory-budget.ts';
import type { ChunkRows } from '#shared/chunks/payload.ts';
import type { RejectedRow } from '#shared/jobs/append-to-job.ts';
import type { ModelManifest } from '#shared/models/manifest.ts';
import { LAGOS } from '#patients/values/time-zone.ts';
import { type CohortLayout, layOut, roleLookup } from '#api/ingest/cohort-layout.ts';
import { CsvReader } from '#api/ingest/csv-reader.ts';
import { CsvTable } from '#api/ingest/csv.ts';
import {
  type CohortParser,
  type FormatContext,
  type InputOptions,
  unreadInput,
} from '#api/ingest/input-format.ts';
import { jsonRows } from '#api/ingest/json-rows.ts';
import { RowBuilder } from '#api/ingest/row-builder.ts';
import type { CsvDialect } from '#api/ingest/sniff/dialect.ts';
import { SniffingParser } from '#api/ingest/sniff/sniffing-parser.ts';

export const NO_OPTIONS: InputOptions = {
  source: undefined,
  delimiter: undefined,
  encoding: undefined,
  dateOrder: undefined,
  sheet: undefined,
  asOf: undefined,
  allowStale: false,
  nowMs: Date.UTC(2026, 10, 26),
  zone: LAGOS,
};

/** How a text becomes rows, the sniffing left out or not. */
export type TableFormat = (context: FormatContext, text: string) => CohortParser;

const PLAIN: CsvDialect = { delimiter: ',', lineEnds: 'lf', headerLine: 1, header: [], sample: [] };

export const csvFormat: TableFormat = (context) =>
  new CsvReader(new CsvTable(context, PLAIN), PLAIN, context.maxRowBytes);
export const ndjsonFormat: TableFormat = (context) =>
  jsonRows(context, { shape: 'lines', source: 'table', wrapperBytes: 0 });
export const jsonArrayFormat: TableFormat = (context) =>
  jsonRows(context, { shape: 'list', source: 'table', wrapperBytes: 0 });
export const anyFormat: TableFormat = (context) =>
  new SniffingParser(context, { mediaType: 'text/csv', source: undefined, encoding: undefined });

export type Row = { rowNo: number; id: string; facility: string | null; due: number; values: number[] };
export type Read = {
  rows: Row[];
  rejections: RejectedRow[];
  layout: CohortLayout | undefined;
  recordCount: number;
  input: FormatContext['input'];
};
export type ReadOptions = {
  manifest: ModelManifest;
  sizes?: readonly number[];
  ignoreUnknown?: boolean;
  maxRowBytes?: number;
  options?: Partial<InputOptions>;
};

/** Runs a body through a format in pieces of the given sizes (cut anew when they are used up). */
export async function readTable(
  format: TableFormat,
  body: Buffer | string,
  { manifest, sizes = [1 << 20], ignoreUnknown = false, maxRowBytes = 4_096, options = {} }: ReadOptions,
): Promise<Read> {
  const input = unreadInput();
  const out: Read = { rows: [], rejections: [], layout: undefined, recordCount: 0, input };
  const rows = new RowBuilder({
    manifest,
    chunkRows: 3,
    onChunk: (chunk) => out.rows.push(...rowsOf(chunk)),
  });
  const bytes = Buffer.from(body);
  const parser = format(
    {
      rows,
      maxRowBytes,
      ignoreUnknown,
      input,
      options: { ...NO_OPTIONS, ...options },
      layOut: (names) =>
        (out.layout = layOut(names, { manifest, ignoreUnknown, line: input.header_line ?? 1 })),
      manifest,
      memory: new MemoryBudget(Infinity).open(0),
      ready: async () => undefined,
      roleOf: roleLookup(manifest),
    },
    bytes.toString(),
  );
  try {
    for (let at = 0, piece = 0; at < bytes.length; piece++) {
      const size = sizes[piece % sizes.length] as number;
      // A copy that is wiped afterwards: a parser that keeps a view of its input reads rubbish.
      const slice = Buffer.from(bytes.subarray(at, at + size));
      await parser.write(slice);
      slice.fill(0x37);
      at += size;
    }
    await parser.end();
  } finally {
    await parser.close?.();
  }
  rows.flush();
  out.rejections = rows.takeRejections();
  out.recordCount = rows.rowNo;
  return out;
}

function rowsOf(chunk: ChunkRows): Row[] {
  return Array.from({ length: chunk.rowCount }, (_, row) => {
    const { offsets, bytes } = chunk.patientIds;
    const facility = chunk.facilities.indices[row] as number;
    return {
      rowNo: chunk.rowNumbers[row] as number,
      id: Buffer.from(bytes.subarray(offsets[row], offsets[row + 1])).toString(),
      facility: facility < 0 ? null : (chunk.facilities.names[facility] as string),
      due: chunk.dueDates[row] as number,
      values: chunk.features.map((column) => column[row] as number),
    };
  });
}
