import { isoDate, type EpochDay } from '#patients/record/epoch-day.ts';
import type { Pickups } from '#patients/record/patient-record.ts';
import { regimenCode } from '#patients/record/regimen-code.ts';
import type { Cohort } from './cohort.ts';
import { REGIMENS } from './effects.ts';
import { NmrsMessage } from './nmrs-message.ts';
import {
  ADULT_YEARS,
  answerIn,
  DRUG_GROUPS,
  EXITS,
  FINDINGS,
  lineQuestion,
  LINES,
  OTHER_DRUGS,
  type Answer,
  type DrugGroup,
} from './nmrs-vocabulary.ts';
import { Random } from './random.ts';
import type { RowWriter } from './row-writer.ts';

const BY_CODE = new Map(REGIMENS.map((regimen) => [regimenCode(regimen.name), regimen]));
/** Stream of the random numbers that only spoil the message, apart from the patient's life. */
const MESS_STREAM = 0x0bad;
const YEAR_DAYS = 365.25;
/** From so many days after the due date on, somebody calls or visits. */
const CALL_AFTER_DAYS = 4;
const VISIT_AFTER_DAYS = 20;

/**
 * Writes the patient made last as one line of NMRS JSON, as a programme's export has it: several drugs on a pharmacy form,
 * each in its group of observations and in any order; answers as concepts or as words, by facility; forms written without
 * the patient; voided records and voided encounters' leftovers; dates far away. Records that were not typed in by the
 * as-of date are not in the message.
 */
export function writeNmrsMessage(cohort: Cohort, out: RowWriter): void {
  const writer = new PatientWriter(cohort);
  writer.addPickups();
  writer.addVisits();
  writer.addFindings();
  writer.addEnrolment();
  writer.addTerminations();
  writer.addFormsWithoutPatient();
  writer.addStrays();
  writer.addVoided();
  out.text(writer.line());
}

interface Drug {
  readonly group: DrugGroup;
  readonly name: string;
  readonly concept: number;
  /** `NaN` = not written down. */
  readonly days: number;
}

class PatientWriter {
  readonly #cohort: Cohort;
  readonly #end: EpochDay;
  readonly #random: Random;
  readonly #message: NmrsMessage;
  /** Care card of each day. */
  readonly #careCards = new Map<EpochDay, string>();

  constructor(cohort: Cohort) {
    this.#cohort = cohort;
    this.#end = cohort.options.asOf;
    this.#random = new Random().seed(cohort.options.seed, cohort.person.index, MESS_STREAM);
    this.#message = new NmrsMessage(cohort.record.patientId, cohort.person.facility.isCoded);
  }

