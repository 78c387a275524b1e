const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * What a workbook may cost. The row count is Excel's own; a list beyond the others goes as CSV, which has no such bounds.
 */
export const WORKBOOK_LIMITS = {
  /** As received. */
  fileBytes: 128 * MIB,
  zipEntries: 10_000,
  /** Unpacked: one sheet, all parts together (a sheet is unpacked twice), and parts that describe the workbook. */
  sheetBytes: 1024 * MIB,
  totalBytes: 4096 * MIB,
  descriptionBytes: 16 * MIB,
  sharedStringsBytes: 192 * MIB,
  /** Of shared strings as held: UTF-8 and seven bytes each. */
  sharedTextBytes: 48 * MIB,
  /** Excel's. */
  cellCharacters: 32_767,
  rowBytes: 1 * MIB,
  sheets: 1_000,
  rows: 1_048_576,
  columns: 2_048,
  cells: 128_000_000,
  merges: 100_000,
  styles: 65_536,
  /** Of work; time spent waiting for whoever takes the rows is not counted. */
  workMs: 120_000,
  /** Of the thread's JavaScript heap. */
  heapMib: 64,
} as const;

export type WorkbookLimits = { readonly [Name in keyof typeof WORKBOOK_LIMITS]: number };
