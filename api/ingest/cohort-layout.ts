import { IDENTIFIER_NAMES } from '#patients/record/identifiers.ts';
import { nearest } from '#api/http/did-you-mean.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { manifestFeatures } from '#shared/models/manifest-features.ts';
import type { ManifestFeature, ModelManifest } from '#shared/models/manifest.ts';

/** What a column of the input is: a feature by its place among `judgedFeatures`, or one of these. */
export const PATIENT_ID = -1;
export const FACILITY_ID = -2;
export const DUE_DATE = -3;
export const IGNORED = -4;
/** And one for each of IDENTIFIER_NAMES, downwards from here. */
export const FIRST_IDENTIFIER = -5;

export const MAX_COLUMNS = 10_000;
const IDENTITY: readonly (readonly [string, number])[] = [
  ['patient_id', PATIENT_ID],
  ['facility_id', FACILITY_ID],
  ['due_date', DUE_DATE],
  ...IDENTIFIER_NAMES.map((name, index) => [name, FIRST_IDENTIFIER - index] as const),
];
/** A table of another kind names its rows as it does; what patients are known by means nothing there. */
function identityOf({
  prediction,
}: Pick<ModelManifest, 'prediction'>): readonly (readonly [string, number])[] {
  if (prediction === undefined) return IDENTITY;
  const { row_id: row, group_id: group } = prediction;
  return [[row, PATIENT_ID], ...(group === undefined ? [] : [[group, FACILITY_ID] as const])];
}

const NAMES_SHOWN = 50;
/** No name of a column is longer: titles are cut before they are compared. */
const LONGEST_NAME = 200;

export type LayoutOptions = {
  manifest: ModelManifest;
  ignoreUnknown: boolean;
  /** False: the model's table of facilities is not used, so that its feature is missing unless a column brings it. */
  facilityEffect?: boolean;
  /** Where the header stands. */
  line?: number;
};

/** The input's columns held against the model's: judged once, before any row is taken. */
export type CohortLayout = {
  /** By column of the input: a feature's index, or PATIENT_ID, FACILITY_ID, DUE_DATE, IGNORED, or an identifier's. */
  roles: Int32Array;
  names: string[];
  /** Columns with a name that nothing is read from. */
  ignored: string[];
  /** Features of the model that no column brings and the service does not fill in: missing in every row. */
  absentFeatures: string[];
};

/**
 * The role of a column's name; undefined for one that neither the contract nor the model knows. Names are compared as
 * people write them: without case, blanks and punctuation, unless two of the model's differ by those alone.
 */
export function roleLookup(manifest: ModelManifest): (name: string) => number | undefined {
  const judged = judgedFeatures(manifest);
  const units = new Map(judged.map(({ index, unit }) => [index, unit]));
  const known = [...identityOf(manifest), ...judged.map(({ name, index }) => [name, index] as const)];
  const exact = new Map<string, number>(known);
  const folded = new Map<string, number | undefined>();
  for (const [name, role] of exact) {
    const plain = fold(name);
    folded.set(plain, folded.has(plain) && folded.get(plain) !== role ? undefined : role);
  }
  const byTitle = (name: string): number | undefined => {
    const [title, note] = withoutNote(name);
    const role = note === '' ? undefined : folded.get(fold(title));
    return role === undefined || contradicts(note, units.get(role) ?? '') ? undefined : role;
  };
  return (name) =>
    exact.get(name) ??
    folded.get(fold(name)) ??
    byTitle(name) ??
    (COUNTS_ROWS.test(fold(name)) ? IGNORED : undefined);
}

/** Columns in which programs and people number the rows. */
const COUNTS_ROWS =
  /^(?:s(?:erial)?n(?:o|umber)?|sno|serial|index(?:level\d{1,4})?|row(?:no|num|number|id)?|unnamed\d{1,4})$/u;
const NOTE = /[([][^()[\]]{0,100}[)\]]/gu;
const TIME_UNITS = /\b(day|week|month|year)/iu;

/** A title without its notes in brackets (units, patterns of dates), and the notes. */
function withoutNote(name: string): [title: string, note: string] {
  const title = name.slice(0, LONGEST_NAME);
  return [title.replaceAll(NOTE, ''), (title.match(NOTE) ?? []).join(' ')];
}

/** Whether a note names another unit of time than the feature's: an age in months is no age in years. */
function contradicts(note: string, unit: string): boolean {
  const named = TIME_UNITS.exec(note)?.[1]?.toLowerCase();
  return named !== undefined && unit !== '' && !unit.toLowerCase().startsWith(named);
}

/**
 * The model's features, then the service's own that the model does without: a table may bring those. Their values are
 * judged as ever, so that whether a row is good does not hang on the model, and then let go.
 */
export function judgedFeatures({
  features,
  prediction,
}: Pick<ModelManifest, 'features' | 'prediction'>): ManifestFeature[] {
  if (prediction !== undefined) return [...features];
  const taken = new Set([...IDENTITY.map(([name]) => fold(name)), ...features.map(({ name }) => fold(name))]);
  const others = manifestFeatures().filter(({ name }) => !taken.has(fold(name)));
  return [...features, ...others.map((feature, i) => ({ ...feature, index: features.length + i }))];
}

