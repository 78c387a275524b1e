import { parseIsoDay } from '#patients/record/epoch-day.ts';
import { LAGOS, type TimeZone } from '#patients/values/time-zone.ts';
import type { InputFormat } from '../input-format.ts';
import { nmrsFormats } from './nmrs.ts';
import { radetFormats } from './radet.ts';

export type PatientFormatOptions = {
  /** What a table is: one of features, or a RADET line list. */
  source: 'table' | 'radet';
  /** YYYY-MM-DD */
  asOf: string | undefined;
  nowMs: number;
  /** Where "today" and instants have their day. */
  zone?: TimeZone;
};

/** Formats that hold patients rather than features; before them comes nothing but the table's own. */
export function patientFormats({ source, asOf, nowMs, zone = LAGOS }: PatientFormatOptions): InputFormat[] {
  const today = zone.dayOf(nowMs);
  const day = asOf === undefined ? undefined : parseIsoDay(asOf);
  return [
    ...nmrsFormats({ asOf: day ?? today, today, zone }),
    ...(source === 'radet' ? radetFormats({ asOf: day, today }) : []),
  ];
}
