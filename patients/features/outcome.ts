import type { EpochDay } from '../record/epoch-day.ts';
import { GRACE_DAYS, History, summarise } from './history.ts';
import type { PatientRecord } from '../record/patient-record.ts';

/** Days after the as-of date in which an interruption is predicted. */
export const WINDOW_DAYS = 90;

/**
 * Where a patient stands on the as-of date:
 * `in_care` = may be scored · `interrupted` = past due + 28 without pickup or clinical contact: tracing, not
 * prediction · `no_pickup`, `no_due_date` = not enough data · `died`, `transferred_out` = documented.
 */
export type Standing = 'in_care' | 'interrupted' | 'no_pickup' | 'no_due_date' | 'died' | 'transferred_out';

/**
 * The day on which the patient was last expected: the due date, or a clinical contact that followed within
 * the grace of 28 days. `NaN` where the due date is unknown.
 */
export function expectedDay(history: History): EpochDay {
  let expected = history.dueDay;
  for (let v = 0; v < history.visitCount; v++) {
    if (history.visitClinical[v] === 0) continue;
    const day = history.visitDay[v]!;
    if (day > expected && day - expected <= GRACE_DAYS) expected = day;
  }
  return expected;
}

export function standing(history: History): Standing {
  if (!Number.isNaN(history.latestDay('death'))) return 'died';
  const left = history.latestDay('transferOut');
  const last = history.pickupCount - 1;
  if (!Number.isNaN(left) && (last < 0 || history.pickupDay[last]! <= left)) return 'transferred_out';
  if (last < 0) return 'no_pickup';
  const expected = expectedDay(history);
  if (Number.isNaN(expected)) return 'no_due_date';
  return history.asOf - expected > GRACE_DAYS ? 'interrupted' : 'in_care';
}

/** True where due + 28 falls inside the window: only they can become IIT by their present due date. */
export function isAtRisk(history: History, windowDays = WINDOW_DAYS): boolean {
  return expectedDay(history) + GRACE_DAYS <= history.asOf + windowDays;
}

/**
 * Whether a patient in care on `asOf` is interrupted within the window: 1, 0, or `NaN` = not to be used, for
 * deaths and transfers out and where the due date is lost on the way. Reads all of the record, what was
 * entered late included; the caller sees to it that `asOf + windowDays` lies before the facility's cut-off.
 *
 * `scratch` is overwritten.
 */
export function labelOf(
  record: PatientRecord,
  asOf: EpochDay,
  scratch: History,
  windowDays = WINDOW_DAYS,
): number {
  const end = asOf + windowDays;
  for (const kind of ['death', 'transferOut'] as const) {
    const series = record.observations[kind];
    for (let i = 0; i < series.count; i++) {
      const day = series.day[i]!;
      if (day > asOf && day <= end) return Number.NaN;
    }
  }
  knowEverything(record, end, scratch);
  let i = scratch.pickupCount - 1;
  while (i >= 0 && scratch.pickupDay[i]! > asOf) i--;
  if (i < 0) return Number.NaN;
  for (; i < scratch.pickupCount; i++) {
    let expected = scratch.pickupDay[i]! + scratch.pickupSupply[i]!;
    if (Number.isNaN(expected)) expected = appointmentAfter(record, scratch.pickupDay[i]!);
    if (Number.isNaN(expected)) return Number.NaN;
    const next = i + 1 < scratch.pickupCount ? scratch.pickupDay[i + 1]! : Number.POSITIVE_INFINITY;
    for (let v = 0; v < scratch.visitCount; v++) {
      const day = scratch.visitDay[v]!;
      if (scratch.visitClinical[v] === 1 && day < next && day > expected && day - expected <= GRACE_DAYS)
        expected = day;
    }
    const lastDay = expected + GRACE_DAYS;
    if (lastDay > end) return 0;
    if (next > lastDay && lastDay >= asOf) return 1;
  }
  return 0;
}

/** Next appointment given at a pickup without a duration. */
function appointmentAfter(record: PatientRecord, pickupDay: EpochDay): EpochDay {
  const series = record.observations.nextAppointment;
  for (let i = 0; i < series.count; i++)
    if (series.day[i] === pickupDay && series.value[i]! > pickupDay) return series.value[i]!;
  return Number.NaN;
}

/** Summary at `day` as if every record had been entered on the day itself. */
function knowEverything(record: PatientRecord, day: EpochDay, history: History): void {
  const { pickups, visits } = record;
  const pickupsKnown = pickups.known;
  const visitsKnown = visits.known;
  pickups.known = pickups.day;
  visits.known = visits.day;
  summarise(record, day, history);
  pickups.known = pickupsKnown;
  visits.known = visitsKnown;
}
