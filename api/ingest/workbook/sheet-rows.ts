import type { CellFlag } from '#patients/sources/line-list/table-row.ts';

/** A row of a sheet, as a person sees it. */
export type SheetRow = {
  cells: string[];
  line: number;
  sheet: string;
  flags: ReadonlyMap<number, CellFlag>;
};

/** What the rows of a workbook become. */
export type SheetRows = {
  row: (row: SheetRow) => void;
  ready: () => Promise<void>;
  end: () => Promise<void>;
  close: () => Promise<void>;
};
