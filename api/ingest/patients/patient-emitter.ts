import type { EpochDay } from '#patients/record/epoch-day.ts';
import { FEATURES, FEATURE_NAMES } from '#patients/features/features.ts';
import type { PatientRecord } from '#patients/record/patient-record.ts';
import { FieldFault, PatientScreen } from '#patients/sources/patient-input.ts';
import { DUE_DATE, FACILITY_ID, PATIENT_ID } from '../cohort-layout.ts';
import type { FormatContext } from '../input-format.ts';

/** Turns patient records into rows of the cohort: extracts their features as of one day and hands them to the builder. */
export class PatientEmitter {
  readonly #context: FormatContext;
  readonly #screen: PatientScreen;
  readonly #extracted = new Float64Array(FEATURES.length);
  /** By feature of the model, its place among the extracted ones; -1 where nobody can know it. */
  readonly #places: number[];
  readonly #text = Buffer.alloc(4 * 64 + 16);

  constructor(context: FormatContext, asOf: EpochDay) {
    this.#context = context;
    this.#screen = new PatientScreen(asOf);
    this.#places = context.manifest.features.map(({ name }) => FEATURE_NAMES.indexOf(name));
  }

  /** Opens the cohort: its columns are the model's features but for those that the source cannot know. */
  layOut(unknown: readonly string[]): void {
    const known = this.#context.manifest.features
      .map(({ name }) => name)
      .filter((name) => FEATURE_NAMES.includes(name) && !unknown.includes(name));
    this.#context.layOut(['patient_id', 'facility_id', 'due_date', ...known]);
  }

  /** A patient who may be scored becomes a row, any other a rejection with its reason. */
  patient(record: PatientRecord, line: number): void {
    const { rows } = this.#context;
    const outcome = this.#screen.screen(record, line, this.#extracted);
    rows.begin(line);
    if (outcome.ok) {
      for (const [feature, place] of this.#places.entries()) {
        if (place >= 0) rows.values[feature] = this.#extracted[place]!;
      }
      this.#cell(PATIENT_ID, outcome.row.patientId);
      this.#cell(FACILITY_ID, outcome.row.facilityId);
      this.#cell(DUE_DATE, outcome.row.dueDate);
    } else {
      const { field, code, message } = outcome.rejection;
      rows.reject(field === '' ? null : field, code, message);
    }
    rows.end();
  }

  /** A record that cannot be read: a `FieldFault` refuses it, anything else is thrown on. */
  refuse(line: number, error: unknown): void {
    if (!(error instanceof FieldFault)) throw error;
    this.reject(line, error.field === '' ? null : error.field, error.code, error.message);
  }

  reject(line: number, field: string | null, code: string, message: string): void {
    const { rows } = this.#context;
    rows.begin(line);
    rows.reject(field, code, message);
    rows.end();
  }

  #cell(role: number, text: string): void {
    const length = this.#text.write(text);
    this.#context.rows.cell(role, this.#text, 0, length);
  }
}
