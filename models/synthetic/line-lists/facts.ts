import { isoDate, type EpochDay } from '#patients/record/epoch-day.ts';
import type { ObservationKind } from '#patients/record/patient-record.ts';
import { regimenCode } from '#patients/record/regimen-code.ts';
import { featureByName, FEATURES, featureIndex } from '#patients/features/features.ts';
import { Extractor } from '#patients/features/extract.ts';
import type { History } from '#patients/features/history.ts';
import { standing, type Standing } from '#patients/features/outcome.ts';
import type { Cohort } from '../cohort.ts';
import { REGIMENS } from '../effects.ts';
import { ADULT_YEARS } from '../nmrs-vocabulary.ts';
import { Random } from '../random.ts';

const BY_CODE = new Map(REGIMENS.map((regimen) => [regimenCode(regimen.name), regimen]));
const DSD = featureByName('dsd_model')?.categories ?? [];
const AGE = featureIndex('age');
const YEAR_DAYS = 365.25;
const MONTH_DAYS = 30.4375;
/** Stream of the random numbers of what only a list prints. */
const LIST_STREAM = 0x11_57;

/** What a programme's list knows of the patient made last at the end of a day; texts, `''` where there is nothing. */
export class Facts {
  cohort!: Cohort;
  day: EpochDay = Number.NaN;
  serial = 0;
  /** A patient's own, equal for every snapshot. */
  readonly random = new Random();
  readonly #extractor = new Extractor();
  readonly #features = new Float64Array(FEATURES.length);
  standing: Standing = 'no_pickup';

  /** Whether the patient has a pickup on record by then, without which no list names them. */
  look(cohort: Cohort, day: EpochDay): boolean {
    this.cohort = cohort;
    this.day = day;
    this.#extractor.extract(cohort.record, day, this.#features);
    this.random.seed(cohort.options.seed, cohort.person.index, LIST_STREAM);
    this.standing = standing(this.history);
    return this.history.pickupCount > 0;
  }

  get history(): History {
    return this.#extractor.history;
  }

  get age(): string {
    return text(this.#features[AGE]!);
  }

  get ageAtStart(): number {
    const { record, person } = this.cohort;
    return Math.floor((person.artStartDay - record.birthDay) / YEAR_DAYS);
  }

  get birth(): string {
    return isoDate(this.cohort.record.birthDay);
  }

  get isMale(): boolean {
    return this.cohort.record.sex === 1;
  }

  get isTransferIn(): boolean {
    return this.cohort.person.transferInDay <= this.day;
  }

  get artStart(): string {
    return isoDate(this.history.artStartDay());
  }

  get monthsOnArt(): string {
    const start = this.history.artStartDay();
    return Number.isNaN(start) ? '' : String(Math.floor((this.day - start) / MONTH_DAYS));
  }

  /** First day at this facility. */
  get registered(): string {
    const { artStartDay, transferInDay } = this.cohort.person;
    return isoDate(this.isTransferIn ? transferInDay : artStartDay);
  }

  get lastPickupDay(): EpochDay {
    return this.history.pickupDay[this.history.pickupCount - 1]!;
  }

  get lastPickup(): string {
    return isoDate(this.lastPickupDay);
  }

  /** Days of the last refill, `NaN` where nobody wrote them down. */
  get supply(): number {
    return this.history.pickupSupply[this.history.pickupCount - 1]!;
  }

  get lastVisit(): string {
    const { visitDay, visitCount } = this.history;
    return visitCount === 0 ? '' : isoDate(visitDay[visitCount - 1]!);
  }

  get regimen(): (typeof REGIMENS)[number] | undefined {
    return BY_CODE.get(this.history.pickupRegimen[this.history.pickupCount - 1]!);
  }

  get regimenAtStart(): (typeof REGIMENS)[number] {
    return REGIMENS[this.cohort.person.regimenAtStart]!;
  }

  /** As NMRS and LAMIS+ word it. */
  lineOf(regimen: { readonly line: number } | undefined): string {
    if (regimen === undefined) return '';
    const who = this.#features[AGE]! < ADULT_YEARS ? 'Child' : 'Adult';
    return `${who} ${['1st', '2nd', '3rd'][regimen.line - 1]} line ARV regimen`;
  }

  /** Latest known value of a kind, `NaN` without one. */
  value(kind: ObservationKind): number {
    return this.history.latestValue(kind);
  }

  date(kind: ObservationKind): string {
    return isoDate(this.history.latestDay(kind));
  }

  /** Newest viral-load sample, with a result or without. */
  get newestSample(): string {
    let newest = Number.NaN;
    for (const day of this.cohort.person.samples) if (day <= this.day && !(day <= newest)) newest = day;
    return isoDate(newest);
  }

  get viralLoad(): { readonly copies: string; readonly sampled: string; readonly reported: string } {
    const at = this.history.latest('viralLoad');
    if (at < 0) return { copies: '', sampled: '', reported: '' };
    const { value, day, known } = this.cohort.record.observations.viralLoad;
    return { copies: String(value[at]!), sampled: isoDate(day[at]!), reported: isoDate(known[at]!) };
  }

  get dsd(): string {
    const code = this.value('dsdModel');
    return DSD.find((category) => category.code === code)?.label ?? '';
  }

  get statusDay(): EpochDay {
    const { history } = this;
    if (this.standing === 'died') return history.latestDay('death');
    if (this.standing === 'transferred_out') return history.latestDay('transferOut');
    if (this.standing === 'stopped') return history.latestDay('stopped');
    return this.lastPickupDay;
  }
}

/** A number as a cell, empty where it is unknown. */
export function text(value: number): string {
  return Number.isNaN(value) ? '' : String(value);
}
