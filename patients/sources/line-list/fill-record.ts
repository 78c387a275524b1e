import { civilDate, epochDay, type EpochDay } from '#patients/record/epoch-day.ts';
import { addPickup, addToSeries, clearRecord, type PatientRecord } from '#patients/record/patient-record.ts';
import { FieldFault, type InputRejectionCode } from '../patient-input.ts';
import type { LineListRow } from './row.ts';
import { STATUSES, type Status } from './status.ts';

/**
 * Hardly anyone fetches medicines more than a week early, or twice within three weeks: between two pickups that
 * lie no further apart than the supply and this, another one cannot have been missed by the snapshots.
 */
const EARLY_AND_AGAIN_DAYS = 14;

/**
 * How far back pickups count. `proven` stops where a snapshot may have missed one, a later entry that a newer
 * pickup had overtaken included, so that lateness equals an EMR's or is missing. `all` takes every pickup seen:
 * for outcomes, never for features.
 */
export type PickupTrust = 'proven' | 'all';

/** What was found on the way: `exitOutweighed` = scored although an earlier entry says died or left. */
export type Filled = { readonly exitOutweighed: boolean };

/**
 * Fills `record` from a patient's rows, one a snapshot, in any order. Rows of snapshots after `asOf` are not
 * looked at. Throws `FieldFault` `future_date` where none is left.
 */
export function fillRecord(
  rows: readonly LineListRow[],
  asOf: EpochDay,
  record: PatientRecord,
  trust: PickupTrust = 'proven',
): Filled {
  clearRecord(record);
  record.visitsKnown = false;
  record.seriesKnown = false;
  const seen = rows.length === 1 ? rows : rows.toSorted(bySnapshot);
  const used = seen.filter((row) => !(row.snapshotDay > asOf));
  const last = used.at(-1);
  if (last === undefined)
    throw new FieldFault('Snapshot Date', 'future_date', 'all snapshots lie after the as-of date');
  record.patientId = last.patientId;
  record.facilityId = last.facilityId;
  record.birthDay = birthOf(used, asOf);
  record.sex = last.sex;
  const { observations } = record;
  for (const row of used) {
    const printed = printedOn(row);
    if (!Number.isNaN(row.artStartDay))
      addToSeries(observations.artStart, row.artStartDay, row.artStartDay, row.artStartDay);
    if (!Number.isNaN(row.viralLoad) && !Number.isNaN(row.viralLoadDay))
      addToSeries(observations.viralLoad, row.viralLoadDay, row.viralLoadKnown, row.viralLoad);
    if (Number.isNaN(printed)) continue;
    if (row.nextAppointmentDay > row.pickupDay)
      addToSeries(observations.nextAppointment, row.pickupDay, printed, row.nextAppointmentDay);
    if (!Number.isNaN(row.whoStage)) addToSeries(observations.whoStage, printed, printed, row.whoStage);
    if (!Number.isNaN(row.dsdModel)) addToSeries(observations.dsdModel, printed, printed, row.dsdModel);
  }
  addPickups(used, record, trust);
  return { exitOutweighed: addExit(used, record) };
}

/** The newest status that says anything; what it says of who is not to be predicted, beside the record. */
export function standingOf(
  rows: readonly LineListRow[],
  asOf: EpochDay,
): readonly [InputRejectionCode, string] | undefined {
  const used = rows.filter((row) => !(row.snapshotDay > asOf)).sort(bySnapshot);
  const row = used.findLast(({ status }) => status > 0);
  if (row === undefined) return undefined;
  const status = statusOf(row);
  if (status === 'duplicate') return ['duplicate_record', 'is marked as a duplicate of another record'];
  if (status === 'invalid') return ['invalid_record', 'is marked as invalid'];
  if (status === 'stopped' && !isOutweighed(row, used))
    return ['stopped_treatment', 'documented as having stopped treatment'];
  return undefined;
}

function statusOf(row: LineListRow): Status {
  return STATUSES[row.status] ?? 'unknown';
}

/** Day on which what the row says was known: its snapshot's, else the pickup's. */
function printedOn(row: LineListRow): EpochDay {
  return Number.isNaN(row.snapshotDay) ? row.pickupDay : row.snapshotDay;
}

function bySnapshot(a: LineListRow, b: LineListRow): number {
  return printedOn(a) - printedOn(b) || a.pickupDay - b.pickupDay || a.rowNo - b.rowNo;
}

function exitDayOf(row: LineListRow): EpochDay {
  return Number.isNaN(row.statusDay) ? printedOn(row) : row.statusDay;
}

/** Whether medicines were given after the day of a row's status. */
function isOutweighed(row: LineListRow, used: readonly LineListRow[]): boolean {
  const left = exitDayOf(row);
  return used.some(({ pickupDay }) => pickupDay > left);
}

/**
 * Death or transfer (one who stopped is no case for prediction: `standingOf`), where the newest status says so and nothing was dispensed since. Returns whether an exit was told
 * and does not count: dispensing after it, or a later snapshot in care.
 */
function addExit(used: readonly LineListRow[], record: PatientRecord): boolean {
  const exits = used.filter((row) => isExit(statusOf(row)));
  const last = exits.at(-1);
  if (last === undefined) return false;
  const newest = used.findLast(({ status }) => status > 0)!;
  if (newest !== last || isOutweighed(last, used)) return true;
  if (statusOf(last) === 'stopped') return false;
  const { death, transferOut } = record.observations;
  const known = printedOn(last);
  const day = exitDayOf(last);
  addToSeries(statusOf(last) === 'died' ? death : transferOut, day, Number.isNaN(known) ? day : known, 1);
  return false;
}

function isExit(status: Status): boolean {
  return status === 'died' || status === 'transferred_out' || status === 'stopped';
}

/** The newest birth date; where there is none, so many years before the day on which the age was printed. */
function birthOf(used: readonly LineListRow[], asOf: EpochDay): EpochDay {
  const dated = used.findLast(({ birthDay }) => !Number.isNaN(birthDay));
  if (dated !== undefined) return dated.birthDay;
  const aged = used.findLast(({ age }) => !Number.isNaN(age));
  if (aged === undefined) return Number.NaN;
  const printed = Number.isNaN(aged.snapshotDay) ? asOf : aged.snapshotDay;
  const { year, month, day } = civilDate(printed);
  return epochDay(year - Math.floor(aged.age), month, Math.min(day, 28));
}

/** Different pickups, newest first, as far back as none can have been missed between two of them. */
function addPickups(used: readonly LineListRow[], record: PatientRecord, trust: PickupTrust): void {
  const { pickups } = record;
  let later = Number.NaN;
  for (let i = used.length - 1; i >= 0; i--) {
    const row = used[i]!;
    const day = row.pickupDay;
    if (Number.isNaN(day) || day === later) continue;
    if (!Number.isNaN(later)) {
      if (day > later) continue;
      if (trust === 'proven' && !(later - day <= row.supply + EARLY_AND_AGAIN_DAYS)) break;
    }
    const known = used.find((first) => first.pickupDay === day)!.snapshotDay;
    addPickup(pickups, day, Number.isNaN(known) ? day : known, row.supply, row.regimen, row.regimenLine);
    later = day;
  }
  record.pickupsCompleteFrom =
    pickups.count === 0 ? Number.POSITIVE_INFINITY : pickups.day[pickups.count - 1]!;
}
