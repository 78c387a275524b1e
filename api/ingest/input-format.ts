import type { DateOrder } from '#patients/values/dates.ts';
import type { TimeZone } from '#patients/values/time-zone.ts';
import type { JobInput } from '#shared/jobs/job-input.ts';
import type { InputKind, ModelManifest } from '#shared/models/manifest.ts';
import type { Reservation } from '#api/limits/memory-budget.ts';
import type { CohortLayout } from './cohort-layout.ts';
import type { RowBuilder } from './row-builder.ts';
import type { MessageReaders } from './patients/message-readers.ts';
import type { Delimiter } from './sniff/dialect.ts';
import type { TextEncoding } from './sniff/encoding.ts';

/** Takes a cohort's bytes as they arrive and feeds rows to the builder; throws ServiceError for the whole upload. */
export type CohortParser = {
  /** The buffer is the parser's only until this returns (or settles). */
  write: (bytes: Buffer) => void | Promise<void>;
  /** The body has ended. */
  end: () => void | Promise<void>;
  /** The upload is over, well or not: whatever is still held is let go. */
  close?: () => void | Promise<void>;
};

export const SOURCES = ['table', 'line_list', 'nmrs', 'fhir'] as const;
export type Source = (typeof SOURCES)[number];

/** What the caller has said of the file; everything else is found out. */
export type InputOptions = {
  source: Source | undefined;
  delimiter: Delimiter | undefined;
  encoding: TextEncoding | undefined;
  dateOrder: Exclude<DateOrder, 'unknown'> | undefined;
  /** Name of the only sheet to be read. */
  sheet: string | undefined;
  /** YYYY-MM-DD */
  asOf: string | undefined;
  /** Take a line list whose newest pickup lies far before the day to score on. */
  allowStale: boolean;
  nowMs: number;
  zone: TimeZone;
};

export type FormatContext = {
  rows: RowBuilder;
  /** Of the model that the job is pinned to. */
  manifest: ModelManifest;
  /** Resolves when the database has room for more rows: a parser that makes many rows of few bytes asks now and then. */
  ready: () => Promise<void>;
  /** Aborts when the client has left: for a parser that still works when the body has ended. */
  signal?: AbortSignal | undefined;
  maxRowBytes: number;
  /** Of the upload: a parser that holds more than a row and a buffer adds that first. */
  memory: Reservation;
  ignoreUnknown: boolean;
  options: InputOptions;
  /** Threads for patient messages; without them they are read where they arrive. */
  readers?: MessageReaders | undefined;
  /** What is understood of the file, written as it is found out. */
  input: JobInput;
  /**
   * Judges the column names, once, before any row, and whether the model was tried on such an input, a feature table by
   * default; throws what `layOut` and `judgeFormat` throw.
   */
  layOut: (names: string[], kind?: InputKind) => CohortLayout;
  /** The role of a name that a later row brings; undefined for one that nobody knows. */
  roleOf: (name: string) => number | undefined;
};

/** Counts an oddity that costs nobody a row. */
export function warn({ input }: Pick<FormatContext, 'input'>, code: string, count = 1): void {
  input.warnings[code] = (input.warnings[code] ?? 0) + count;
}

/** A description of a file of which nothing is known yet. */
export function unreadInput(): JobInput {
  return {
    format: 'unknown',
    encoding: 'utf-8',
    compression: 'identity',
    delimiter: null,
    line_ends: null,
    header_line: null,
    sheets: [],
    columns: [],
    ignored_columns: [],
    date_order: null,
    decimal: null,
    as_of: null,
    warnings: {},
    notes: [],
  };
}
