import { type EpochDay } from '#patients/record/epoch-day.ts';
import { FEATURES, FEATURE_NAMES } from '#patients/features/features.ts';
import { IDENTIFIER_NAMES, type Identifiers } from '#patients/record/identifiers.ts';
import type { PatientRecord } from '#patients/record/patient-record.ts';
import type { InputKind } from '#shared/models/manifest.ts';
import { FieldFault, PatientScreen } from '#patients/sources/patient-input.ts';
import { isMissing } from '#patients/values/missing.ts';
import { DUE_DATE, FACILITY_ID, PATIENT_ID } from '../cohort-layout.ts';
import { type FormatContext, warn } from '../input-format.ts';

/** Where a row stands and whom it is about, as far as the source could be read; `''` = unknown. */
export type Whose = {
  /** The file's own number of the row, where a source joins rows or holds them back. */
  rowNo?: number | undefined;
  patientId?: string;
  facilityId?: string;
  /** YYYY-MM-DD */
  dueDate?: string;
  identifiers?: Identifiers | undefined;
};

/** Why a patient gives no row. */
export type Refusal = { field: string | null; code: string; message: string };

/** Turns patients into rows of the cohort or rejections by name, in the order in which they come. */
export class PatientEmitter {
  readonly #context: FormatContext;
  readonly #screen: PatientScreen;
  readonly #extracted = new Float64Array(FEATURES.length);
  /** By feature of the model, its index among the extracted ones; -1 where nobody can know it. */
  readonly #indices: number[];
  readonly #text = Buffer.alloc(1_024);

  constructor(context: FormatContext, asOf: EpochDay) {
    this.#context = context;
    this.#screen = new PatientScreen(asOf);
    this.#indices = context.manifest.features.map(({ name }) => FEATURE_NAMES.indexOf(name));
  }

  /**
   * Opens the cohort: its columns are the model's features but for those that the source cannot know, and the one that is
   * filled in by facility.
   */
  layOut(unknown: readonly string[], kind: InputKind = 'records'): void {
    const filledIn = this.#context.manifest.facility_effect?.feature;
    const known = this.#context.manifest.features
      .map(({ name }) => name)
      .filter((name) => FEATURE_NAMES.includes(name) && name !== filledIn && !unknown.includes(name));
    this.#context.layOut(['patient_id', 'facility_id', 'due_date', ...known], kind);
  }

  warn(code: string, times = 1): void {
    warn(this.#context, code, times);
  }

  /** A patient who may be scored becomes a row, any other a rejection with its reason. */
  patient(record: PatientRecord, line: number, place: Pick<Whose, 'rowNo' | 'identifiers'> = {}): void {
    const outcome = this.#screen.screen(record, line, this.#extracted);
    if (outcome.ok) {
      for (const note of outcome.row.notes) this.warn(note);
      this.row(line, this.#extracted, 0, { ...outcome.row, ...place });
    } else {
      const { field, code, message } = outcome.rejection;
      this.reject(line, field === '' ? null : field, code, message, { ...outcome.whose, ...place });
    }
  }

  /** A patient whose features were extracted already: `values[offset …]`, in the order of `FEATURES`. */
  row(line: number, values: Float64Array, offset: number, whose: Whose): void {
    const { rows } = this.#context;
    rows.begin(line, whose.rowNo);
    for (let feature = 0; feature < this.#indices.length; feature++) {
      const index = this.#indices[feature]!;
      if (index >= 0) rows.values[feature] = values[offset + index]!;
    }
    this.#whose(whose);
    rows.end();
  }

  /** A record that cannot be read: a `FieldFault` refuses it, anything else is thrown on. */
  refuse(line: number, error: unknown, whose?: Whose): void {
    if (!(error instanceof FieldFault)) throw error;
    this.reject(line, error.field === '' ? null : error.field, error.code, error.message, whose);
  }

  reject(line: number, field: string | null, code: string, message: string, whose?: Whose): void {
    const { rows } = this.#context;
    rows.begin(line, whose?.rowNo);
    rows.reject(field, code, message);
    if (whose !== undefined) this.#whose(whose);
    rows.end();
  }

  #whose({ patientId, facilityId, dueDate, identifiers }: Whose): void {
    this.#cell(PATIENT_ID, patientId);
    this.#cell(FACILITY_ID, facilityId);
    this.#cell(DUE_DATE, dueDate);
    if (identifiers === undefined) return;
    for (const name of IDENTIFIER_NAMES) {
      const text = identifiers[name];
      if (text !== undefined) this.#context.rows.identifier(name, text);
    }
  }

  #cell(role: number, text: string | undefined): void {
    if (text === undefined || isMissing(text)) return;
    const length = this.#text.write(text);
    this.#context.rows.cell(role, this.#text, 0, length);
  }
}
