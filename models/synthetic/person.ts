import type { EpochDay } from '#patients/record/epoch-day.ts';
import type { Facility } from './facilities.ts';

/** What is changed against the ordinary cohort, to try out drift. */
export interface Shift {
  /** Years added to every age. */
  readonly ages: number;
  /** Factor on the days by which a pickup is late. */
  readonly lateness: number;
}

export interface Scenario {
  readonly seed: number;
  /** Last day of the data. */
  readonly end: EpochDay;
  /** Days before `end` from which records are made. */
  readonly historyDays: number;
  /** Whether sites stop reporting some days before `end`, as in an export for training. */
  readonly reportingLag: boolean;
  readonly shift: Shift;
  /** Share of patients whose history before they came is not on record. */
  readonly transfersIn: number;
}

/** Something that happened on a day and was typed in on another. */
interface Entry {
  readonly day: EpochDay;
  readonly known: EpochDay;
}

/** Details that formats print and features do not read. */
export interface Person {
  index: number;
  facility: Facility;
  homeState: string;
  phone: string;
  /** Start of ART, which may lie before the records begin. */
  artStartDay: EpochDay;
  regimenAtStart: number;
  /** Day on which the patient came from another facility, `NaN` for those who did not. */
  transferInDay: EpochDay;
  /** Viral-load samples taken, with a result or without. */
  samples: EpochDay[];
  /** Pharmacy forms without ARVs. */
  otherDispensings: Entry[];
  /** Pickups in between that prolong a supply. */
  topUps: number;
}

export function emptyPerson(facility: Facility): Person {
  return {
    index: 0,
    facility,
    homeState: '',
    phone: '',
    artStartDay: Number.NaN,
    regimenAtStart: 0,
    transferInDay: Number.NaN,
    samples: [],
    otherDispensings: [],
    topUps: 0,
  };
}
