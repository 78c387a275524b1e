import type { EpochDay } from '#patients/record/epoch-day.ts';
import { GRACE_DAYS, interruptedFrom } from '#patients/features/history.ts';
import {
  addPickup,
  addToSeries,
  clearRecord,
  emptyRecord,
  type PatientRecord,
} from '#patients/record/patient-record.ts';
import { regimenCode } from '#patients/record/regimen-code.ts';
import { openFrom, openUntil, seasonalLateness } from './calendar.ts';
import {
  AGE_FROM,
  AGE_SHARES,
  EXITS,
  FEMALE_SHARE,
  FRAILTY_SD,
  LONGEST_ON_ART_DAYS,
  lostForGood,
  MESS,
  ODDS_RATIOS,
  quarterlyHazard,
  REGIMENS,
  SUPPLY_MONTHS,
  SUPPLY_SHARES,
  TRACED,
  TRACED_SHARE,
} from './effects.ts';
import type { Facilities } from './facilities.ts';
import { emptyPerson, type Person, type Scenario } from './person.ts';
import { Random } from './random.ts';

const QUARTER_DAYS = 91;
const YEAR_DAYS = 365.25;
const TRACED_SHARES = TRACED.map(({ share }) => share);
/** On ART for longer than this before the first pickup on record: what was before it is not known here. */
const UNSEEN_ON_ART_DAYS = 60;
/** Sites that stop reporting longer than this before the end have a stray entry now and then. */
const SILENT_DAYS = 20;
const REGIMEN_SHARES = REGIMENS.map((r) => r.share);
const REGIMEN_CODES = REGIMENS.map((r) => regimenCode(r.name));
const LOG_ODDS = Object.fromEntries(
  Object.entries(ODDS_RATIOS).map(([name, ratio]) => [name, Math.log(ratio)]),
) as Record<keyof typeof ODDS_RATIOS, number>;

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
  /** Day on which the medicines in hand end. */
  #inHandUntil = Number.NEGATIVE_INFINITY;

  constructor(scenario: Scenario, facilities: Facilities) {
    this.#scenario = scenario;
    this.#facilities = facilities;
    this.person = emptyPerson(facilities.list[0]!);
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
    const { person } = this;
    person.index = index;
    person.samples.length = 0;
    person.otherDispensings.length = 0;
    person.topUps = 0;
    person.transferInDay = Number.NaN;
    const start = end - onArtDays;
    person.artStartDay = before > 0 || openFrom(start) > end ? start : openFrom(start);
    let firstDay = before > 0 ? end - historyDays + random.below(90) : person.artStartDay;
    if (onArtDays > 2 * UNSEEN_ON_ART_DAYS && random.chance(this.#scenario.transfersIn)) {
      const from = Math.max(firstDay, person.artStartDay + UNSEEN_ON_ART_DAYS + 1);
      firstDay = from + random.below(end - from);
      person.transferInDay = openFrom(firstDay);
    }
    this.#drawPerson(band, ageDays, firstDay > person.artStartDay);
    const { facility } = person;
    const cutOff = reportingLag ? end - facility.reportingLagDays : end;
    this.#live(openFrom(firstDay), cutOff);
    if (end - cutOff > SILENT_DAYS && random.chance(MESS.stray)) {
      const stray = end - random.below(5);
      addToSeries(this.record.visits, stray, stray, 0);
    }
    this.#settleHistory();
    return true;
  }

  /** Where ART began long before the first pickup on record, or elsewhere, pickups are complete from that one only. */
  #settleHistory(): void {
    const { record, person } = this;
    const { end } = this.#scenario;
    const { pickups } = record;
    let first = Number.POSITIVE_INFINITY;
    for (let i = 0; i < pickups.count; i++)
      if (pickups.known[i]! <= end && pickups.day[i]! <= end) first = Math.min(first, pickups.day[i]!);
    const cameLater =
      record.observations.artStart.count > 0 && person.artStartDay < first - UNSEEN_ON_ART_DAYS;
    if (first <= end && (cameLater || !Number.isNaN(person.transferInDay)))
      record.pickupsCompleteFrom = first;
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
    this.#inHandUntil = Number.NEGATIVE_INFINITY;
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
      const supply = this.#monthsGiven(onArt, isBack) * 30;
      this.#inHandUntil = Math.max(this.#inHandUntil, day) + supply;
      this.#pickUp(day, known, supply);
      const isClinical = isFirst || isBack || random.chance(onArt < 180 ? 0.9 : 0.5);
      addToSeries(record.visits, day, known, isClinical ? 1 : 0);
      if (isClinical) this.#examine(day, known, isFirst, isBack);
      isFirst = false;
      isBack = false;

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
      if (random.chance(MESS.wrongExit))
        this.#terminate(random.chance(0.5) ? 'death' : 'transferOut', day + random.below(20), cutOff);
      this.#comeBetween(day, supply, cutOff);

      const due = this.#inHandUntil;
      if (random.chance(this.#interruptionChance(due, supply))) {
        if (random.chance(lostForGood(due - person.artStartDay))) {
          // Tracing finds out about some, weeks later.
          if (random.chance(TRACED_SHARE))
            this.#terminate(TRACED[random.pick(TRACED_SHARES)]!.kind, due + 35 + random.below(60), cutOff);
          return;
        }
        day = openFrom(interruptedFrom(due) + Math.floor(Math.exp(3.5 + 1.1 * random.normal())));
        isBack = true;
        this.#priorIit++;
        this.#lateBits = (this.#lateBits << 1) | 1;
        continue;
      }
      day = this.#nextPickup(due);
      const late = day - due;
      this.#lateBits = (this.#lateBits << 1) | (late > 0 ? 1 : 0);
      if (late > GRACE_DAYS) this.#priorIit++;
      if (late > 14 && random.chance(0.05)) {
        // Seen within the grace, but without medicines.
        const seen = openUntil(due + 4 + random.below(10));
        if (seen > due && seen <= cutOff) addToSeries(record.visits, seen, this.#entered(seen), 1);
      }
    }
  }

  /** What happens between a pickup and the end of its supply. */
  #comeBetween(day: EpochDay, supply: number, cutOff: EpochDay): void {
    const random = this.#random;
    const { record, person } = this;
    if (supply >= 60 && random.chance(0.22)) this.#betweenPickups(day, day + supply, cutOff);
    if (random.chance(MESS.otherDrugsAlone)) {
      const seen = openUntil(day + 10 + random.below(supply - 18));
      if (seen <= cutOff) {
        const known = this.#entered(seen);
        person.otherDispensings.push({ day: seen, known });
        addToSeries(record.visits, seen, known, 0);
      }
    }
    if (random.chance(MESS.topUp)) {
      const seen = openUntil(day + 10 + random.below(supply - 18));
      const more = random.chance(0.2) ? 30 : random.chance(0.5) ? 14 : 7;
      if (seen <= cutOff) {
        const known = this.#entered(seen);
        this.#inHandUntil += more;
        this.#pickUp(seen, known, more);
        addToSeries(record.visits, seen, known, 0);
        person.topUps++;
      }
    }
  }

  /** Probability that the patient stays away past the grace after the next due date. */
  #interruptionChance(due: EpochDay, supply: number): number {
    const { record, person } = this;
    const onArt = due - person.artStartDay;
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

  /** Pickup of one who comes: most on the due date or a little before, some late, all on days when clinics are open. */
  #nextPickup(due: EpochDay): EpochDay {
    const random = this.#random;
    const logit = -0.75 + 0.7 * this.#punctuality + 0.3 * this.#frailty + seasonalLateness(due);
    if (!random.chance(1 / (1 + Math.exp(-logit))))
      return openUntil(random.chance(0.45) ? due : due - random.below(8));
    const drawn = 1 + Math.floor(random.exponential(10));
    const late = drawn > GRACE_DAYS ? 1 + (drawn % GRACE_DAYS) : drawn;
    const day = openFrom(due + Math.round(late * this.#scenario.shift.lateness));
    return this.#scenario.shift.lateness === 1 && day >= interruptedFrom(due)
      ? openUntil(due + GRACE_DAYS)
      : day;
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
    if (random.chance(0.85)) addToSeries(record.observations.nextAppointment, day, known, this.#inHandUntil);
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
    this.person.samples.push(day);
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
    const seen = openUntil(day + 10 + this.#random.below(due - day - 18));
    if (seen > cutOff) return;
    const known = this.#entered(seen);
    addToSeries(this.record.visits, seen, known, 1);
    this.#examine(seen, known, false, false);
  }

  #terminate(kind: (typeof TRACED)[number]['kind'], day: EpochDay, cutOff: EpochDay): void {
    const known = day + this.#random.below(30);
    if (known <= cutOff) addToSeries(this.record.observations[kind], day, known, 1);
  }

  /** Day on which the records of a day were typed in. */
  #entered(day: EpochDay): EpochDay {
    const random = this.#random;
    const { lateEntry, entryDelayDays } = this.person.facility;
    return random.chance(lateEntry) ? day + 1 + Math.floor(random.exponential(entryDelayDays)) : day;
  }
}
