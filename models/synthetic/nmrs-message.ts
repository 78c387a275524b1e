import { isoDate, type EpochDay } from '#patients/record/epoch-day.ts';
import type { Answer, Question } from './nmrs-vocabulary.ts';

/** One NMRS message under way, as JSON. `isCoded`: answers by concept and drugs in groups; else words, side by side. */
export class NmrsMessage {
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

  /** Adds a form and gives its id. */
  encounter(day: EpochDay, known: EpochDay, form: string, isVoided = false): string {
    const id = `${this.#patientId}-e${this.#serial++}`;
    this.#encounters.push(
      `{"encounterUuid":"${id}","encounterDatetime":"${stamp(day)}","pmmForm":"${form}"${created(day, known)},"voided":${isVoided ? 1 : 0}}`,
    );
    return id;
  }

  /** Adds a group of observations and gives its id, `''` where the export has none. */
  group(form: string, day: EpochDay, known: EpochDay, { variable, concept }: Question): string {
    if (!this.#isCoded) return '';
    const id = `${this.#patientId}-g${this.#serial++}`;
    this.#observe(form, day, known, `"obsUuid":"${id}",`, { variable, concept }, '', false);
    return id;
  }

  number(
    form: string,
    day: EpochDay,
    known: EpochDay,
    question: Question,
    value: number,
    isVoided = false,
    group = '',
  ): void {
    this.#observe(form, day, known, inGroup(group), question, `,"valueNumeric":${value}`, isVoided);
  }

  answer(
    form: string,
    day: EpochDay,
    known: EpochDay,
    question: Question,
    { word, concept }: Answer,
    group = '',
  ): void {
    const value = this.#isCoded && concept > 0 ? `,"valueCoded":${concept}` : `,"valueText":"${word}"`;
    this.#observe(form, day, known, inGroup(group), question, value, false);
  }

  date(
    form: string,
    day: EpochDay,
    known: EpochDay,
    variable: string,
    concept: number,
    value: EpochDay,
  ): void {
    const field = this.#isCoded ? 'valueDatetime' : 'valueText';
    this.#observe(form, day, known, '', { variable, concept }, `,"${field}":"${stamp(value)}"`, false);
  }

  line(header: string, demographics: string): string {
    return `{"messageHeader":${header},"messageData":{"demographics":${demographics},"visits":[${this.#visits.join()}],"encounters":[${this.#encounters.join()}],"obs":[${this.#obs.join()}]}}\n`;
  }

  #observe(
    form: string,
    day: EpochDay,
    known: EpochDay,
    group: string,
    { variable, concept }: Question,
    value: string,
    isVoided: boolean,
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
