import type { EpochDay } from '#patients/record/epoch-day.ts';
import { GRACE_DAYS } from '#patients/features/history.ts';
import {
  addPickup,
  addToSeries,
  clearRecord,
  emptyRecord,
  type PatientRecord,
} from '#patients/record/patient-record.ts';
import { regimenCode } from '#patients/record/regimen-code.ts';
import {
  AGE_FROM,
  AGE_SHARES,
  EXITS,
  FEMALE_SHARE,
  FRAILTY_SD,
  LONGEST_ON_ART_DAYS,
  ODDS_RATIOS,
  quarterlyHazard,
  REGIMENS,
  SUPPLY_MONTHS,
  SUPPLY_SHARES,
} from './effects.ts';
import type { Facilities, Facility } from './facilities.ts';
import { Random } from './random.ts';

const QUARTER_DAYS = 91;
const YEAR_DAYS = 365.25;
const REGIMEN_SHARES = REGIMENS.map((r) => r.share);
const REGIMEN_CODES = REGIMENS.map((r) => regimenCode(r.name));
const LOG_ODDS = Object.fromEntries(
  Object.entries(ODDS_RATIOS).map(([name, ratio]) => [name, Math.log(ratio)]),
) as Record<keyof typeof ODDS_RATIOS, number>;

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
}

/**
 * Lives of synthetic patients on ART: pickups, visits and findings with their mess (late entry, duplicates,
 * silent transfers, undocumented deaths, missing viral loads). Fills one `record` again and again; equal
 * scenario and index give equal records in whatever order they are asked for.
 */
export class Simulator {
  readonly record: PatientRecord = emptyRecord();
  readonly person: Person;
  readonly #scenario: Scenario;
  readonly #facilities: Facilities;
  readonly #random = new Random();

  // The life under way.
  #frailty = 0;
  #punctuality = 0;
  #isMale = false;
  #isUnsuppressed = false;
  #isStage3Or4 = false;
  #usualMonths = 3;
  #dsdModel = 0;
  #regimen = 0;
  /** Bits: late at the last pickup, the one before, … */
  #lateBits = 0;
  #priorIit = 0;
  #pregnantFrom = Number.POSITIVE_INFINITY;
  #lastViralLoadDay = Number.NEGATIVE_INFINITY;

  constructor(scenario: Scenario, facilities: Facilities) {
    this.#scenario = scenario;
    this.#facilities = facilities;
    this.person = {
      index: 0,
      facility: facilities.list[0]!,
      homeState: '',
      phone: '',
      artStartDay: Number.NaN,
      regimenAtStart: 0,
    };
  }

  /**
   * Makes patient `index`, as the `attempt`-th draw. False where the draw had left care before the records
   * begin, so that there is nothing to tell.
   */
  simulate(index: number, attempt: number): boolean {
    const { end, historyDays, seed, reportingLag } = this.#scenario;
    const random = this.#random.seed(seed, index, attempt);
    const band = random.pick(AGE_SHARES);
    const age = AGE_FROM[band]! + random.uniform() * (AGE_FROM[band + 1]! - AGE_FROM[band]!);
    const ageDays = Math.floor(age * YEAR_DAYS);
    const onArtDays = Math.floor(random.uniform() * Math.min(LONGEST_ON_ART_DAYS, ageDays));
    // Losses of the years before the records begin: about 9 % a year for good.
    const before = onArtDays - historyDays;
    if (before > 0 && !random.chance(Math.exp((-0.09 * before) / YEAR_DAYS))) return false;

    clearRecord(this.record);
    this.person.index = index;
    this.person.artStartDay = end - onArtDays;
    this.#drawPerson(band, ageDays, before > 0);
    const { facility } = this.person;
    const cutOff = reportingLag ? end - facility.reportingLagDays : end;
    this.#live(before > 0 ? end - historyDays + random.below(90) : this.person.artStartDay, cutOff);
    return true;
  }

