import type { ModelManifest } from '#shared/models/manifest.ts';
import type { Reservation } from '#api/limits/memory-budget.ts';
import type { CohortLayout } from './cohort-layout.ts';
import type { RowBuilder } from './row-builder.ts';

/** Takes a cohort's bytes as they arrive and feeds rows to the builder; throws ServiceError for the whole upload. */
export type CohortParser = {
  /** The buffer is the parser's only until this returns (or settles). */
  write: (bytes: Buffer) => void | Promise<void>;
  /** The body has ended. */
  end: () => void | Promise<void>;
};

export type FormatContext = {
  rows: RowBuilder;
  /** Of the model that the job is pinned to. */
  manifest: ModelManifest;
  /** Resolves when the database has room for more rows: a parser that makes many rows of few bytes asks now and then. */
  ready: () => Promise<void>;
  maxRowBytes: number;
  /** Of the upload: a parser that holds more than a row and a buffer adds that first. */
  memory: Reservation;
  ignoreUnknown: boolean;
  /** Judges the column names, once, before any row; throws what `layOut` throws. */
  layOut: (names: string[]) => CohortLayout;
  /** The role of a name that a later row brings; undefined for one that nobody knows. */
  roleOf: (name: string) => number | undefined;
};

export type InputFormat = {
  /** Media types without parameters, in lower case. */
  mediaTypes: readonly string[];
  open: (context: FormatContext) => CohortParser;
};
