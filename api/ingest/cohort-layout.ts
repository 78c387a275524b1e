import { ServiceError } from '#shared/errors/errors.ts';
import type { ManifestFeature, ModelManifest } from '#shared/models/manifest.ts';

/** What a column of the input is: a feature by its index in the model, or one of these. */
export const PATIENT_ID = -1;
export const FACILITY_ID = -2;
export const DUE_DATE = -3;
export const IGNORED = -4;
/** And one for each of IDENTIFIER_NAMES, downwards from here. */
export const FIRST_IDENTIFIER = -5;

export const MAX_COLUMNS = 10_000;
const IDENTITY = new Map([
  ['patient_id', PATIENT_ID],
  ['facility_id', FACILITY_ID],
  ['due_date', DUE_DATE],
]);
const NAMES_SHOWN = 50;

export type LayoutOptions = { manifest: ModelManifest; ignoreUnknown: boolean };

/** The input's columns held against the model's: judged once, before any row is taken. */
export type CohortLayout = {
  /** By column of the input: a feature's index, or PATIENT_ID, FACILITY_ID, DUE_DATE, IGNORED. */
  roles: Int32Array;
  names: string[];
  ignored: string[];
  /** Features of the model that no column brings: missing in every row. */
  absentFeatures: string[];
};

/** The role of a column's name; undefined for one that neither the contract nor the model knows. */
export function roleLookup(manifest: ModelManifest): (name: string) => number | undefined {
  const features = new Map(manifest.features.map((feature) => [feature.name, feature.index]));
  return (name) => IDENTITY.get(name) ?? features.get(name);
}

/**
 * Throws `too_many_columns`, `duplicate_columns`, `unknown_columns` (unless they may pass) or `missing_columns`,
 * each with all names at once in `columns`.
 */
export function layOut(names: string[], options: LayoutOptions): CohortLayout {
  if (names.length > MAX_COLUMNS) {
    throw new ServiceError(
      'too_many_columns',
      `The header has ${names.length} columns; ${MAX_COLUMNS} are the limit.`,
      {
        line: 1,
      },
    );
  }
  const { manifest, ignoreUnknown } = options;
  const roleOf = roleLookup(manifest);
  const present = new Set<string>();
  const duplicates = names.filter((name) => present.size === present.add(name).size);
  if (duplicates.length > 0)
    throw columnsError('duplicate_columns', 'Columns occur more than once', duplicates);
  const unknown = names.filter((name) => roleOf(name) === undefined);
  if (unknown.length > 0 && !ignoreUnknown) {
    throw columnsError(
      'unknown_columns',
      'Columns are not features of the model (ignore_unknown=true lets them pass)',
      unknown,
    );
  }
  const required = ['patient_id', ...manifest.features.filter(isRequired).map((feature) => feature.name)];
  const missing = required.filter((name) => !present.has(name));
  if (missing.length > 0) throw columnsError('missing_columns', 'Required columns are missing', missing);
  return {
    roles: Int32Array.from(names, (name) => roleOf(name) ?? IGNORED),
    names,
    ignored: unknown,
    absentFeatures: manifest.features
      .filter((feature) => !present.has(feature.name))
      .map((feature) => feature.name),
  };
}

function isRequired(feature: ManifestFeature): boolean {
  return feature.required;
}

function columnsError(
  code: 'duplicate_columns' | 'unknown_columns' | 'missing_columns',
  what: string,
  columns: string[],
): ServiceError {
  const shown = columns.slice(0, NAMES_SHOWN).map((name) => name.slice(0, 100));
  const more = columns.length > shown.length ? ` and ${columns.length - shown.length} more` : '';
  return new ServiceError(code, `${what}: ${shown.join(', ')}${more}.`, {
    line: 1,
    ...(shown[0] === undefined ? {} : { field: shown[0] }),
    details: { columns: shown, column_count: columns.length },
  });
}
