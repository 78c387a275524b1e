import { CellStyles } from './cell-styles.ts';
import { tooLarge } from './faults.ts';
import { findMerges } from './find-merges.ts';
import type { WorkbookLimits } from './limits.ts';
import type { RowBatch } from './row-batch.ts';
import { SharedStrings } from './shared-strings.ts';
import { SheetReader } from './sheet-reader.ts';
import { findParts, type WorkbookSheet } from './workbook-parts.ts';
import { type ReadAt, ZipArchive } from './zip-archive.ts';

export type SheetsInput = {
  readAt: ReadAt;
  fileBytes: number;
  limits: WorkbookLimits;
  /** The indices of the sheets to read. */
  choose: (sheets: WorkbookSheet[]) => Promise<readonly number[]>;
};

/** The rows of a workbook, sheet by sheet; throws `invalid_body` or `workbook_too_large`. */
export async function* readSheets(input: SheetsInput): AsyncGenerator<{ sheet: number; batch: RowBatch }> {
  const { readAt, fileBytes, limits, choose } = input;
  const zip = new ZipArchive(readAt, fileBytes, limits);
  const parts = await findParts(zip, limits);
  const { uses1904, isUncalculated } = parts;
  const wanted = await choose(
    parts.sheets.map(({ name, visibility, hasCells }) => ({ name, visibility, hasCells })),
  );
  const strings = new SharedStrings(limits);
  if (parts.sharedStrings !== undefined && zip.has(parts.sharedStrings))
    await strings.read(zip.part(parts.sharedStrings, limits.sharedStringsBytes, 'the table of texts'));
  const styles =
    parts.styles !== undefined && zip.has(parts.styles)
      ? await CellStyles.read(zip.part(parts.styles, limits.descriptionBytes, 'the styles'), uses1904, limits)
      : CellStyles.none();
  let cells = 0;
  const countCells = (more: number) => {
    cells += more;
    if (cells > limits.cells) throw tooLarge(`has more than ${limits.cells} cells`);
  };
  for (const [sheet, { hasCells, part }] of parts.sheets.entries()) {
    if (!hasCells || !wanted.includes(sheet)) continue;
    const open = () => zip.part(part, limits.sheetBytes, `sheet ${sheet + 1}`);
    const merges = await findMerges(open(), limits);
    const reader = new SheetReader({ strings, styles, isUncalculated, limits, merges, countCells });
    for await (const batch of reader.read(open())) yield { sheet, batch };
  }
}
