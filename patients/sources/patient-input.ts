import type { EpochDay } from '#patients/record/epoch-day.ts';
import { Extractor } from '#patients/features/extract.ts';
import { FEATURES } from '#patients/features/features.ts';
import { isAtRisk, standing, type Standing, wasDispensedAfterExit } from '#patients/features/outcome.ts';
import type { History } from '#patients/features/history.ts';
import type { PatientRecord } from '#patients/record/patient-record.ts';
import type { WarningCode } from './warning-codes.ts';

/** Why a record of patient data gives no row. Stable: clients switch on them. */
export type InputRejectionCode =
  | 'not_an_object'
  | 'missing_field'
  | 'bad_type'
  | 'bad_date'
  | 'bad_number'
  | 'bad_value'
  | 'missing_value'
  | 'too_long'
  | 'control_character'
  | 'invalid_encoding'
  | 'ambiguous_date'
  | 'out_of_range'
  | 'future_date'
  | 'ambiguous_unit'
  | 'pickup_in_future'
  | 'rounded_id'
  | 'formula_without_value'
  | 'too_many_cells'
  | 'contradicting_rows'
  | 'already_interrupted'
  | 'patient_died'
  | 'transferred_out'
  | 'stopped_treatment'
  | 'lost_to_follow_up'
  | 'duplicate_record'
  | 'invalid_record'
  | 'no_pickup'
  | 'no_due_date';

export interface InputRejection {
  /** 1-based place of the message or line among its siblings. */
  readonly record: number;
  /** Path in the message, column of the line list or feature; `''` = the record as a whole. */
  readonly field: string;
  readonly code: InputRejectionCode;
  readonly message: string;
}

/** A fault of one field; the reader that knows the record's number makes an `InputRejection` of it. */
export class FieldFault extends Error {
  readonly field: string;
  readonly code: InputRejectionCode;

  constructor(field: string, code: InputRejectionCode, message: string) {
    super(message);
    this.name = 'FieldFault';
    this.field = field;
    this.code = code;
  }
}

export interface PatientRow {
  readonly patientId: string;
  /** `''` where the source names no facility. */
  readonly facilityId: string;
  /** `YYYY-MM-DD` */
  readonly dueDate: string;
  /** Whether due + 28 falls inside the window. */
  readonly isAtRisk: boolean;
  /** What is odd about the patient's records as a whole. */
  readonly notes: readonly WarningCode[];
}

/** Whom a refusal is about; `''` where unknown. */
export interface RefusedPatient {
  readonly patientId: string;
  readonly facilityId: string;
  /** `YYYY-MM-DD` */
  readonly dueDate: string;
}

export type PatientOutcome =
  | { readonly ok: true; readonly row: PatientRow }
  | { readonly ok: false; readonly rejection: InputRejection; readonly whose: RefusedPatient };

const NOT_SCORED: Readonly<Record<Exclude<Standing, 'in_care'>, readonly [InputRejectionCode, string]>> = {
  interrupted: [
    'already_interrupted',
    'more than 28 days past due without pickup or clinical contact: trace, do not predict',
  ],
  died: ['patient_died', 'documented as died'],
  transferred_out: ['transferred_out', 'documented as transferred out'],
  stopped: ['stopped_treatment', 'documented as having stopped treatment, without a dispensing since'],
  lost: ['lost_to_follow_up', 'documented as lost to follow-up, not seen since: trace, do not predict'],
  no_pickup: ['no_pickup', 'no pickup in the last three years: not enough data'],
  no_due_date: ['no_due_date', 'the last pickup has neither days of supply nor an ARV appointment after it'],
};

/** Extracts and judges records for one as-of date. Not to be shared between calls that interleave. */
export class PatientScreen {
  readonly asOf: EpochDay;
  readonly extractor = new Extractor();

  constructor(asOf: EpochDay) {
    this.asOf = asOf;
  }

  /**
   * Writes the features of a patient in care to `out[offset …]`. Patients not to be scored (interrupted, died,
   * transferred out, not enough data) and values outside a feature's range come back as a rejection.
   */
  screen(record: PatientRecord, recordNo: number, out: Float64Array, offset = 0): PatientOutcome {
    const { extractor } = this;
    extractor.extract(record, this.asOf, out, offset);
    const stand = standing(extractor.history);
    const whose = {
      patientId: record.patientId,
      facilityId: record.facilityId,
      dueDate: extractor.dueDate(),
    };
    if (stand !== 'in_care') {
      const [code, message] = NOT_SCORED[stand];
      return { ok: false, rejection: { record: recordNo, field: '', code, message }, whose };
    }
    for (let i = 0; i < FEATURES.length; i++) {
      const value = out[offset + i]!;
      const feature = FEATURES[i]!;
      if (value < feature.min || value > feature.max) {
        const message = `${value} lies outside ${feature.min} to ${feature.max} ${feature.unit}`.trimEnd();
        return {
          ok: false,
          rejection: { record: recordNo, field: feature.name, code: 'out_of_range', message },
          whose,
        };
      }
    }
    return {
      ok: true,
      row: {
        ...whose,
        isAtRisk: isAtRisk(extractor.history),
        notes: notesOn(extractor.history),
      },
    };
  }
}

const NO_NOTES: readonly WarningCode[] = [];

function notesOn(history: History): readonly WarningCode[] {
  const isUnknown = history.record.visitsKnown && !history.pickupsComplete();
  if (!isUnknown && !wasDispensedAfterExit(history)) return NO_NOTES;
  return [
    ...(isUnknown ? (['history_unknown'] as const) : []),
    ...(wasDispensedAfterExit(history) ? (['dispensed_after_exit'] as const) : []),
  ];
}
