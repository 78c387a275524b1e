import { IDENTIFIER_FAULTS, identifierFault, MAX_ID_CHARACTERS } from '#patients/values/identifier.ts';
import type { EpochDay } from '#patients/record/epoch-day.ts';
import { FEATURES } from '#patients/features/features.ts';
import type { PatientFeatures } from '#api/online/feature-store/feature-store.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { NmrsReader } from '#patients/sources/nmrs.ts';
import { FieldFault, type InputRejection, PatientScreen } from '#patients/sources/patient-input.ts';
import type { OnlineModel } from './online-model.ts';
import type { OnlineRows } from './row-reader.ts';

/** What a body asks: rows of features, or patients by id. */
export type Asked =
  | { source: 'rows'; objects: readonly unknown[] }
  | { source: 'stored'; patientIds: readonly string[] };

/** One object, an array of them, or `{"patient_ids": […]}`. Throws `invalid_body`, `empty_cohort`, `body_too_large`. */
export function askedOf(body: unknown, maxRows: number): Asked {
  const ids =
    typeof body === 'object' && body !== null && 'patient_ids' in body ? body.patient_ids : undefined;
  const list = ids ?? (Array.isArray(body) ? body : [body]);
  if (!Array.isArray(list))
    throw new ServiceError('invalid_body', '`patient_ids` must be an array.', { field: 'patient_ids' });
  if (list.length === 0) throw new ServiceError('empty_cohort', 'There is nobody to score.');
  if (list.length > maxRows) {
    throw new ServiceError('body_too_large', `At most ${maxRows} patients at once; submit a job for more.`);
  }
  if (ids === undefined) return { source: 'rows', objects: list };
  if (!list.every((id) => typeof id === 'string' && identifierFault(id) === undefined)) {
    throw new ServiceError('invalid_body', `Patient ids are texts of 1–${MAX_ID_CHARACTERS} characters.`, {
      field: 'patient_ids',
    });
  }
  return { source: 'stored', patientIds: list as string[] };
}

/** Rows of those patients whose features are known, and the ids of the others. */
export function rowsOfStored(
  model: OnlineModel,
  patientIds: readonly string[],
  found: readonly (PatientFeatures | undefined)[],
): { rows: OnlineRows; notFound: string[] } {
  const known = patientIds.flatMap((id, i) => {
    const features = found[i];
    return features === undefined ? [] : [{ id, features }];
  });
  const { featureCount } = model.rows;
  const values = new Float64Array(known.length * featureCount).fill(NaN);
  for (const [row, { features }] of known.entries()) {
    for (const [name, value] of Object.entries(features.values)) {
      const index = model.rows.indexOf(name);
      if (index !== undefined) values[row * featureCount + index] = value;
    }
  }
  return {
    rows: {
      patientIds: known.map(({ id }) => id),
      facilityIds: known.map(({ features }) => features.facilityId),
      dueDates: known.map(({ features }) => features.dueDate),
      asOf: known.map(({ features }) => features.asOf),
      values,
    },
    notFound: patientIds.filter((_, i) => found[i] === undefined),
  };
}

/** Writes what the model knows of each row's facility, where the row does not say it itself. */
export function fillFacilityRatios({ ratios, rows: { featureCount } }: OnlineModel, rows: OnlineRows): void {
  if (ratios === undefined) return;
  for (const [row, facilityId] of rows.facilityIds.entries()) {
    const at = row * featureCount + ratios.column;
    if (!ratios.isOn) rows.values[at] = NaN;
    else if (facilityId !== null && Number.isNaN(rows.values[at])) rows.values[at] = ratios.of(facilityId);
  }
}

export type Refused = Omit<InputRejection, 'record'> & { record: number };

/**
 * Extracts NMRS messages as of one day. Patients who cannot be scored (interrupted already, died, moved away, not enough
 * data, a faulty message) come back as refused, by their place. Throws `feature_mismatch` for a model with features that
 * the extractor does not know.
 */
export function rowsOfNmrs(
  model: OnlineModel,
  messages: readonly unknown[],
  asOf: EpochDay,
  asOfText: string,
): { rows: OnlineRows; refused: Refused[] } {
  const places = model.manifest.features.map(({ name }) =>
    FEATURES.findIndex((feature) => feature.name === name),
  );
  const unknown = model.manifest.features.filter((_, i) => places[i] === -1).map(({ name }) => name);
  if (unknown.length > 0) {
    throw new ServiceError('feature_mismatch', 'The model has features that patient messages cannot give.', {
      details: { features: unknown },
    });
  }
  const reader = new NmrsReader();
  const screen = new PatientScreen(asOf);
  const extracted = new Float64Array(FEATURES.length);
  const rows: OnlineRows = {
    patientIds: [],
    facilityIds: [],
    dueDates: [],
    asOf: [],
    values: new Float64Array(messages.length * places.length),
  };
  const refused: Refused[] = [];
  for (const [i, message] of messages.entries()) {
    const outcome = screenMessage(reader, screen, message, i + 1, extracted);
    if (!outcome.ok) {
      refused.push(outcome.rejection);
      continue;
    }
    const { patientId, facilityId } = outcome.row;
    const wrong = identifierFault(patientId) ?? (facilityId === '' ? undefined : identifierFault(facilityId));
    if (wrong !== undefined) {
      const message = `an identifier ${IDENTIFIER_FAULTS[wrong]}`;
      refused.push({ record: i + 1, field: 'identifier', code: 'bad_value', message });
      continue;
    }
    const offset = rows.patientIds.length * places.length;
    for (const [feature, place] of places.entries()) rows.values[offset + feature] = extracted[place]!;
    rows.patientIds.push(outcome.row.patientId);
    rows.facilityIds.push(outcome.row.facilityId === '' ? null : outcome.row.facilityId);
    rows.dueDates.push(outcome.row.dueDate === '' ? null : outcome.row.dueDate);
    rows.asOf.push(asOfText);
  }
  rows.values = rows.values.subarray(0, rows.patientIds.length * places.length);
  return { rows, refused };
}

function screenMessage(
  reader: NmrsReader,
  screen: PatientScreen,
  message: unknown,
  record: number,
  out: Float64Array,
) {
  try {
    return screen.screen(reader.read(message), record, out);
  } catch (error) {
    if (!(error instanceof FieldFault)) throw error;
    const rejection: InputRejection = {
      record,
      field: error.field,
      code: error.code,
      message: error.message,
    };
    const { patientId, facilityId } = reader.record;
    return { ok: false as const, rejection, whose: { patientId, facilityId, dueDate: '' } };
  }
}
