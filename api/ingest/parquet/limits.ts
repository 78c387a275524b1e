const KIB = 1024;
const MIB = 1024 * KIB;

/** What a Parquet file may cost. */
export const PARQUET_LIMITS = {
  /** As received. */
  fileBytes: 128 * MIB,
  /** The description at the file's end. */
  footerBytes: 8 * MIB,
  /** A page, unpacked; and its values. */
  pageBytes: 32 * MIB,
  pageRows: 4 * 1024 * KIB,
  /** Pages held at once, one of each column that is read. */
  heldBytes: 128 * MIB,
  /** One text. */
  textBytes: 64 * KIB,
  /** Rows beyond these need at least one byte each: a few bytes may claim any number of equal rows. */
  freeRows: 1024 * KIB,
  /** Of work; time spent waiting for whoever takes the rows is not counted. */
  workMs: 300_000,
  /** Of the thread's JavaScript heap. */
  heapMib: 128,
} as const;

export type ParquetLimits = { readonly [Name in keyof typeof PARQUET_LIMITS]: number };
