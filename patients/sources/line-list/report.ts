import type { DateOrder } from '#patients/values/dates.ts';
import type { NumberStyle } from '#patients/values/numbers.ts';
import { COLUMNS, DATE_COLUMNS, type Column, type DateColumn, type Header } from './columns.ts';
import { refillColumn, type Judgement } from './judge-columns.ts';

/** How a column was read: its title, the meaning it was given, and what was judged of it. */
export type ColumnReport = { readonly name: string; readonly readAs: string; readonly detail: string | null };

/** What was understood of one sheet (or of the file, where it has none). */
export type SheetReport = {
  readonly name: string | undefined;
  /** 1-based; undefined where no header was found, and the sheet was not read. */
  readonly headerLine: number | undefined;
  readonly columns: readonly ColumnReport[];
  readonly ignoredColumns: readonly string[];
  readonly dateOrder: DateOrder;
  readonly decimal: NumberStyle;
};

/** What was understood of a list, for the job and for the check: warnings are counted by code. */
export type LineListReport = {
  readonly sheets: readonly SheetReport[];
  readonly isStacked: boolean;
  /** `NaN` until it is known. */
  readonly asOf: number;
  readonly warnings: Readonly<Record<string, number>>;
  /** Sentences for people. */
  readonly notes: readonly string[];
};

const LONGEST_TITLE = 100;

const MEANINGS: Readonly<Record<Column, string>> = {
  datimId: 'facility_id',
  facilityName: 'facility_name',
  state: 'state',
  lga: 'lga',
  uniqueId: 'patient_id',
  patientId: 'patient_id (where there is no unique id)',
  hospitalNumber: 'hospital_number',
  sex: 'sex',
  birth: 'birth date',
  age: 'age',
  artStart: 'start of ART',
  lastPickup: 'last pickup',
  refillMonths: 'refill',
  refillDays: 'refill',
  refill: 'refill',
  nextAppointment: 'next pickup (where the refill is empty)',
  regimenLine: 'regimen line',
  regimen: 'regimen',
  whoStage: 'WHO stage',
  viralLoadSample: 'newest viral-load sample',
  viralLoadResultSample: 'sample of the viral-load result',
  viralLoadResult: 'viral-load result date',
  viralLoad: 'viral load',
  status: 'ART status',
  statusDate: 'date of ART status',
  outcome: 'outcome',
  outcomeDate: 'date of outcome',
  deathDate: 'date of death',
  transferOutDate: 'date of transfer out',
  dsd: 'DSD model',
  caseManager: 'case_manager',
  snapshot: 'snapshot date',
};

export function sheetReport(
  name: string | undefined,
  headerLine: number,
  titles: readonly string[],
  header: Header,
  judgement: Judgement,
): SheetReport {
  const title = (at: number) => titles[at]!.slice(0, LONGEST_TITLE).trim();
  return {
    name,
    headerLine,
    columns: COLUMNS.filter((column) => header.layout[column] >= 0)
      .sort((a, b) => header.layout[a] - header.layout[b])
      .map((column) => ({
        name: title(header.layout[column]),
        readAs: MEANINGS[column],
        detail: detailOf(column, header, judgement),
      })),
    ignoredColumns: header.ignored.map(title),
    dateOrder: judgement.dateOrder,
    decimal: judgement.viralLoadStyle,
  };
}

function detailOf(column: Column, header: Header, judgement: Judgement): string | null {
  if (isDate(column)) {
    const order = judgement.dateOrders[column];
    if (order === 'unknown') return null;
    return judgement.inherited.includes(column) ? `${order}, as the list's other dates` : order;
  }
  if (column === refillColumn(header.layout)) return judgement.refillUnit;
  if (column === 'viralLoad' && judgement.viralLoadStyle !== 'unknown')
    return `decimal ${judgement.viralLoadStyle}`;
  return null;
}

function isDate(column: Column): column is DateColumn {
  return (DATE_COLUMNS as readonly Column[]).includes(column);
}
