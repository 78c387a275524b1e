import { parseIsoDay } from '#patients/record/epoch-day.ts';
import type { InputFormat } from '../input-format.ts';
import { nmrsFormats } from './nmrs.ts';
import { radetFormats } from './radet.ts';

export type PatientFormatOptions = {
  /** What a table is: one of features, or a RADET line list. */
  source: 'table' | 'radet';
  /** YYYY-MM-DD */
  asOf: string | undefined;
  nowMs: number;
};

/** Formats that hold patients rather than features; before them comes nothing but the table's own. */
export function patientFormats({ source, asOf, nowMs }: PatientFormatOptions): InputFormat[] {
  const today = parseIsoDay(new Date(nowMs).toISOString().slice(0, 10));
  const day = asOf === undefined ? undefined : parseIsoDay(asOf);
  return [...nmrsFormats(day ?? today), ...(source === 'radet' ? radetFormats({ asOf: day, today }) : [])];
}