  #drawPerson(band: number, ageDays: number, isEstablished: boolean): void {
    const random = this.#random;
    const { record, person } = this;
    const { end, shift, seed } = this.#scenario;
    const facility = this.#facilities.pick(random);
    person.facility = facility;
    record.patientId = `SYN-${seed}-${person.index}`;
    record.facilityId = facility.id;

    this.#isMale = !random.chance(FEMALE_SHARE);
    record.sex = this.#isMale ? 1 : 0;
    record.birthDay = random.chance(0.005) ? Number.NaN : end - ageDays - Math.floor(shift.ages * YEAR_DAYS);
    const isOut = random.chance(0.08);
    person.homeState = isOut ? this.#facilities.otherState(facility.state, random) : facility.state;
    record.outOfCatchment = isOut ? 1 : 0;
    const hasPhone = random.chance(0.86);
    person.phone = hasPhone ? `SYN-080${String(random.below(1e8)).padStart(8, '0')}` : '';
    record.hasPhone = hasPhone ? 1 : 0;

    // Of those long in care the frailest have gone already.
    this.#frailty = FRAILTY_SD * random.normal() - (isEstablished ? 0.2 : 0);
    this.#punctuality = random.normal();
    this.#isStage3Or4 = random.chance(0.14);
    this.#isUnsuppressed = random.chance(isEstablished ? 0.05 : 0.9);
    this.#usualMonths = SUPPLY_MONTHS[random.pick(SUPPLY_SHARES)]!;
    this.#dsdModel = this.#usualMonths >= 3 && random.chance(0.42) ? 1 + random.below(4) : 0;
    this.#regimen = random.pick(REGIMEN_SHARES);
    person.regimenAtStart = this.#regimen;
    this.#lateBits = 0;
    this.#priorIit = 0;
    this.#lastViralLoadDay = Number.NEGATIVE_INFINITY;
    this.#pregnantFrom =
      !this.#isMale && band >= 1 && band <= 3 && random.chance(0.35)
        ? end - Math.floor(random.uniform() * this.#scenario.historyDays)
        : Number.POSITIVE_INFINITY;

    if (!random.chance(0.01)) {
      const { artStartDay } = person;
      addToSeries(record.observations.artStart, artStartDay, artStartDay, artStartDay);
    }
  }

  #live(firstDay: EpochDay, cutOff: EpochDay): void {
    const random = this.#random;
    const { record, person } = this;
    let day = firstDay;
    let isFirst = true;
    let isBack = false;
    while (day <= cutOff) {
      const onArt = day - person.artStartDay;
      const known = this.#entered(day);
      const months = this.#monthsGiven(onArt, isBack);
      const supply = months * 30;
      this.#pickUp(day, known, supply);
      const isClinical = isFirst || isBack || random.chance(onArt < 180 ? 0.9 : 0.5);
      addToSeries(record.visits, day, known, isClinical ? 1 : 0);
      if (isClinical) this.#examine(day, known, isFirst, isBack);
      isFirst = false;
      isBack = false;

      const due = day + supply;
      const quarters = supply / QUARTER_DAYS;
      let exit = random.uniform() / quarters;
      if ((exit -= EXITS.silentTransfer + EXITS.undocumentedDeath) < 0) return;
      if ((exit -= EXITS.documentedTransfer) < 0) {
        this.#terminate('transferOut', day + random.below(supply + 20), cutOff);
        return;
      }
      if ((exit -= EXITS.documentedDeath) < 0) {
        this.#terminate('death', day + random.below(supply + 20), cutOff);
        return;
      }
      if (supply >= 60 && random.chance(0.22)) this.#betweenPickups(day, due, cutOff);

      if (random.chance(this.#interruptionChance(day, onArt, supply))) {
        if (random.chance(0.36)) {
          // Lost for good; tracing finds out about some, weeks later.
          if (random.chance(0.2))
            this.#terminate(
              random.chance(0.4) ? 'death' : 'transferOut',
              due + 35 + random.below(60),
              cutOff,
            );
          return;
        }
        day = due + GRACE_DAYS + 1 + Math.floor(Math.exp(3.5 + 1.1 * random.normal()));
        isBack = true;
        this.#priorIit++;
        this.#lateBits = (this.#lateBits << 1) | 1;
        continue;
      }
      const late = this.#daysLate();
      this.#lateBits = (this.#lateBits << 1) | (late > 0 ? 1 : 0);
      day = due + late;
      if (late > GRACE_DAYS) this.#priorIit++;
      if (late > 14 && random.chance(0.05)) {
        // Seen within the grace, but without medicines.
        const seen = due + 1 + random.below(12);
        if (seen <= cutOff) addToSeries(record.visits, seen, this.#entered(seen), 1);
      }
    }
  }