/** Letters and digits alone, in lower case, of a title's first characters. */
function fold(name: string): string {
  return name
    .slice(0, LONGEST_NAME)
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '');
}

/** The canonical name of each column's role, for the description of the file; null for one that is not read. */
export function readAs(layout: CohortLayout, manifest: ModelManifest): (string | null)[] {
  const identity = new Map(IDENTITY.map(([name, role]) => [role, name]));
  return Array.from(layout.roles, (role) =>
    role >= 0 ? (manifest.features[role]?.name ?? null) : (identity.get(role) ?? null),
  );
}

/**
 * Throws `too_many_columns`, `duplicate_columns`, `unknown_columns` (unless they may pass) or `missing_columns`,
 * each with all names at once in `columns`. Columns without a name are passed over.
 */
export function layOut(names: string[], options: LayoutOptions): CohortLayout {
  const { manifest, ignoreUnknown, facilityEffect = true, line = 1 } = options;
  if (names.length > MAX_COLUMNS) {
    throw new ServiceError(
      'too_many_columns',
      `The header has ${names.length} columns; ${MAX_COLUMNS} are the limit.`,
      { line },
    );
  }
  const roleOf = roleLookup(manifest);
  const found = names.map((name) => (name.trim() === '' ? IGNORED : roleOf(name)));
  readSexAsGender(found, manifest);
  const present = new Set<number>();
  const duplicates = names.filter((_, column) => {
    const role = found[column];
    return role !== undefined && role !== IGNORED && present.size === present.add(role).size;
  });
  if (duplicates.length > 0)
    throw columnsError('duplicate_columns', 'Columns occur more than once', duplicates, line);
  const unknown = names.filter((_, column) => found[column] === undefined);
  const rowId = manifest.prediction?.row_id ?? 'patient_id';
  const filledIn = manifest.facility_effect?.feature;
  const required = manifest.features.filter(isRequired);
  const missing = [
    ...(present.has(PATIENT_ID) ? [] : [rowId]),
    ...required.filter(({ index }) => !present.has(index)).map(({ name }) => name),
  ];
  // A row of which no name is known may be a patient's: it is not repeated.
  if (present.size === 0) {
    throw columnsError(
      'missing_columns',
      `None of the names in line ${line} is known. Required columns are missing`,
      missing,
      line,
    );
  }
  if (unknown.length > 0 && !ignoreUnknown) {
    const absent = manifest.features.filter(({ index }) => !present.has(index)).map(({ name }) => name);
    throw columnsError(
      'unknown_columns',
      'Columns are not features of the model (ignore_unknown=true lets them pass)',
      unknown,
      line,
      nearestName(unknown[0]!, present.has(PATIENT_ID) ? absent : [rowId, ...absent]),
    );
  }
  if (missing.length > 0)
    throw columnsError('missing_columns', 'Required columns are missing', missing, line);
  return {
    roles: Int32Array.from(found, (role) => role ?? IGNORED),
    names,
    // What is named like a feature of the service that this model does without is no mistake of whoever sends it.
    ignored: names.filter((name, column) => {
      const role = found[column] ?? IGNORED;
      return name.trim() !== '' && (role === IGNORED || role >= manifest.features.length);
    }),
    absentFeatures: manifest.features
      .filter(({ index, name }) => !present.has(index) && !(facilityEffect && name === filledIn))
      .map(({ name }) => name),
  };
}

/** Of a table with the one column and without the other: they are the same. */
function readSexAsGender(found: (number | undefined)[], { features }: ModelManifest): void {
  const gender = features.find(({ name }) => name === 'gender');
  const sex = found.indexOf(FIRST_IDENTIFIER - IDENTIFIER_NAMES.indexOf('sex'));
  if (gender !== undefined && sex >= 0 && !found.includes(gender.index)) found[sex] = gender.index;
}

/** What an unknown name was probably meant to be, of those that the table lacks. */
function nearestName(unknown: string, absent: readonly string[]): string {
  const near = nearest(unknown.slice(0, LONGEST_NAME), absent);
  return near === undefined ? '' : ` Did you mean ${near}?`;
}

function isRequired(feature: ManifestFeature): boolean {
  return feature.required;
}

function columnsError(
  code: 'duplicate_columns' | 'unknown_columns' | 'missing_columns',
  what: string,
  columns: string[],
  line: number,
  hint = '',
): ServiceError {
  const shown = columns.slice(0, NAMES_SHOWN).map((name) => name.slice(0, 100));
  const more = columns.length > shown.length ? ` and ${columns.length - shown.length} more` : '';
  return new ServiceError(code, `${what}: ${shown.join(', ')}${more}.${hint}`, {
    line,
    ...(shown[0] === undefined ? {} : { field: shown[0] }),
    details: { columns: shown, column_count: columns.length },
  });
}
