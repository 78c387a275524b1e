import { setImmediate } from 'node:timers/promises';
import type { ChunkRows } from '#shared/chunks/payload.ts';
import { MemoryBudget, type Reservation } from '#api/limits/memory-budget.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import type { RejectedRow } from '#shared/jobs/append-to-job.ts';
import type { JobInput } from '#shared/jobs/job-input.ts';
import type { ModelManifest } from '#shared/models/manifest.ts';
import { type CohortLayout, layOut, readAs, roleLookup } from './cohort-layout.ts';
import { type FormatContext, type InputOptions, unreadInput } from './input-format.ts';
import { judgeFormat, type UnvalidatedFormats } from './judge-format.ts';
import type { MessageReaders } from './patients/message-readers.ts';
import { RowBuilder } from './row-builder.ts';
import type { DeclaredType } from './sniff/media-type.ts';
import { SniffingParser } from './sniff/sniffing-parser.ts';

/** Refused rows are written with the next chunk, or by themselves when this many have come together. */
const REJECTIONS_TOGETHER = 2_000;
const COLUMNS_TOLD = 200;
/** A parser that works on what it holds lets other requests have their turn this often. */
const MOST_MS_AT_A_STRETCH = 10;

/** What becomes of a cohort's rows: stored, or only counted. */
export type CohortWriter = {
  /** The rows' arrays are the builder's again as soon as this returns. */
  chunk: (rows: ChunkRows, besides: Besides) => void;
  besides: (besides: Besides) => void;
  ready: () => Promise<void>;
  finish: () => Promise<void>;
};

/** What came with the rows since the last call. */
export type Besides = { rejections: RejectedRow[]; duplicatePatients: number; joinedRows: number };

export type ReceiveOptions = {
  /** Its pieces' memory is the receiver's: nobody else reads a piece once the next is asked for. */
  body: AsyncIterable<Buffer>;
  /** Of the upload; by default without bounds. */
  memory?: Reservation;
  declared: DeclaredType;
  options: InputOptions;
  signal?: AbortSignal | undefined;
  /** Threads that read patient messages; the caller's own thread where there are none. */
  readers?: MessageReaders | undefined;
  manifest: ModelManifest;
  ignoreUnknown: boolean;
  /** False: the model's table of facilities is not used. */
  facilityEffect?: boolean;
  /** What becomes of a kind of input on which the model was not tried; `warn` by default. */
  unvalidatedFormats?: UnvalidatedFormats;
  chunkRows: number;
  /** As of `RowBuilder`: 0 by default. */
  recordsBefore?: number;
  maxRowBytes: number;
  /** Described as it is understood; complete when the promise settles. */
  input?: JobInput;
  /** Stop after so many rows, wherever the body ends. */
  maxRows?: number;
  /** Called once, when the columns are known to be good and before any row is taken: now the job may exist. */
  onLayout: (layout: CohortLayout) => CohortWriter;
};

export type Received = { rowCount: number; isWhole: boolean; input: JobInput };

/**
 * Reads a body to its end into chunks; memory holds one chunk, its copies under way and one buffer of the body,
 * however long the body is. Throws what the body, the format and the layout throw; `empty_body` for no bytes,
 * `empty_cohort` for no rows.
 */
export async function receiveCohort(received: ReceiveOptions): Promise<Received> {
  const {
    manifest,
    ignoreUnknown,
    facilityEffect = true,
    chunkRows,
    maxRowBytes,
    onLayout,
    options,
  } = received;
  const input = received.input ?? unreadInput();
  let writer: CohortWriter | undefined;
  let turnSinceMs = performance.now();
  const besides = (): Besides => ({
    rejections: rows.takeRejections(),
    duplicatePatients: rows.takeDuplicates(),
    joinedRows: rows.takeJoined(),
  });
  const rows = new RowBuilder({
    manifest,
    chunkRows,
    recordsBefore: received.recordsBefore ?? 0,
    facilityEffect,
    onChunk: (chunk) => writer?.chunk(chunk, besides()),
  });
  const roleOf = roleLookup(manifest);
  const context: FormatContext = {
    rows,
    memory: received.memory ?? new MemoryBudget(Infinity).open(0),
    manifest,
    ready: async () => {
      if (writer !== undefined && rows.rejectionCount >= REJECTIONS_TOGETHER) writer.besides(besides());
      await writer?.ready();
      if (performance.now() - turnSinceMs < MOST_MS_AT_A_STRETCH) return;
      await setImmediate();
      turnSinceMs = performance.now();
    },
    signal: received.signal,
    maxRowBytes,
    ignoreUnknown,
    options,
    readers: received.readers,
    input,
    layOut: (names, kind = 'table') => {
      judgeFormat(input, manifest, kind, received.unvalidatedFormats ?? 'warn');
      const layout = layOut(names, {
        manifest,
        ignoreUnknown,
        facilityEffect,
        line: input.header_line ?? 1,
      });
      input.ignored_columns = layout.ignored.slice(0, COLUMNS_TOLD);
      if (input.columns.length === 0) {
        const roles = readAs(layout, manifest);
        input.columns = names
          .slice(0, COLUMNS_TOLD)
          .map((name, column) => ({ name, read_as: roles[column] ?? null, detail: null }));
      }
      writer = onLayout(layout);
      return layout;
    },
    roleOf,
  };
  const parser = new SniffingParser(context, received.declared);
  try {
    let isWhole = true;
    let byteCount = 0;
    for await (const bytes of received.body) {
      byteCount += bytes.length;
      await parser.write(bytes);
      giveBack(bytes);
      if (writer === undefined) continue;
      await context.ready();
      if (rows.rowNo >= (received.maxRows ?? Infinity)) {
        isWhole = false;
        break;
      }
    }
    if (byteCount === 0) throw new ServiceError('empty_body', 'The body is empty.');
    if (isWhole) await parser.end();
    if (writer === undefined || rows.rowNo === 0)
      throw new ServiceError('empty_cohort', 'The cohort has a header and no rows.');
    rows.flush();
    writer.besides(besides());
    await writer.finish();
    return { rowCount: rows.rowNo, isWhole, input };
  } finally {
    await parser.close();
  }
}

/**
 * Gives the memory of a body's piece back at once, where it is all of its buffer. The collector would hear of so much outside
 * of its heap only, and walk the whole heap again and again: a fifth of what reading an upload of messages took.
 */
function giveBack(bytes: Buffer): void {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && bytes.length === buffer.byteLength) buffer.transfer(0);
}
