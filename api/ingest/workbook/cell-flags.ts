/**
 * What a cell's text alone does not tell:
 * `rounded_id` — a number of 16 or more digits, of which a spreadsheet keeps 15; the text shows it as Excel does (1.23456789012346E+17);
 * `formula_without_value` — a formula that no program has calculated and stored; the text is empty;
 * `error_value` — #REF!, #VALUE! and their like, which is the text; #N/A is an empty text without a flag.
 */
export const CELL_FLAGS = ['rounded_id', 'formula_without_value', 'error_value'] as const;
export type CellFlag = (typeof CELL_FLAGS)[number];

/** `column` is 0-based, as in the row's cells. */
export type FlaggedCell = { column: number; flag: CellFlag };
