import { isoDate, type EpochDay } from '#patients/record/epoch-day.ts';
import { IDENTIFIER_NAMES, type Identifiers } from '#patients/record/identifiers.ts';
import { FEATURES, FEATURE_NAMES } from '#patients/features/features.ts';
import type { PatientRecord } from '#patients/record/patient-record.ts';
import { FieldFault, PatientScreen } from '#patients/sources/patient-input.ts';
import { DUE_DATE, FACILITY_ID, PATIENT_ID } from '../cohort-layout.ts';
import type { FormatContext } from '../input-format.ts';

/** Where a patient's row stands in the file, and what is kept beside the prediction. */
export type PatientPlace = { readonly rowNo: number; readonly identifiers: Identifiers };

/** Who a refused row is about; `''` and `NaN` = not known. */
export type RefusedPerson = {
  readonly rowNo: number;
  readonly patientId: string;
  readonly facilityId: string;
  readonly dueDay: EpochDay;
};

/** Turns patient records into rows of the cohort: extracts their features as of one day and hands them to the builder. */
export class PatientEmitter {
  readonly #context: FormatContext;
  readonly #screen: PatientScreen;
  readonly #extracted = new Float64Array(FEATURES.length);
  /** By feature of the model, its place among the extracted ones; -1 where nobody can know it. */
  readonly #places: number[];
  readonly #text = Buffer.alloc(4 * 128 + 16);

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

  /**
   * A patient who may be scored becomes a row, any other a rejection with its reason, patient, facility and due date.
   * `place` is of sources that number their rows themselves and have identifiers to keep.
   */
  patient(record: PatientRecord, line: number, place?: PatientPlace): void {
    const { rows } = this.#context;
    const outcome = this.#screen.screen(record, line, this.#extracted);
    rows.begin(line, place?.rowNo);
    this.#person(record.patientId, record.facilityId, this.#screen.extractor.dueDate());
    if (outcome.ok) {
      for (const [feature, place] of this.#places.entries()) {
        if (place >= 0) rows.values[feature] = this.#extracted[place]!;
      }
      if (place !== undefined)
        for (const name of IDENTIFIER_NAMES) {
          const text = place.identifiers[name];
          if (text !== undefined) rows.identifier(name, text);
        }
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

  reject(line: number, field: string | null, code: string, message: string, person?: RefusedPerson): void {
    const { rows } = this.#context;
    rows.begin(line, person?.rowNo);
    rows.reject(field, code, message);
    if (person !== undefined) this.#person(person.patientId, person.facilityId, isoDate(person.dueDay));
    rows.end();
  }

  /** The identity of a row, as far as it is known. */
  #person(patientId: string, facilityId: string, dueDate: string): void {
    if (patientId !== '') this.#cell(PATIENT_ID, patientId);
    if (facilityId !== '') this.#cell(FACILITY_ID, facilityId);
    if (dueDate !== '') this.#cell(DUE_DATE, dueDate);
  }

  #cell(role: number, text: string): void {
    const length = this.#text.write(text);
    this.#context.rows.cell(role, this.#text, 0, length);
  }
}
