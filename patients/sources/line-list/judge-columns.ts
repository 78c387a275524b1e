import { parseIsoDay } from '#patients/record/epoch-day.ts';
import { readDate, type DateOrder } from '#patients/values/dates.ts';
import { isMissing, isMissingDate } from '#patients/values/missing.ts';
import { judgeNumberStyle, type NumberStyle } from '#patients/values/numbers.ts';
import { DATE_COLUMNS, type Column, type DateColumn, type Layout } from './columns.ts';
import { judgeRefillUnit, type RefillUnit } from './refill.ts';
import { bareViralLoad } from '../viral-load.ts';

/** How the columns of one sheet are to be read: judged from a sample of its rows, the same for all of them. */
export type Judgement = {
  readonly dateOrders: Readonly<Record<DateColumn, DateOrder>>;
  /** What the columns that show an order agree on; `unknown` where none does or they differ. */
  readonly dateOrder: DateOrder;
  /** Columns whose order another column decided. */
  readonly inherited: readonly DateColumn[];
  readonly refillUnit: RefillUnit | 'unknown';
  readonly viralLoadStyle: NumberStyle;
  readonly ageStyle: NumberStyle;
  /** Rows carry the date of the snapshot that they are from. */
  readonly hasSnapshots: boolean;
};

/** So much of a column that shows one order outweighs what contradicts it; the contradicting rows are refused. */
const CLEAR_MAJORITY = 0.95;
const TELLING_CELLS_OF_A_MAJORITY = 20;

/** Judges the columns of `rows`; a `dateOrder` that the sender names is not judged. */
export function judgeColumns(
  layout: Layout,
  rows: readonly (readonly string[])[],
  dateOrder: DateOrder | undefined,
): Judgement {
  const texts = (column: Column) => textsOf(layout[column], rows);
  const dates = judgeDates(texts, dateOrder);
  return {
    ...dates,
    refillUnit: refillUnit(layout, texts),
    viralLoadStyle: judgeNumberStyle(texts('viralLoad').map(bareViralLoad)),
    ageStyle: judgeNumberStyle(texts('age')),
    hasSnapshots: texts('snapshot').some((text) => !isMissingDate(text)),
  };
}

function textsOf(at: number, rows: readonly (readonly string[])[]): string[] {
  return at < 0 ? [] : rows.flatMap((cells) => (isMissing(cells[at] ?? '') ? [] : [cells[at]!]));
}

/** Which of the columns of supply is read, and what its numbers count. */
function refillUnit(layout: Layout, texts: (column: Column) => string[]): RefillUnit | 'unknown' {
  const column = refillColumn(layout);
  const headed = column === 'refillMonths' ? 'months' : column === 'refillDays' ? 'days' : undefined;
  return column === undefined ? 'days' : judgeRefillUnit(texts(column), headed);
}

/** Days say more than months where a list has both. */
export function refillColumn(layout: Layout): 'refillDays' | 'refillMonths' | 'refill' | undefined {
  return (['refillDays', 'refillMonths', 'refill'] as const).find((column) => layout[column] >= 0);
}

function judgeDates(
  texts: (column: Column) => string[],
  named: DateOrder | undefined,
): Pick<Judgement, 'dateOrders' | 'dateOrder' | 'inherited'> {
  const orders = Object.fromEntries(DATE_COLUMNS.map((column) => [column, 'unknown'])) as Record<
    DateColumn,
    DateOrder
  >;
  if (named !== undefined) {
    for (const column of DATE_COLUMNS) orders[column] = named;
    return { dateOrders: orders, dateOrder: named, inherited: [] };
  }
  const open: DateColumn[] = [];
  const shown = new Set<DateOrder>();
  let yearFirst = 0;
  for (const column of DATE_COLUMNS) {
    const order = orderOf(texts(column));
    if (order === 'open') open.push(column);
    else orders[column] = order;
    if (order === 'dmy' || order === 'mdy') shown.add(order);
    if (order === 'ymd') yearFirst++;
  }
  const [only] = shown;
  const agreed =
    shown.size === 1 ? only! : shown.size === 0 && yearFirst > 0 && open.length === 0 ? 'ymd' : 'unknown';
  if (agreed === 'dmy' || agreed === 'mdy') for (const column of open) orders[column] = agreed;
  return { dateOrders: orders, dateOrder: agreed, inherited: agreed === 'unknown' ? [] : open };
}

/**
 * `open`: day and month in numbers of which nothing shows which is which, so that another column may decide; `unknown`:
 * texts contradict one another, and nobody may.
 */
function orderOf(texts: readonly string[]): DateOrder | 'open' {
  let [dmy, mdy, ambiguous, plain] = [0, 0, 0, 0];
  for (const text of texts) {
    if (text.length === 10 && !Number.isNaN(parseIsoDay(text))) {
      plain++;
      continue;
    }
    const [asDmy, asMdy] = [readDate(text, 'dmy'), readDate(text, 'mdy')];
    if (asDmy === undefined && asMdy === undefined) continue;
    if (asDmy === asMdy) plain++;
    else if (asMdy === undefined) dmy++;
    else if (asDmy === undefined) mdy++;
    else ambiguous++;
  }
  const telling = dmy + mdy;
  if (telling === 0) return ambiguous > 0 ? 'open' : plain > 0 ? 'ymd' : 'unknown';
  const most = Math.max(dmy, mdy);
  const isClear =
    most === telling || (telling >= TELLING_CELLS_OF_A_MAJORITY && most >= telling * CLEAR_MAJORITY);
  if (!isClear) return 'unknown';
  return dmy > mdy ? 'dmy' : 'mdy';
}
