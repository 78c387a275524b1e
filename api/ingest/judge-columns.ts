import { judgeDateOrder } from '#patients/values/dates.ts';
import { judgeNumberStyle, type NumberStyle } from '#patients/values/numbers.ts';
import { type CohortLayout, DUE_DATE } from './cohort-layout.ts';
import type { FormatContext } from './input-format.ts';

/**
 * Judges the columns of a table of features by its first rows: how each writes decimals and how due dates write day and
 * month. Tells the builder and the description of the file. In a file of semicolons a number such as 1,234 is what
 * spreadsheets of decimal-comma countries write. Returns the styles by feature.
 */
export function judgeColumns(
  { rows, input, options }: Pick<FormatContext, 'rows' | 'input' | 'options'>,
  layout: CohortLayout,
  sample: readonly (readonly string[])[],
  delimiter: string | undefined,
): readonly (NumberStyle | undefined)[] {
  const styles: (NumberStyle | undefined)[] = [];
  let comma = 0;
  let point = 0;
  for (const [column, role] of layout.roles.entries()) {
    if (role < 0) continue;
    styles[role] = judgeNumberStyle(texts(sample, column));
    if (styles[role] === 'comma') comma++;
    else if (styles[role] === 'point') point++;
  }
  // What other columns have shown holds for those that have not, and for a file of semicolons.
  if (point === 0 && (comma > 0 || delimiter === ';')) {
    for (const [column, role] of layout.roles.entries()) {
      if (role >= 0 && styles[role] === 'unknown' && hasComma(sample, column)) styles[role] = 'comma';
    }
  }
  if (comma > 0 || point > 0) input.decimal = comma > point ? 'comma' : 'point';
  rows.numberStyles = styles;
  const dates = layout.roles.indexOf(DUE_DATE);
  if (dates >= 0) {
    rows.dateOrder = options.dateOrder ?? judgeDateOrder(texts(sample, dates));
    input.date_order = rows.dateOrder;
  }
  return styles;
}

function* texts(sample: readonly (readonly string[])[], column: number): Generator<string> {
  for (const cells of sample) yield cells[column] ?? '';
}

function hasComma(sample: readonly (readonly string[])[], column: number): boolean {
  return sample.some((cells) => cells[column]?.includes(',') === true);
}
