/** Why a workbook's cell does not hold what its author saw: an id that was rounded, a formula whose value was not kept. */
export type CellFlag = 'rounded_id' | 'formula_without_value';

/**
 * Takes the next row of a table: its cells, the line of the file (or the row of the sheet) on which it begins, the
 * sheet's name, and flags by place of cell. Rows of one sheet follow one another.
 */
export type OnTableRow = (
  cells: readonly string[],
  line: number,
  sheet?: string,
  flags?: ReadonlyMap<number, CellFlag>,
) => void;