  /** Probability that the patient stays away past the grace after the next due date. */
  #interruptionChance(day: EpochDay, onArt: number, supply: number): number {
    const { record, person } = this;
    const due = day + supply;
    const hazard = quarterlyHazard(onArt);
    let logOdds = Math.log(hazard / (1 - hazard)) + person.facility.intercept + this.#frailty;
    let bits = this.#lateBits & 31;
    for (; bits; bits &= bits - 1) logOdds += LOG_ODDS.eachLatePickupOfFive;
    if (this.#priorIit > 0) logOdds += LOG_ODDS.priorIit;
    if (this.#isUnsuppressed && onArt > 180) logOdds += LOG_ODDS.unsuppressed;
    if (supply <= 30) logOdds += LOG_ODDS.oneMonthSupply;
    else if (supply >= 180) logOdds += LOG_ODDS.sixMonthSupply;
    const age = (due - record.birthDay) / YEAR_DAYS - this.#scenario.shift.ages;
    if (age >= 15 && age < 25) logOdds += LOG_ODDS.age15To24;
    if (this.#isMale) logOdds += LOG_ODDS.male;
    if (due >= this.#pregnantFrom && due < this.#pregnantFrom + 450) logOdds += LOG_ODDS.pregnantOrPostPartum;
    if (record.outOfCatchment === 1) logOdds += LOG_ODDS.outOfCatchment;
    if (this.#isStage3Or4) logOdds += LOG_ODDS.whoStage3Or4;
    if (this.#dsdModel > 0 && onArt > 365) logOdds += LOG_ODDS.dsd;
    const quarterly = 1 / (1 + Math.exp(-logOdds));
    return 1 - Math.exp(Math.log(1 - quarterly) * (supply / QUARTER_DAYS));
  }

  /** Days between due date and pickup of one who comes: most on the day or a little before, some late. */
  #daysLate(): number {
    const random = this.#random;
    const logit = -0.75 + 0.7 * this.#punctuality + 0.3 * this.#frailty;
    if (random.chance(1 / (1 + Math.exp(-logit)))) {
      const late = 1 + Math.floor(random.exponential(10));
      return Math.round((late > GRACE_DAYS ? 1 + (late % GRACE_DAYS) : late) * this.#scenario.shift.lateness);
    }
    return random.chance(0.45) ? 0 : -random.below(8);
  }

  #monthsGiven(onArt: number, isBack: boolean): number {
    const random = this.#random;
    if (isBack || onArt < 85) return 1;
    if (onArt < 180 || this.#isUnsuppressed) return random.chance(0.6) ? 1 : 3;
    return random.chance(0.88) ? this.#usualMonths : SUPPLY_MONTHS[random.pick(SUPPLY_SHARES)]!;
  }

  #pickUp(day: EpochDay, known: EpochDay, supply: number): void {
    const random = this.#random;
    const { record } = this;
    if (random.chance(0.008)) this.#regimen = random.pick(REGIMEN_SHARES);
    const code = REGIMEN_CODES[this.#regimen]!;
    const { line } = REGIMENS[this.#regimen]!;
    const written = random.chance(0.01) ? Number.NaN : supply;
    addPickup(record.pickups, day, known, written, code, line);
    // The same dispensing entered twice, now and then a day apart.
    if (random.chance(0.03)) {
      const again = day + (random.chance(0.2) ? 1 : 0);
      addPickup(record.pickups, again, known + 1, written, code, line);
      addToSeries(record.visits, again, known + 1, 0);
    }
    if (random.chance(0.85)) addToSeries(record.observations.nextAppointment, day, known, day + supply);
  }

  #examine(day: EpochDay, known: EpochDay, isFirst: boolean, isBack: boolean): void {
    const random = this.#random;
    const { observations } = this.record;
    const onArt = day - this.person.artStartDay;
    if (isFirst || random.chance(0.08)) {
      if (random.chance(0.9))
        addToSeries(
          observations.whoStage,
          day,
          known,
          (this.#isStage3Or4 ? 3 : 1) + (random.chance(0.25) ? 1 : 0),
        );
      if (random.chance(0.9))
        addToSeries(observations.dsdModel, day, known, onArt > 365 ? this.#dsdModel : 0);
    }
    if (onArt > 180 && day - this.#lastViralLoadDay > 330 && random.chance(0.6)) this.#testViralLoad(day);
    if (random.chance(0.8)) addToSeries(observations.tbSymptoms, day, known, random.chance(0.03) ? 1 : 0);
    if (random.chance(0.5))
      addToSeries(
        observations.functionalStatus,
        day,
        known,
        random.chance(this.#isStage3Or4 ? 0.15 : 0.02) ? (random.chance(0.2) ? 2 : 1) : 0,
      );
    if (!this.#isMale && random.chance(0.5)) {
      const since = day - this.#pregnantFrom;
      addToSeries(observations.pregnancy, day, known, since < 0 || since > 600 ? 0 : since < 270 ? 1 : 2);
    }
    if (random.chance(0.7)) {
      const logit = -2.4 + 0.5 * this.#frailty + (this.#isUnsuppressed ? 1.2 : 0) + (isBack ? 1 : 0);
      const isGood = !random.chance(1 / (1 + Math.exp(-logit)));
      addToSeries(observations.adherence, day, known, isGood ? 0 : random.chance(0.3) ? 2 : 1);
    }
    if (random.chance(isFirst || isBack ? 0.8 : this.#isUnsuppressed ? 0.5 : 0.1))
      addToSeries(observations.counselling, day, known, 1);
  }

  /** Takes a sample; the result comes weeks later, or never. */
  #testViralLoad(day: EpochDay): void {
    const random = this.#random;
    this.#lastViralLoadDay = day;
    const p = this.#isUnsuppressed ? 0.22 : Math.min(0.5, 0.022 * Math.exp(0.4 * this.#frailty));
    const load = random.normal();
    this.#isUnsuppressed = random.chance(p);
    if (random.chance(0.1)) return;
    const value = this.#isUnsuppressed
      ? 1000 + Math.floor(Math.exp(9 + 1.5 * load))
      : random.chance(0.6)
        ? 0
        : 20 + Math.floor(Math.min(979, Math.exp(4 + 1.2 * load)));
    const resultDay = day + 10 + random.below(45);
    addToSeries(this.record.observations.viralLoad, day, resultDay, value);
  }

  #betweenPickups(day: EpochDay, due: EpochDay, cutOff: EpochDay): void {
    const seen = day + 10 + this.#random.below(due - day - 15);
    if (seen > cutOff) return;
    const known = this.#entered(seen);
    addToSeries(this.record.visits, seen, known, 1);
    this.#examine(seen, known, false, false);
  }

  #terminate(kind: 'death' | 'transferOut', day: EpochDay, cutOff: EpochDay): void {
    const known = day + this.#random.below(30);
    if (known <= cutOff) addToSeries(this.record.observations[kind], day, known, 1);
  }

  /** Day on which the records of a day were typed in. */
  #entered(day: EpochDay): EpochDay {
    const random = this.#random;
    return random.chance(this.person.facility.lateEntry) ? day + 1 + Math.floor(random.exponential(12)) : day;
  }
}
