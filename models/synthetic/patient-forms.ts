import type { EpochDay } from '#patients/record/epoch-day.ts';
import type { Pickups } from '#patients/record/patient-record.ts';
import { regimenCode } from '#patients/record/regimen-code.ts';
import type { Cohort } from './cohort.ts';
import { REGIMENS } from './effects.ts';
import type { Drug, MessageSink } from './message-sink.ts';
import {
  ADULT_YEARS,
  type Answer,
  answerIn,
  DRUG_GROUPS,
  EXITS,
  FINDINGS,
  LINES,
  OTHER_DRUGS,
  type Question,
} from './nmrs-vocabulary.ts';
import { Random } from './random.ts';

const BY_CODE = new Map(REGIMENS.map((regimen) => [regimenCode(regimen.name), regimen]));
/** Stream of the random numbers that only spoil the message, apart from the patient's life. */
const MESS_STREAM = 0x0bad;
const YEAR_DAYS = 365.25;
const NEXT_APPOINTMENT: Question = { variable: 'Next appointment date', concept: 5096 };
const CARE_ENTRY_POINT: Question = { variable: 'Care Entry Point', concept: 160_540 };
const TRANSFER_IN: Answer = { word: 'Transfer-in', concept: 160_563 };
const TERMINATION_REASON: Question = { variable: 'Reason for termination', concept: 165_470 };
const TERMINATION_DATE: Question = { variable: 'Date of termination', concept: 165_469 };
/** From so many days after the due date on, somebody calls or visits. */
const CALL_AFTER_DAYS = 4;
const VISIT_AFTER_DAYS = 20;

/** Writes the forms of the patient made last into `message`, the untidy ones among the true ones. */
export function writeForms(cohort: Cohort, message: MessageSink): void {
  const writer = new PatientForms(cohort, message);
  writer.addPickups();
  writer.addVisits();
  writer.addFindings();
  writer.addEnrolment();
  writer.addTerminations();
  writer.addFormsWithoutPatient();
  writer.addStrays();
  writer.addVoided();
}

class PatientForms {
  readonly #cohort: Cohort;
  readonly #end: EpochDay;
  readonly #random: Random;
  readonly #message: MessageSink;
  /** Care card of each day. */
  readonly #careCards = new Map<EpochDay, string>();

  constructor(cohort: Cohort, message: MessageSink) {
    this.#cohort = cohort;
    this.#end = cohort.options.asOf;
    this.#random = new Random().seed(cohort.options.seed, cohort.person.index, MESS_STREAM);
    this.#message = message;
  }

  addPickups(): void {
    const random = this.#random;
    const { pickups, observations } = this.#cohort.record;
    for (let i = 0; i < pickups.count; i++) {
      const day = pickups.day[i]!;
      const known = pickups.known[i]!;
      if (!this.#isIn(day, known)) continue;
      const form = this.#message.form('Pharmacy Order Form', day, known);
      const drugs: Drug[] = [arv(BY_CODE.get(pickups.regimen[i]!)!, pickups.supply[i]!)];
      if (random.chance(0.2)) drugs.push(this.#otherDrug());
      if (drugs.length > 1 && random.chance(0.5)) drugs.reverse();
      const line = pickups.line[i]!;
      const isQuestion = random.chance(0.5);
      this.#message.dispense(
        { form, day, known },
        drugs,
        Number.isNaN(line) ? undefined : { answer: this.#lineAnswer(day, line), isQuestion },
      );
      const appointments = observations.nextAppointment;
      for (let j = 0; j < appointments.count; j++)
        if (appointments.day[j] === day && appointments.known[j] === known)
          this.#message.date({ form, day, known }, NEXT_APPOINTMENT, appointments.value[j]!);
    }
    for (const { day, known } of this.#cohort.person.otherDispensings) {
      if (!this.#isIn(day, known)) continue;
      const form = this.#message.form('Pharmacy Order Form', day, known);
      this.#message.dispense({ form, day, known }, [this.#otherDrug()]);
    }
  }

  addVisits(): void {
    const { visits } = this.#cohort.record;
    for (let i = 0; i < visits.count; i++) {
      const day = visits.day[i]!;
      const known = visits.known[i]!;
      if (!this.#isIn(day, known)) continue;
      this.#message.visit(day, known);
      if (visits.value[i] === 1) this.#careCards.set(day, this.#message.form('Care Card', day, known));
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
          const form = this.#message.form('Laboratory Order and Result form', day, known);
          this.#message.number({ form, day, known }, finding, value);
          continue;
        }
        const place = { form: this.#careCards.get(day) ?? '', day, known };
        if (finding.kind === 'artStart') this.#message.date(place, finding, value);
        else this.#message.answer(place, finding, answerIn(finding, value, this.#isAdult(day)));
      }
    }
  }

  /** Who came from another facility has it as the care entry point. */
  addEnrolment(): void {
    const day = this.#cohort.person.transferInDay;
    if (!(day <= this.#end)) return;
    const form = this.#message.form('HIV Enrollment', day, day);
    this.#message.answer({ form, day, known: day }, CARE_ENTRY_POINT, TRANSFER_IN);
  }

  addTerminations(): void {
    const { observations } = this.#cohort.record;
    for (const { kind, answer } of EXITS) {
      const series = observations[kind];
      for (let i = 0; i < series.count; i++) {
        const day = series.day[i]!;
        const known = series.known[i]!;
        if (!this.#isIn(day, known)) continue;
        const form = this.#message.form('Client Tracking and Termination Form', known, known);
        const place = { form, day: known, known };
        this.#message.answer(place, TERMINATION_REASON, answer);
        this.#message.date(place, TERMINATION_DATE, day);
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
      this.#message.form(form, day, day);
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
      const form = this.#message.form('Pharmacy Order Form', day, day);
      this.#message.dispense({ form, day, known: day }, [arv(REGIMENS[0], 90)]);
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
      const form = this.#message.form('Pharmacy Order Form', day, day, true);
      this.#message.dispense({ form, day, known: day, isVoided: true }, [arv(REGIMENS[0], 180)]);
    }
    if (random.chance(0.1)) this.#message.visit(this.#end - random.below(400), this.#end, true);
    if (random.chance(0.05)) {
      const day = this.#end - random.below(100);
      this.#message.number({ form: '', day, known: this.#end, isVoided: true }, FINDINGS[0], 1_000_000);
    }
  }

  #otherDrug(): Drug {
    const { group, name, concept } = OTHER_DRUGS[this.#random.pick(OTHER_DRUGS.map(({ share }) => share))]!;
    return { group, word: name, concept, days: 30 * (1 + this.#random.below(6)) };
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

function arv({ name, concept }: (typeof REGIMENS)[number], days: number): Drug {
  return { group: DRUG_GROUPS.arv, word: name, concept, days };
}

/** Day of the first pickup after the i-th, `Infinity` where there is none. */
function nextAfter(pickups: Pickups, i: number): EpochDay {
  let next = Number.POSITIVE_INFINITY;
  for (let j = i + 1; j < pickups.count && next === Number.POSITIVE_INFINITY; j++)
    if (pickups.day[j]! > pickups.day[i]! + 1) next = pickups.day[j]!;
  return next;
}
