import { parseIsoDay } from '#patients/record/epoch-day.ts';
import type { DateOrder } from '#patients/values/dates.ts';
import type { InputFormat } from '../input-format.ts';
import { nmrsFormats } from './nmrs.ts';
import { lineListFormats } from './line-list.ts';

export type PatientFormatOptions = {
  /** What a table is: one of features, or a RADET line list. */
  source: 'table' | 'radet';
  /** YYYY-MM-DD */
  asOf: string | undefined;
  nowMs: number;
  dateOrder?: DateOrder | undefined;
  sheet?: string | undefined;
  allowStale?: boolean;
};

/** Formats that hold patients rather than features; before them comes nothing but the table's own. */
export function patientFormats(options: PatientFormatOptions): InputFormat[] {
  const { source, asOf, nowMs, dateOrder, sheet, allowStale = false } = options;
  const today = parseIsoDay(new Date(nowMs).toISOString().slice(0, 10));
  const day = asOf === undefined ? undefined : parseIsoDay(asOf);
  return [
    ...nmrsFormats(day ?? today),
    ...(source === 'radet' ? lineListFormats({ asOf: day, today, dateOrder, sheet, allowStale }) : []),
  ];
}
