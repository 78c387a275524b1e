import type { ErrorCode } from '#shared/errors/errors.ts';
import type { WorkbookLimits } from './limits.ts';
import type { RowBatch } from './row-batch.ts';
import type { WorkbookSheet } from './workbook-parts.ts';

export type ThreadInput = {
  /** Of the whole file, open for reading until the thread has ended. */
  fileDescriptor: number;
  fileBytes: number;
  limits: WorkbookLimits;
};

/** The thread tells of the sheets and waits for `read`; it then sends rows, at most as many batches as it has credit for. */
export type FromThread =
  | { kind: 'sheets'; sheets: WorkbookSheet[] }
  | { kind: 'rows'; sheet: number; batch: RowBatch }
  | { kind: 'done' }
  | { kind: 'failed'; code: ErrorCode; message: string; line: number | undefined; stack: string | undefined };

export type ToThread = { kind: 'read'; sheets: number[] } | { kind: 'credit' };

export const BATCHES_AHEAD = 2;
