import type { EpochDay } from '../record/epoch-day.ts';
import { expectedAfter, History, interruptedFrom, summarise } from './history.ts';
import type { PatientRecord } from '../record/patient-record.ts';

/** Days after the as-of date in which an interruption is predicted. */
export const WINDOW_DAYS = 90;

/**
 * Where a patient stands on the as-of date:
 * `in_care` = may be scored · `interrupted` = past due + 28 without pickup or clinical contact: tracing, not
 * prediction · `no_pickup`, `no_due_date` = not enough data · `died`, `transferred_out`, `stopped` (treatment), `lost` (to
 * follow-up) = documented.
 */
export type Standing =
  | 'in_care'
  | 'interrupted'
  | 'no_pickup'
  | 'no_due_date'
  | 'died'
  | 'transferred_out'
  | 'stopped'
  | 'lost';

/** Documented ends of care, the graver first. */
const EXITS = [
  ['death', 'died'],
  ['transferOut', 'transferred_out'],
  ['stopped', 'stopped'],
  ['lost', 'lost'],
] as const;

/** `expectedAfter` of the present due date. `NaN` where the due date is unknown. */
export function expectedDay(history: History): EpochDay {
  return expectedAfter(history, history.dueDay, Number.POSITIVE_INFINITY);
}

/** Day of the last pickup, `-Infinity` where there is none. */
function lastPickupDay(history: History): EpochDay {
  const last = history.pickupCount - 1;
  return last < 0 ? Number.NEGATIVE_INFINITY : history.pickupDay[last]!;
}

/**
 * The documented end of care that stands: a later dispensing outweighs any of them, a later clinical contact that the
 * patient was lost.
 */
function exitOf(history: History): Exclude<Standing, 'in_care'> | undefined {
  const last = lastPickupDay(history);
  for (const [kind, exit] of EXITS) {
    const day = history.latestDay(kind);
    if (history.latestDay('returned') >= day) continue;
    if (day >= last && !(exit === 'lost' && wasSeenAfter(history, day))) return exit;
  }
  return undefined;
}

function wasSeenAfter(history: History, day: EpochDay): boolean {
  for (let v = history.visitCount - 1; v >= 0 && history.visitDay[v]! > day; v--)
    if (history.visitClinical[v] === 1) return true;
  return false;
}

/** Whether a death or transfer is documented before the last dispensing: a note on the quality of the data. */
export function wasDispensedAfterExit(history: History): boolean {
  const last = lastPickupDay(history);
  return history.latestDay('death') < last || history.latestDay('transferOut') < last;
}

export function standing(history: History): Standing {
  const exit = exitOf(history);
  if (exit !== undefined) return exit;
  if (history.pickupCount === 0) return 'no_pickup';
  const expected = expectedDay(history);
  if (Number.isNaN(expected)) return 'no_due_date';
  return history.asOf >= interruptedFrom(expected) ? 'interrupted' : 'in_care';
}

/** True where the patient would be interrupted within the window: only they can become IIT by their present due date. */
export function isAtRisk(history: History, windowDays = WINDOW_DAYS): boolean {
  return interruptedFrom(expectedDay(history)) <= history.asOf + windowDays;
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
  summarise(record, end, scratch, true);
  const exit = exitOf(scratch);
  if (exit === 'died' || exit === 'transferred_out') return Number.NaN;
  let i = scratch.pickupCount - 1;
  while (i >= 0 && scratch.pickupDay[i]! > asOf) i--;
  if (i < 0) return Number.NaN;
  for (; i < scratch.pickupCount; i++) {
    const due = scratch.pickupDue[i]!;
    if (Number.isNaN(due)) return Number.NaN;
    const next = i + 1 < scratch.pickupCount ? scratch.pickupDay[i + 1]! : Number.POSITIVE_INFINITY;
    const from = interruptedFrom(expectedAfter(scratch, due, next));
    if (from > end) return 0;
    if (next >= from && from > asOf) return 1;
  }
  return 0;
}
