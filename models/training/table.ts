import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { isoDate, type EpochDay } from '#patients/record/epoch-day.ts';
import { Extractor } from '#patients/features/extract.ts';
import { FEATURES } from '#patients/features/features.ts';
import { FACILITY_FEATURE } from '#patients/features/list/facility.ts';
import { GRACE_DAYS, History } from '#patients/features/history.ts';
import { manifestFeatures } from '#shared/models/manifest-features.ts';
import { isAtRisk, labelOf, standing, WINDOW_DAYS } from '#patients/features/outcome.ts';
import type { PatientRecord } from '#patients/record/patient-record.ts';
import { EntryVolume } from './entry-volume.ts';
import { DIRECTIONS, MODEL_FEATURES } from './model-features.ts';

/** Columns after the features of a row. */
const AFTER = ['label', 'at_risk', 'as_of', 'facility', 'patient'] as const;
const FLUSH_ROWS = 4096;

/**
 * Days before the end of the data at which the table looks. No label window of one split reaches past the
 * first as-of date of the next, so that nothing of a later split is seen in an earlier one. The rows `before` are not
 * trained on: they tell how each facility did before the training begins.
 */
export const AS_OF_DAYS_BEFORE_END = {
  before: [1020, 960, 900],
  train: [780, 720, 660, 600, 540, 480, 420],
  validation: [330, 270],
  test: [180, 120],
} as const;

/**
 * Days between the end of a window and the facility's data cut-off: pickups are typed in late, and a window
 * that ends too near the cut-off would take them for interruptions.
 */
const SETTLING_DAYS = 30;

/** One patient as the table sees them. Objects may be filled anew for the next. */
export interface TrainingPatient {
  readonly facilityId: string;
  /** What was known on an as-of date; `undefined` where the source says nothing of that time. */
  recordOn(asOf: EpochDay): PatientRecord | undefined;
  /** All that is known, for the outcome. */
  wholeRecord(): PatientRecord;
}

/** How far the table looks back before the features' own look-back. */
export const EXTRA_HISTORY_DAYS = 780;

export interface TableOptions {
  readonly directory: string;
  /** Last day of the data. */
  readonly end: EpochDay;
  /** Asked at the end: whether the records were simulated, and words for where they came from. */
  readonly describe: () => {
    readonly synthetic: boolean;
    readonly source: string;
    readonly format: 'records' | 'stacked' | 'snapshot';
  };
  /** Days before the end at which the table looks, by split. */
  readonly asOfDays?: Readonly<Record<string, readonly number[]>>;
}

export interface TableSummary {
  readonly rows: number;
  readonly patients: number;
}

/**
 * Writes the training table of the given patients into `directory`:
 * `table.f64`: float64, little-endian, row-major, the features and then label, at_risk, as_of, facility, patient;
 * `table.json`: the columns, the splits and each facility's data cut-off. A row whose window and
 * settling time reach past the cut-off of its facility is written here and dropped by the trainer, since the
 * cut-off is known only at the end.
 *
 * A patient gives a row for each as-of date on which they were in care; deaths and transfers out give none.
 * `patients` may yield one and the same object, filled anew.
 */
export async function writeTrainingTable(
  patients: AsyncIterable<TrainingPatient> | Iterable<TrainingPatient>,
  options: TableOptions,
): Promise<TableSummary> {
  const { asOfDays = AS_OF_DAYS_BEFORE_END } = options;
  const asOfs = Object.values(asOfDays).flatMap((days) => days.map((d) => options.end - d));
  const width = FEATURES.length + AFTER.length;
  const out = createWriteStream(join(options.directory, 'table.f64'));
  const extractor = new Extractor();
  const scratch = new History();
  const facilities = new Map<string, { index: number; volume: EntryVolume; patients: number }>();
  let block = new Float64Array(FLUSH_ROWS * width);
  let inBlock = 0;
  let rows = 0;
  let patientCount = 0;
  for await (const patient of patients) {
    const { facilityId } = patient;
    const facility = facilities.get(facilityId) ?? {
      index: facilities.size,
      volume: new EntryVolume(),
      patients: 0,
    };
    facilities.set(facilityId, facility);
    facility.patients++;
    const whole = patient.wholeRecord();
    facility.volume.add(whole, options.end);
    for (const asOf of asOfs) {
      const at = inBlock * width;
      const record = patient.recordOn(asOf);
      if (record === undefined) continue;
      extractor.extract(record, asOf, block, at);
      if (standing(extractor.history) !== 'in_care') continue;
      const label = labelOf(whole, asOf, scratch);
      if (Number.isNaN(label)) continue;
      const after = [label, isAtRisk(extractor.history) ? 1 : 0, asOf, facility.index, patientCount];
      block.set(after, at + FEATURES.length);
      rows++;
      if (++inBlock === FLUSH_ROWS) {
        if (!out.write(new Uint8Array(block.buffer))) await once(out, 'drain');
        block = new Float64Array(FLUSH_ROWS * width);
        inBlock = 0;
      }
    }
    patientCount++;
  }
  out.end(new Uint8Array(block.buffer, 0, inBlock * width * 8));
  await once(out, 'finish');
  const splits = Object.fromEntries(
    Object.entries(asOfDays).map(([name, days]) => [
      name,
      days.map((d) => ({ day: options.end - d, date: isoDate(options.end - d) })),
    ]),
  );
  const meta = {
    columns: [...FEATURES.map((f) => f.name), ...AFTER],
    features: manifestFeatures(),
    model_features: MODEL_FEATURES,
    directions: DIRECTIONS,
    facility_feature: FACILITY_FEATURE,
    // Which facilities send is no drift of their patients, nor is the season.
    drift_features: FEATURES.filter((f) => !f.calendar && f.name !== FACILITY_FEATURE).map((f) => f.name),
    line_list: Object.fromEntries(FEATURES.map((f) => [f.name, f.lineList])),
    rows,
    patients: patientCount,
    splits,
    window_days: WINDOW_DAYS,
    settling_days: SETTLING_DAYS,
    grace_days: GRACE_DAYS,
    end: isoDate(options.end),
    ...options.describe(),
    facilities: [...facilities].map(([id, { volume, patients: size }]) => ({
      id,
      cut_off: volume.lastOrdinaryDay(),
      patients: size,
    })),
  };
  await writeFile(join(options.directory, 'table.json'), JSON.stringify(meta));
  return { rows, patients: patientCount };
}