  addPickups(): void {
    const random = this.#random;
    const { pickups, observations } = this.#cohort.record;
    for (let i = 0; i < pickups.count; i++) {
      const day = pickups.day[i]!;
      const known = pickups.known[i]!;
      if (!this.#isIn(day, known)) continue;
      const form = this.#message.encounter(day, known, 'Pharmacy Order Form');
      const regimen = BY_CODE.get(pickups.regimen[i]!)!;
      const { name, concept } = regimen;
      const drugs: Drug[] = [{ group: DRUG_GROUPS.arv, name, concept, days: pickups.supply[i]! }];
      if (random.chance(0.2)) drugs.push(this.#otherDrug());
      if (drugs.length > 1 && random.chance(0.5)) drugs.reverse();
      this.#dispense(form, day, known, drugs);
      const line = pickups.line[i]!;
      if (!Number.isNaN(line)) {
        const answer = this.#lineAnswer(day, line);
        if (random.chance(0.5)) this.#message.answer(form, day, known, LINES.question, answer);
        else this.#message.answer(form, day, known, lineQuestion(answer), { word: name, concept });
      }
      const appointments = observations.nextAppointment;
      for (let j = 0; j < appointments.count; j++)
        if (appointments.day[j] === day && appointments.known[j] === known)
          this.#message.date(form, day, known, 'Next appointment date', 5096, appointments.value[j]!);
    }
    for (const { day, known } of this.#cohort.person.otherDispensings) {
      if (!this.#isIn(day, known)) continue;
      const form = this.#message.encounter(day, known, 'Pharmacy Order Form');
      this.#dispense(form, day, known, [this.#otherDrug()]);
    }
  }

  addVisits(): void {
    const { visits } = this.#cohort.record;
    for (let i = 0; i < visits.count; i++) {
      const day = visits.day[i]!;
      const known = visits.known[i]!;
      if (!this.#isIn(day, known)) continue;
      this.#message.visit(day, known);
      if (visits.value[i] === 1) this.#careCards.set(day, this.#message.encounter(day, known, 'Care Card'));
    }
  }

  addFindings(): void {
    const { observations } = this.#cohort.record;
    for (const finding of FINDINGS) {
      const series = observations[finding.kind];
      for (let i = 0; i < series.count; i++) {
        const day = series.day[i]!;
        const known = series.known[i]!;
        if (!this.#isIn(day, known)) continue;
        const value = series.value[i]!;
        if (finding.kind === 'viralLoad') {
          const form = this.#message.encounter(day, known, 'Laboratory Order and Result form');
          this.#message.number(form, day, known, finding, value);
          continue;
        }
        const card = this.#careCards.get(day) ?? '';
        if (finding.kind === 'artStart')
          this.#message.date(card, day, known, finding.variable, finding.concept, value);
        else this.#message.answer(card, day, known, finding, answerIn(finding, value, this.#isAdult(day)));
      }
    }
  }

  /** Who came from another facility has it as the care entry point. */
  addEnrolment(): void {
    const day = this.#cohort.person.transferInDay;
    if (!(day <= this.#end)) return;
    const form = this.#message.encounter(day, day, 'HIV Enrollment');
    this.#message.answer(
      form,
      day,
      day,
      { variable: 'Care Entry Point', concept: 160_540 },
      { word: 'Transfer-in', concept: 160_563 },
    );
  }

  addTerminations(): void {
    const { observations } = this.#cohort.record;
    for (const { kind, answer } of EXITS) {
      const series = observations[kind];
      for (let i = 0; i < series.count; i++) {
        const day = series.day[i]!;
        const known = series.known[i]!;
        if (!this.#isIn(day, known)) continue;
        const form = this.#message.encounter(known, known, 'Client Tracking and Termination Form');
        this.#message.answer(
          form,
          known,
          known,
          { variable: 'Reason for termination', concept: 165_470 },
          answer,
        );
        this.#message.date(form, known, known, 'Date of termination', 165_469, day);
      }
    }
  }

  /** Calls and visits to the home of those who are late. The visit that the EMR opens for such a form is none. */
  addFormsWithoutPatient(): void {
    const random = this.#random;
    const { pickups, visits } = this.#cohort.record;
    const seen = new Set<EpochDay>();
    for (let i = 0; i < visits.count; i++) seen.add(visits.day[i]!);
    const write = (day: EpochDay, form: string) => {
      if (day > this.#end || seen.has(day)) return;
      this.#message.encounter(day, day, form);
      if (random.chance(0.3)) this.#message.visit(day, day);
    };
    for (let i = 0; i < pickups.count; i++) {
      const due = pickups.day[i]! + pickups.supply[i]!;
      const next = nextAfter(pickups, i) - due;
      if (next > CALL_AFTER_DAYS + 4 && random.chance(0.4))
        write(due + CALL_AFTER_DAYS + random.below(4), 'Missed appointment phone call');
      if (next > VISIT_AFTER_DAYS + 10 && random.chance(0.3))
        write(
          due + VISIT_AFTER_DAYS + random.below(10),
          random.chance(0.5) ? 'Defaulter home visit' : 'Client Tracking and Termination Form',
        );
    }
  }

  /** Typing errors in the year: a dispensing of the future, a visit of the past. They say nothing of the present. */
  addStrays(): void {
    const random = this.#random;
    if (random.chance(0.003)) {
      const day = this.#end + 365 * (1 + random.below(40));
      const form = this.#message.encounter(day, day, 'Pharmacy Order Form');
      const { name, concept } = REGIMENS[0];
      this.#dispense(form, day, day, [{ group: DRUG_GROUPS.arv, name, concept, days: 90 }]);
    }
    if (random.chance(0.003)) {
      const day = this.#end - 3653 - random.below(3653);
      this.#message.visit(day, day);
    }
  }

  /** Mistakes that somebody took back: they must not count. */
  addVoided(): void {
    const random = this.#random;
    if (random.chance(0.15)) {
      const day = this.#end - random.below(400);
      const form = this.#message.encounter(day, day, 'Pharmacy Order Form', true);
      const { name, concept } = REGIMENS[0];
      this.#dispense(form, day, day, [{ group: DRUG_GROUPS.arv, name, concept, days: 180 }]);
    }
    if (random.chance(0.1)) this.#message.visit(this.#end - random.below(400), this.#end, true);
    if (random.chance(0.05)) {
      const day = this.#end - random.below(100);
      this.#message.number('', day, this.#end, FINDINGS[0], 1_000_000, true);
    }
  }

  line(): string {
    const { record, person } = this.#cohort;
    const { facility } = person;
    const header = JSON.stringify({
      synthetic: true,
      notice: 'SYNTHETIC: nobody in this message exists',
      facilityName: facility.name,
      facilityDatimCode: facility.id,
      facilityState: facility.state,
      facilityLga: facility.lga,
    });
    const demographics = JSON.stringify({
      patientUuid: record.patientId,
      birthdate: Number.isNaN(record.birthDay) ? null : `${isoDate(record.birthDay)} 00:00:00`,
      gender: record.sex === 1 ? 'M' : 'F',
      stateProvince: person.homeState,
      cityVillage: facility.lga,
      phoneNumber: person.phone === '' ? null : person.phone,
    });
    return this.#message.line(header, demographics);
  }

  #dispense(form: string, day: EpochDay, known: EpochDay, drugs: readonly Drug[]): void {
    const isPlain = drugs.length === 1 && drugs[0]!.group === DRUG_GROUPS.arv;
    for (const { group, name, concept, days } of drugs) {
      const key = isPlain ? '' : this.#message.group(form, day, known, group);
      this.#message.answer(form, day, known, group.drug, { word: name, concept }, key);
      if (!Number.isNaN(days))
        this.#message.number(
          form,
          day,
          known,
          { variable: 'Medication duration', concept: 159_368 },
          days,
          false,
          key,
        );
    }
  }

  #otherDrug(): Drug {
    const { group, name, concept } = OTHER_DRUGS[this.#random.pick(OTHER_DRUGS.map(({ share }) => share))]!;
    return { group, name, concept, days: 30 * (1 + this.#random.below(6)) };
  }

  #lineAnswer(day: EpochDay, line: number): Answer {
    return (this.#isAdult(day) ? LINES.adult : LINES.child)[line - 1]!;
  }

  #isAdult(day: EpochDay): boolean {
    return !(day - this.#cohort.record.birthDay < ADULT_YEARS * YEAR_DAYS);
  }

  #isIn(day: EpochDay, known: EpochDay): boolean {
    return day <= this.#end && known <= this.#end;
  }
}

/** Day of the first pickup after the i-th, `Infinity` where there is none. */
function nextAfter(pickups: Pickups, i: number): EpochDay {
  let next = Number.POSITIVE_INFINITY;
  for (let j = i + 1; j < pickups.count && next === Number.POSITIVE_INFINITY; j++)
    if (pickups.day[j]! > pickups.day[i]! + 1) next = pickups.day[j]!;
  return next;
}
