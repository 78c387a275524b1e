import type { EpochDay } from '#patients/record/epoch-day.ts';
import type { Answer, DrugGroup, Question } from './nmrs-vocabulary.ts';

/** One medicine of a pharmacy form. */
export interface Drug extends Answer {
  readonly group: DrugGroup;
  /** `NaN` = not written down. */
  readonly days: number;
}

/** Line of the regimen, as an answer of its own or as the question that the regimen answers. */
export interface Line {
  readonly answer: Answer;
  readonly isQuestion: boolean;
}

/** Where and when something was written, and when it was typed in. */
export interface Place {
  /** Id of the form, `''` where it stands on none. */
  readonly form: string;
  readonly day: EpochDay;
  readonly known: EpochDay;
  /** Taken back by itself; what stands on a voided form need not be. */
  readonly isVoided?: boolean;
}

/** A patient's message under way, in some format. */
export interface MessageSink {
  visit(day: EpochDay, known: EpochDay, isVoided?: boolean): void;
  /** Adds a form and gives its id. */
  form(name: string, day: EpochDay, known: EpochDay, isVoided?: boolean): string;
  /** What one pharmacy form dispensed, in this order. */
  dispense(place: Place, drugs: readonly Drug[], line?: Line): void;
  number(place: Place, question: Question, value: number): void;
  answer(place: Place, question: Question, answer: Answer): void;
  date(place: Place, question: Question, value: EpochDay): void;
}
