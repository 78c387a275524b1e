import type { EpochDay } from './epoch-day.ts';

/**
 * One dated kind of record, in columns. `known` is the day on which the record came into the system: a
 * pickup entered three weeks late was not known on the night in between. Order of entries is free.
 */
export interface Series {
  count: number;
  day: Int32Array;
  known: Int32Array;
  value: Float64Array;
}

/**
 * Dispensings. `supply` in days (`NaN` = not written down), `regimen` an opaque code of what was dispensed
 * (-1 = unknown), `line` 1, 2 or 3 (`NaN` = unknown).
 */
export interface Pickups {
  count: number;
  day: Int32Array;
  known: Int32Array;
  supply: Float64Array;
  regimen: Int32Array;
  line: Float64Array;
}

/** Kinds of observation that features read, each a `Series` of a record. Codes are those of `feature` categories. */
export const OBSERVATION_KINDS = [
  'viralLoad',
  'whoStage',
  'tbSymptoms',
  'functionalStatus',
  'pregnancy',
  'adherence',
  'counselling',
  'dsdModel',
  'nextAppointment',
  'artStart',
  'death',
  'transferOut',
  'stopped',
  'lost',
  'returned',
] as const;

export type ObservationKind = (typeof OBSERVATION_KINDS)[number];

/**
 * Everything the features may look at for one patient, whatever format it came in. Days are epoch days,
 * unknown numbers `NaN`. Values in `observations`: viral load in copies/mL; `artStart` and `nextAppointment`
 * hold an epoch day; `counselling`, `death`, `transferOut`, `stopped` (treatment), `lost` (to follow-up) and `returned` (to care)
 * hold 1.
 */
export interface PatientRecord {
  patientId: string;
  facilityId: string;
  birthDay: EpochDay;
  /** 0 female, 1 male */
  sex: number;
  /** 0 or 1 */
  hasPhone: number;
  /** 1 where the patient lives in another state than the facility's */
  outOfCatchment: number;
  pickups: Pickups;
  /** Any contact with the facility; value 1 where it was clinical, 0 where only medicines were fetched. */
  visits: Series;
  observations: Record<ObservationKind, Series>;
  /**
   * First day from which every pickup is on record: `-Infinity` for an EMR's whole history; the first pickup of a
   * patient who was transferred in, whose visits and findings before it are unknown as well; for stacked snapshots the
   * day of the first pickup after which none can have been missed.
   */
  pickupsCompleteFrom: EpochDay;
  /** False where the source (a line list) has no visits at all. */
  visitsKnown: boolean;
  /** False where the source writes down only the last viral load and the like, not the series. */
  seriesKnown: boolean;
}

export function emptySeries(capacity: number): Series {
  return {
    count: 0,
    day: new Int32Array(capacity),
    known: new Int32Array(capacity),
    value: new Float64Array(capacity),
  };
}

export function emptyPickups(capacity: number): Pickups {
  return {
    count: 0,
    day: new Int32Array(capacity),
    known: new Int32Array(capacity),
    supply: new Float64Array(capacity),
    regimen: new Int32Array(capacity),
    line: new Float64Array(capacity),
  };
}

/** A record with nothing in it, of which the buffers grow with use: readers keep one and `clearRecord` it. */
export function emptyRecord(): PatientRecord {
  return {
    patientId: '',
    facilityId: '',
    birthDay: Number.NaN,
    sex: Number.NaN,
    hasPhone: Number.NaN,
    outOfCatchment: Number.NaN,
    pickups: emptyPickups(64),
    visits: emptySeries(128),
    observations: Object.fromEntries(
      OBSERVATION_KINDS.map((kind) => [kind, emptySeries(16)]),
    ) as PatientRecord['observations'],
    pickupsCompleteFrom: Number.NEGATIVE_INFINITY,
    visitsKnown: true,
    seriesKnown: true,
  };
}

export function clearRecord(record: PatientRecord): void {
  record.patientId = '';
  record.facilityId = '';
  record.birthDay = Number.NaN;
  record.sex = Number.NaN;
  record.hasPhone = Number.NaN;
  record.outOfCatchment = Number.NaN;
  record.pickups.count = 0;
  record.visits.count = 0;
  const o = record.observations;
  for (const kind of OBSERVATION_KINDS) o[kind].count = 0;
  record.pickupsCompleteFrom = Number.NEGATIVE_INFINITY;
  record.visitsKnown = true;
  record.seriesKnown = true;
}

export function addToSeries(series: Series, day: EpochDay, known: EpochDay, value: number): void {
  if (series.count === series.day.length) {
    series.day = doubled(series.day, new Int32Array(series.count * 2));
    series.known = doubled(series.known, new Int32Array(series.count * 2));
    series.value = doubled(series.value, new Float64Array(series.count * 2));
  }
  const at = series.count++;
  series.day[at] = day;
  series.known[at] = known;
  series.value[at] = value;
}

export function addPickup(
  pickups: Pickups,
  day: EpochDay,
  known: EpochDay,
  supply: number,
  regimen: number,
  line: number,
): void {
  if (pickups.count === pickups.day.length) {
    const size = pickups.count * 2;
    pickups.day = doubled(pickups.day, new Int32Array(size));
    pickups.known = doubled(pickups.known, new Int32Array(size));
    pickups.supply = doubled(pickups.supply, new Float64Array(size));
    pickups.regimen = doubled(pickups.regimen, new Int32Array(size));
    pickups.line = doubled(pickups.line, new Float64Array(size));
  }
  const at = pickups.count++;
  pickups.day[at] = day;
  pickups.known[at] = known;
  pickups.supply[at] = supply;
  pickups.regimen[at] = regimen;
  pickups.line[at] = line;
}

function doubled<T extends Int32Array | Float64Array>(old: T, wider: T): T {
  wider.set(old);
  return wider;
}
