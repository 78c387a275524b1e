import { isoDate, type EpochDay } from '../record/epoch-day.ts';
import { FEATURES } from './features.ts';
import { History, summarise } from './history.ts';
import type { PatientRecord } from '../record/patient-record.ts';

/**
 * Turns patient records into feature vectors. Keeps one `History` of its own and allocates nothing a patient;
 * not to be shared between calls that interleave.
 */
export class Extractor {
  readonly history = new History();
  readonly #compute = FEATURES.map((feature) => feature.compute);

  /**
   * Writes the features of `record` as known at the end of `asOf` to `out[offset …]`, one float64 a feature in
   * the order of `FEATURES`, `NaN` = missing. What was known of due date and contacts stays in `history`.
   */
  extract(record: PatientRecord, asOf: EpochDay, out: Float64Array, offset = 0): void {
    const { history } = this;
    summarise(record, asOf, history);
    const compute = this.#compute;
    for (let i = 0; i < compute.length; i++) {
      const value = compute[i]!(history);
      // −0 and 0 are one value to a tree but two to a hash of the row.
      out[offset + i] = value === 0 ? 0 : value;
    }
  }

  /** Due date of the patient extracted last as `YYYY-MM-DD`, `''` where unknown. */
  dueDate(): string {
    return isoDate(this.history.dueDay);
  }
}
