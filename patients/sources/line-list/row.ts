import type { EpochDay } from '#patients/record/epoch-day.ts';
import type { Identifiers } from '#patients/record/identifiers.ts';
import type { InputRejectionCode } from '../patient-input.ts';

/** Why a row is not read, and where: as it goes into the rejections. */
export type RowFault = {
  /** Title of the column; '' = the row as a whole. */
  readonly field: string;
  readonly code: InputRejectionCode;
  readonly message: string;
};

/** One row of a line list, read. Days are epoch days; `NaN` and `''` = not given. */
export interface LineListRow {
  /** Line of the file, or row of the sheet. */
  line: number;
  sheet: string | undefined;
  /** 1-based place among the data rows of the file. */
  rowNo: number;
  patientId: string;
  facilityId: string;
  /** What a patient's id is unique within: the facility, by its id or else its name. */
  facilityKey: string;
  snapshotDay: EpochDay;
  sex: number;
  birthDay: EpochDay;
  /** As printed; of use where there is no birth date. */
  age: number;
  artStartDay: EpochDay;
  pickupDay: EpochDay;
  /** Days of medicine given at the pickup. */
  supply: number;
  nextAppointmentDay: EpochDay;
  regimen: number;
  regimenLine: number;
  whoStage: number;
  viralLoad: number;
  /** Of the sample that the result belongs to. */
  viralLoadDay: EpochDay;
  viralLoadKnown: EpochDay;
  dsdModel: number;
  /** Index in `STATUSES`. */
  status: number;
  statusDay: EpochDay;
  identifiers: Identifiers;
  /** The first thing that makes the row unfit; what could be read is there nevertheless. */
  fault: RowFault | undefined;
}

/** Columns of numbers in the order in which rows are stored and compared. */
export const ROW_NUMBERS = [
  'snapshotDay',
  'sex',
  'birthDay',
  'age',
  'artStartDay',
  'pickupDay',
  'supply',
  'nextAppointmentDay',
  'regimen',
  'regimenLine',
  'whoStage',
  'viralLoad',
  'viralLoadDay',
  'viralLoadKnown',
  'dsdModel',
  'status',
  'statusDay',
] as const satisfies readonly (keyof LineListRow)[];
export type RowNumber = (typeof ROW_NUMBERS)[number];

/** What each number is called where rows contradict one another. */
export const NUMBER_TITLES: Readonly<Record<RowNumber, string>> = {
  snapshotDay: 'snapshot date',
  sex: 'sex',
  birthDay: 'date of birth',
  age: 'age',
  artStartDay: 'ART start date',
  pickupDay: 'last pickup date',
  supply: 'refill',
  nextAppointmentDay: 'next appointment',
  regimen: 'regimen',
  regimenLine: 'regimen line',
  whoStage: 'clinical stage',
  viralLoad: 'viral load',
  viralLoadDay: 'viral-load sample date',
  viralLoadKnown: 'viral-load result date',
  dsdModel: 'DSD model',
  status: 'ART status',
  statusDay: 'date of ART status',
};

/** Titles of what two rows of one patient and one snapshot say differently; empty where they say the same. */
export function differences(a: LineListRow, b: LineListRow): string[] {
  return ROW_NUMBERS.filter((name) => !Object.is(a[name], b[name])).map((name) => NUMBER_TITLES[name]);
}

/** Last pickup and days supplied; the next appointment where those were not written down; `NaN` = unknown. */
export function dueDayOf(row: LineListRow): EpochDay {
  const due = row.pickupDay + row.supply;
  if (!Number.isNaN(due)) return due;
  return row.nextAppointmentDay > row.pickupDay ? row.nextAppointmentDay : Number.NaN;
}

/** Rows with the same key are of one person. */
export function patientKey(row: LineListRow): string {
  return `${row.facilityKey}\u0000${row.patientId}`;
}
