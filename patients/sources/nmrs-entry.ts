import type { IdentifierName, Identifiers } from '../record/identifiers.ts';
import { shownText } from '../values/cell-text.ts';
import { IDENTIFIER_FAULTS, identifierFault } from '../values/identifier.ts';
import { isMissing } from '../values/missing.ts';
import { conceptOf } from './nmrs-concepts.ts';
import { ENCOUNTER_TYPES, formKind, type FormKind, PHARMACY_FORM_ID } from './nmrs-forms.ts';
import { FieldFault } from './patient-input.ts';

/** One object of a message. */
export type Json = Readonly<Record<string, unknown>>;

/** What people work with beside the id. */
export function identifiersOf(person: Json, header: Json): Identifiers {
  const found: Identifiers = {};
  const keep = (name: IdentifierName, text: unknown) => {
    if (typeof text === 'string' && text !== '') found[name] = text;
  };
  keep('facility_name', header['facilityName']);
  keep('lga', header['facilityLga']);
  keep('state', header['facilityState']);
  keep('sex', person['gender']);
  keep('hospital_number', person['hospitalNumber'] ?? person['hospitalNo']);
  return found;
}

/** Kind of an encounter's form: by its name, else by its type or number. */
export function kindOf(encounter: Json): FormKind {
  const form = encounter['pmmForm'] ?? encounter['formName'];
  const byName = typeof form === 'string' ? formKind(form) : 'unknown';
  if (byName !== 'unknown') return byName;
  const type = conceptOf(encounter['encounterType'] ?? encounter['encounterTypeId']);
  const byType = type === undefined ? undefined : ENCOUNTER_TYPES.get(type);
  if (byType !== undefined) return byType;
  return conceptOf(encounter['formId']) === PHARMACY_FORM_ID ? 'pharmacy' : 'unknown';
}

/** Which drugs a group of observations holds, by its name. */
export function namedGroup(name: string): 'arv' | 'other' | undefined {
  if (name.startsWith('arv')) return 'arv';
  return name.startsWith('oi ') || name.startsWith('anti-tb') ? 'other' : undefined;
}

/** A date in the value's place. */
export function valueDate(entry: Json): unknown {
  const date = entry['valueDatetime'];
  return isBlank(date) ? (entry['valueText'] ?? entry['variableValue']) : date;
}

/** Every text of a message that may be a date. */
export function* dateTexts(
  data: Json,
  visits: readonly unknown[],
  encounters: readonly unknown[],
  obs: readonly unknown[],
): Generator<string> {
  const person = data['demographics'];
  if (isObject(person) && typeof person['birthdate'] === 'string') yield person['birthdate'];
  for (const list of [visits, encounters, obs])
    for (const entry of list) {
      if (!isObject(entry)) continue;
      for (const field of [
        'dateStarted',
        'encounterDatetime',
        'obsDatetime',
        'valueDatetime',
        'valueText',
        'dateCreated',
      ]) {
        const text = entry[field];
        if (typeof text === 'string') yield text;
      }
    }
}

/** Id of an encounter, group or observation: a text, or a number as text. `''` where there is none. */
export function keyOf(id: unknown): string {
  return typeof id === 'string' ? id : typeof id === 'number' ? String(id) : '';
}

/** Whether nothing is written: missing words are nothing. */
export function isBlank(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && isMissing(value));
}

/** An id by the identifier rule, `''` where there is none. Throws `FieldFault`. */
export function identifier(value: unknown, field: string, isNeeded: boolean): string {
  if (value === undefined || value === null || value === '') {
    if (isNeeded) throw new FieldFault(field, 'missing_field', 'an identifier is needed');
    return '';
  }
  if (typeof value !== 'string' && !(typeof value === 'number' && Number.isSafeInteger(value)))
    throw new FieldFault(field, 'bad_type', 'must be a text or a whole number that is exact');
  const text = shownText(String(value));
  const fault = isMissing(text) ? 'missing_value' : identifierFault(text);
  if (fault !== undefined) throw new FieldFault(field, fault, IDENTIFIER_FAULTS[fault]);
  return text;
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objectOr(value: unknown): Json {
  return isObject(value) ? value : {};
}

/** Throws `FieldFault` with `field` for what is no object. */
export function objectAt(value: unknown, field: string): Json {
  if (!isObject(value))
    throw new FieldFault(
      field,
      value === undefined ? 'missing_field' : field === '' ? 'not_an_object' : 'bad_type',
      'must be an object',
    );
  return value;
}

/** No list is an empty one. Throws `FieldFault` for what is something else. */
export function arrayAt(value: unknown, field: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new FieldFault(field, 'bad_type', 'must be an array');
  return value;
}
