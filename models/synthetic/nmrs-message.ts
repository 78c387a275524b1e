import { isoDate, type EpochDay } from '#patients/record/epoch-day.ts';
import type { Drug, Line, MessageSink, Place } from './message-sink.ts';
import { type Answer, DRUG_GROUPS, lineQuestion, LINES, type Question } from './nmrs-vocabulary.ts';

const DURATION: Question = { variable: 'Medication duration', concept: 159_368 };

/** One NMRS message under way, as JSON. `isCoded`: answers by concept and drugs in groups; else words, side by side. */
export class NmrsMessage implements MessageSink {
  readonly #patientId: string;
  readonly #isCoded: boolean;
  readonly #visits: string[] = [];
  readonly #encounters: string[] = [];
  readonly #obs: string[] = [];
  #serial = 0;

  constructor(patientId: string, isCoded: boolean) {
    this.#patientId = patientId;
    this.#isCoded = isCoded;
  }

  visit(day: EpochDay, known: EpochDay, isVoided = false): void {
    this.#visits.push(`{"dateStarted":"${stamp(day)}"${created(day, known)},"voided":${isVoided ? 1 : 0}}`);
  }

  form(name: string, day: EpochDay, known: EpochDay, isVoided = false): string {
    const id = `${this.#patientId}-e${this.#serial++}`;
    this.#encounters.push(
      `{"encounterUuid":"${id}","encounterDatetime":"${stamp(day)}","pmmForm":"${name}"${created(day, known)},"voided":${isVoided ? 1 : 0}}`,
    );
    return id;
  }

  /** Several drugs are told apart by their groups, or stand side by side; a voided form's leftovers are not voided. */
  dispense(place: Place, drugs: readonly Drug[], line?: Line): void {
    const { form, day, known } = place;
    const leftover = { form, day, known };
    const isPlain = drugs.length === 1 && drugs[0]!.group === DRUG_GROUPS.arv;
    for (const drug of drugs) {
      const group = isPlain || !this.#isCoded ? '' : this.#group(leftover, drug.group);
      this.#observe(leftover, inGroup(group), drug.group.drug, this.#valueOf(drug));
      if (!Number.isNaN(drug.days))
        this.#observe(leftover, inGroup(group), DURATION, `,"valueNumeric":${drug.days}`);
    }
    if (line === undefined) return;
    if (!line.isQuestion) this.answer(leftover, LINES.question, line.answer);
    else
      this.answer(
        leftover,
        lineQuestion(line.answer),
        drugs.find((d) => d.group === DRUG_GROUPS.arv)!,
      );
  }

  number(place: Place, question: Question, value: number): void {
    this.#observe(place, '', question, `,"valueNumeric":${value}`);
  }

  answer(place: Place, question: Question, answer: Answer): void {
    this.#observe(place, '', question, this.#valueOf(answer));
  }

  date(place: Place, question: Question, value: EpochDay): void {
    const field = this.#isCoded ? 'valueDatetime' : 'valueText';
    this.#observe(place, '', question, `,"${field}":"${stamp(value)}"`);
  }

  line(header: string, demographics: string): string {
    return `{"messageHeader":${header},"messageData":{"demographics":${demographics},"visits":[${this.#visits.join()}],"encounters":[${this.#encounters.join()}],"obs":[${this.#obs.join()}]}}\n`;
  }

  /** Adds a group of observations and gives its id. */
  #group(place: Place, question: Question): string {
    const id = `${this.#patientId}-g${this.#serial++}`;
    this.#observe(place, `"obsUuid":"${id}",`, question, '');
    return id;
  }

  #valueOf({ word, concept }: Answer): string {
    return this.#isCoded && concept > 0 ? `,"valueCoded":${concept}` : `,"valueText":"${word}"`;
  }

  #observe(
    { form, day, known, isVoided = false }: Place,
    group: string,
    { variable, concept }: Question,
    value: string,
  ): void {
    const encounter = form === '' ? '' : `"encounterUuid":"${form}",`;
    const id = this.#isCoded ? `,"conceptId":${concept}` : '';
    this.#obs.push(
      `{${encounter}${group}"obsDatetime":"${stamp(day)}","variableName":"${variable}"${id}${value}${created(day, known)},"voided":${isVoided ? 1 : 0}}`,
    );
  }
}

function inGroup(group: string): string {
  return group === '' ? '' : `"obsGroupUuid":"${group}",`;
}

function created(day: EpochDay, known: EpochDay): string {
  return known === day ? '' : `,"dateCreated":"${stamp(known)}"`;
}

function stamp(day: EpochDay): string {
  return `${isoDate(day)} 00:00:00`;
}
